//! What happens to a stack: drawn from a seed, and small enough to be shortened.

use super::{burst::Burst, shape::Shape};
use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};

/// When a process dies, beside one of its calls.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Moment {
    /// The call is not made.
    Before,
    /// The call has its effect, and nobody hears of it.
    After,
}

/// A process that dies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kill {
    /// At which of its calls.
    pub call: u64,
    pub moment: Moment,
    /// The machine dies with it: what the disk was not told to keep may be gone.
    pub power: bool,
}

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    Up(Option<Kill>, Option<Burst>),
    Down(Option<Kill>, Option<Burst>),
    /// The file is edited; the seed of what.
    Change(u64),
    /// Somebody deletes something in the console; which.
    Vanish(u64),
    /// The state directory is lost.
    Lose,
    /// The journal loses its end, by so many thousandths.
    Tear(u64),
    /// Seconds pass.
    Wait(u64),
}

/// A stack and its life.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub seed: u64,
    pub shape: Shape,
    /// Whether it is up when the story begins.
    pub begins_up: bool,
    pub steps: Vec<Step>,
}

impl Scenario {
    pub fn of(seed: u64) -> Self {
        let mut dice = Xoshiro256PlusPlus::seed_from_u64(seed);
        let begins_up = dice.random_range(0..3) > 0;
        // Few shapes stand ready, and what happens to them makes them others.
        let family = Xoshiro256PlusPlus::seed_from_u64(dice.random_range(0..16));
        let shape = Shape::random(&mut if begins_up { family } else { dice.clone() });
        let mut steps: Vec<Step> = Vec::new();
        for _ in 0..dice.random_range(1..3) {
            let burst = (dice.random_range(0..3) == 0).then(|| Burst::random(&mut dice));
            let kill = (dice.random_range(0..4) > 0).then(|| kill(&mut dice));
            let next: &[Step] = match dice.random_range(0..12) {
                0..3 => &[Step::Up(kill, burst)],
                3..7 => &[Step::Change(dice.random()), Step::Up(kill, burst)],
                7..9 => &[Step::Down(kill, burst)],
                9 => &[Step::Vanish(dice.random()), Step::Wait(dice.random_range(0..900))],
                10 => &[Step::Lose],
                _ => &[Step::Tear(dice.random_range(0..1000))],
            };
            steps.extend(next);
        }
        // Half of the lives end with a stack that is up; the others are torn down as they are.
        if dice.random_range(0..2) > 0 {
            steps.push(Step::Up(None, None));
        }
        steps.push(Step::Down(None, None));
        Self { seed, shape, begins_up, steps }
    }
}

fn kill(dice: &mut Xoshiro256PlusPlus) -> Kill {
    Kill {
        call: dice.random_range(1..320),
        moment: if dice.random() { Moment::Before } else { Moment::After },
        power: dice.random_range(0..3) == 0,
    }
}
