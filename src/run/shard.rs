//! Parts of a plan that are run apart, each on its own machine.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One of several disjoint parts of a design, which together are the whole of it.
///
/// It has every so manieth epoch, so that each part has as many trials of each cell, and keeps its
/// own when the design grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shard {
    /// Which, from 1 to `of`.
    pub number: u32,
    /// How many there are; at least 1.
    pub of: u32,
}

impl Shard {
    /// Whether the trials of this epoch, from 1, are in it.
    #[must_use]
    pub fn has(self, epoch: u32) -> bool {
        epoch % self.of == self.number % self.of
    }
}

/// A text that names no shard.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("give a shard as `2/4`: the second of four")]
pub struct NoShard;

impl FromStr for Shard {
    type Err = NoShard;

    fn from_str(text: &str) -> Result<Self, NoShard> {
        let (number, of) = text.split_once('/').ok_or(NoShard)?;
        let [number, of] = [number, of].map(|part| part.parse().map_err(|_| NoShard));
        let shard = Self {
            number: number?,
            of: of?,
        };
        let is_one = (1..=shard.of).contains(&shard.number);
        is_one.then_some(shard).ok_or(NoShard)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_epoch_is_in_one_part(of in 1_u32..20, epoch in 1_u32..1000) {
            let parts = (1..=of).map(|number| Shard { number, of });
            let having: Vec<_> = parts.filter(|part| part.has(epoch)).collect();
            prop_assert_eq!(having.len(), 1);
        }
    }

    #[test]
    fn a_part_is_named_by_its_number_and_how_many_there_are() {
        assert_eq!("2/4".parse(), Ok(Shard { number: 2, of: 4 }));
        for text in ["", "2", "0/4", "5/4", "1/0", "a/4", "-1/4", "1/4/2"] {
            assert_eq!(text.parse::<Shard>(), Err(NoShard), "{text}");
        }
    }
}
