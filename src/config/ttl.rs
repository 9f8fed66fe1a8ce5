//! How long an environment may live, as people write it: `90m`, `4h`, `2d`.

use std::{fmt, str::FromStr, time::Duration};

/// The longest life: a year.
const LONGEST: u64 = 366 * 24 * 3600;

/// A life span with its unit, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ttl {
    text: String,
    seconds: u64,
}

impl Ttl {
    /// How long.
    pub fn duration(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

impl FromStr for Ttl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unit = text.chars().last().and_then(|unit| match unit {
            's' => Some(1),
            'm' => Some(60),
            'h' => Some(3600),
            'd' => Some(24 * 3600),
            _ => None,
        });
        let number = text.get(..text.len().saturating_sub(1)).and_then(|text| text.parse().ok());
        let seconds = unit.zip(number).and_then(|(unit, number): (u64, u64)| {
            number.checked_mul(unit).filter(|seconds| (1..=LONGEST).contains(seconds))
        });
        match seconds {
            Some(seconds) => Ok(Self { text: text.into(), seconds }),
            None => Err("give a number and a unit, such as 90m, 4h or 2d; at most 366d".into()),
        }
    }
}

impl fmt::Display for Ttl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_span_has_a_number_and_a_unit() {
        let seconds = |text: &str| text.parse::<Ttl>().map(|ttl| ttl.duration().as_secs());
        assert_eq!(seconds("90m"), Ok(5400));
        assert_eq!(seconds("4h"), Ok(14_400));
        assert_eq!(seconds("2d"), Ok(172_800));
        for wrong in ["", "h", "4", "4 h", "-1h", "0s", "367d", "4w", "99999999999999999999d", "4ü"]
        {
            assert!(seconds(wrong).is_err(), "{wrong:?}");
        }
    }
}
