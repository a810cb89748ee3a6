//! Counting requests: the first measure of cost.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Numbers of requests by verb, and by the status code of the answer; `None` is for those without a complete answer.
pub type ByAnswer = BTreeMap<(&'static str, Option<u16>), u64>;

/// Counts of the requests that a client sent, each attempt for itself; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Requests(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    sent: BTreeMap<&'static str, u64>,
    answered: BTreeMap<(&'static str, u16), u64>,
}

impl Requests {
    /// Counts one that is being sent.
    pub(crate) fn sent(&self, verb: &'static str) {
        *self.counts().sent.entry(verb).or_default() += 1;
    }

    /// Counts the answer to one that was counted when it was sent.
    pub(crate) fn answered(&self, verb: &'static str, status: u16) {
        *self.counts().answered.entry((verb, status)).or_default() += 1;
    }

    /// How many were sent so far, by verb.
    #[must_use]
    pub fn by_verb(&self) -> BTreeMap<&'static str, u64> {
        self.counts().sent.clone()
    }

    /// How many were sent so far, by verb and answer.
    #[must_use]
    pub fn by_answer(&self) -> ByAnswer {
        let counts = self.counts();
        let mut found = ByAnswer::new();
        for (verb, sent) in &counts.sent {
            let answers = counts.answered.iter().filter(|((of, _), _)| of == verb);
            let answers: ByAnswer = answers
                .map(|((_, status), count)| ((*verb, Some(*status)), *count))
                .collect();
            let unanswered = sent.saturating_sub(answers.values().sum());
            found.extend(answers);
            found.extend((unanswered > 0).then_some(((*verb, None), unanswered)));
        }
        found
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        // Counting cannot panic half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_and_not_answered_is_counted_too() {
        let requests = Requests::default();
        for verb in ["get", "get", "get", "patch"] {
            requests.clone().sent(verb);
        }
        requests.answered("get", 200);
        requests.answered("get", 503);
        assert_eq!(requests.by_verb(), BTreeMap::from([("get", 3), ("patch", 1)]));
        let expected = [
            (("get", None), 1),
            (("get", Some(200)), 1),
            (("get", Some(503)), 1),
            (("patch", None), 1),
        ];
        assert_eq!(requests.by_answer(), BTreeMap::from(expected));
    }
}
