//! Live lines on a terminal: one per group, with what it waits for and since when.

use super::{forecast::Forecast, human::Lines, text::whole};
use crate::{
    engine::{Event, Phase},
    model::{Address, Clock},
};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::{cell::RefCell, collections::BTreeMap, time::Duration};

/// How often the times are brought up to date. Wall time.
const TICK: Duration = Duration::from_millis(100);

/// One line for each group of addresses.
pub struct Live {
    clock: Clock,
    lines: MultiProgress,
    groups: RefCell<BTreeMap<String, Group>>,
    forecast: RefCell<Forecast>,
    path: ProgressBar,
    lasting: Lines,
}

struct Group {
    bar: ProgressBar,
    done: usize,
    busy: BTreeMap<Address, Doing>,
}

struct Doing {
    what: String,
    /// AWS's time.
    since: Duration,
}

impl Live {
    /// No lines yet; `clock` tells how long things take.
    pub fn new(clock: Clock) -> Self {
        let lines = MultiProgress::new();
        let style = ProgressStyle::with_template("{wide_msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let path = lines.add(ProgressBar::new_spinner()).with_style(style);
        let (groups, forecast) = (RefCell::default(), RefCell::default());
        Self { clock, lines, groups, forecast, path, lasting: Lines::default() }
    }

    /// Takes in one event.
    pub fn show(&self, event: &Event) {
        self.forecast.borrow_mut().hear(event, self.clock.now());
        match event {
            Event::Begun { address, action, .. } => {
                let verb = match *action {
                    "create" => "creating",
                    "update" => "changing",
                    _ => "deleting",
                };
                self.doing(address, verb.into());
            }
            Event::Created { address, .. } | Event::Adopted { address, .. } => {
                self.doing(address, "checking".into());
            }
            Event::Waiting { address, reason, .. } => self.doing(address, reason.clone()),
            Event::Retrying { address, error, .. } => self.doing(address, error.clone()),
            Event::Ready { address, .. } | Event::Deleted { address, .. } => self.ended(address, 1),
            Event::Failed { address, .. } | Event::Kept { address, .. } => {
                self.ended(address, 0);
                self.say(event);
            }
            // What is not started changes no line; the report counts it.
            Event::Forecast { .. }
            | Event::Phase { phase: Phase::Build, .. }
            | Event::Skipped { .. } => {}
            Event::Phase { .. }
            | Event::Checked { .. }
            | Event::Interrupted { .. }
            | Event::Updated { .. } => {
                self.say(event);
            }
        }
    }

    /// Keeps the times right, until dropped.
    pub async fn keep_time(&self) {
        loop {
            tokio::time::sleep(TICK).await;
            let groups = self.groups.borrow();
            for group in groups.values().filter(|group| !group.busy.is_empty()) {
                group.bar.set_message(self.message(group));
            }
            let path = self.forecast.borrow().line(self.clock.now());
            self.path.set_message(path.unwrap_or_default());
        }
    }

    /// Takes the lines away.
    pub fn end(&self) {
        for group in self.groups.borrow().values() {
            group.bar.finish_and_clear();
        }
        self.path.finish_and_clear();
    }

    /// A line that stays, above the live ones.
    fn say(&self, event: &Event) {
        if let Some(line) = self.lasting.line(event) {
            // A terminal that went away is no reason to stop.
            let _ = self.lines.println(line);
        }
    }

    fn doing(&self, address: &Address, what: String) {
        self.with(address, |group| {
            let since = group.busy.get(address).map_or(self.clock.now(), |doing| doing.since);
            group.busy.insert(address.clone(), Doing { what, since });
        });
    }

    fn ended(&self, address: &Address, done: usize) {
        self.with(address, |group| {
            group.busy.remove(address);
            group.done += done;
        });
    }

    fn with(&self, address: &Address, change: impl FnOnce(&mut Group)) {
        let mut groups = self.groups.borrow_mut();
        let name = address.group();
        let group = groups.entry(name.to_owned()).or_insert_with(|| {
            let style = ProgressStyle::with_template("{prefix:10} {wide_msg}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner());
            let bar = self.lines.insert_before(&self.path, ProgressBar::new_spinner());
            let bar = bar.with_style(style);
            bar.set_prefix(name.to_owned());
            Group { bar, done: 0, busy: BTreeMap::new() }
        });
        change(group);
        group.bar.set_message(self.message(group));
    }

    /// What has been going on for longest, which is what everything else waits for. What it waits
    /// for comes last: a narrow terminal cuts it off.
    fn message(&self, group: &Group) -> String {
        let done = group.done;
        let oldest = group.busy.iter().min_by_key(|(_, doing)| doing.since);
        let Some((address, doing)) = oldest else { return format!("{done} done") };
        let since = whole(self.clock.now().saturating_sub(doing.since));
        let busy = group.busy.len();
        let name = address.as_str().split_once('/').map_or(address.as_str(), |(_, name)| name);
        format!("{done} done, {busy} at work · {name} for {since}: {}", doing.what)
    }
}
