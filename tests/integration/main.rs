//! Integration tests, one binary: the real program against a real API server.

mod architecture;
mod artefacts;
mod command_lines;
mod golden;
mod help;
mod laws;
mod world;
