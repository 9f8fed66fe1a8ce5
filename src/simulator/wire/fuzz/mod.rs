//! Requests that nobody in their senses sends: none may do harm, and each gets an answer of AWS's
//! kind. `FUZZ_REQUESTS=1000000` throws more of them, `FUZZ_SEED=7` others.

mod check;
mod generate;
mod mutate;

use crate::simulator::{Settings, Simulator};
use bytes::Bytes;
use futures_util::FutureExt;
use generate::Generator;
use http::Request;
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// Seeded: a case can be reproduced.
type Dice = Xoshiro256PlusPlus;

/// How many are thrown in every run of the tests.
const REQUESTS: u64 = 20_000;
/// So many requests meet one account; then there is a new one.
const PER_ACCOUNT: u64 = 400;

#[test]
fn malformed_requests_get_errors_of_awss_kind_and_harm_nobody() {
    let number = |name: &str, usual| {
        let given = std::env::var(name).ok();
        given.map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
    };
    let (requests, seed) = (number("FUZZ_REQUESTS", REQUESTS), number("FUZZ_SEED", 1));
    let mut statuses: BTreeMap<u16, u64> = BTreeMap::new();
    let mut broken = Vec::new();
    for case in 0..requests.div_ceil(PER_ACCOUNT) {
        let seed = seed * 1_000_003 + case;
        let rounds = PER_ACCOUNT.min(requests - case * PER_ACCOUNT);
        account(seed, rounds, &mut statuses, &mut broken);
        if broken.len() >= 10 {
            break;
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
    println!("{requests} requests from seed {seed}; answers by status: {statuses:?}");
    // Requests that are only refused prove little, and so do requests that are only taken.
    let share = |status| statuses.get(&status).copied().unwrap_or_default() * 100 / requests;
    assert!(share(200) >= 5, "{statuses:?}");
    assert!(share(400) >= 30, "{statuses:?}");
}

/// So many requests to one account; the answers by status, and those that are not in order.
fn account(seed: u64, rounds: u64, statuses: &mut BTreeMap<u16, u64>, broken: &mut Vec<String>) {
    let settings = Settings { seed, instant: true, ..Settings::default() };
    let simulator = Simulator::open(&settings).expect("an account in memory");
    let mut generator = Generator::new(Dice::seed_from_u64(seed));
    for round in 0..rounds {
        if round % 20 == 0 {
            generator.learn(&simulator.inventory());
        }
        let request = generator.request();
        match answered(&simulator, &request) {
            Ok(status) => *statuses.entry(status).or_default() += 1,
            Err(why) => broken.push(format!("account {seed}, request {round}: {why}\n{request:?}")),
        }
    }
}

/// The status of an answer that is in order; or what is wrong with it.
fn answered(simulator: &Simulator, request: &Request<Bytes>) -> Result<u16, String> {
    let answer = catch_unwind(AssertUnwindSafe(|| {
        simulator.answer(request.clone()).now_or_never().ok_or("the answer keeps one waiting")
    }));
    let answer = answer.map_err(|_| "a panic")??;
    let response = answer.map_err(|lost| lost.to_string())?;
    check::response(&response)?;
    Ok(response.status().as_u16())
}
