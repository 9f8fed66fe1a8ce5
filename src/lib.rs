//! meshctl.

pub mod aws;
pub mod cli;
pub mod config;
pub mod disk;
pub mod doctor;
pub mod engine;
pub mod model;
pub mod report;
pub mod resources;
pub mod simulator;
pub mod stack;
pub mod state;
