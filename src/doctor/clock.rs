//! Whether this machine's clock and AWS's agree: AWS refuses signatures that are too old or too new.

use crate::model::Check;

/// The difference in seconds from which AWS may refuse requests. Its general rule is five minutes;
/// some services allow for fifteen. (IAM User Guide, "Elements of an AWS API request signature":
/// a request must reach AWS within five minutes of its time stamp.)
const REFUSED: i64 = 300;
/// The difference from which that is near.
const NEAR: i64 = 240;

/// Judges by how many seconds AWS's clock is ahead of ours; `None` where no answer had a date.
pub fn judge(skew: Option<i64>) -> Check {
    const NAME: &str = "clock";
    const REMEDY: &str = "set the clock of this machine, for instance by NTP";
    let Some(skew) = skew else {
        return Check::ok(NAME, "the simulator keeps its own time");
    };
    let (seconds, way) = (skew.abs(), if skew > 0 { "behind" } else { "ahead of" });
    let what = format!("this machine's clock is {seconds} s {way} AWS's");
    match seconds {
        0..=1 => Check::ok(NAME, "this machine's clock agrees with AWS's"),
        REFUSED.. => {
            Check::failure(NAME, format!("{what}: AWS refuses requests from 300 s on"), REMEDY)
        }
        NEAR.. => {
            Check::warning(NAME, format!("{what}: AWS refuses requests from 300 s on"), REMEDY)
        }
        _ => Check::ok(NAME, what),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Verdict;

    #[test]
    fn a_clock_is_wrong_from_five_minutes_and_suspect_from_four() {
        let verdict = |skew| judge(Some(skew)).verdict;
        assert_eq!([0, 239, -239].map(verdict), [Verdict::Ok; 3]);
        assert_eq!([240, -299].map(verdict), [Verdict::Warning; 2]);
        assert_eq!([300, -4000].map(verdict), [Verdict::Failure; 2]);
        assert!(judge(Some(400)).what.starts_with("this machine's clock is 400 s behind AWS's"));
        assert!(judge(Some(-400)).what.contains("ahead of AWS's"));
    }
}
