//! The killer: it picks a phase, waits for its mark, kills, and records where the service really was.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::marks::{Half, Mark, Phase, Reached, Said, lsn};
use crate::random::Random;
use crate::service::{Service, Trap, Verdict};
use crate::world::{CANARY, NAME, World};
use crate::writer::Writer;

/// How long a state may take to come.
const LIMIT: Duration = Duration::from_secs(120);
/// How long a phase is waited for. One that cannot come, as a copy once it is whole, costs all of it.
const PHASE_LIMIT: Duration = Duration::from_secs(20);
/// How often each phase must be hit.
const HITS_MIN: u32 = 3;

/// A place to kill at.
pub type Place = (Half, Phase);

/// Where it was killed, how often.
pub type Hits = BTreeMap<Place, u32>;

/// Kills a service over and over.
#[derive(Debug)]
pub struct Killer<'a> {
    world: &'a World,
    writer: &'a Writer,
    random: Random,
    places: &'static [Place],
    /// Where it was when it was killed.
    pub hits: Hits,
}

/// What a direct pipeline can be killed at.
pub const DIRECT: &[Place] = &[
    (Half::Direct, Phase::Snapshot),
    (Half::Direct, Phase::Inside),
    (Half::Direct, Phase::Written),
    (Half::Direct, Phase::Committed),
    (Half::Direct, Phase::Idle),
];

/// What one through the log can be killed at.
pub const THROUGH_KAFKA: &[Place] = &[
    (Half::Capture, Phase::Snapshot),
    (Half::Capture, Phase::Inside),
    (Half::Capture, Phase::Produced),
    (Half::Capture, Phase::Committed),
    (Half::Capture, Phase::Idle),
    (Half::Apply, Phase::Snapshot),
    (Half::Apply, Phase::Inside),
    (Half::Apply, Phase::Written),
];

impl<'a> Killer<'a> {
    /// A killer that picks by `seed`.
    #[must_use]
    pub fn new(world: &'a World, writer: &'a Writer, seed: u64, places: &'static [Place]) -> Self {
        Self { world, writer, random: Random::new(seed ^ 0xDEAD), places, hits: Hits::new() }
    }

    /// Starts the service `kills` times and kills it as often.
    ///
    /// # Errors
    /// Where the service ends by itself, or says a clear value.
    pub fn kill(&mut self, kills: u64) -> Result<()> {
        let begun = Instant::now();
        for n in 0..kills {
            let place = self.snapshot(n).unwrap_or_else(|| self.pick());
            let level = if n % 3 == 2 { "debug" } else { "info" };
            let was =
                self.kill_at(place, level).with_context(|| format!("kill {n} at {place:?}"))?;
            println!("{:6.1} s  kill {n:2} for {place:?}: {was:?}", begun.elapsed().as_secs_f32());
            for place in was {
                *self.hits.entry(place).or_default() += 1;
            }
            if n == kills / 2 {
                self.writer.much(200_000);
            }
        }
        Ok(())
    }

    /// Fails where a phase was not hit often enough; shows all.
    ///
    /// # Errors
    /// As it says.
    pub fn check_hits(&self) -> Result<()> {
        for ((half, phase), hits) in &self.hits {
            println!("{half:?}  {phase}: {hits}");
        }
        for place in self.places {
            let hits = self.hits.get(place).copied().unwrap_or_default();
            ensure!(hits >= HITS_MIN, "{place:?} was hit {hits} times");
        }
        Ok(())
    }

    /// While the tables are copied there is nothing else to hit, and later no copy any more: the first kills are
    /// the copy's.
    fn snapshot(&self, n: u64) -> Option<Place> {
        let lacks = |place: &&Place| {
            place.1 == Phase::Snapshot && self.hits.get(place).is_none_or(|hits| *hits <= HITS_MIN)
        };
        self.places.iter().find(lacks).copied().filter(|_| n < 12)
    }

    /// The phases that were hit least come first; among equals the dice decide.
    fn pick(&mut self) -> Place {
        let weight = |place: &Place| {
            let hits = self.hits.get(place).copied().unwrap_or_default();
            if place.1 == Phase::Snapshot {
                0
            } else if hits < HITS_MIN {
                6
            } else {
                1
            }
        };
        let total: u64 = self.places.iter().map(weight).sum();
        let mut left = self.random.below(total);
        for place in self.places {
            let weight = weight(place);
            if left < weight {
                return *place;
            }
            left -= weight;
        }
        self.places[self.places.len() - 1]
    }

