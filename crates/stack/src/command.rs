//! The commands of `stack`, one a file.

mod run;

use anyhow::Result;

/// Runs the command; `None` means that the command line is wrong.
pub(crate) fn dispatch(args: &[String]) -> Result<Option<u8>> {
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["tools"] => {
            stack::tools::require(stack::tools::LIBRDKAFKA)?;
            Ok(Some(0))
        }
        ["run", rest @ ..] => run::run(rest),
        _ => Ok(None),
    }
}
