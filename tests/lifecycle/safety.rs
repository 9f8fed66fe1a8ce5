//! What must not happen: changes in the wrong account, to what is another's, or by one who lost the
//! lock; and how a state that cannot be used is made anew.

use crate::common::{DEMO, World};
use meshctl::{
    aws::{CallLog, Clients, Endpoint, stacks::stacks},
    cli::{Exit, adopt::adopt, session::Session},
    config::Config,
    engine::{Events, Interrupt},
    model::{Address, Class, Clock, Depth, tags},
    simulator::{Fault, Rule, When},
    state::State,
};
use std::path::Path;

async fn session_in(
    world: &World,
    config: &str,
    directory: &Path,
    region: &str,
) -> Result<Session, String> {
    let endpoint = Endpoint {
        in_process: Some(world.simulator.http_client()),
        region: Some(region.into()),
        ..Endpoint::default()
    };
    let clients = Clients::load(&endpoint, CallLog::default()).await;
    let config = Config::parse(config, "test").expect("a right configuration");
    let stack = config.stack.clone();
    let clock = Clock::started(1.0);
    let session = Session::with(clients, Some(config), &stack, directory.join(&stack), clock).await;
    session.map_err(|error| format!("{:?}: {}", error.exit, error.message))
}

fn mutating(world: &World) -> usize {
    let changes = |operation: &str| {
        !meshctl::aws::calls::is_read(operation.split(':').nth(1).unwrap_or_default())
    };
    world.simulator.calls().iter().filter(|call| changes(&call.operation)).count()
}

#[tokio::test(start_paused = true)]
async fn a_wrong_account_sees_no_mutating_call() {
    let world = World::new(DEMO);
    let directory = tempfile::tempdir().unwrap();
    let config = DEMO.replace("allowed_accounts = []", "allowed_accounts = [\"111122223333\"]");
    let refused = session_in(&world, &config, directory.path(), "eu-west-1").await.err().unwrap();
    assert!(
        refused.starts_with("Refused: these credentials are of account 000000000000"),
        "{refused}"
    );
    let calls: Vec<String> =
        world.simulator.calls().into_iter().map(|call| call.operation).collect();
    assert_eq!(calls, ["sts:GetCallerIdentity"]);
}

#[tokio::test(start_paused = true)]
async fn a_state_of_another_region_sees_no_mutating_call() {
    let world = World::new(DEMO);
    let directory = tempfile::tempdir().unwrap();
    let here = session_in(&world, DEMO, directory.path(), "eu-west-1").await.unwrap();
    drop(here.store().unwrap());
    let there = session_in(&world, DEMO, directory.path(), "us-east-1").await.unwrap();
    let error = there.store().unwrap_err();
    assert_eq!(error.exit, Exit::Refused);
    assert!(error.message.contains("is of account 000000000000, eu-west-1"), "{}", error.message);
    let error = adopt(&there, None, Events::nowhere()).await.err().unwrap();
    assert_eq!(error.exit, Exit::Refused);
    assert_eq!(mutating(&world), 0);
}

#[tokio::test(start_paused = true)]
async fn whoever_lost_the_lock_changes_nothing_more() {
    let world = World::new(DEMO);
    let session = world.session().await;
    let lock = session.lock("up").unwrap();
    let graph = session.graph().await.unwrap();
    let store = session.store().unwrap();
    let engine = session.engine(store, Events::nowhere(), Interrupt::default());
    let stolen = async {
        tokio::time::sleep(std::time::Duration::from_secs(30)).await;
        std::fs::remove_file(session.directory.join("lock")).unwrap();
        std::future::pending::<()>().await;
    };
    let before = mutating(&world);
    let outcome = tokio::select! {
        biased;
        outcome = engine.up(&graph, Depth::Listed) => outcome.unwrap().0,
        () = stolen => unreachable!(),
    };
    let seen = mutating(&world);
    assert!(seen > before, "it had begun");
    assert!(!outcome.is_done());
    let lost = outcome.failures.iter().find(|failure| failure.error.class == Class::State);
    let text = lost.map(|failure| failure.error.to_string()).unwrap_or_default();
    assert!(text.contains("this meshctl lost its lock"), "{:?}", outcome.failures);
    let calm = World::new(DEMO);
    calm.up().await.done();
    let full = mutating(&calm);
    assert!(seen < full, "{seen} of {full}");
    drop(lock);
    world.up().await.done();
}

