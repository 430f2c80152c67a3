//! Servers that stop, connections that break: the pipeline recovers by itself, and both sides end equal.

use std::time::Duration;

use crash_tests::catch_up::{catch_up, stop, wait_sql};
use crash_tests::marks::{Half, Mark, Reached};
use crash_tests::random::seed;
use crash_tests::service::Service;
use crash_tests::world::{DATABASE, World};
use crash_tests::writer::Writer;
use crash_tests::{audit, compare};
use stack::{Postgres, Proxy};

/// How long a state may take to come.
const SOON: Duration = Duration::from_secs(120);
/// How long a stop may take …
const STOP: Duration = Duration::from_secs(10);
/// … in one of so many: a busy machine keeps some of them, a fault all.
const STOPS: u32 = 3;
/// A look at the whole table for each row would take far longer.
const KEYLESS: Duration = Duration::from_secs(30);

fn start(world: &World) -> Service {
    Service::start(&world.pipeline(), "info", &[]).unwrap()
}

/// Does something to the running pipeline, and waits until it has recovered.
fn survives(world: &World, service: &Service, what: &str, fault: impl FnOnce()) {
    let halves = match &world.broker {
        Some(_) => &[Half::Capture, Half::Apply][..],
        None => &[Half::Direct],
    };
    let begun = std::time::Instant::now();
    fault();
    let struck = begun.elapsed();
    for half in halves {
        catch_up(service, world, *half).unwrap_or_else(|error| panic!("{what}: {error:?}"));
    }
    println!(
        "{what}: {:.1} s, recovered after {:.1} s",
        struck.as_secs_f32(),
        begun.elapsed().as_secs_f32()
    );
}

fn crash(cluster: &Postgres) {
    cluster.stop_immediate().unwrap();
    cluster.start_again().unwrap();
}

/// What a proxy does to its connections while the pipeline works.
fn breaks(world: &World, service: &Service, name: &str, proxy: &Proxy) {
    survives(world, service, &format!("{name}: cut"), || proxy.cut());
    survives(world, service, &format!("{name}: half an answer"), || proxy.half());
    survives(world, service, &format!("{name}: half a request"), || proxy.half_request());
    survives(world, service, &format!("{name}: refused"), || {
        let from = service.lines();
        proxy.refuse();
        service
            .wait_line(from, SOON, "a new start", |line| line.contains("starting again"))
            .unwrap();
        proxy.resume();
    });
}

/// Nothing comes through until the server has given up on us.
fn stalls(
    world: &World,
    service: &Service,
    name: &str,
    proxy: &Proxy,
    cluster: &Postgres,
    gone: &str,
) {
    survives(world, service, &format!("{name}: stalled"), || {
        proxy.stall();
        wait_sql(cluster, gone, "0").unwrap();
        proxy.resume();
    });
}

const NO_WALSENDER: &str = "SELECT count(*) FROM pg_stat_replication";
const NO_HOLDER: &str = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'";

/// Inside a transaction of several batches.
fn inside(
    world: &World,
    writer: &Writer,
    service: &Service,
    half: Half,
    what: &str,
    fault: impl FnOnce(),
) {
    survives(world, service, what, || {
        let from = service.lines();
        writer.much(30_000);
        service
            .wait_mark(from, SOON, "the inside of a transaction", |whose, mark| {
                whose == half && mark == Mark::Committed(Reached::Inside)
            })
            .unwrap();
        fault();
    });
}

#[test]
fn both_databases_crash_and_vanish() {
    let world = World::start(false, 5_000).unwrap();
    let writer = Writer::start(world.source.port(), seed());
    let service = start(&world);
    survives(&world, &service, "nothing", || {});
    survives(&world, &service, "source crashes", || crash(&world.source));
    survives(&world, &service, "target crashes", || crash(&world.target));
    survives(&world, &service, "source cut, and what is visible taken back", || {
        let from = service.lines();
        world.to_source.cut();
        service
            .wait_line(from, SOON, "a new start", |line| line.contains("starting again"))
            .unwrap();
        crash(&world.target);
    });
    breaks(&world, &service, "source", &world.to_source);
    breaks(&world, &service, "target", &world.to_target);
    stalls(&world, &service, "source", &world.to_source, &world.source, NO_WALSENDER);
    stalls(&world, &service, "target", &world.to_target, &world.target, NO_HOLDER);
    let half = Half::Direct;
    inside(&world, &writer, &service, half, "inside, target cut", || world.to_target.cut());
    inside(&world, &writer, &service, half, "inside, source cut", || world.to_source.cut());
    inside(&world, &writer, &service, half, "inside, target crashes", || crash(&world.target));
    println!("{} transactions", writer.stop());
    stop(service).unwrap();
    compare::finish(&world).unwrap();
}

#[test]
fn the_broker_crashes_and_vanishes() {
    let world = World::start(true, 5_000).unwrap();
    let broker = world.broker.as_ref().unwrap();
    let writer = Writer::start(world.source.port(), seed());
    let service = start(&world);
    survives(&world, &service, "nothing", || {});
    for n in 0..3 {
        survives(&world, &service, &format!("broker killed, {n}"), || {
            let from = service.lines();
            service.wait_mark(from, SOON, "records", |_, mark| mark == Mark::Produced).unwrap();
            broker.kafka.kill().unwrap();
            broker.kafka.start_again().unwrap();
        });
    }
    survives(&world, &service, "broker frozen", || {
        broker.kafka.freeze().unwrap();
        let wal =
            "SELECT pg_current_wal_lsn() - confirmed_flush_lsn > 500000 FROM pg_replication_slots";
        wait_sql(&world.source, wal, "t").unwrap();
        broker.kafka.thaw().unwrap();
    });
    breaks(&world, &service, "broker", &broker.proxy);
    survives(&world, &service, "source crashes", || crash(&world.source));
    survives(&world, &service, "target crashes", || crash(&world.target));
    let cut = || broker.proxy.cut();
    inside(&world, &writer, &service, Half::Capture, "inside, broker cut", cut);
    inside(&world, &writer, &service, Half::Apply, "inside, target cut", || world.to_target.cut());
    println!("{} transactions", writer.stop());
    stop(service).unwrap();
    compare::finish(&world).unwrap();
    audit::check(&world).unwrap();
}

