//! How long a run is expected to take, and what it will wait for.

use super::{
    ensure::Ensured,
    survey::{Action, Survey},
};
use crate::model::{CriticalPath, Estimates, Graph, Readiness, Span};

/// The expected critical path of an `up` after this survey.
pub fn forecast(graph: &Graph, survey: &Survey, estimates: &Estimates) -> CriticalPath {
    ahead(graph, survey, estimates, &[])
}

/// Likewise, when some nodes have ended already.
pub(super) fn ahead(
    graph: &Graph,
    survey: &Survey,
    estimates: &Estimates,
    ends: &[Option<Ensured>],
) -> CriticalPath {
    let span = |at| {
        let (Some((_, step)), Some((_, finding))) = (graph.at(at), survey.findings.get_index(at))
        else {
            return Span::default();
        };
        let whole = estimates.up(step.kind().kind(), step.kind().times());
        let waits = finding.readiness != Readiness::Ready;
        match finding.action {
            _ if ends.get(at).is_some_and(Option::is_some) => Span::default(),
            Action::Create | Action::Replace(_) | Action::Rebuild(_) => whole,
            // Whether it must change is known later; in place it takes a call.
            Action::Update | Action::Depends(_) | Action::Nothing if !waits => {
                Span { created: 0.0, ready: 0.0 }
            }
            Action::Update | Action::Depends(_) | Action::Nothing => {
                Span { created: 0.0, ready: whole.ready }
            }
        }
    };
    CriticalPath::through(graph.dag(), span, |at| graph.at(at).map(|(address, _)| address.clone()))
}
