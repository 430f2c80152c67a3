//! `stack`: the demo's servers, and servers around a test run.

mod demo;
mod run;

use std::process::ExitCode;

use anyhow::Result;

use crate::demo::Demo;

const USAGE: &str = "\
stack up                                   start the demo and show a change travel
stack env                                  print where it listens, as NAME=value
stack logs                                 follow the log of pgrelay
stack down                                 stop the demo, keep its data
stack clean                                stop the demo and remove all it made
stack tools                                make sure of what the build needs (C compiler, OpenSSL, zlib)
stack run [--kafka] [--postgres] [--registry] -- CMD…
                                           run CMD beside servers of its own, named in its environment:
                                           PGRELAY_TEST_KAFKA=host:port, PGRELAY_TEST_POSTGRES=url,
                                           PGRELAY_TEST_REGISTRY=url
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&args) {
        Ok(Some(code)) => ExitCode::from(code),
        Ok(None) => {
            eprint!("{USAGE}");
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("stack: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the command; `None` means that the command line is wrong.
fn dispatch(args: &[String]) -> Result<Option<u8>> {
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["up"] => Demo::open()?.up()?,
        ["env"] => Demo::open()?.env()?,
        ["logs"] => Demo::open()?.logs()?,
        ["down"] => Demo::open()?.down()?,
        ["clean"] => Demo::open()?.clean()?,
        ["tools"] => stack::tools::require(stack::tools::LIBRDKAFKA)?,
        ["run", rest @ ..] => return run::run(rest),
        _ => return Ok(None),
    }
    Ok(Some(0))
}
