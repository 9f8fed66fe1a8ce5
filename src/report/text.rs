//! Words and figures as people read them.

use std::{fmt, io, time::Duration};

/// Prints a line on stdout. That its reader has gone is no reason to leave work on AWS half done.
macro_rules! out {
    ($($text:tt)*) => { $crate::report::text::line(std::io::stdout(), format_args!($($text)*)) };
}

/// Prints a line on stderr, likewise.
macro_rules! err {
    ($($text:tt)*) => { $crate::report::text::line(std::io::stderr(), format_args!($($text)*)) };
}

pub(crate) use {err, out};

/// What `out!` and `err!` do.
pub fn line(mut to: impl io::Write, text: fmt::Arguments<'_>) {
    let _ = writeln!(to, "{text}");
}

/// `0.4 s`, `42 s`, `3 m 02 s`.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 9.95 { format!("{seconds:.1} s") } else { whole(duration) }
}

/// `7 s`, `42 s`, `3 m 02 s`: what a counting clock shows.
pub fn whole(duration: Duration) -> String {
    let seconds = duration.as_secs_f64().round() as u64;
    if seconds < 60 {
        format!("{seconds} s")
    } else {
        format!("{} m {:02} s", seconds / 60, seconds % 60)
    }
}

/// ` (42 s)` behind what took a while, nothing behind what took no time to speak of.
pub fn took(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        String::new()
    } else {
        format!(" ({})", whole(duration))
    }
}

/// `3 created, 2 failed`: what is not none.
pub fn parts(parts: &[(usize, &str)]) -> String {
    let some = parts.iter().filter(|(number, _)| *number > 0);
    some.map(|(number, what)| format!("{number} {what}")).collect::<Vec<_>>().join(", ")
}

/// `1 resource`, `3 resources`.
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        let text = |seconds| duration(Duration::from_secs_f64(seconds));
        assert_eq!([text(0.42), text(42.4), text(182.0)], ["0.4 s", "42 s", "3 m 02 s"]);
        assert_eq!([text(9.96), text(59.7), text(119.6)], ["10 s", "1 m 00 s", "2 m 00 s"]);
    }
}
