//! The command line as a person, a script or a Job meets it: exit codes, what goes where, what bad input gets.

pub(crate) mod cluster;
mod documents;
mod jobs;
mod lines;
mod lock;
mod metrics;
mod offline;
mod output;
mod permissions;
mod playbook;
pub(crate) mod program;
mod refusals;
mod report;
mod upgrade;
mod waits;
