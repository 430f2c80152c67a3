//! What another program that read the slot before had done of the first transaction.

use cdc::{Lsn, Taken};

/// The changes of a transaction that are done: those that begin before an LSN, and the first ones at it.
#[derive(Debug)]
pub(super) struct TakenEvents {
    xid: u32,
    lsn: Lsn,
    /// How many of those at the LSN are still to be left out.
    events: u64,
}

impl TakenEvents {
    pub(super) fn of(taken: &Taken) -> Option<Self> {
        match *taken {
            Taken::Inside { xid, lsn, events } => Some(Self { xid, lsn, events }),
            Taken::Whole | Taken::Slot => None,
        }
    }

    /// Whether it is about this transaction. If not, the slot has it behind it.
    pub(super) fn is_of(&self, xid: u32) -> bool {
        self.xid == xid
    }

    /// Whether the change that begins here is done.
    pub(super) fn has(&mut self, lsn: Lsn) -> bool {
        if lsn != self.lsn {
            return lsn < self.lsn;
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
        let taken = Taken::Inside { xid: 7, lsn: Lsn::new(20), events: 2 };
        let mut taken = TakenEvents::of(&taken).unwrap();
        assert!(taken.is_of(7) && !taken.is_of(8));
        let of = [10, 20, 20, 20, 30].map(|lsn| taken.has(Lsn::new(lsn)));
        assert_eq!(of, [true, true, true, false, false]);
        assert!(TakenEvents::of(&Taken::Whole).is_none());
    }
}
