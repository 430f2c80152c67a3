//! Killed again and again on the way through Kafka.

use crash_tests::kill::{Killer, THROUGH_KAFKA};
use crash_tests::random::{from_env, seed};
use crash_tests::world::World;
use crash_tests::writer::Writer;
use crash_tests::{audit, compare};

#[test]
fn killed_at_any_moment_each_change_is_in_the_log_once() {
    let seed = seed();
    let world = World::start(true, 60_000).unwrap();
    let writer = Writer::start(world.source.port(), seed);
    let mut killer = Killer::new(&world, &writer, seed, THROUGH_KAFKA);
    killer.kill(from_env("CRASH_KILLS", 50)).unwrap();
    let hits = killer.check_hits();
    println!("{} transactions", writer.stop());
    compare::finish(&world).unwrap();
    audit::check(&world).unwrap();
    hits.unwrap();
}
