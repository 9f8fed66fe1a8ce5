//! Log groups.

use super::{World, text};
use serde_json::json;

#[test]
fn a_log_group_is_made_once_with_its_tags_and_kept_for_the_days_that_aws_offers() {
    let mut world = World::seeded(1);
    let group = json!({ "logGroupName": "/shop/app", "tags": { "team": "shop" } });
    world.ok("logs:CreateLogGroup", group.clone());
    let taken = world.code("logs:CreateLogGroup", group);
    assert_eq!(taken, "ResourceAlreadyExistsException");
    let reserved = world.code("logs:CreateLogGroup", json!({ "logGroupName": "aws/shop" }));
    assert_eq!(reserved, "InvalidParameterException");
    let keep = |days: u32| json!({ "logGroupName": "/shop/app", "retentionInDays": days });
    world.ok("logs:PutRetentionPolicy", keep(14));
    assert_eq!(world.code("logs:PutRetentionPolicy", keep(15)), "InvalidParameterException");
    let seen = world.ok("logs:DescribeLogGroups", json!({}));
    assert_eq!(seen["logGroups"][0]["retentionInDays"], 14);
}

#[test]
fn log_groups_are_listed_by_prefix_without_tags_which_have_the_arn_without_the_star() {
    let mut world = World::seeded(1);
    for name in ["/shop/app", "/shop/app-2", "/other"] {
        let group = json!({ "logGroupName": name, "tags": { "team": "shop" } });
        world.ok("logs:CreateLogGroup", group);
    }
    let prefix = json!({ "logGroupNamePrefix": "/shop/app" });
    let seen = world.ok("logs:DescribeLogGroups", prefix);
    let seen = seen["logGroups"].as_array().expect("a list");
    assert_eq!(seen.len(), 2, "a prefix is no name");
    assert_eq!(seen[0].get("tags"), None);
    let arn = text(&seen[0], "/arn");
    let bare = text(&seen[0], "/logGroupArn");
    assert_eq!(arn, format!("{bare}:*"));
    let tags = world.ok("logs:ListTagsForResource", json!({ "resourceArn": bare }));
    assert_eq!(tags["tags"], json!({ "team": "shop" }));
}

#[test]
fn a_deleted_log_group_is_gone_at_once() {
    let mut world = World::seeded(1);
    let name = json!({ "logGroupName": "/shop/app" });
    world.ok("logs:CreateLogGroup", name.clone());
    world.ok("logs:DeleteLogGroup", name.clone());
    assert_eq!(world.code("logs:DeleteLogGroup", name), "ResourceNotFoundException");
}
