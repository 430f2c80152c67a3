//! How long to wait between two Kafka transactions.

use std::time::Duration;

/// How long the first record of a transaction waits for the markers of the one before.
///
/// Too soon, and the broker answers CONCURRENT_TRANSACTIONS, upon which the client waits 20 ms. How long the
/// markers take depends on the brokers, so the pause is learnt: longer after a transaction that came too
/// soon, a little shorter after one that did not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pause(pub(crate) Duration);

impl Pause {
    pub(crate) const SHORTEST: Duration = Duration::from_micros(500);
    const LONGEST: Duration = Duration::from_millis(4);

    /// Takes in how long the first delivery of a transaction took.
    pub(crate) fn learn(&mut self, first_delivery: Option<Duration>) {
        let Some(took) = first_delivery else { return };
        self.0 = match took.as_millis() {
            0..20 => self.0.mul_f64(0.95).max(Self::SHORTEST),
            // The client's wait and a round trip: it was refused once.
            20..40 => (self.0 * 2).min(Self::LONGEST),
            // The broker is slow, which no pause mends.
            _ => return,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_grows_where_it_was_too_short_and_stays_bounded() {
        let mut pause = Pause(Pause::SHORTEST);
        let millis = |n| Some(Duration::from_millis(n));
        pause.learn(millis(24));
        assert_eq!(pause.0, Pause::SHORTEST * 2);
        pause.learn(millis(200));
        pause.learn(None);
        assert_eq!(pause.0, Pause::SHORTEST * 2);
        (0..9).for_each(|_| pause.learn(millis(24)));
        assert_eq!(pause.0, Pause::LONGEST);
        (0..99).for_each(|_| pause.learn(millis(2)));
        assert_eq!(pause.0, Pause::SHORTEST);
    }
}
