//! Asking somebody before what cannot be undone.

use super::steps::StepCommand;
use crate::model::{
    exit::Exit,
    failure::{Failure, Reason},
};
use std::io::IsTerminal;

/// A step that asks is run only when somebody agrees.
///
/// # Errors
/// As those of [`ask`].
pub(super) fn to(step: &StepCommand) -> Result<(), Failure> {
    match step.question() {
        Some(question) => ask(&format!("`{}`", step.meta().command), &question),
        None => Ok(()),
    }
}

/// Asks at the terminal; `what` is what waits for the answer.
///
/// # Errors
/// [`Exit::Usage`] if the answer is anything but yes, or if there is nobody to ask.
pub(super) fn ask(what: &str, question: &str) -> Result<(), Failure> {
    let refused = |message: String| Failure::new(Exit::Usage, Reason::InvalidConfig, message);
    if !std::io::stdin().is_terminal() {
        let message = format!("{what} asks for confirmation, and there is nobody to ask");
        return Err(refused(message).hint("pass --yes to run it"));
    }
    eprint!("{question} [y/N] ");
    let mut answer = String::new();
    match std::io::stdin().read_line(&mut answer) {
        Ok(_) if matches!(answer.trim(), "y" | "Y" | "yes") => Ok(()),
        _ => Err(refused(format!("{what} was not confirmed, so nothing was done"))),
    }
}
