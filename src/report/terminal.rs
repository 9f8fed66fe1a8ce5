//! Whether a terminal can show live lines.

use rustix::termios::tcgetwinsize;
use std::{env, ffi::OsStr, io::IsTerminal, os::fd::AsFd};

/// The rows that live lines need: one for each group, the forecast, a line that stays, and the
/// cursor's. What does not fit would not be shown at all.
const ROWS: u16 = 8;

/// The columns that a live line needs: the group's name and what it waits for.
const COLUMNS: u16 = 40;

/// Whether stderr is a terminal that can show live lines.
pub fn takes_live_lines() -> bool {
    let stderr = std::io::stderr();
    let size = tcgetwinsize(stderr.as_fd()).map(|size| (size.ws_row, size.ws_col));
    let term = env::var_os("TERM").unwrap_or_default();
    stderr.is_terminal() && suits(&term, size.unwrap_or_default())
}

/// A terminal that says neither its kind nor its size cannot be relied on.
fn suits(term: &OsStr, (rows, columns): (u16, u16)) -> bool {
    !term.is_empty() && term != "dumb" && rows >= ROWS && columns >= COLUMNS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dumb_or_a_small_terminal_gets_plain_lines() {
        let suits = |term: &str, size| suits(OsStr::new(term), size);
        assert!(suits("xterm", (24, 80)) && suits("vt100", (ROWS, COLUMNS)));
        assert!(!suits("dumb", (24, 80)) && !suits("", (24, 80)));
        for small in [(ROWS - 1, 80), (24, COLUMNS - 1), (0, 0)] {
            assert!(!suits("xterm", small), "{small:?}");
        }
    }
}
