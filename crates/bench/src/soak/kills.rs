//! The power cut, again and again, at moments thrown from the seed: most lives end within a second and a half, some when the
//! lake commits, some in the middle of its housekeeping. At each start the stand-ins are told another mix of troubles, and
//! the program's clock may be wrong, or jump meanwhile.
//! Deliberately absent: torn disks; the journal's simulation covers those.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::dice::Dice;
use super::say;
use super::stage::Stage;
use crate::Measured;
use crate::process::Program;

/// Lives in milliseconds, from until, and how often in a hundred. The lake commits five seconds after the first event, and
/// keeps house after twenty.
const LIVES: [(u64, u64, u64); 3] = [(85, 100, 1_500), (12, 4_900, 6_500), (3, 20_000, 22_500)];
/// In one life of so many the clock jumps while the program runs.
const JUMPS_ONE_IN: u64 = 4;
/// The last life's clock is set back after so long, and set right again after as long.
const LAST_JUMP_LASTS: Duration = Duration::from_secs(3);
/// Kills between two lines for whoever waits.
const TOLD_EVERY: u32 = 25;

/// Kills the program `count` times, or until `within` is over; gives the process that is left to live.
pub(super) async fn run(
    stage: &Stage,
    dice: &mut Dice,
    count: u32,
    within: Option<Duration>,
    long_lives: bool,
) -> Result<(Program, Vec<Measured>)> {
    let start = Instant::now();
    let is_over = |kills| kills >= count || within.is_some_and(|within| start.elapsed() >= within);
    while !is_over(stage.kills()) {
        stage.trouble(dice);
        stage.throw_clock(dice)?;
        let program = stage.serve()?;
        let life = life(dice, long_lives);
        if dice.below(JUMPS_ONE_IN) == 0 {
            tokio::time::sleep(life / 2).await;
            stage.throw_clock(dice)?;
            tokio::time::sleep(life / 2).await;
        } else {
            tokio::time::sleep(life).await;
        }
        let number = stage.kills();
        program.kill().await.with_context(|| format!("kill number {}", number + 1))?;
        stage.killed();
        if stage.kills().is_multiple_of(TOLD_EVERY) {
            let events = stage.acme.account().events + stage.globex.account().events;
            say(&format!("soak: {} kills, {events} events", stage.kills()));
        }
    }
    stage.right_clock()?;
    // A credential that is refused is tried again only after minutes, for a person has to act: the last life is spared that.
    stage.calm();
    let restarted = Instant::now();
    let mut program = stage.serve()?;
    program.ready().await?;
    let restarted = restarted.elapsed();
    // Nobody ends this life: what waits for a moment that the clock had told must not wait for an hour.
    tokio::time::sleep(LAST_JUMP_LASTS).await;
    stage.set_clock_back()?;
    tokio::time::sleep(LAST_JUMP_LASTS).await;
    stage.right_clock()?;
    let line = Measured {
        work: "kills (SIGKILL), each followed by a start on the same folder".to_owned(),
        figures: format!(
            "{} in {} s; the last start was ready after {} ms",
            stage.kills(),
            start.elapsed().as_secs(),
            restarted.as_millis()
        ),
        must: "every start comes up",
        reached: true,
    };
    Ok((program, vec![line]))
}

fn life(dice: &mut Dice, long_lives: bool) -> Duration {
    let mut throw = dice.below(100);
    let mut lives = LIVES.iter().take(if long_lives { LIVES.len() } else { 1 });
    let (_, from, until) = lives
        .find(|(share, ..)| {
            let is_it = throw < *share;
            throw = throw.saturating_sub(*share);
            is_it
        })
        .unwrap_or(&LIVES[0]);
    Duration::from_millis(from + dice.below(until - from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lives_are_short_unless_long_ones_are_wanted() {
        let mut dice = Dice::new(3);
        let mut lives =
            |long| (0..1_000).map(|_| life(&mut dice, long).as_millis()).collect::<Vec<_>>();
        assert!(lives(false).iter().all(|life| (100..1_500).contains(life)));
        let long = lives(true);
        let count = |from, until| long.iter().filter(|life| (from..until).contains(*life)).count();
        assert!((70..180).contains(&count(4_900, 6_500)), "{}", count(4_900, 6_500));
        assert!((10..60).contains(&count(20_000, 22_500)), "{}", count(20_000, 22_500));
        assert_eq!(count(0, 1_500) + count(4_900, 6_500) + count(20_000, 22_500), 1_000);
    }
}
