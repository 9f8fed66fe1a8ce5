//! In which Availability Zones the stack stands, and why not in others.

use crate::{model::Check, stack::zones::Zones};

/// Says which, and which cannot carry all of it.
pub fn tell(zones: &Zones) -> Check {
    let Zones { names, unfit } = zones;
    let mut what = names.join(", ");
    if !unfit.is_empty() {
        what = format!("{what}; passed over: {}", unfit.join("; "));
    }
    // Pages read their zone off the third number of their address, which goes by position.
    let letters = ('a'..).zip(names).filter(|(letter, name)| !name.ends_with(*letter));
    let letters: Vec<String> =
        letters.map(|(letter, name)| format!("{name} AZ-{letter}")).collect();
    if !letters.is_empty() {
        what = format!("{what}; the demonstration's images call {}", letters.join(", "));
    }
    Check::ok("zones", what)
}
