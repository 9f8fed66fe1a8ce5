//! A short stand-in for something long.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{fmt, num::ParseIntError, str::FromStr};

/// Half a SHA-256 digest: the same in every run, and another one for everything else. In the journal it
/// is 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// Of a text, and of what else counts; something that is not there is told from something that is.
    pub fn of(text: &str, more: impl IntoIterator<Item = Option<Self>>) -> Self {
        let mut digest = Sha256::new();
        digest.update(text);
        for one in more {
            digest.update([u8::from(one.is_some())]);
            digest.update(one.map_or([0; 16], |one| one.0));
        }
        let mut half = [0; 16];
        half.copy_from_slice(&digest.finalize()[..16]);
        Self(half)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl FromStr for Fingerprint {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        u128::from_str_radix(text, 16).map(|number| Self(number.to_be_bytes()))
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.to_string()
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = ParseIntError;

    fn try_from(text: String) -> Result<Self, ParseIntError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_counts_makes_another_one() {
        let of = |text, more: &[Option<Fingerprint>]| Fingerprint::of(text, more.iter().copied());
        let (a, b) = (of("a", &[]), of("b", &[]));
        let all = [a, b, of("a", &[None]), of("a", &[Some(a)]), of("a", &[Some(b)])];
        for (at, one) in all.iter().enumerate() {
            assert!(!all[..at].contains(one), "{one}");
        }
        assert_eq!(of("a", &[]), a);
    }

    #[test]
    fn it_is_read_as_it_is_written() {
        let one = Fingerprint::of("", []);
        // SHA-256 of nothing, FIPS 180-4.
        assert_eq!(one.to_string(), "e3b0c44298fc1c149afbf4c8996fb924");
        assert_eq!(one.to_string().parse(), Ok(one));
    }
}
