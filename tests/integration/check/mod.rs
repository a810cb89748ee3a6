//! `check`: no alarm on a platform on which all is well, and for each fault the root of it and what mends it.

mod bootstrapped;
mod catalogue;
mod fault;
mod output;
mod smoke;
mod token;
pub(crate) mod world;
