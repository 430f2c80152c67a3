//! Statements on their way to the server.

use std::future::Future;
use std::pin::Pin;

use cdc::Finding;
use postgres_client::ServerError;

use crate::apply::{Form, Found, Write};
use crate::error::SinkError;

/// What a statement answered: rows it touched.
pub(crate) type Answer<'a> =
    Pin<Box<dyn Future<Output = Result<u64, tokio_postgres::Error>> + Send + 'a>>;

/// Statements on their way, in order; each is sent when it is added, and none is waited for until `finish`.
#[derive(Default)]
pub(crate) struct Pipeline<'a> {
    answers: Vec<(Answer<'a>, Option<&'a Write>)>,
}

impl<'a> Pipeline<'a> {
    pub(crate) async fn add(&mut self, mut answer: Answer<'a>, write: Option<&'a Write>) {
        // The first poll sends it. What it answers at once is kept by the future.
        if let std::task::Poll::Ready(done) = futures_util::poll!(&mut answer) {
            answer = Box::pin(std::future::ready(done));
        }
        self.answers.push((answer, write));
    }

    /// Waits for all; the first error is the one that counts, the others are its echo.
    pub(crate) async fn finish(
        &mut self,
        failed: &(dyn Fn(ServerError) -> SinkError + Send + Sync),
    ) -> Result<(), SinkError> {
        self.finish_with(&|_, error| failed(error)).await
    }

    /// The same, where the statement that failed says more.
    pub(crate) async fn finish_with(
        &mut self,
        failed: &(dyn Fn(Option<&Write>, ServerError) -> SinkError + Send + Sync),
    ) -> Result<(), SinkError> {
        let mut first = None;
        for (answer, write) in self.answers.drain(..) {
            match answer.await {
                Ok(touched) => match write {
                    Some(write)
                        if write.found == Found::Every
                            && touched != write.rows
                            && first.is_none() =>
                    {
                        first = Some(row_missing(write, touched));
                    }
                    Some(write) if write.found == Found::Expected && touched < write.rows => {
                        tracing::warn!(table = %write.target.name, place = %write.position, rows = write.rows, found = touched, "updates without every column found no row, and left it so: a producer may send a change twice");
                    }
                    _ => {}
                },
                Err(error) => {
                    first.get_or_insert_with(|| failed(write, error.into()));
                }
            }
        }
        first.map_or(Ok(()), Err)
    }
}

fn row_missing(write: &Write, touched: u64) -> SinkError {
    let (what, why) = match write.form {
        Form::KeylessDelete => {
            ("a delete", "the table has no key, and no row has all the values of the old one")
        }
        Form::KeylessUpdate => {
            ("an update", "the table has no key, and no row has all the values of the old one")
        }
        Form::Keyed(_) => {
            ("an update", "the update does not carry every column, so the row cannot be made")
        }
    };
    Finding::failed(
        "row_missing",
        format!("target table {}, row at {}", write.target.name, write.position.place()),
        format!("{what} of {} rows found {touched}: the target is not what the source was", write.rows),
    )
    .remedy(format!("{why}: put the row back, or empty the target's tables, run `pgrelay drop` for the pipeline and start it again, which copies all tables"))
    .into()
}