/// Stops the same way until it takes no longer than it may.
fn in_time(what: &str, stopped: impl Fn() -> anyhow::Result<Duration>) {
    let mut late = Vec::new();
    for _ in 0..STOPS {
        let took = stopped().unwrap_or_else(|error| panic!("{what}: {error:?}"));
        println!("stopped {what} in {:.1} s", took.as_secs_f32());
        if took <= STOP {
            return;
        }
        late.push(took);
    }
    panic!("stopped {what} in {late:?}");
}

/// SIGTERM at the first such mark, each time after `before`.
fn stops_at(world: &World, what: &str, before: impl Fn(), wanted: impl Fn(Half, Mark) -> bool) {
    in_time(what, || {
        before();
        let service = start(world);
        service.wait_mark(0, SOON, what, &wanted)?;
        stop(service)
    });
}

/// SIGTERM while nothing comes through any more.
fn stops_stalled(world: &World, broken: &str, proxy: &Proxy) {
    in_time(&format!("with {broken} stalled"), || {
        let service = start(world);
        service.wait_mark(0, SOON, "a batch", |_, mark| mark == Mark::Confirmed)?;
        proxy.stall();
        let wal =
            "SELECT pg_current_wal_lsn() - confirmed_flush_lsn > 200000 FROM pg_replication_slots";
        let stopped = wait_sql(&world.source, wal, "t").and_then(|()| stop(service));
        proxy.cut();
        proxy.resume();
        stopped
    });
}

/// SIGTERM while the service waits to try again.
fn stops_refused(world: &World, broken: &str, proxy: &Proxy) {
    in_time(&format!("while {broken} refuses"), || {
        proxy.refuse();
        let service = start(world);
        let stopped = service
            .wait_line(0, SOON, "a new start", |line| line.contains("starting again"))
            .and_then(|_| stop(service));
        proxy.resume();
        stopped
    });
}

fn stops_anywhere(world: &World, broken: &str, proxy: &Proxy) {
    let writer = Writer::start(world.source.port(), seed());
    let nothing = || {};
    stops_at(world, "in a snapshot", nothing, |_, mark| mark == Mark::Copying);
    stops_at(world, "when written or produced", nothing, |_, mark| {
        matches!(mark, Mark::Written | Mark::Produced)
    });
    // The copy is whole now, so that what is written next is streamed.
    stops_at(world, "after a batch", nothing, |_, mark| {
        matches!(mark, Mark::Committed(Reached::After(_)))
    });
    let much = || writer.much(30_000);
    stops_at(world, "inside", much, |_, mark| mark == Mark::Committed(Reached::Inside));
    stops_stalled(world, broken, proxy);
    stops_refused(world, broken, proxy);
    let _ = writer.stop();
    compare::finish(world).unwrap();
}

#[test]
fn a_stop_takes_ten_seconds_at_most() {
    let world = World::start(false, 20_000).unwrap();
    stops_anywhere(&world, "the target", &world.to_target);
}

#[test]
fn a_stop_of_halves_takes_ten_seconds_at_most() {
    let world = World::start(true, 20_000).unwrap();
    stops_anywhere(&world, "the broker", &world.broker.as_ref().unwrap().proxy);
    audit::check(&world).unwrap();
}

/// A killed process whose statement waits or works on the server does not keep its successor out.
#[test]
fn a_killed_process_lets_go_of_its_lock() {
    let world = World::start(false, 1_000).unwrap();
    let service = start(&world);
    catch_up(&service, &world, Half::Direct).unwrap();
    let mut blocker = crash_tests::session::Session::open(world.target.port(), DATABASE).unwrap();
    blocker.run("BEGIN; LOCK TABLE accounts;").unwrap();
    world.ask("DELETE FROM accounts").unwrap();
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted";
    wait_sql(&world.target, waits, "1").unwrap();
    service.kill().unwrap();
    let service = start(&world);
    service.wait_line(0, SOON, "the stream", |line| line.contains("streaming")).unwrap();
    drop(blocker);
    catch_up(&service, &world, Half::Direct).unwrap();
    compare::same(&world).unwrap();
}

/// A row without a key is looked for once: not once for every row of its table.
#[test]
fn changes_of_rows_without_a_key_take_no_square_of_the_table() {
    let world = World::start(false, 1_000).unwrap();
    world
        .ask("INSERT INTO journal SELECT canary(), 'many' FROM generate_series(1, 40000)")
        .unwrap();
    let service = start(&world);
    catch_up(&service, &world, Half::Direct).unwrap();
    world.ask("UPDATE journal SET body = 'new' WHERE ver % 1000 = 0").unwrap();
    world.ask("DELETE FROM journal WHERE ver % 1000 = 1").unwrap();
    let rows = "SELECT count(*), count(*) FILTER (WHERE body = 'new') FROM journal";
    let wanted = world.ask(rows).unwrap();
    let begun = std::time::Instant::now();
    wait_sql(&world.target, rows, &wanted).unwrap();
    let took = begun.elapsed();
    assert!(took < KEYLESS, "80 changes among 40000 rows took {took:?}");
    catch_up(&service, &world, Half::Direct).unwrap();
    compare::same(&world).unwrap();
}
