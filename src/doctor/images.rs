//! Whether the images of the tasks are where they are said to be, as far as that can be asked from
//! here. ECS pulls them through the stack's own way out, so a registry that does not answer this
//! machine is no failure.

use super::{
    Plan,
    registry::{Found, Reference, Registries},
};
use crate::model::Check;
use futures_util::future::join_all;
use std::{collections::BTreeSet, time::Duration};

const NAME: &str = "images";

/// How long registries may take, all at once.
const PATIENCE: Duration = Duration::from_millis(1800);

/// Where to ask.
#[derive(Clone, Debug)]
pub enum Images {
    /// Nowhere, and why.
    Skipped(&'static str),
    /// There.
    At(Registries),
}

/// Every image of the tasks to be made, with what its registry says of it.
pub async fn ask(plan: &Plan, registries: &Registries) -> Vec<(String, Found)> {
    let tasks = plan.of_kind("AWS::ECS::TaskDefinition");
    let containers = tasks.filter_map(|task| task.wish["containers"].as_array()).flatten();
    let images: BTreeSet<&str> =
        containers.filter_map(|container| container["image"].as_str()).collect();
    let questions = images.into_iter().map(async |image| {
        let reference = Reference::parse(image);
        if reference.is_private() {
            return (image.to_owned(), Found::Closed);
        }
        let found = tokio::time::timeout(PATIENCE, registries.find(&reference)).await;
        let late = || Found::Unreachable("it did not answer in time".into());
        (image.to_owned(), found.unwrap_or_else(|_| late()))
    });
    join_all(questions).await
}

/// One line for each image.
pub fn judge(answers: &[(String, Found)]) -> Vec<Check> {
    let line = |(image, found): &(String, Found)| match found {
        Found::There => Check::ok(NAME, format!("{image} is there")),
        Found::Missing => Check::failure(
            NAME,
            format!("{image} is not in its registry"),
            "correct the image in the configuration, or push it",
        ),
        Found::Closed if Reference::parse(image).is_private() => {
            Check::ok(NAME, format!("{image} is in a private registry and was not asked for"))
        }
        Found::Closed => Check::warning(
            NAME,
            format!("{image} is private or does not exist"),
            "use an image that anybody may pull, or one in the account's own ECR",
        ),
        Found::Unreachable(why) => Check::ok(
            NAME,
            format!("{image} was not looked at, because its registry cannot be reached: {why}"),
        ),
    };
    answers.iter().map(line).collect()
}

/// The line for when none is asked for.
pub fn skipped(why: &str) -> Check {
    Check::ok(NAME, format!("not looked at: {why}"))
}
