//! Whole runs over the simulator, in virtual time: the demonstration up, changed, and down again.

#[path = "../common/mod.rs"]
mod common;

mod change;
mod demo;
mod doctor;
mod faults;
mod heal;
mod held;
mod machines;
mod mesh;
mod migration;
mod nat;
mod policy;
mod reap;
mod safety;
mod scale;
mod spot;
mod vpc_link;
