//! The task that owns the socket: it frames what arrives, answers keepalives whatever the sink does, and hands
//! whole frames on through the only channel, bounded in bytes.
//!
//! ```text
//! socket ─▶ buffer ─▶ chunk of whole CopyData frames ─▶ channel (bytes) ─▶ stream
//!    ▲                        │ keepalive wants an answer
//!    └── standby status update ◀── confirmed LSN, timer
//! ```

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::{Buf, Bytes, BytesMut};
use cdc::{Lsn, Meter};
use pgoutput::{StatusUpdate, status_update};
use pgwire_replication::protocol::framing::{write_copy_data, write_copy_done};
use postgres_client::{ServerError, Stream};
use tokio::io::{AsyncReadExt, ReadHalf, WriteHalf};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};

use crate::walsender::response_error;

/// How much is asked of the socket at once.
const READ_BYTES: usize = 128 * 1024;
/// A stream that brings this much within a millisecond is a backlog: waiting a millisecond between reads then
/// costs no latency that matters and saves the walsender and us a system call for each message.
const COALESCE_BYTES: usize = 16 * 1024;
/// After this long without a byte the server is asked whether it lives, and after twice as long without an answer given
/// up.
const SILENCE: Duration = Duration::from_secs(10);

/// What the source tells the task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Orders {
    /// Durable up to here.
    pub(crate) confirmed: Lsn,
    /// Somebody waits for the stream to come to an idle place: ask the server for keepalives.
    pub(crate) hurry: bool,
    /// Say goodbye.
    pub(crate) stop: bool,
}

/// The receiving end of the task.
#[derive(Debug)]
pub(crate) struct Feed {
    chunks: mpsc::UnboundedReceiver<Result<Bytes, ServerError>>,
    room: Arc<Semaphore>,
    room_bytes: usize,
    orders: watch::Sender<Orders>,
    task: JoinHandle<()>,
    meter: Arc<Meter>,
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.task.abort();
        // The meter outlives the connection. What the task would send from here on, it takes back itself.
        self.chunks.close();
        while let Ok(chunk) = self.chunks.try_recv() {
            self.make_room(&chunk);
        }
    }
}

impl Feed {
    /// Takes over a stream that has begun. `status_interval` is how often the server hears of us at least.
    pub(crate) fn start(
        stream: Stream,
        room_bytes: usize,
        status_interval: Duration,
        orders: Orders,
        meter: Arc<Meter>,
    ) -> Self {
        Self::with_silence(stream, room_bytes, (status_interval, SILENCE), orders, meter)
    }

    fn with_silence(
        stream: Stream,
        room_bytes: usize,
        (status_interval, silence): (Duration, Duration),
        orders: Orders,
        meter: Arc<Meter>,
    ) -> Self {
        let (send, chunks) = mpsc::unbounded_channel();
        let (orders, watched) = watch::channel(orders);
        let room = Arc::new(Semaphore::new(room_bytes));
        meter.queue_bytes_max.store(room_bytes as u64, Ordering::Relaxed);
        let coalesce = stream.is_tcp();
        let (read, write) = tokio::io::split(stream);
        let worker = Worker {
            read,
            voice: Voice { write, orders: watched, sent: Lsn::ZERO },
            buffer: BytesMut::new(),
            whole: 0,
            room: room.clone(),
            room_bytes,
            send,
            meter: meter.clone(),
            coalesce,
            silence,
        };
        let task = tokio::spawn(worker.run(status_interval));
        Self { chunks, room, room_bytes, orders, task, meter }
    }

    /// The next chunk, if one is here.
    pub(crate) fn try_next(&mut self) -> Option<Result<Bytes, ServerError>> {
        let chunk = self.chunks.try_recv().ok()?;
        self.make_room(&chunk);
        Some(chunk)
    }

    /// Waits for the next chunk. Safe to cancel.
    pub(crate) async fn next(&mut self) -> Result<Bytes, ServerError> {
        let chunk = self.chunks.recv().await.unwrap_or(Err(ServerError::Closed));
        self.make_room(&chunk);
        chunk
    }

