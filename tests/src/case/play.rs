//! Plays a case: section by section, against the real servers and the real binary.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};

use super::expect::{contents, expect};
use super::{Case, Expect, Kind, Place, Section};
use crate::{Cluster, Mode, Pair, Pipeline, Psql};

/// Plays `case` on databases of its own.
///
/// # Errors
/// What was not as the case says, with the line of the section.
pub fn play(case: &Case, cluster: Arc<Cluster>, mode: &Mode) -> Result<()> {
    let pair = Pair::new(cluster)?;
    let mut stage =
        Stage { pipeline: Pipeline::new(&pair, mode)?, pair: &pair, mode, started: false };
    for section in &case.sections {
        stage
            .play(section)
            .with_context(|| format!("{}.sql, line {}", case.subject, section.line))?;
    }
    if !case.sections.iter().any(|section| matches!(section.kind, Kind::Expect(_))) {
        stage.expect(&Expect::Equal(Vec::new()), None).context("at the end")?;
    }
    stage.pipeline.remove().context("pgrelay drop")
}

struct Stage<'a> {
    pair: &'a Pair,
    mode: &'a Mode,
    pipeline: Pipeline,
    started: bool,
}

impl Stage<'_> {
    fn play(&mut self, section: &Section) -> Result<()> {
        match &section.kind {
            Kind::Pipeline => self.pipeline.change(&section.comments().join("\n")),
            Kind::Run(place) => run(self.pair, *place, section),
            Kind::Start(halts) => self.start(halts.as_deref()),
            Kind::Stream(halts) => {
                self.begin()?;
                run(self.pair, Place::Source, section)?;
                self.start(halts.as_deref())
            }
            Kind::Live => self.live(section),
            Kind::Expect(what) => self.expect(what, Some(section)),
        }
    }

    /// The first run, which copies what is there, comes before the first change.
    fn begin(&mut self) -> Result<()> {
        if self.started { Ok(()) } else { self.start(None).context("the first start") }
    }

    fn start(&mut self, halts: Option<&str>) -> Result<()> {
        self.started = true;
        let ended = self.pipeline.until_now()?;
        let Some(code) = halts else { return ended.well().map(drop) };
        ended.halted(code)?;
        // Where the capture half halted, the other one stopped with it: what the log has by now is applied first.
        if self.mode.brokers().is_some() {
            let applied = self.pipeline.apply_the_log()?;
            if !applied.status.success() {
                applied.halted(code).context("applying what the log has")?;
            }
        }
        // Halted, it stays so, and nothing more is applied by trying again.
        let before = contents(self.pair)?;
        self.pipeline.until_now()?.halted(code).context("at the second start")?;
        ensure!(
            before == contents(self.pair)?,
            "the second start, which halted too, changed the target"
        );
        Ok(())
    }

    fn live(&mut self, section: &Section) -> Result<()> {
        self.begin()?;
        let mut serving = self.pipeline.serve(&[])?;
        self.pipeline.streaming(&mut serving, &mut self.pair.source()?)?;
        run(self.pair, Place::Source, section)?;
        let ended = serving.stop()?;
        self.pipeline.said.push_str(&ended.said);
        ended.well()?;
        self.start(None)
    }

    fn expect(&mut self, what: &Expect, section: Option<&Section>) -> Result<()> {
        self.begin()?;
        expect(what, section, self.pair, &self.pipeline, self.mode)
    }
}

/// Runs a section's SQL, each session's turn after the other's.
fn run(pair: &Pair, place: Place, section: &Section) -> Result<()> {
    let mut sessions: HashMap<&str, Psql> = HashMap::new();
    for part in &section.parts {
        if !sessions.contains_key(&*part.session) {
            let session = match place {
                Place::Source => pair.source()?,
                Place::Target => pair.target()?,
            };
            sessions.insert(&part.session, session);
        }
        if let Some(session) = sessions.get_mut(&*part.session) {
            session.run(&part.sql)?;
        }
    }
    Ok(())
}
