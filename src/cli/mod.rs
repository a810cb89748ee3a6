//! The command line: the clap tree, and what happens from the arguments to the exit code.

mod arguments;
mod check;
mod consent;
mod fetch;
mod inspect;
mod offline;
mod options;
mod output;
mod own_job;
mod platform;
mod playbooks;
mod process;
mod render;
mod run;
mod session;
mod status;
mod steps;
mod texts;
mod watch;

pub use arguments::{Cli, command};
pub use process::main;
pub use steps::StepCommand;
