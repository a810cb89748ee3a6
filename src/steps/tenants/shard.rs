//! One part of a fleet, for the Pods of an indexed Job. Pure.

use sha2::{Digest, Sha256};
use std::str::FromStr;

/// The tenants of some organizations, by their names: each belongs to one part, whoever asks, and whatever comes and goes
/// beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shard {
    index: u32,
    of: u32,
}

impl Shard {
    /// Whether the tenants of this organization are in it.
    pub(super) fn has(self, organization: &str) -> bool {
        let digest = Sha256::digest(organization.as_bytes());
        let number = digest.iter().take(4);
        let number = number.fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
        number % self.of == self.index
    }

    /// What is nobody's is told of by one of them.
    pub(super) fn is_first(self) -> bool {
        self.index == 0
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected I/N, such as 0/8: the part, from 0, and how many there are".to_owned();
        let (index, of) = text.split_once('/').ok_or_else(expected)?;
        let index: u32 = index.parse().map_err(|_| expected())?;
        let of: u32 = of.parse().map_err(|_| expected())?;
        if index >= of {
            return Err(format!("of {of} parts the last is {}", of.saturating_sub(1)));
        }
        Ok(Self { index, of })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_organization_is_in_one_part_and_the_parts_are_of_a_size() {
        let shards: Vec<Shard> = (0..4)
            .map(|index| format!("{index}/4").parse().unwrap())
            .collect();
        let mut sizes = [0; 4];
        for number in 0..1000 {
            let name = format!("organization-{number}");
            let mut of = shards.iter().filter(|shard| shard.has(&name));
            let first = of.next().unwrap();
            sizes[first.index as usize] += 1;
            assert_eq!(of.next(), None, "{name}");
        }
        assert!(sizes.iter().all(|size| (200..300).contains(size)), "{sizes:?}");
        // In another version too: else two of its Pods would work on one tenant during an update.
        assert!(shards[0].has("acme-corp"));
    }

    #[test]
    fn a_part_that_there_is_not_is_refused() {
        for text in ["", "1", "1/", "/2", "a/2", "-1/2", "2/2", "0/0", "1/2/3"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
