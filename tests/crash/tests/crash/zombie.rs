//! Two processes on one pipeline: one works, the other waits, and takes over from one that froze.

use std::time::Duration;

use crash_tests::catch_up::{catch_up, holders, sessions, stop, wait_sql};
use crash_tests::marks::{Half, Mark, Reached, read};
use crash_tests::random::seed;
use crash_tests::service::Service;
use crash_tests::world::World;
use crash_tests::writer::Writer;
use crash_tests::{audit, compare};
use rustix::process::Signal;

const SOON: Duration = Duration::from_secs(120);
const SLOT: &str = "another process holds the lock of slot pgrelay_crash: pid ";
const TARGET: &str = "another process holds the target of pipeline crash: pid ";

fn start(world: &World) -> Service {
    Service::start(&world.pipeline(), "info", &[]).unwrap()
}

/// Waits until the service says from whom it waits, and returns that server process.
fn waits(service: &Service, from: usize, whose: &str) -> String {
    let at = service.wait_line(from, SOON, whose, |line| line.contains(whose)).unwrap();
    let line = &service.lines_from(at)[0];
    assert!(line.contains("waiting to take over") && line.contains("pgrelay crash"), "{line}");
    let (_, rest) = line.split_once(whose).unwrap();
    rest.chars().take_while(char::is_ascii_digit).collect()
}

/// What it says to be durable after a freeze was on its way before; one such batch may be.
fn writes_nothing(service: &Service, from: usize) {
    for half in [Half::Direct, Half::Capture, Half::Apply] {
        let lines = service.lines_from(from);
        let committed = lines.iter().filter(|line| {
            read(line).is_some_and(|(whose, mark)| {
                whose == half && matches!(mark, Mark::Committed(Reached::After(_)))
            })
        });
        assert!(committed.count() <= 1, "{half:?} goes on: {lines:#?}");
    }
}

fn take_over(world: &World, halves: &[Half]) {
    let seed = seed();
    let writer = Writer::start(world.source.port(), seed);
    let first = start(world);
    halves.iter().for_each(|half| {
        catch_up(&first, world, *half).unwrap_or_else(|error| panic!("{error:#}"))
    });

    let second = start(world);
    let pid = waits(&second, 0, SLOT);
    assert!(sessions(&world.source).unwrap().split(',').any(|held| held == pid), "{pid}");
    if halves.contains(&Half::Apply) {
        let pid = waits(&second, 0, TARGET);
        assert!(sessions(&world.target).unwrap().split(',').any(|held| held == pid), "{pid}");
    }

    let of_first = holders(&world.target).unwrap();
    first.signal(Signal::STOP).unwrap();
    halves.iter().for_each(|half| {
        catch_up(&second, world, *half).unwrap_or_else(|error| panic!("{error:#}"))
    });
    // Whatever it still means to say, nobody listens.
    let gone = format!(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid IN ({of_first})"
    );
    wait_sql(&world.target, &gone, "0").unwrap();

    let thawed = first.lines();
    first.signal(Signal::CONT).unwrap();
    waits(&first, thawed, SLOT);
    if halves.contains(&Half::Apply) {
        waits(&first, thawed, TARGET);
    }
    writes_nothing(&first, thawed);
    halves.iter().for_each(|half| {
        catch_up(&second, world, *half).unwrap_or_else(|error| panic!("{error:#}"))
    });
    writes_nothing(&first, thawed);

    // One that ends in order hands over at once.
    stop(second).unwrap();
    halves.iter().for_each(|half| {
        catch_up(&first, world, *half).unwrap_or_else(|error| panic!("{error:#}"))
    });
    println!("{} transactions", writer.stop());
    stop(first).unwrap();
    compare::finish(world).unwrap();
}

#[test]
fn a_frozen_process_writes_nothing_more() {
    let world = World::start(false, 2_000).unwrap();
    take_over(&world, &[Half::Direct]);
}

#[test]
fn frozen_halves_write_nothing_more() {
    let world = World::start(true, 2_000).unwrap();
    take_over(&world, &[Half::Capture, Half::Apply]);
    audit::check(&world).unwrap();
}
