//! Integration tests, one binary: the real program against a real API server.

mod golden;
mod help;
mod laws;
mod world;
