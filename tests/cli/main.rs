//! The commands as people and scripts meet them: a process with an empty environment in a directory of
//! its own, what it prints, and how it ends. `simulator` has tests of its own.

mod account;
mod args;
#[path = "../simulator/client.rs"]
#[allow(dead_code, reason = "each test binary uses its own part")]
mod client;
mod doctor;
mod down;
mod drift;
mod failures;
mod faults;
mod home;
mod input;
mod interrupt;
mod json;
mod kill;
mod plan;
mod policy;
mod private;
mod reap;
mod status;
mod storage;
mod terminal;
mod trace;
mod up;
