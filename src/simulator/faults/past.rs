//! The account as it was: what reads that lag behind still show.

use super::{Fault, Rule};
use crate::simulator::{Account, account::Millis};
use std::collections::VecDeque;

/// The account after each change, as long as a fault can ask for it. What happens by itself between
/// two changes need not be kept: the account's own agenda makes it happen again.
#[derive(Debug, Default)]
pub(in crate::simulator) struct Past {
    reach: Option<Millis>,
    accounts: VecDeque<Account>,
}

impl Past {
    /// How far back these rules look.
    pub fn look_back(&mut self, rules: &[Rule], account: &Account) {
        let seconds = rules.iter().filter_map(|rule| match rule.fault {
            Fault::StaleRead(seconds) => Some(millis(seconds)),
            _ => None,
        });
        self.reach = seconds.max();
        if self.reach.is_none() {
            self.accounts.clear();
        } else if self.accounts.is_empty() {
            self.accounts.push_back(account.clone());
        }
    }

    /// Keeps the account, which has just been changed.
    pub fn keep(&mut self, account: &Account) {
        let Some(reach) = self.reach else { return };
        self.accounts.push_back(account.clone());
        let oldest = account.now.saturating_sub(reach);
        while self.accounts.get(1).is_some_and(|next| next.now <= oldest) {
            self.accounts.pop_front();
        }
    }

    /// The account as it was so many seconds before `now`, or as far back as is known.
    pub fn ago(&self, seconds: f64, now: Millis) -> Option<Account> {
        let then = now.saturating_sub(millis(seconds));
        let last = self.accounts.iter().rev().find(|account| account.now <= then);
        let mut account = last.or(self.accounts.front())?.clone();
        account.advance(then);
        Some(account)
    }
}

fn millis(seconds: f64) -> Millis {
    (seconds * 1000.0) as Millis
}
