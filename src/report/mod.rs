//! Views of the same events: live lines for a terminal, plain lines for a log, JSON for a machine.

pub mod causes;
pub mod forecast;
pub mod gantt;
pub mod human;
pub mod json;
pub mod live;
mod terminal;
pub mod text;
pub mod timings;

use crate::{
    engine::{Event, Events},
    model::Clock,
};
use clap::ValueEnum;
use std::{cell::RefCell, rc::Rc};

pub use timings::Timings;

/// For whom to write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Lines for people; live ones on a terminal
    #[default]
    Human,
    /// One JSON object per line on stdout, and nothing else there
    Json,
}

/// Shows events as they come, and keeps what the final report needs.
#[derive(Clone)]
pub struct Reporter(Rc<Inner>);

struct Inner {
    clock: Clock,
    view: View,
    timings: RefCell<Timings>,
}

enum View {
    Live(live::Live),
    Plain(human::Lines),
    Json,
}

impl Reporter {
    /// The view that suits the output and the terminal: plain lines where live ones could not be
    /// shown. Live lines and a trace of calls would write over each other, so with a trace there are
    /// plain lines, too.
    pub fn new(output: Output, clock: Clock, traced: bool) -> Self {
        let view = match output {
            Output::Json => View::Json,
            Output::Human if !traced && terminal::takes_live_lines() => {
                View::Live(live::Live::new(clock))
            }
            Output::Human => View::Plain(human::Lines::new(traced)),
        };
        Self(Rc::new(Inner { clock, view, timings: RefCell::default() }))
    }

    /// Where the engine tells its events.
    pub fn events(&self) -> Events {
        let reporter = self.clone();
        Events::to(move |event| reporter.show(event))
    }

    fn show(&self, event: &Event) {
        self.0.timings.borrow_mut().hear(event, self.0.clock.now());
        match &self.0.view {
            View::Live(live) => live.show(event),
            View::Plain(lines) => lines.show(event),
            View::Json => json::show(event),
        }
    }

    /// Keeps the times in the live lines right, until dropped.
    pub async fn keep_time(&self) {
        match &self.0.view {
            View::Live(live) => live.keep_time().await,
            View::Plain(_) | View::Json => std::future::pending().await,
        }
    }

    /// Ends the live lines, so that the final report stands below them.
    pub fn end(&self) -> Timings {
        if let View::Live(live) = &self.0.view {
            live.end();
        }
        self.0.timings.borrow().clone()
    }
}
