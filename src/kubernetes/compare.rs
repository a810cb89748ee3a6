//! How an object compares with what is wanted: what an apply would do to it.

use super::Cluster;
use crate::{
    apply::drift::{self, Drift},
    converge::contract::Refusal,
    model::{
        exit::Exit,
        failure::{Failure, Reason},
        kind::Address,
        names,
    },
};
use serde_json::Value;

/// How an object compares with what is wanted.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// It does not exist.
    Missing,
    /// An apply would change nothing.
    Same,
    /// An apply would change something.
    Different {
        /// The object that was seen.
        uid: String,
    },
    /// It is being deleted.
    Terminating {
        /// Its resourceVersion.
        version: Option<String>,
    },
    /// An apply would be refused, by its dry run.
    Refused(Refusal),
}

impl Cluster {
    /// Compares what was seen of an object with what is wanted: decided from what it shows if that is possible, else by a
    /// dry run. What the field managers of `adopted` own is taken to be ours to change, as [`Cluster::apply_over`] does.
    ///
    /// # Errors
    /// As those of [`Cluster::apply`], except for what only a person can mend, which is [`State::Refused`].
    pub async fn compare(
        &self,
        at: &Address,
        live: Option<&Value>,
        body: &Value,
        adopted: &[String],
    ) -> Result<State, Failure> {
        let Some(live) = live else {
            return Ok(State::Missing);
        };
        let text = |field: &str| live["metadata"][field].as_str().map(str::to_owned);
        if text("deletionTimestamp").is_some() {
            let version = text("resourceVersion");
            return Ok(State::Terminating { version });
        }
        let uid = text("uid").unwrap_or_default();
        let would_change = match drift::drift(live, names::PRODUCT, body) {
            Drift::Unchanged => Ok(false),
            Drift::Changed => Ok(true),
            Drift::Unknown => {
                let answer = self.try_apply(adopted, at, body, Some(&uid)).await;
                answer.map(|answer| answer.is_none_or(|answer| drift::changes(live, &answer)))
            }
        };
        match would_change {
            Ok(true) => Ok(State::Different { uid }),
            Ok(false) => Ok(State::Same),
            Err(failure) if failure.exit == Exit::Human => Ok(State::Refused(refusal(at, failure))),
            // Deleted, or made anew, since it was seen, or its namespace is on its way out: the next look tells which. Or a
            // webhook does not answer, which may be for what is applied first to mend.
            Err(failure)
                if [Reason::Conflict, Reason::NotFound, Reason::Starting].contains(&failure.reason) =>
            {
                Ok(State::Different { uid })
            }
            Err(failure) => Err(failure),
        }
    }
}

/// The failure as something that a plan can hold.
fn refusal(at: &Address, failure: Failure) -> Refusal {
    Refusal {
        exit: failure.exit,
        reason: failure.reason,
        object: failure.object.unwrap_or_else(|| at.object()),
        message: failure.message,
        hint: failure
            .hint
            .unwrap_or_else(|| "mend or delete the object, then run this again".to_owned()),
    }
}