    fn make_room(&self, chunk: &Result<Bytes, ServerError>) {
        if let Ok(chunk) = chunk {
            self.room.add_permits(chunk.len().min(self.room_bytes));
            self.meter.queue_bytes.fetch_sub(chunk.len() as u64, Ordering::Relaxed);
        }
    }

    /// Changes what the task is told.
    pub(crate) fn order(&self, change: impl FnOnce(&mut Orders)) {
        self.orders.send_if_modified(|orders| {
            let before = *orders;
            change(orders);
            *orders != before
        });
    }

    /// Sends the last confirmed LSN, and ends the stream. Takes a second at most.
    pub(crate) async fn stop(&mut self) {
        self.order(|orders| orders.stop = true);
        let _ = tokio::time::timeout(Duration::from_secs(1), &mut self.task).await;
    }
}

/// The writing half: status updates.
struct Voice {
    write: WriteHalf<Stream>,
    orders: watch::Receiver<Orders>,
    sent: Lsn,
}

impl Voice {
    async fn say(&mut self, reply: bool) -> Result<(), ServerError> {
        let confirmed = self.orders.borrow_and_update().confirmed;
        // What is received but not durable is not reported as written: an idle server then goes on to say how far it is.
        let update = StatusUpdate { write: confirmed, flush: confirmed, apply: confirmed, reply };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        let payload = status_update(update, i64::try_from(now).unwrap_or(i64::MAX));
        let wrote = write_copy_data(&mut self.write, &payload).await;
        wrote.map_err(|error| ServerError::Io(std::io::Error::other(error.to_string())))?;
        self.sent = confirmed;
        Ok(())
    }

    async fn goodbye(&mut self) -> Result<(), ServerError> {
        self.say(false).await?;
        let done = write_copy_done(&mut self.write).await;
        done.map_err(|error| ServerError::Io(std::io::Error::other(error.to_string())))
    }
}

struct Worker {
    read: ReadHalf<Stream>,
    voice: Voice,
    buffer: BytesMut,
    /// How much of the buffer is whole frames that were looked at.
    whole: usize,
    room: Arc<Semaphore>,
    room_bytes: usize,
    send: mpsc::UnboundedSender<Result<Bytes, ServerError>>,
    meter: Arc<Meter>,
    coalesce: bool,
    silence: Duration,
}

/// What looking at the buffer's new frames found.
#[derive(Default)]
struct Found {
    reply: bool,
    ended: Option<ServerError>,
}

impl Worker {
    async fn run(mut self, status_interval: Duration) {
        if let Err(error) = self.work(status_interval).await {
            // The source is gone, if nobody listens.
            let _ = self.send.send(Err(error));
        }
    }

    async fn work(&mut self, status_interval: Duration) -> Result<(), ServerError> {
        let mut tick = interval(status_interval);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        let mut asked = None;
        let mut window = (Instant::now(), 0_usize);
        loop {
            // A chunk keeps its whole buffer alive: what is left of one is used up before the next is asked for.
            if self.buffer.capacity() - self.buffer.len() < READ_BYTES / 16 {
                self.buffer.reserve(READ_BYTES);
            }
            let given_up = asked.map(|asked| asked + self.silence * 2);
            let hurry = self.voice.orders.borrow().hurry;
            tokio::select! {
                read = self.read.read_buf(&mut self.buffer) => {
                    let n = read?;
                    if n == 0 {
                        return Err(ServerError::Closed);
                    }
                    (heard, asked) = (Instant::now(), None);
                    Meter::add(&self.meter.bytes, n as u64);
                    window.1 += n;
                }
                _ = tick.tick() => self.voice.say(false).await?,
                changed = self.voice.orders.changed() => {
                    if changed.is_err() || self.voice.orders.borrow().stop {
                        return self.goodbye().await;
                    }
                    self.voice.say(hurry).await?;
                }
                () = sleep(Duration::from_millis(100)), if hurry => self.voice.say(true).await?,
                () = sleep_until(given_up.unwrap_or(heard + self.silence)) => {
                    if given_up.is_some() {
                        return Err(std::io::Error::new(std::io::ErrorKind::TimedOut, "the server has gone silent").into());
                    }
                    self.voice.say(true).await?;
                    asked = Some(Instant::now());
                }
            }
            let found = self.look()?;
            if found.reply {
                self.voice.say(false).await?;
            }
            if self.whole > 0 {
                if !self.hand_over(&mut tick).await? {
                    return self.goodbye().await;
                }
                // Nothing was read while there was no room: that silence was ours.
                (heard, asked) = (Instant::now(), None);
            }
            if let Some(error) = found.ended {
                return Err(error);
            }
            if window.0.elapsed() >= Duration::from_millis(1) {
                if self.coalesce && window.1 >= COALESCE_BYTES {
                    sleep(Duration::from_millis(1)).await;
                }
                window = (Instant::now(), 0);
            }
        }
    }

