//! Whole runs over the simulator, in virtual time: the demonstration up, changed, and down again.

#[path = "../common/mod.rs"]
mod common;

mod change;
mod demo;
mod doctor;
mod drift;
mod drift_api;
mod drift_identity;
mod drift_mesh;
mod drift_network;
mod drift_own;
mod drift_services;
mod duplicates;
mod faults;
mod heal;
mod health;
mod held;
mod machines;
mod mesh;
mod migration;
mod nat;
mod policy;
mod reap;
mod safety;
mod scale;
mod silence;
mod spot;
mod status_truth;
mod vpc_link;
mod zones;
