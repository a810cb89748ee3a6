//! The command line as a person, a script or a Job meets it: exit codes, what goes where, what bad input gets.

mod cluster;
mod lock;
mod offline;
mod output;
mod permissions;
mod playbook;
mod program;
mod refusals;
mod report;
mod waits;
