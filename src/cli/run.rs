//! One run of the program: what is shared from its start to its last words.

use super::options::OutputOptions;
use crate::report::progress::Progress;

pub(super) struct Run {
    /// In every report and in every JSON line.
    pub(super) id: String,
    pub(super) progress: Progress,
}

impl Run {
    pub(super) fn new(id: &str, options: &OutputOptions) -> Self {
        Self {
            id: id.to_owned(),
            progress: Progress::new(id, options.progress_style(), options.errors()),
        }
    }
}
