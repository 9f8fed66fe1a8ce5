//! How a resource stands, for `status`: whether it is there, works, carries traffic and is as wished.

use super::survey::{Action, Finding};
use crate::model::{KindOps, Live, Readiness, Step};

/// A judgement over one node, as it was found by a full look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It works, carries traffic as far as its kind can tell, and is as wished.
    Ready,
    /// It does not work or carries no traffic; says why.
    Waiting(String),
    /// `up` would change it. Says, too, why it carries no traffic, where it does not.
    Drifted(String),
    /// It does not exist.
    Missing,
}

impl Standing {
    /// Of a node of the configuration.
    pub fn of(step: &dyn Step, finding: &Finding) -> Self {
        if finding.action == Action::Create {
            return Self::Missing;
        }
        if let Some(why) = lacks(&finding.readiness) {
            return Self::Waiting(why);
        }
        let judged = finding.live.as_ref().filter(|_| !step.is_idle());
        let why = judged.and_then(|live| lacks(&step.kind().traffic(live)));
        match (&finding.action, why) {
            (Action::Nothing, None) => Self::Ready,
            (Action::Nothing, Some(why)) => Self::Waiting(why),
            (_, why) => Self::Drifted(why.unwrap_or_default()),
        }
    }

    /// Of something that is known from the record alone.
    pub fn of_kind(kind: &dyn KindOps, live: &Live) -> Self {
        let why = lacks(&kind.readiness(live)).or_else(|| lacks(&kind.traffic(live)));
        why.map_or(Self::Ready, Self::Waiting)
    }
}

fn lacks(readiness: &Readiness) -> Option<String> {
    match readiness {
        Readiness::Ready => None,
        Readiness::Waiting(why) | Readiness::Failed(why) => Some(why.clone()),
    }
}
