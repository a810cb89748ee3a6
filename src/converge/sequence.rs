//! In which order the actions of a plan are done. It knows them by their places only, so that it is compiled once for all steps.

use super::contract::Outcome;
use crate::model::failure::Failure;
use futures::{
    StreamExt,
    future::LocalBoxFuture,
    stream::{self, LocalBoxStream},
};
use std::collections::HashMap;

/// How many actions of one plan are under way at once; more does not help an API server (measured knee: 8 to 16).
const CONCURRENCY: usize = 16;

/// The sequence of an action, and its rank there (`Effect::sequence`).
pub(super) type Turn = Option<(String, u8)>;
pub(super) type Done = (usize, Result<Outcome, Failure>);
/// Does the action at a place.
pub(super) type One<'a> = dyn Fn(usize) -> LocalBoxFuture<'a, Result<Outcome, Failure>> + 'a;

/// Does them, each sequence in its order and all of them beside each other, and tells as they are done.
pub(super) fn run<'a>(turns: Vec<Turn>, one: &'a One<'a>) -> LocalBoxStream<'a, Done> {
    let sequences = stream::iter(sequences(turns));
    sequences
        .flat_map_unordered(CONCURRENCY, move |sequence| in_order(sequence, one))
        .boxed_local()
}

/// What depends on each other, in order; most actions are alone.
fn sequences(turns: Vec<Turn>) -> Vec<Vec<(usize, u8)>> {
    let mut all: Vec<Vec<(usize, u8)>> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (action, turn) in turns.into_iter().enumerate() {
        let (place, rank) = match turn {
            Some((name, rank)) => (*places.entry(name).or_insert(all.len()), rank),
            None => (all.len(), 0),
        };
        match all.get_mut(place) {
            Some(sequence) => sequence.push((action, rank)),
            None => all.push(vec![(action, rank)]),
        }
    }
    for sequence in &mut all {
        sequence.sort_by_key(|(_, rank)| *rank);
    }
    all
}

/// One after the other, until all of a rank are done and one of them has failed.
fn in_order<'a>(sequence: Vec<(usize, u8)>, one: &'a One<'a>) -> LocalBoxStream<'a, Done> {
    let begin = (sequence.into_iter(), None);
    stream::unfold(begin, async move |(mut rest, failed)| {
        let (action, rank) = rest.next()?;
        if failed.is_some_and(|failed| failed < rank) {
            return None;
        }
        let result = one(action).await;
        let failed = failed.or(result.is_err().then_some(rank));
        Some(((action, result), (rest, failed)))
    })
    .boxed_local()
}
