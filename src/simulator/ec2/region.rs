//! What a region offers, whatever the account holds.

use super::describe::Describe;
use crate::simulator::{
    account::{Account, Answer},
    fields::Fields,
    wire::{ApiError, Call},
};
use serde_json::json;

/// The letters of a region's zones.
const ZONES: [char; 3] = ['a', 'b', 'c'];

/// The names of a region's zones.
pub fn zones(region: &str) -> Vec<String> {
    ZONES.iter().map(|letter| format!("{region}{letter}")).collect()
}

/// The ID of a zone, which is the same place in every account.
pub fn zone_id(zone: &str) -> String {
    let (region, letter) = zone.split_at(zone.len().saturating_sub(1));
    let number = ZONES.iter().position(|zone| letter == zone.to_string()).map_or(1, |at| at + 1);
    format!("{}-az{number}", short(region))
}

/// A region as IDs of zones name it: `eu-west-1` is `euw1`, `ap-southeast-2` is `apse2`.
fn short(region: &str) -> String {
    let parts = region.split('-').enumerate().map(|(index, part)| match (index, part) {
        (0, area) => area,
        (_, "northeast") => "ne",
        (_, "northwest") => "nw",
        (_, "southeast") => "se",
        (_, "southwest") => "sw",
        (_, other) => other.get(..1).unwrap_or_default(),
    });
    parts.collect()
}

/// `DescribeAvailabilityZones`.
pub fn describe_zones(call: &Call) -> Answer {
    let zones = zones(&call.region);
    let all = zones.iter().map(|zone| {
        json!({
            "ZoneName": zone,
            "ZoneId": zone_id(zone),
            "RegionName": call.region,
            "State": "available",
            "ZoneType": "availability-zone",
            "OptInStatus": "opt-in-not-required",
            "GroupName": format!("{}-zg-1", call.region),
            "NetworkBorderGroup": call.region,
        })
    });
    let describe = Describe {
        list: "AvailabilityZones",
        ids: "ZoneNames",
        id: "ZoneName",
        unknown: |zone| {
            let message = format!("Invalid availability zone: [{zone}]");
            ApiError::new("InvalidParameterValue", message)
        },
        filters: "Filters",
        special: &[],
    };
    describe.answer(&call.input, all)
}

/// `DescribeRegions`: the one that was asked.
pub fn describe_regions(call: &Call) -> Answer {
    let region = json!({
        "RegionName": call.region,
        "Endpoint": format!("ec2.{}.amazonaws.com", call.region),
        "OptInStatus": "opt-in-not-required",
    });
    let describe = Describe {
        list: "Regions",
        ids: "RegionNames",
        id: "RegionName",
        unknown: |region| {
            let message = format!("Invalid region provided: {region}");
            ApiError::new("InvalidParameterValue", message)
        },
        filters: "Filters",
        special: &[],
    };
    describe.answer(&call.input, [region].into_iter())
}

/// `DescribeAccountAttributes`.
pub fn describe_account_attributes(account: &mut Account, call: &Call) -> Answer {
    let addresses = account.quotas.elastic_ips.to_string();
    let attributes = [
        ("supported-platforms", "VPC"),
        ("default-vpc", "none"),
        ("max-instances", "20"),
        ("vpc-max-security-groups-per-interface", "5"),
        ("max-elastic-ips", &addresses),
        ("vpc-max-elastic-ips", &addresses),
    ];
    let wanted = call.input.texts("AttributeNames");
    let found = attributes.iter().filter(|(name, _)| wanted.is_empty() || wanted.contains(name));
    let list = found.map(|(name, value)| {
        json!({ "AttributeName": name, "AttributeValues": [{ "AttributeValue": value }] })
    });
    Ok(json!({ "AccountAttributes": list.collect::<Vec<_>>() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_have_aws_ids() {
        assert_eq!(zone_id("eu-west-1a"), "euw1-az1");
        assert_eq!(zone_id("ap-southeast-2b"), "apse2-az2");
        assert_eq!(zone_id("us-gov-west-1c"), "usgw1-az3");
    }
}
