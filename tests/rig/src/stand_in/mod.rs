//! What the stand-ins have in common.

mod request;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub(crate) use request::Request;

/// Whoever panicked left whole values.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Panics if there are violations, and shows them.
pub(crate) fn assert_none(violations: &[String]) {
    assert!(
        violations.is_empty(),
        "requests that the server does not expect:\n  {}",
        violations.join("\n  ")
    );
}