#[tokio::test(start_paused = true)]
async fn a_lost_state_is_adopted_and_then_nothing_is_to_do() {
    let mut world = World::new(DEMO);
    world.up().await.done();
    world.lose_state();
    let session = world.session().await;
    std::fs::create_dir_all(&session.directory).unwrap();
    std::fs::write(session.directory.join("journal.jsonl"), "half a li\nne\n").unwrap();
    let error = session.store().unwrap_err();
    assert!(error.hints[0].contains("`meshctl adopt`"), "{:?}", error.hints);
    let lock = session.lock("adopt").unwrap();
    let before = mutating(&world);
    let graph = session.graph_after(&State::default()).await.unwrap();
    let adopted = adopt(&session, Some(&graph), Events::nowhere()).await.unwrap();
    assert_eq!(mutating(&world), before);
    assert_eq!((adopted.found.len(), adopted.aside.len()), (graph.len(), 1));
    drop(lock);
    assert_eq!(world.up().await.done().calls.mutating, 0);
    world.down().await.done();
    world.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn what_took_the_name_of_ours_is_neither_changed_nor_deleted() {
    let mut world = World::new(DEMO);
    let run = world.up().await.done();
    let group = Address::new("provider/log-group/nodejs");
    let name = "/meshctl/servicemesh-demo/provider/nodejs";
    assert!(run.known.raw(&group).is_some());
    // Somebody deletes our log group and makes one of their own under its name.
    let session = world.session().await;
    session.cx.logs().delete_log_group().log_group_name(name).send().await.unwrap();
    session.cx.logs().create_log_group().log_group_name(name).send().await.unwrap();
    world.edit("log_retention_days = 1", "log_retention_days = 7");
    let up = world.up().await;
    let text = up.outcome.failures.iter().map(|one| one.error.to_string()).collect::<String>();
    assert!(text.contains(name) && text.contains("does not carry this stack's tags"), "{text}");
    let down = world.down().await;
    assert!(down.outcome.failures.iter().all(|one| one.error.class == Class::Stranger));
    let left: Vec<String> =
        world.simulator.inventory().resources.into_iter().map(|item| item.id).collect();
    assert!(left.iter().any(|id| id.contains(name)), "the stranger's log group is there: {left:?}");
}

/// From the middle of an `up` on AWS refuses every request with this error: the run ends soon and
/// says what to do, and the next ones go on from there.
async fn refused_from_the_middle_on(code: &str, message: &str, status: u16, remedy: &str) {
    let world = World::new(DEMO);
    let turn = async {
        tokio::time::sleep(std::time::Duration::from_secs(60)).await;
        let fault = Fault::Refuse { code: code.into(), message: message.into(), status };
        world.simulator.fault(Rule::new("*", When::Always, fault));
        std::future::pending::<()>().await
    };
    let run = tokio::select! {
        run = world.up() => run,
        () = turn => unreachable!(),
    };
    assert!(!run.outcome.is_done());
    assert!(run.seconds < 300.0, "it ends soon: {}", run.seconds);
    let failure = &run.outcome.failures[0];
    let said = failure.error.remedy().unwrap_or_default();
    assert!(said.contains(remedy), "{said}");
    world.simulator.calm();
    world.up().await.done();
    world.down().await.done();
    world.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn credentials_that_expire_in_the_middle_stop_it_safely() {
    let message = "The security token included in the request is expired";
    let (code, remedy) = ("ExpiredTokenException", "renew the credentials");
    refused_from_the_middle_on(code, message, 400, remedy).await;
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_in_the_middle_stops_it_safely() {
    let remedy = "set the clock";
    let message = "The difference between the request time and the current time is too large.";
    refused_from_the_middle_on("RequestTimeTooSkewed", message, 403, remedy).await;
    let message = "Signature expired: 20260101T000000Z is now earlier than 20260101T060000Z";
    refused_from_the_middle_on("InvalidSignatureException", message, 403, remedy).await;
}

#[tokio::test(start_paused = true)]
async fn an_end_is_written_on_everything_and_found_without_a_state() {
    let mut world = World::new(DEMO);
    world.edit("allowed_accounts = []", "allowed_accounts = []\nttl = \"4h\"");
    let mut session = world.session().await;
    let lock = session.lock("up").unwrap();
    let mut store = session.store().unwrap();
    session.expire(None, &mut store).unwrap();
    let graph = session.graph().await.unwrap();
    let engine = session.engine(store, Events::nowhere(), Interrupt::default());
    assert!(engine.up(&graph, Depth::Listed).await.unwrap().0.is_done());
    let inventory = world.simulator.inventory();
    let ours = inventory.resources.iter().filter(|item| item.tags.contains_key(tags::STACK));
    for item in ours {
        assert!(item.tags.contains_key(tags::EXPIRES), "{item:?}");
    }
    let found = stacks(&world.session().await.cx).await.unwrap();
    let expiry = &found["servicemesh-demo"];
    assert!(!expiry.endless && expiry.latest.is_some(), "{expiry:?}");
    drop(lock);
    // Its end has come: no state, no configuration, only the name that was found.
    world.lose_state();
    let reaper = world.session().await.of("servicemesh-demo");
    let _lock = reaper.lock("reap").unwrap();
    let store = reaper.store().unwrap();
    let engine = reaper.engine(store, Events::nowhere(), Interrupt::default());
    assert!(engine.down().await.unwrap().is_done());
    world.assert_empty();
    assert!(stacks(&world.session().await.cx).await.unwrap().is_empty());
}

/// What EC2 calls the resources at these addresses.
fn ids_of(run: &crate::common::Run, addresses: &[&str]) -> Vec<String> {
    let id = |address: &&str| {
        let identity = run.known.raw(&Address::new(address)).cloned();
        let identity = identity.unwrap_or_else(|| panic!("{address} is there"));
        let id = identity.as_str().or_else(|| identity.pointer("/id")?.as_str()).map(String::from);
        id.unwrap_or_else(|| panic!("{address} has an ID: {identity:?}"))
    };
    addresses.iter().map(id).collect()
}

#[tokio::test(start_paused = true)]
async fn what_lost_its_tag_is_told_by_every_down_until_it_has_it_again() {
    let world = World::new(DEMO);
    let run = world.up().await.done();
    let addresses = ["provider/vpc", "provider/eip/a", "consumer/subnet/private-b"];
    let ids = ids_of(&run, &addresses);
    let tag = serde_json::json!([{ "Key": tags::STACK }]);
    let strip = serde_json::json!({ "Resources": ids, "Tags": tag });
    world.ask("ec2:DeleteTags", strip).await;
    for turn in ["first", "second", "third"] {
        let down = world.down().await.outcome;
        assert!(!down.is_done(), "the {turn} down says that all is gone");
        for (address, id) in addresses.iter().zip(&ids) {
            let left = down.left.iter().find(|left| left.id == *id);
            let left = left.unwrap_or_else(|| panic!("{turn}: {id} of {:#?}", down.left));
            assert_eq!(left.address, Address::new(address));
            let because = left.because.as_deref().unwrap_or_default();
            for said in
                ["tag meshctl:stack=servicemesh-demo", "run `meshctl down` again", "by hand"]
            {
                assert!(because.contains(said), "{turn}: {because}");
            }
        }
        // What they stand on stays, and says on what it waits.
        let unexplained = down.left.iter().find(|left| left.because.is_none());
        assert_eq!(unexplained, None, "{turn}");
        let there = world.simulator.inventory().resources.len();
        assert_eq!(down.left.len(), down.counts.left, "{turn}");
        assert!(there < 8, "{turn}: all else is gone: {there}");
    }
    let tag = serde_json::json!([{ "Key": tags::STACK, "Value": "servicemesh-demo" }]);
    world.ask("ec2:CreateTags", serde_json::json!({ "Resources": ids, "Tags": tag })).await;
    world.down().await.done();
    world.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn what_lost_its_tag_and_is_removed_by_hand_is_gone_for_the_next_down() {
    let world = World::new(DEMO);
    let ids = ids_of(&world.up().await.done(), &["consumer/eip/a"]);
    let tag = serde_json::json!([{ "Key": tags::STACK }]);
    world.ask("ec2:DeleteTags", serde_json::json!({ "Resources": ids, "Tags": tag })).await;
    let down = world.down().await.outcome;
    assert_eq!(down.left.iter().map(|left| &left.id).collect::<Vec<_>>(), [&ids[0]]);
    world.ask("ec2:ReleaseAddress", serde_json::json!({ "AllocationId": ids[0] })).await;
    world.down().await.done();
    world.assert_empty();
}

#[tokio::test(start_paused = true)]
async fn adopt_takes_what_lost_its_tag_off_the_record_and_says_so() {
    let world = World::new(DEMO);
    let ids = ids_of(&world.up().await.done(), &["provider/eip/a"]);
    let session = world.session().await;
    let lock = session.lock("adopt").unwrap();
    let adopted = adopt(&session, None, Events::nowhere()).await.unwrap();
    assert!(!adopted.mended && adopted.aside.is_empty(), "{:?}", adopted.aside);
    let tag = serde_json::json!([{ "Key": tags::STACK }]);
    world.ask("ec2:DeleteTags", serde_json::json!({ "Resources": ids, "Tags": tag })).await;
    let adopted = adopt(&session, None, Events::nowhere()).await.unwrap();
    assert!(adopted.mended);
    assert_eq!(adopted.strangers.len(), 1, "{:?}", adopted.strangers);
    assert!(adopted.strangers[0].starts_with(&format!("provider/eip/a {} ", ids[0])));
    drop(lock);
    world.down().await.done();
    let left = world.simulator.inventory().resources;
    assert_eq!(left.iter().map(|item| &item.id).collect::<Vec<_>>(), [&ids[0]]);
}
