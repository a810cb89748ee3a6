//! Integration tests, one binary: the real program against a real API server.

mod laws;
mod world;
