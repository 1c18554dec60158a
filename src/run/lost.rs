//! What was paid for in sessions that were killed, and is in no record.
//!
//! A session that ends in order says so itself. One that was killed could not, but `run.log` has
//! each answer with its cost from the moment at which it came.

use std::collections::BTreeMap;

/// What answers cost that are in no record, in US dollars, by the session that paid for them,
/// counted from 1. Sessions that ended in order are left out. A power failure can take the end of
/// the log away, so this is the least that it was.
pub(super) fn lost_usd(log: &str, is_recorded: impl Fn(&str) -> bool) -> BTreeMap<usize, f64> {
    let mut paid = Paid::default();
    for line in log.lines() {
        if let Some((_, what)) = line.split_once(' ') {
            paid.read(what);
        }
    }
    paid.lost(is_recorded)
}

/// What a log tells of costs.
#[derive(Debug, Default)]
struct Paid<'a> {
    /// The session whose lines are read.
    session: usize,
    /// Whether each session ended in order.
    is_over: BTreeMap<usize, bool>,
    /// What each trial cost in each session.
    usd: BTreeMap<(&'a str, usize), f64>,
    /// The last session that started each trial: if it is recorded, then by that.
    last: BTreeMap<&'a str, usize>,
}

impl<'a> Paid<'a> {
    fn read(&mut self, what: &'a str) {
        if let Some(trial) = what.strip_prefix("trial ") {
            if let Some((trial, usd)) = trial.rsplit_once(" got an answer for $") {
                let usd: f64 = usd.parse().unwrap_or_default();
                *self.usd.entry((trial, self.session)).or_default() += usd;
            } else if let Some(trial) = trial.strip_suffix(" started") {
                self.last.insert(trial, self.session);
            }
        } else if what.starts_with("run over after ") {
            self.is_over.insert(self.session, true);
        } else if let Some(session) = session(what) {
            self.session = session;
            self.is_over.insert(session, false);
        }
    }

    fn lost(&self, is_recorded: impl Fn(&str) -> bool) -> BTreeMap<usize, f64> {
        let mut lost = BTreeMap::new();
        for ((trial, session), usd) in &self.usd {
            let is_in_record = self.last.get(trial) == Some(session) && is_recorded(trial);
            if self.is_over.get(session) == Some(&false) && !is_in_record {
                *lost.entry(*session).or_default() += usd;
            }
        }
        lost
    }
}

/// The session whose first line this is.
fn session(what: &str) -> Option<usize> {
    let (_, rest) = what.strip_prefix("run ")?.split_once(", session ")?;
    rest.split_once(" started:")?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
        t run r, session 1 started: 0 of 3 trials of palisade recorded, seed 0, plan p\n\
        t trial a started\n\
        t trial b started\n\
        t trial a got an answer for $0.500000\n\
        t trial b got an answer for $0.250000\n\
        t trial a recorded: complied\n\
        t run r, session 2 started: 1 of 3 trials of palisade recorded, seed 0, plan p\n\
        t trial b started\n\
        t trial b got an answer for $0.250000\n\
        t trial c started\n\
        t trial c got an answer for $1.000000\n\
        t run over after 1.0s: 2 of 3 trials recorded\n\
        t run r, session 3 started: 2 of 3 trials of palisade recorded, seed 0, plan p\n\
        t trial c started\n\
        t trial c got an answer for $2.000000\n\
        t trial c got an ans";

    #[test]
    fn answers_of_killed_sessions_that_are_in_no_record_are_counted() {
        let recorded = |trial: &str| ["a", "b"].contains(&trial);
        let lost = lost_usd(LOG, recorded);
        assert_eq!(lost, BTreeMap::from([(1, 0.25), (3, 2.0)]));
        // Its line was on disk when the session was killed, though the log does not say so.
        let lost = lost_usd(LOG, |trial| trial == "c" || recorded(trial));
        assert_eq!(lost, BTreeMap::from([(1, 0.25)]));
        assert_eq!(lost_usd("", recorded), BTreeMap::new());
    }
}
