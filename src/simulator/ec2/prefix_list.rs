//! Prefix lists: the addresses of the services that have gateway endpoints, as AWS manages them.

use super::{describe::Describe, endpoint_service::GATEWAYS, unknown as no_such};
use crate::simulator::{
    account::Answer,
    fields::Fields,
    wire::{ApiError, Call},
};
use serde_json::{Value, json};

fn name(call: &Call, service: &str) -> String {
    format!("com.amazonaws.{}.{service}", call.region)
}

/// `DescribePrefixLists`.
pub fn describe(call: &Call) -> Answer {
    let lists = GATEWAYS.iter().map(|(service, id, block)| {
        json!({ "PrefixListId": id, "PrefixListName": name(call, service), "Cidrs": [block] })
    });
    answer(call, lists)
}

/// `DescribeManagedPrefixLists`: nobody has made any beside AWS.
pub fn describe_managed(call: &Call) -> Answer {
    let lists = GATEWAYS.iter().map(|(service, id, _)| {
        json!({
            "PrefixListId": id,
            "PrefixListName": name(call, service),
            "PrefixListArn": format!("arn:aws:ec2:{}:aws:prefix-list/{id}", call.region),
            "AddressFamily": "IPv4",
            "State": "create-complete",
            "OwnerId": "AWS",
            "Tags": [],
        })
    });
    answer(call, lists)
}

fn answer(call: &Call, lists: impl Iterator<Item = Value>) -> Answer {
    let describe = Describe {
        list: "PrefixLists",
        ids: "PrefixListIds",
        id: "PrefixListId",
        unknown,
        filters: "Filters",
        special: &[],
    };
    describe.answer(&call.input, lists)
}

/// `GetManagedPrefixListEntries`.
pub fn entries(call: &Call) -> Answer {
    let wanted = call.input.text_or_empty("PrefixListId");
    let list = GATEWAYS.iter().find(|(_, id, _)| *id == wanted);
    let (.., block) = list.ok_or_else(|| unknown(wanted))?;
    Ok(json!({ "Entries": [{ "Cidr": block }] }))
}

fn unknown(id: &str) -> ApiError {
    no_such("InvalidPrefixListId.NotFound", "prefix list ID", id)
}
