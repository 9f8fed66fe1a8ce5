//! What strangers changed and added: seen, said, and taken back. One table of edits for each service, in
//! the files beside this one.

use crate::common::World;
use futures_util::future::LocalBoxFuture;
use meshctl::{
    aws::Cx,
    engine::{Action, Events, Interrupt, Survey},
    model::{Address, Depth, Identities},
};
use std::time::Duration;

/// The account as the stranger sees it.
pub struct Ground {
    pub cx: Cx,
    known: Identities,
}

impl Ground {
    /// What the resource at an address is known by; a member of its identity where that has members.
    pub fn id(&self, address: &str, member: &str) -> String {
        let identity = self.known.raw(&Address::new(address));
        let identity = identity.unwrap_or_else(|| panic!("{address} is there"));
        let value = if member.is_empty() { identity } else { &identity[member] };
        value.as_str().unwrap_or_else(|| panic!("{address} has {member:?}")).to_owned()
    }
}

/// One edit, where it is seen, and what is said of it.
pub struct Edit {
    pub what: &'static str,
    /// The node that says it.
    pub at: &'static str,
    /// Part of what it says.
    pub words: &'static str,
    /// How closely one must look: `Full` is `--refresh`.
    pub depth: Depth,
    pub make: fn(&Ground) -> LocalBoxFuture<'_, ()>,
}

/// Everything that a look has to say: `address: words`.
pub async fn said(world: &World, depth: Depth) -> Vec<String> {
    let session = world.session().await;
    let graph = session.graph().await.expect("a graph");
    let store = session.glance().expect("a state");
    let engine = session.engine(store, Events::nowhere(), Interrupt::default());
    let survey = Survey::take(&engine.work, &graph, &engine.registry, depth).await;
    let survey = survey.expect("a survey");
    let mut said = Vec::new();
    for (address, finding) in &survey.findings {
        if finding.action == Action::Create {
            said.push(format!("{address}: missing"));
        }
        said.extend(finding.drift.changes().iter().map(|change| format!("{address}: {change}")));
        said.extend(
            finding.tags.set.iter().map(|(key, value)| format!("{address}: tag {key}: {value}")),
        );
    }
    said.extend(survey.extras.iter().map(|extra| format!("{}: not wished for", extra.address)));
    said
}

/// What the account has, whatever its ID is; of a rule what it lets through, for AWS's own way out comes
/// with each group and is the same when it was made again.
fn census(world: &World) -> Vec<String> {
    let all = world.simulator.inventory().resources;
    let all = all.iter().filter(|item| item.kind != "SecurityGroupRule");
    let mut census: Vec<String> =
        all.map(|item| format!("{} {}", item.service, item.kind)).collect();
    world.simulator.behind(|account| {
        let rules = account.ec2.security_group_rules.all().map(|(_, rule)| rule);
        census.extend(rules.map(|rule| {
            let group = rule.referenced_group_info.as_ref().map(|group| &group.group_id);
            let peer = rule.cidr_ipv4.as_ref().or(group);
            format!("{} {:?} {peer:?}", rule.group_id, rule.traffic())
        }));
    });
    census.sort_unstable();
    census
}

/// Reads lag behind changes.
async fn settle() {
    tokio::time::sleep(Duration::from_secs(90)).await;
}

/// Makes each edit on a stack that is up: `plan` says so and nothing else, `up` takes it back, and
/// then nothing is left to say or to do.
pub async fn each_is_seen_and_healed(config: &str, edits: &[Edit]) {
    let world = World::new(config);
    let known = world.up().await.done().known;
    let session = world.session().await;
    let mut ground = Ground { cx: session.cx.clone(), known };
    let before = census(&world);
    for Edit { what, at, words, depth, make } in edits {
        assert_eq!(said(&world, *depth).await, [] as [String; 0], "before {what}");
        make(&ground).await;
        settle().await;
        let heard = said(&world, *depth).await;
        let start = format!("{at}: ");
        let right = |line: &String| line.starts_with(&start) && line.contains(words);
        assert!(heard.iter().any(right), "{what} is not said at {at} as {words:?}: {heard:#?}");
        assert!(heard.iter().all(|line| line.starts_with(&start)), "{what}: {heard:#?}");
        let up = match depth {
            Depth::Full => world.up_in_full().await.done(),
            _ => world.up().await.done(),
        };
        assert!(up.calls.mutating > 0, "{what} is left as it is");
        settle().await;
        assert!(census(&world) == before, "after {what}: {:#?}", census(&world));
        assert_eq!(said(&world, Depth::Full).await, [] as [String; 0], "after {what}");
        let again = world.up().await.done();
        assert_eq!(again.calls.mutating, 0, "after {what}: {:#?}", again.calls.by_operation);
        ground.known = again.known;
    }
    world.down().await.done();
    world.assert_empty();
}
