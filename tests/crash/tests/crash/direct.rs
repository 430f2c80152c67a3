//! Killed again and again on the way straight from one database into another.

use crash_tests::compare;
use crash_tests::kill::{DIRECT, Killer};
use crash_tests::random::{from_env, seed};
use crash_tests::world::World;
use crash_tests::writer::Writer;

#[test]
fn killed_at_any_moment_both_sides_end_equal() {
    let seed = seed();
    let world = World::start(false, 60_000).unwrap();
    let writer = Writer::start(world.source.port(), seed);
    let mut killer = Killer::new(&world, &writer, seed, DIRECT);
    killer.kill(from_env("CRASH_KILLS", 50)).unwrap();
    let hits = killer.check_hits();
    println!("{} transactions", writer.stop());
    compare::finish(&world).unwrap();
    hits.unwrap();
}
