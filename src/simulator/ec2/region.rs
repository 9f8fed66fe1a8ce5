//! What a region offers, whatever the account holds.

use super::describe::Describe;
use crate::simulator::{
    account::{Account, Answer},
    fields::Fields,
    wire::{ApiError, Call},
};
use serde_json::json;

/// The letters of a region's zones, and the numbers in their IDs, as one account sees them.
fn layout(region: &str) -> &'static [(char, u8)] {
    match region {
        "us-east-1" => &[('a', 1), ('b', 2), ('c', 3), ('d', 4), ('e', 5), ('f', 6)],
        "ap-northeast-1" => &[('a', 4), ('b', 3), ('c', 1), ('d', 2)],
        _ => &[('a', 1), ('b', 2), ('c', 3)],
    }
}

/// Whether Fargate runs tasks in a zone: "Supported Regions for Amazon ECS on AWS Fargate".
pub fn has_fargate(zone_id: &str) -> bool {
    !["usw1-az2", "apne1-az3"].contains(&zone_id)
}

/// Whether API Gateway's newer links reach into a zone: "Set up VPC links V2 in API Gateway".
pub fn has_links_v2(zone_id: &str) -> bool {
    let without =
        ["use1-az3", "usw1-az2", "ape1-az1", "apne1-az3", "apne2-az4", "cac1-az4", "euw3-az2"];
    !without.contains(&zone_id)
}

/// Whether an endpoint of a service can stand in a zone. AWS says so by `DescribeVpcEndpointServices`
/// alone; the oldest zone of us-east-1 lacks most services.
pub fn has_endpoint(service_name: &str, zone_id: &str) -> bool {
    !(service_name.ends_with(".execute-api") && zone_id == "use1-az3")
}

/// The names of a region's zones.
pub fn zones(region: &str) -> Vec<String> {
    layout(region).iter().map(|(letter, _)| format!("{region}{letter}")).collect()
}

/// The ID of a zone, which is the same place in every account.
pub fn zone_id(zone: &str) -> String {
    let (region, letter) = zone.split_at(zone.len().saturating_sub(1));
    let mut zones = layout(region).iter();
    let number = zones.find(|(one, _)| letter == one.to_string()).map_or(1, |(_, number)| *number);
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
        assert_eq!(zone_id("ap-northeast-1a"), "apne1-az4");
    }
}
