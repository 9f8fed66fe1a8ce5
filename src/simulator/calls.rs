//! The calls that the account has seen.

use super::account::Millis;
use serde::Serialize;
use std::collections::VecDeque;

/// How many calls are remembered, some 100 bytes each: a stack of a thousand services needs fewer.
const MOST: usize = 100_000;

/// One call, as it was answered.
#[derive(Clone, Debug, Serialize)]
pub struct SeenCall {
    /// When, in the account's time.
    pub at: Millis,
    /// The IAM action, such as `ec2:CreateVpc`; of a request that reached no operation, what it said of
    /// itself.
    pub operation: String,
    /// The answer's status; 0 when the request or the answer was lost.
    pub status: u16,
}

/// The last calls, the oldest first.
#[derive(Clone, Debug, Default)]
pub struct Calls(VecDeque<SeenCall>);

impl Calls {
    /// Adds one; the oldest makes room where there is none.
    pub fn add(&mut self, call: SeenCall) {
        if self.0.len() >= MOST {
            self.0.pop_front();
        }
        self.0.push_back(call);
    }

    /// All that are remembered.
    pub fn list(&self) -> Vec<SeenCall> {
        self.0.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_call_makes_room_for_the_newest() {
        let mut calls = Calls::default();
        for at in 0..MOST as Millis + 3 {
            calls.add(SeenCall { at, operation: "ec2:CreateVpc".into(), status: 200 });
        }
        let list = calls.list();
        assert_eq!((list.len(), list[0].at), (MOST, 3));
        assert_eq!(list.last().map(|call| call.at), Some(MOST as Millis + 2));
    }
}
