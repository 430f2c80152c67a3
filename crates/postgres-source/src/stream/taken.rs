//! What another program that read the slot before had done of a transaction.

use std::sync::Arc;

use cdc::{Lsn, Taken};

/// The changes of a transaction that are done: those that begin before an LSN, and the first ones at it. Other
/// transactions may come before it, as what is published may be more than the former reader was sent.
#[derive(Debug)]
pub(super) struct TakenEvents {
    whole: Arc<Taken>,
    xid: u32,
    lsn: Lsn,
    /// How many of those at the LSN are still to be left out.
    events: u64,
}

impl TakenEvents {
    pub(super) fn of(whole: &Arc<Taken>) -> Option<Self> {
        match **whole {
            Taken::Inside { xid, lsn, events } => {
                Some(Self { whole: whole.clone(), xid, lsn, events })
            }
            Taken::Whole | Taken::Slot => None,
        }
    }

    /// All of it, whatever was left out so far.
    pub(super) fn whole(&self) -> Arc<Taken> {
        self.whole.clone()
    }

    /// Whether it is about this transaction.
    pub(super) fn is_of(&self, xid: u32) -> bool {
        self.xid == xid
    }

    /// Whether the change of this transaction that begins here is done.
    pub(super) fn has(&mut self, xid: u32, lsn: Lsn) -> bool {
        if !self.is_of(xid) || lsn != self.lsn {
            return self.is_of(xid) && lsn < self.lsn;
        }
        let done = self.events > 0;
        self.events = self.events.saturating_sub(1);
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_before_is_done_and_at_it_as_many_as_were() {
        let whole = Arc::new(Taken::Inside { xid: 7, lsn: Lsn::new(20), events: 2 });
        let mut taken = TakenEvents::of(&whole).unwrap();
        assert!(taken.is_of(7) && !taken.is_of(8));
        assert!(![10, 20, 30].iter().any(|lsn| taken.has(8, Lsn::new(*lsn))));
        let of = [10, 20, 20, 20, 30].map(|lsn| taken.has(7, Lsn::new(lsn)));
        assert_eq!(of, [true, true, true, false, false]);
        assert_eq!(taken.whole(), whole);
        assert!(TakenEvents::of(&Arc::new(Taken::Whole)).is_none());
    }
}
