//! Pure rendering: from what is declared once to files and texts.

pub mod rbac;
