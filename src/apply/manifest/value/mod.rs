//! From the text of one document to values, within limits, and without quoting the text in an error.

#[cfg(test)]
mod tests;

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value, map::Entry};
use serde_saphyr::{DuplicateKeyPolicy, Options};
use std::fmt;

/// Maps and lists in each other in YAML; of JSON, serde_json takes 127. The CRDs of Argo CD need about 40, and twice this
/// overflows the 2 MB of stack that a thread has in a debug build.
const DEPTH: usize = 64;
/// Nodes of one document, and nodes that its aliases may repeat. The largest CRDs have about 50,000.
const NODES: usize = 250_000;
const REPEATED: usize = 100_000;

/// What our own visitor says about a key that is there twice.
const TWICE: &str = "duplicate key";

/// Why a document cannot be read; says nothing of what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// No YAML.
    Syntax,
    /// A key twice in one map.
    Twice,
    /// More than the limits allow.
    TooMuch,
    /// YAML, but nothing that JSON could say.
    NotJson,
}

impl Trouble {
    pub(super) fn message(self) -> &'static str {
        match self {
            Self::Syntax => "this is not YAML that can be read",
            Self::Twice => "a map has the same key twice",
            Self::TooMuch => "it is too deep, too large, or its aliases repeat too much",
            Self::NotJson => "a value here cannot be written as JSON, so no Kubernetes object has it",
        }
    }

    pub(super) fn hint(self) -> &'static str {
        match self {
            Self::Syntax => "look at indentation, quotes and tabs near that place",
            Self::Twice => "keep one of the two: which would win is a matter of the parser",
            Self::TooMuch => "write it without aliases, or in several documents",
            Self::NotJson => "quote it if it is text; leave tags, .inf and .nan out",
        }
    }
}

/// A trouble, and its line and column in the document, from 1; 0 if not known.
pub(super) type Place = (Trouble, u64, u64);

/// The values of a document: several only of JSON, which needs no marker between them.
///
/// Numbers and booleans are those of kubectl, which reads YAML 1.1: `0644` is octal, `yes` and `on` are booleans.
pub(super) fn values(text: &str) -> Result<Vec<Value>, Place> {
    let content = text.strip_prefix("---").unwrap_or(text);
    if content.trim_start().starts_with(['{', '[']) {
        let json = serde_json::Deserializer::from_str(content).into_iter::<Strict>();
        match json.collect::<Result<Vec<Strict>, _>>() {
            Ok(values) => return Ok(values.into_iter().map(|value| value.0).collect()),
            Err(error) if error.is_data() => {
                return Err((Trouble::Twice, error.line() as u64, error.column() as u64));
            }
            // YAML's flow style looks like JSON.
            Err(_) => {}
        }
    }
    match serde_saphyr::from_str_with_options::<Strict>(text, options()) {
        Ok(value) => Ok(vec![value.0]),
        Err(error) => {
            let (line, column) = error.location().map_or((0, 0), |at| (at.line(), at.column()));
            Err((trouble(&error), line, column))
        }
    }
}

fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: DEPTH,
            max_nodes: NODES,
            max_events: 2 * NODES,
            max_recorded_anchor_events: REPEATED,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: REPEATED },
        duplicate_keys: DuplicateKeyPolicy::Error,
        legacy_octal_numbers: true,
        reject_unsupported_tags: true,
        // A snippet would show the lines around, and so perhaps a secret.
        with_snippet: false,
    }
}

fn trouble(error: &serde_saphyr::Error) -> Trouble {
    use serde_saphyr::Error;
    match error {
        Error::AliasError { error, .. } => trouble(error),
        Error::DuplicateMappingKey { .. } => Trouble::Twice,
        Error::Message { msg, .. } if msg == TWICE => Trouble::Twice,
        Error::Budget { .. }
        | Error::AliasReplayCounterOverflow { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::RecursiveReferencesRequireWeakTypes { .. } => Trouble::TooMuch,
        Error::NonFiniteFloat { .. }
        | Error::InvalidBinaryBase64 { .. }
        | Error::BinaryNotUtf8 { .. }
        | Error::TaggedScalarCannotDeserializeIntoString { .. }
        | Error::SerdeInvalidType { .. }
        | Error::SerdeInvalidValue { .. } => Trouble::NotJson,
        _ => Trouble::Syntax,
    }
}

/// A JSON value whose maps have every key once.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).map(Value::Number);
        number.ok_or_else(|| E::invalid_value(serde::de::Unexpected::Other("no number"), &self))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Strict::deserialize(deserializer).map(|value| value.0)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element::<Strict>()? {
            list.push(item.0);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((key, value)) = entries.next_entry::<String, Strict>()? {
            match map.entry(key) {
                Entry::Vacant(place) => place.insert(value.0),
                Entry::Occupied(_) => return Err(A::Error::custom(TWICE)),
            };
        }
        Ok(map.into())
    }
}
