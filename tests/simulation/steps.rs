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
    /// The other machine goes on: the same account, a state directory of its own.
    Elsewhere,
    /// Both machines at once, the other one so many seconds later; whether each is an `up`.
    AtOnce(bool, bool, u64),
    /// This machine's record is copied over the other's, as a CI cache does.
    Copy,
    /// This machine's record is kept.
    Keep,
    /// The record that was kept comes back.
    Restore,
    /// Somebody takes the stack's tag from something; which.
    Strip(u64),
    /// What was stripped gets the tag again.
    TagAgain,
    /// Somebody edits a setting; which.
    Edit(u64),
    /// `up --refresh`.
    Refresh,
}

/// The two kinds of life.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Lives {
    /// One machine, one record, and faults.
    Alone,
    /// Two machines with a record each, records that are stale, and other people.
    Shared,
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
    pub fn of(lives: Lives, seed: u64) -> Self {
        match lives {
            Lives::Alone => Self::alone(seed),
            Lives::Shared => Self::shared(seed),
        }
    }

    fn shared(seed: u64) -> Self {
        // Other dice than those of the lives alone, so that one seed is two stories.
        let mut dice = Xoshiro256PlusPlus::seed_from_u64(seed ^ 0x5EED_0F2B);
        let begins_up = dice.random_range(0..3) > 0;
        let family = Xoshiro256PlusPlus::seed_from_u64(dice.random_range(0..16));
        let shape = Shape::random(&mut if begins_up { family } else { dice.clone() });
        let mut steps: Vec<Step> = Vec::new();
        for _ in 0..dice.random_range(2..6) {
            let next: &[Step] = match dice.random_range(0..20) {
                0..4 => &[Step::Elsewhere],
                4..7 => {
                    let later = dice.random_range(0..600);
                    &[Step::AtOnce(dice.random(), dice.random(), later)]
                }
                7..9 => &[Step::Up(None, None)],
                9..11 => &[Step::Down(None, None)],
                11 => &[Step::Change(dice.random()), Step::Up(None, None)],
                12 => &[Step::Change(dice.random()), Step::AtOnce(true, true, 0)],
                13 => &[Step::Keep],
                14 => &[Step::Restore],
                15 => &[Step::Copy],
                16 => &[Step::Edit(dice.random()), Step::Up(None, None)],
                17 => &[Step::Edit(dice.random()), Step::Refresh],
                18 => &[Step::Vanish(dice.random())],
                _ => &[Step::Up(Some(kill(&mut dice)), None), Step::Elsewhere],
            };
            steps.extend(next);
        }
        if dice.random() {
            steps.push(Step::Elsewhere);
        }
        match dice.random_range(0..4) {
            0 => {}
            1 => {
                steps.push(Step::Up(None, None));
                steps.extend((0..dice.random_range(1..4)).map(|_| Step::Strip(dice.random())));
                if dice.random_range(0..3) == 0 {
                    steps.push(Step::Elsewhere);
                }
                steps.extend([Step::Down(None, None), Step::Down(None, None), Step::TagAgain]);
            }
            _ => steps.push(Step::Up(None, None)),
        }
        steps.push(Step::Down(None, None));
        Self { seed, shape, begins_up, steps }
    }

    fn alone(seed: u64) -> Self {
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
