# What a developer and CI do here. Each target is one line; the work is in crates/stack.

# Programs are chosen by name and never by package: cargo then compiles what they stand on once for all of them, with the
# features that the workspace needs together.
STACK := cargo run --quiet --bin stack --
# Most tests wait for a server most of the time.
THREADS = $$(($$(nproc) * 2))

.PHONY: up env logs down clean test test-versions crash conformance bench mutants fuzz check tools cargo
.DEFAULT_GOAL := up

up: tools          ## start the demo: servers, pgrelay, a change that travels
	@$(STACK) up

env: cargo         ## print where the demo listens
	@$(STACK) env

logs: cargo        ## follow the log of pgrelay
	@$(STACK) logs

down: cargo        ## stop the demo, keep its data
	@$(STACK) down

clean: cargo       ## stop the demo and remove all it made
	@$(STACK) clean

check: tools       ## format, lints, docs
	cargo fmt --all --check
	cargo fmt --manifest-path tests/fuzz/Cargo.toml --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS=-Dwarnings cargo doc --workspace --no-deps

test: check        ## the tests, on real servers started for them
	cargo build --workspace --all-targets
	RUST_TEST_THREADS=$(THREADS) $(STACK) run --kafka --postgres --registry -- \
	  sh -c 'cargo test --workspace && cargo run --quiet --bin conformance'

test-versions: tools ## every case on PostgreSQL 14, 16, 17 and 18
	RUST_TEST_THREADS=$(THREADS) tests/versions/run

crash: tools       ## only the tests that kill, freeze and cut off the service
	cargo test --workspace --test crash -- --nocapture

conformance: tools ## a part of `test`: every record beside the real Debezium's; CASE=toast for one, CONFORMANCE_SQL=folder for others
	cargo build --bin pgrelay --bin conformance
	$(STACK) run --kafka --postgres --registry -- cargo run --quiet --bin conformance -- $(CASE)

bench: tools       ## how fast it is, beside what else can be done; WORK=inserts for one work
	cargo build --release --bin pgrelay --bin bench
	target/release/bench $(WORK)

mutants: tools     ## break each invariant, and see that a test notices; MUTANT=03 for some
	$(STACK) run --kafka --postgres --registry -- tests/mutants/run $(MUTANT)

fuzz: tools        ## random bytes at the decoders, FUZZ_SECONDS (60) each
	tests/fuzz/run

# The crate `stack` needs no C tools itself, so it can make sure of those librdkafka is built with.
tools: cargo
	@$(STACK) tools

cargo:
	@command -v cargo >/dev/null || { \
	  echo "cargo is missing; run: curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh" >&2; exit 1; }
	@command -v cc >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
	  apt-get update -q && apt-get install -y --no-install-recommends gcc libc6-dev; } || { \
	  echo "a C compiler is missing; run: sudo apt-get install -y gcc libc6-dev" >&2; exit 1; }
