//! The commands as people and scripts meet them: a process with an empty environment in a directory of
//! its own, what it prints, and how it ends. `simulator` has tests of its own.

mod args;
mod down;
mod home;
mod interrupt;
mod json;
mod plan;
mod status;
mod trace;
mod up;