    async fn goodbye(&mut self) -> Result<(), ServerError> {
        self.voice.goodbye().await?;
        // The server answers with CopyDone; reading on lets it write that instead of meeting a closed socket.
        let mut rest = [0; 4096];
        let drain = async { while matches!(self.read.read(&mut rest).await, Ok(n) if n > 0) {} };
        let _ = tokio::time::timeout(Duration::from_millis(200), drain).await;
        Ok(())
    }

    /// Walks over the frames that are whole now.
    fn look(&mut self) -> Result<Found, ServerError> {
        let mut found = Found::default();
        loop {
            let rest = &self.buffer[self.whole..];
            let Some((&tag, mut len)) = rest.split_first().filter(|(_, rest)| rest.len() >= 4)
            else {
                break;
            };
            let len = len.get_i32();
            let len = usize::try_from(len).ok().filter(|len| *len >= 4);
            let len =
                len.ok_or_else(|| ServerError::Protocol("a message of no length".to_owned()))?;
            let Some(payload) = rest.get(5..=len) else {
                self.buffer.reserve(len + 1);
                break;
            };
            match tag {
                b'd' => found.reply |= payload.first() == Some(&b'k') && payload.last() == Some(&1),
                b'E' => found.ended = Some(response_error(payload)),
                b'c' | b'C' | b'Z' if found.ended.is_none() => {
                    found.ended = Some(ServerError::Closed)
                }
                _ => {}
            }
            if found.ended.is_some() {
                self.buffer.truncate(self.whole);
                break;
            }
            self.whole += len + 1;
        }
        Ok(found)
    }

    /// Hands the whole frames on, and goes on reporting while there is no room. `false`: told to stop.
    async fn hand_over(&mut self, tick: &mut tokio::time::Interval) -> Result<bool, ServerError> {
        let chunk = self.buffer.split_to(self.whole).freeze();
        self.whole = 0;
        let room = self.room.clone();
        let need = u32::try_from(chunk.len().min(self.room_bytes)).unwrap_or(u32::MAX);
        let wait = room.acquire_many(need);
        tokio::pin!(wait);
        loop {
            tokio::select! {
                permit = &mut wait => {
                    permit.map_err(|_| ServerError::Closed)?.forget();
                    break;
                }
                _ = tick.tick() => self.voice.say(false).await?,
                changed = self.voice.orders.changed() => {
                    if changed.is_err() || self.voice.orders.borrow().stop {
                        return Ok(false);
                    }
                    self.voice.say(false).await?;
                }
            }
        }
        let bytes = chunk.len() as u64;
        self.meter.queue_bytes.fetch_add(bytes, Ordering::Relaxed);
        if self.send.send(Ok(chunk)).is_err() {
            self.meter.queue_bytes.fetch_sub(bytes, Ordering::Relaxed);
            return Err(ServerError::Closed);
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
