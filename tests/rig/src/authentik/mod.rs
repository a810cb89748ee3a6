//! The Authentik stand-in.
