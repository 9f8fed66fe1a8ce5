//! The nonce of a creating call, and what it says to other machines: which run made the call, and when.

use std::fmt;

/// A token: eight hexadecimal digits of the run, eight of the time, sixteen of chance; 34 characters, and
/// AWS takes at least 36 everywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// The run that made the call.
    pub run: &'a str,
    /// When, in seconds since 1970 by AWS's clock.
    pub at: i64,
}

impl<'a> Token<'a> {
    /// Reads one; `None` where it says nothing, as one of an earlier version does.
    pub fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.split('-');
        let (run, at, nonce) = (parts.next()?, parts.next()?, parts.next()?);
        let is_hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
        let right = (run.len(), at.len(), nonce.len()) == (8, 8, 16) && parts.next().is_none();
        let at = i64::from_str_radix(at, 16).ok().filter(|_| right && is_hex(run))?;
        Some(Self { run, at })
    }

    /// Writes one, with this chance in it.
    pub fn with(&self, nonce: u64) -> String {
        format!("{self}{nonce:016x}")
    }
}

impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:08x}-", self.run, self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_which_run_and_when_and_nothing_where_it_is_of_another_shape() {
        let token = Token { run: "0a1b2c3d", at: 1_796_083_200 };
        let text = token.with(7);
        assert_eq!(text.len(), 34);
        assert_eq!(Token::read(&text), Some(token));
        for other in ["", "0a1b2c3d", "0123456789abcdef0123456789abcdef", &format!("{text}-1")] {
            assert_eq!(Token::read(other), None, "{other}");
        }
    }
}
