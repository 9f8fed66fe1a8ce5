//! Log groups against the simulated account.

use super::log_group::{LogGroup, LogGroupIdentity};
use crate::{
    aws::{CallLog, Clients, Cx, Endpoint, Scope, cx::caller},
    model::{Address, Class, Clock, Depth, Tags, tags},
    resources::Resource,
    simulator::{Settings, Simulator},
};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const LISTING: &str = "logs:DescribeLogGroups";

async fn cx(simulator: &Simulator) -> Cx {
    let in_process = Some(simulator.http_client());
    let endpoint = Endpoint { in_process, region: Some("eu-west-1".into()), ..Endpoint::default() };
    let clients = Clients::load(&endpoint, CallLog::default()).await;
    let caller = caller(&clients).await.expect("the simulator knows who calls");
    let (stack, region) = ("shop".into(), "eu-west-1".into());
    Cx::new(clients, Scope { stack, region, caller, tags: Tags::new() }, Clock::started(1.0))
}

fn group(name: &str) -> LogGroup {
    LogGroup { log_group_name: name.into(), retention_days: 7 }
}

async fn made(cx: &Cx, group: &LogGroup) -> LogGroupIdentity {
    let address = Address::new(format!("logs{}", group.log_group_name));
    group.create(&cx.creating(&address, TOKEN), &()).await.expect("a log group")
}

#[tokio::test(start_paused = true)]
async fn a_log_group_is_made_given_its_retention_found_and_deleted() {
    let simulator = Simulator::seeded(1);
    let cx = cx(&simulator).await;
    let wish = group("/meshctl/shop/web");
    let id = made(&cx, &wish).await;
    assert_eq!(id.arn, "arn:aws:logs:eu-west-1:000000000000:log-group:/meshctl/shop/web");

    for wish in [wish, LogGroup { retention_days: 30, ..group("/meshctl/shop/web") }] {
        let live = LogGroup::read(&cx, &id).await.expect("an answer").expect("the group");
        let drift = wish.drift(&live, &());
        assert!(drift.touches("retention_in_days") && !drift.replaces());
        wish.update(&cx, &id, &drift, &()).await.expect("an update");
        let live = LogGroup::read(&cx, &id).await.expect("an answer").expect("the group");
        assert!(wish.drift(&live, &()).is_empty());
    }

    let found = LogGroup::search(&cx).await.expect("a search");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].address, Address::new("logs/meshctl/shop/web"));
    assert_eq!(found[0].token.as_deref(), Some(TOKEN));
    assert_eq!(found[0].out, id);

    LogGroup::delete(&cx, &id).await.expect("a deletion");
    assert!(LogGroup::read(&cx, &id).await.expect("an answer").is_none());
    LogGroup::delete(&cx, &id).await.expect("deleting what is gone");
    assert!(simulator.inventory().is_empty());
}

#[tokio::test(start_paused = true)]
async fn tags_are_read_in_full_only_and_change_without_the_colon_and_star() {
    let simulator = Simulator::seeded(2);
    let cx = cx(&simulator).await;
    let id = made(&cx, &group("/meshctl/shop/web")).await;
    let changes = tags::TagChanges {
        set: Tags::from([("team".into(), "shop".into())]),
        remove: vec![tags::NAME.into()],
    };
    LogGroup::retag(&cx, &id, &changes).await.expect("other tags");
    let live = LogGroup::read(&cx, &id).await.expect("an answer").expect("the group");
    let tags = LogGroup::tags(&live).expect("the tags");
    assert_eq!(tags.get("team").map(String::as_str), Some("shop"));
    assert!(!tags.contains_key(tags::NAME) && tags.contains_key(tags::STACK));

    let listed = cx.at_depth(Depth::Listed);
    let live = LogGroup::read(&listed, &id).await.expect("an answer").expect("the group");
    assert_eq!(LogGroup::tags(&live), None);
}

#[tokio::test(start_paused = true)]
async fn a_stacks_groups_are_one_listing_and_a_longer_named_stacks_are_not_in_it() {
    let settings = Settings { seed: 3, ..Settings::default() };
    let simulator = Simulator::open(&settings).expect("an account in memory");
    let cx = cx(&simulator).await;
    let mut ids = Vec::new();
    for index in 0..60 {
        ids.push(made(&cx, &group(&format!("/meshctl/shop/{index:02}"))).await);
    }
    made(&cx, &group("/meshctl/shop2/00")).await;
    ids.push(made(&cx, &group("/elsewhere")).await);

    let listed = cx.at_depth(Depth::Listed);
    let reads = ids.iter().map(|id| LogGroup::read(&listed, id));
    let found = futures_util::future::try_join_all(reads).await.expect("answers");
    assert!(found.iter().all(Option::is_some));
    // Two pages of the stack's, one of the other.
    let calls = simulator.calls();
    assert_eq!(calls.iter().filter(|call| call.operation == LISTING).count(), 3);
    assert_eq!(LogGroup::search(&cx).await.expect("a search").len(), 60);
}

#[tokio::test(start_paused = true)]
async fn a_taken_name_and_an_unknown_retention_are_refused() {
    let simulator = Simulator::seeded(4);
    let cx = cx(&simulator).await;
    let creating = cx.creating(&Address::new("logs/web"), TOKEN);
    let wish = LogGroup { retention_days: 2, ..group("/meshctl/shop/web") };
    let id = made(&cx, &wish).await;
    let taken = wish.create(&creating, &()).await.expect_err("the name is taken");
    assert_eq!((taken.class, &*taken.code), (Class::Exists, "ResourceAlreadyExistsException"));

    let live = LogGroup::read(&cx, &id).await.expect("an answer").expect("the group");
    let drift = wish.drift(&live, &());
    let wrong = wish.update(&cx, &id, &drift, &()).await.expect_err("two days are not offered");
    assert_eq!((wrong.class, &*wrong.code), (Class::Invalid, "InvalidParameterException"));
    let other = group("aws/mine").create(&creating, &()).await.expect_err("a reserved name");
    assert_eq!(other.code, "InvalidParameterException");
}
