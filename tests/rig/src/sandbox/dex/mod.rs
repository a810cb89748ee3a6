//! Real Dex: as a process beside the smaller sizes, as a Deployment on the size *node*.

mod deployment;
mod process;

pub use deployment::DexDeployment;
pub use process::Dex;
