//! From reports and events to text: documents, tables, progress.

pub mod checks;
pub mod documents;
pub mod progress;
pub mod table;
pub mod token;
mod tree;
