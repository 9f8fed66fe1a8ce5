//! Tags of anything in ECS that has an ARN.

use super::{Tag, invalid, name_of, tags_in};
use crate::simulator::{
    account::{Account, Answer},
    fields::Fields,
    wire::{ApiError, Call},
};
use serde_json::json;

/// How many tags a resource can have.
const MOST: usize = 50;

/// `TagResource`: adds and overwrites.
pub fn tag(account: &mut Account, call: &Call) -> Answer {
    let fresh = tags_in(&call.input);
    let tags = tags_of(account, call.input.text_or_empty("resourceArn"))?;
    let mut all = tags.clone();
    all.retain(|tag| !fresh.iter().any(|new| new.key == tag.key));
    all.extend(fresh);
    if all.len() > MOST {
        return Err(invalid("Too many tags. The maximum number of tags is 50."));
    }
    *tags = all;
    Ok(json!({}))
}

/// `UntagResource`.
pub fn untag(account: &mut Account, call: &Call) -> Answer {
    let keys = call.input.texts("tagKeys");
    let tags = tags_of(account, call.input.text_or_empty("resourceArn"))?;
    tags.retain(|tag| !keys.contains(&tag.key.as_str()));
    Ok(json!({}))
}

/// `ListTagsForResource`.
pub fn list(account: &mut Account, call: &Call) -> Answer {
    let tags = tags_of(account, call.input.text_or_empty("resourceArn"))?;
    Ok(json!({ "tags": *tags }))
}

fn tags_of<'a>(account: &'a mut Account, arn: &str) -> Result<&'a mut Vec<Tag>, ApiError> {
    let now = account.now;
    let ecs = &mut account.ecs;
    let kind = arn.splitn(6, ':').nth(5).and_then(|rest| rest.split('/').next());
    let name = name_of(arn);
    let (tags, what) = match kind {
        Some("cluster") => {
            let cluster = ecs.clusters.get_mut(name, now).filter(|it| it.status != "INACTIVE");
            (cluster.map(|it| &mut it.tags), "cluster")
        }
        Some("service") => {
            let service = ecs.services.get_mut(arn, now).filter(|it| it.status != "INACTIVE");
            (service.map(|it| &mut it.tags), "service")
        }
        Some("task-definition") => {
            let definition = ecs.task_definitions.get_mut(name, now);
            (definition.map(|it| &mut it.tags), "task definition")
        }
        Some("task") => (ecs.tasks.get_mut(arn, now).map(|it| &mut it.tags), "task"),
        _ => return Err(invalid("Invalid arn syntax.")),
    };
    tags.ok_or_else(|| {
        let message =
            format!("The specified {what} is inactive. Specify an active {what} and try again.");
        if what == "cluster" {
            ApiError::new("ClusterNotFoundException", "Cluster not found.")
        } else {
            invalid(message)
        }
    })
}