    fn kill_at(&mut self, place: Place, level: &str) -> Result<Vec<Place>> {
        let service = Service::start(&self.world.pipeline(), level, &[])?;
        let spin = Duration::from_micros(self.random.below(400));
        match place.1 {
            Phase::Idle => self.kill_idle(&service)?,
            Phase::Inside => {
                let nth = self.random.below(2) + 1;
                self.writer.much(if nth == 1 { 10_000 } else { 20_000 });
                service.arm(at(place.0, inside(nth), spin));
            }
            Phase::Committed => service.arm(self.unheard(place.0)),
            Phase::Written => {
                service.arm(at(place.0, nth(Mark::Written, self.random.below(3) + 1), spin))
            }
            Phase::Produced => service.arm(at(place.0, nth(Mark::Produced, self.some()), spin)),
            Phase::Snapshot | Phase::Starting => {
                let spin = Duration::from_micros(self.random.below(40_000));
                let copying =
                    move |_: Mark, said: &Said| said.get(&place.0).is_some_and(|said| said.copies);
                service.arm(at(place.0, copying, spin));
            }
        }
        if place.1 != Phase::Idle && !service.wait_sprung(PHASE_LIMIT) {
            println!(
                "        {place:?} did not come in {PHASE_LIMIT:?}; the log ends\n{}",
                service.tail()
            );
        }
        let said = service.kill()?;
        self.writer.go_on();
        self.world.to_source.cut();
        self.world.to_source.resume();
        let heard = self.heard()?;
        Ok(said.iter().map(|(half, said)| (*half, said.phase(*half, heard))).collect())
    }

    /// How many batches pass before the one that is hit.
    fn some(&mut self) -> u64 {
        1 + self.random.below(6)
    }

    fn kill_idle(&self, service: &Service) -> Result<()> {
        self.writer.rest();
        let quiet = service.wait_quiet(Duration::from_millis(300), LIMIT);
        let metrics = service.get("/metrics")?;
        ensure!(!metrics.contains(CANARY), "a clear value in the metrics");
        if !quiet {
            println!("        it does not come to rest; the log ends\n{}", service.tail());
        }
        Ok(())
    }

    /// Keeps the way to the source shut from the moment the rows are sent, so that what is durable a moment later
    /// is never heard of by the slot.
    fn unheard(&mut self, half: Half) -> Trap {
        let proxy = Arc::clone(&self.world.to_source);
        let mut skip = self.some();
        let mut shut = false;
        Box::new(move |whose, mark, said| {
            if whose != half || said.get(&half).is_none_or(|said| said.copies) {
                return Verdict::Wait;
            }
            match mark {
                Mark::Written | Mark::Produced if !shut => {
                    skip -= 1;
                    shut = skip == 0;
                    if shut {
                        proxy.stall();
                    }
                    skip = skip.max(1);
                    Verdict::Wait
                }
                Mark::Committed(Reached::After(_)) if shut => Verdict::Kill,
                Mark::Committed(Reached::Inside) if shut => {
                    shut = false;
                    proxy.resume();
                    Verdict::Wait
                }
                _ => Verdict::Wait,
            }
        })
    }

    /// What the slot knows, once nobody streams from it any more.
    fn heard(&self) -> Result<u64> {
        let sql = format!(
            "SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = 'pgrelay_{NAME}' AND NOT active
             UNION ALL SELECT '0/0' WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = 'pgrelay_{NAME}')"
        );
        let said = stack::wait::until("the walsender to end", LIMIT, "", || {
            let said = self.world.source.psql(crate::world::DATABASE, &sql)?;
            Ok(Some(said).filter(|said| !said.is_empty()))
        })?;
        lsn(&said).context("the slot's confirmed_flush_lsn")
    }
}

/// Kills `spin` after the mark of `half` that `wanted` waits for.
fn at(
    half: Half,
    mut wanted: impl FnMut(Mark, &Said) -> bool + Send + 'static,
    spin: Duration,
) -> Trap {
    Box::new(move |whose, mark, said| {
        if whose != half || !wanted(mark, said) {
            return Verdict::Wait;
        }
        let until = Instant::now() + spin;
        while Instant::now() < until {
            std::hint::spin_loop();
        }
        Verdict::Kill
    })
}

fn nth(wanted: Mark, mut n: u64) -> impl FnMut(Mark, &Said) -> bool {
    move |mark, said| {
        n -= u64::from(mark == wanted && n > 0 && !said.values().any(|said| said.copies));
        n == 0
    }
}

fn inside(mut n: u64) -> impl FnMut(Mark, &Said) -> bool {
    move |mark, _| {
        n -= u64::from(mark == Mark::Committed(Reached::Inside) && n > 0);
        n == 0
    }
}
