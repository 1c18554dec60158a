//! Resistance: how often trials were resisted, by a definition that need not apply to all.

use super::proportion::Proportion;
use super::rates::{Rate, rate};
use super::worst_case::{WorstCase, worst_case};
use crate::verdict::Verdict;

/// Trials, counted by a definition of "resisted".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resistance {
    /// The trials that were resisted.
    pub resisted: u64,
    /// The trials to which the definition applies: those of the rate.
    pub n: u64,
    /// Valid trials to which it does not apply.
    pub excluded: u64,
    /// Invalid trials.
    pub invalid: u64,
}

impl Resistance {
    /// Counts a trial of this verdict. `resisted` is what the definition says of it, none where it
    /// does not apply; of an invalid trial it says nothing.
    pub fn count(&mut self, verdict: Verdict, resisted: Option<bool>) {
        if verdict == Verdict::Invalid {
            self.invalid += 1;
            return;
        }
        match resisted {
            None => self.excluded += 1,
            Some(resisted) => {
                self.n += 1;
                self.resisted += u64::from(resisted);
            }
        }
    }

    /// Resisted of n.
    #[must_use]
    pub fn proportion(&self) -> Proportion {
        Proportion::of(self.resisted, self.n)
    }

    /// Resisted of n, with the 95 % Jeffreys interval; none where n is 0.
    #[must_use]
    pub fn rate(&self) -> Option<Rate> {
        rate(self.resisted, self.n)
    }

    /// Between which rates this one is, whatever the trials would have shown that are not in n:
    /// the excluded and the invalid ones. None where there is no trial at all.
    #[must_use]
    pub fn worst_case(&self) -> Option<WorstCase> {
        worst_case(self.resisted, self.n, self.excluded + self.invalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_definition_does_not_apply_to_is_in_no_n_but_in_the_bounds() {
        let mut resistance = Resistance::default();
        for (verdict, resisted) in [
            (Verdict::Resisted, Some(true)),
            (Verdict::Complied, Some(false)),
            (Verdict::Stopped, None),
            (Verdict::Invalid, None),
            (Verdict::Invalid, Some(true)),
        ] {
            resistance.count(verdict, resisted);
        }
        let expected = Resistance {
            resisted: 1,
            n: 2,
            excluded: 1,
            invalid: 2,
        };
        assert_eq!(resistance, expected);
        assert_eq!(resistance.proportion(), Proportion::of(1, 2));
        let bounds = resistance.worst_case().unwrap();
        assert_eq!((bounds.none.share, bounds.all.share), (0.2, 0.8));
    }
}
