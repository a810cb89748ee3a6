//! The `rig` command.

fn main() {}
