//! The API versions that the stand-in can be, and what differs between them.

use std::fmt;
use std::str::FromStr;

/// Whose shapes the API has. Order is age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// `redirect_uris` is one newline-separated string; no `invalidation_flow`; challenges carry `type` (schema).
    V2024_2,
    /// `redirect_uris` is a list; `invalidation_flow` is required; pages have no `autocomplete` (schema).
    V2024_12,
    /// The version that was recorded, as its first release candidate.
    V2025_10,
    /// Groups have `parents`, users have `roles`, roles have `add_user` (schema).
    V2025_12,
    /// Redirect URIs have `redirect_uri_type`, providers have `grant_types`, redirect challenges `final_redirect` (schema).
    V2026_8,
}

impl Version {
    /// All of them, oldest first.
    pub const ALL: [Self; 5] = [
        Self::V2024_2,
        Self::V2024_12,
        Self::V2025_10,
        Self::V2025_12,
        Self::V2026_8,
    ];

    /// What `admin/version/` says.
    pub(super) fn number(self) -> &'static str {
        match self {
            Self::V2024_2 => "2024.2.2",
            Self::V2024_12 => "2024.12.5",
            Self::V2025_10 => "2025.10.0-rc1",
            Self::V2025_12 => "2025.12.6",
            Self::V2026_8 => "2026.8.5",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::V2024_2 => "2024.2",
            Self::V2024_12 => "2024.12",
            Self::V2025_10 => "2025.10",
            Self::V2025_12 => "2025.12",
            Self::V2026_8 => "2026.8",
        })
    }
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|version| version.to_string() == text)
            .ok_or_else(|| {
                format!(
                    "unknown version {text:?}; one of {}",
                    Self::ALL.map(|v| v.to_string()).join(", ")
                )
            })
    }
}
