use super::*;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

const FRAME: usize = 1 << 10;
const ROOM: usize = 1 << 20;
/// More than any socket keeps by itself.
const FRAMES: usize = 64 << 10;

fn frame() -> Vec<u8> {
    let mut frame = vec![0_u8; FRAME];
    frame[0] = b'd';
    frame[1..5].copy_from_slice(&(FRAME as u32 - 1).to_be_bytes());
    frame
}

async fn take(feed: &mut Feed, bytes: usize) -> usize {
    let mut taken = 0;
    while taken < bytes {
        taken += feed.next().await.unwrap().len();
    }
    taken
}

async fn pair() -> (TcpStream, Stream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (server, client) = tokio::join!(listener.accept(), TcpStream::connect(address));
    (server.unwrap().0, Stream::Tcp(client.unwrap()))
}

/// A server whose frames nobody takes cannot go on, and what waits here is no more than there is room for.
#[tokio::test]
async fn what_nobody_takes_stays_with_the_server() {
    let (mut server, stream) = pair().await;
    let orders = Orders { confirmed: Lsn::ZERO, hurry: false, stop: false };
    let meter = Arc::new(Meter::default());
    let mut feed = Feed::start(stream, ROOM, Duration::from_secs(10), orders, meter.clone());
    let frame = frame();
    let sending = async {
        for _ in 0..FRAMES {
            server.write_all(&frame).await.unwrap();
        }
    };
    tokio::pin!(sending);
    let full = async {
        while feed.room.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = full => {}
        () = &mut sending => panic!("the server got rid of everything"),
    }
    let waits = meter.queue_bytes.load(Ordering::Relaxed);
    assert!(waits <= ROOM as u64, "{waits} bytes wait where there is room for {ROOM}");
    let ((), taken) = tokio::join!(sending, take(&mut feed, FRAMES * FRAME));
    assert_eq!(taken, FRAMES * FRAME);
    assert_eq!(meter.queue_bytes.load(Ordering::Relaxed), 0);
}

/// Who takes nothing for long hears nothing meanwhile, and the server is none the worse for it.
#[tokio::test]
async fn a_pause_of_who_takes_is_no_silence_of_the_server() {
    let (mut server, stream) = pair().await;
    let orders = Orders { confirmed: Lsn::ZERO, hurry: false, stop: false };
    let (meter, silence) = (Arc::new(Meter::default()), Duration::from_millis(50));
    let pace = (Duration::from_secs(10), silence);
    let mut feed = Feed::with_silence(stream, ROOM, pace, orders, meter.clone());
    let more = ROOM + FRAME;
    server.write_all(&frame().repeat(more / FRAME)).await.unwrap();
    while meter.bytes.load(Ordering::Relaxed) < more as u64 {
        tokio::task::yield_now().await;
    }
    let full = Instant::now();
    while full.elapsed() < silence * 4 {
        tokio::task::yield_now().await;
    }
    assert_eq!(take(&mut feed, more).await, more);
    server.write_all(&frame()).await.unwrap();
    assert_eq!(take(&mut feed, FRAME).await, FRAME);
}

#[tokio::test]
async fn what_waits_when_the_stream_ends_waits_no_longer() {
    let (mut server, stream) = pair().await;
    let orders = Orders { confirmed: Lsn::ZERO, hurry: false, stop: false };
    let meter = Arc::new(Meter::default());
    let feed = Feed::start(stream, ROOM, Duration::from_secs(10), orders, meter.clone());
    server.write_all(&frame()).await.unwrap();
    while meter.queue_bytes.load(Ordering::Relaxed) < FRAME as u64 {
        tokio::task::yield_now().await;
    }
    drop(feed);
    assert_eq!(meter.queue_bytes.load(Ordering::Relaxed), 0);
}
