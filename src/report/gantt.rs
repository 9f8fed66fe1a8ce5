//! A run as a chart: one bar for each resource, the critical path marked.

use super::text::whole;
use crate::model::{Part, Run};
use std::{fmt::Write, time::Duration};

/// A longer chart shows only the critical path and what took longest.
const ROWS: usize = 80;
const ROW: f64 = 18.0;
const LABELS: f64 = 330.0;
const CHART: f64 = 760.0;
const TOP: f64 = 64.0;

const CREATING: &str = "#3b6ea5";
const WAITING: &str = "#a9c6e3";
const CRITICAL_CREATING: &str = "#a8330b";
const CRITICAL_WAITING: &str = "#f0844f";

/// The chart as SVG.
pub fn svg(run: &Run, stack: &str) -> String {
    let parts = shown(run);
    let height = TOP + ROW * parts.len() as f64 + 48.0;
    let width = LABELS + CHART + 70.0;
    let last = run.parts.iter().map(|part| part.ended).fold(run.seconds, f64::max).max(0.001);
    let x = |seconds: f64| LABELS + CHART * seconds / last;
    let mut svg = String::new();
    // Writing to a string cannot fail.
    let _ = write!(
        svg,
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="#ffffff"/><text x="12" y="24" font-size="15" fill="#222">{stack}: {} in {}</text><text x="12" y="43" fill="#555">critical path {}, {} of {} resources shown</text>"##,
        run.command,
        time(run.seconds),
        time(run.floor_seconds),
        parts.len(),
        run.parts.len(),
    );
    let bottom = TOP + ROW * parts.len() as f64;
    let step = step(last);
    let mut tick = 0.0;
    while tick <= last {
        let _ = write!(
            svg,
            r##"<line x1="{0:.1}" y1="{TOP}" x2="{0:.1}" y2="{bottom}" stroke="#e3e3e3"/><text x="{0:.1}" y="{1}" text-anchor="middle" fill="#555">{2}</text>"##,
            x(tick),
            bottom + 15.0,
            time(tick),
        );
        tick += step;
    }
    for (at, part) in parts.iter().enumerate() {
        row(&mut svg, part, run.is_critical(&part.address), TOP + ROW * at as f64, x);
    }
    legend(&mut svg, bottom + 36.0);
    svg.push_str("</svg>\n");
    svg
}

fn row(svg: &mut String, part: &Part, critical: bool, y: f64, x: impl Fn(f64) -> f64) {
    let (creating, waiting) =
        if critical { (CRITICAL_CREATING, CRITICAL_WAITING) } else { (CREATING, WAITING) };
    let created = part.created.unwrap_or(part.begun);
    let weight = if critical { r#" font-weight="bold""# } else { "" };
    let middle = y + ROW * 0.7;
    let _ = write!(
        svg,
        r##"<text x="{}" y="{middle:.1}" text-anchor="end" fill="#222"{weight}>{}</text>"##,
        LABELS - 8.0,
        part.address
    );
    for (from, to, fill) in [(part.begun, created, creating), (created, part.ended, waiting)] {
        let _ = write!(
            svg,
            r#"<rect x="{:.1}" y="{:.1}" width="{:.1}" height="{}" fill="{fill}"/>"#,
            x(from),
            y + 3.0,
            (x(to) - x(from)).max(if fill == waiting { 1.0 } else { 0.0 }),
            ROW - 6.0
        );
    }
    let took = part.ended - part.begun;
    if took >= 2.0 {
        let _ = write!(
            svg,
            r##"<text x="{:.1}" y="{middle:.1}" fill="#555">{}</text>"##,
            x(part.ended) + 4.0,
            time(took)
        );
    }
}

fn legend(svg: &mut String, y: f64) {
    let words = [
        (CREATING, "call"),
        (WAITING, "AWS at work"),
        (CRITICAL_CREATING, "call on the critical path"),
        (CRITICAL_WAITING, "AWS at work on the critical path"),
    ];
    let mut x = LABELS;
    for (fill, word) in words {
        let _ = write!(
            svg,
            r##"<rect x="{x}" y="{}" width="10" height="10" fill="{fill}"/><text x="{}" y="{y}" fill="#222">{word}</text>"##,
            y - 9.0,
            x + 15.0
        );
        x += 40.0 + 6.5 * word.len() as f64;
    }
}

/// All parts, or the critical ones and the longest, in the order of their beginnings.
fn shown(run: &Run) -> Vec<&Part> {
    let mut parts: Vec<&Part> = run.parts.iter().collect();
    if parts.len() > ROWS {
        let took = |part: &Part| part.ended - part.begun;
        parts.sort_by(|one, other| {
            let critical = |part: &Part| run.is_critical(&part.address);
            let order = critical(other).cmp(&critical(one));
            order.then(took(other).total_cmp(&took(one)))
        });
        parts.truncate(ROWS);
        parts.sort_by(|one, other| one.begun.total_cmp(&other.begun));
    }
    parts
}

/// Between two marks of the axis: about ten of them.
fn step(seconds: f64) -> f64 {
    let steps = [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0];
    steps.into_iter().find(|step| seconds / step <= 12.0).unwrap_or(3600.0)
}

fn time(seconds: f64) -> String {
    whole(Duration::from_secs_f64(seconds.max(0.0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Address;

    #[test]
    fn a_chart_marks_the_critical_path_and_leaves_out_the_shortest() {
        let part = |at: usize| Part {
            address: Address::new(format!("p/{at}")),
            kind: "K".into(),
            begun: at as f64,
            created: Some(at as f64 + 0.1),
            ended: at as f64 + 1.0 + at as f64 / 10.0,
        };
        let parts: Vec<Part> = (0..100).map(part).collect();
        let critical_path = vec![Address::new("p/0")];
        let run = Run { seconds: 120.0, critical_path, parts, ..Run::default() };
        let svg = svg(&run, "s");
        assert_eq!(svg.matches(r#"font-weight="bold""#).count(), 1);
        assert!(svg.contains("80 of 100 resources"));
        assert!(svg.contains(">p/0<") && !svg.contains(">p/1<"));
    }
}
