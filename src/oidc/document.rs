//! A JSON object whose names occur once.

use super::{Finding, quoted};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};
use std::fmt;

/// A JSON object in which no name occurs twice, at any depth: readers disagree on which of two values
/// counts (RFC 8259 §4), so a document with both is not trusted.
#[derive(Debug, Clone, PartialEq)]
pub struct Document(Map<String, Value>);

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    /// A [`Finding`] that says what is wrong and where, and quotes nothing.
    pub fn parse(text: &[u8]) -> Result<Self, Finding> {
        match serde_json::from_slice(text) {
            Ok(Unique(Value::Object(fields))) => Ok(Self(fields)),
            Ok(_) => Err(Finding::invalid("it is not a JSON object")),
            Err(error) => {
                let problem = match error.classify() {
                    serde_json::error::Category::Data => "holds a name twice",
                    _ if text.trim_ascii_start().starts_with(b"<") => "is HTML or XML, not JSON",
                    _ => "is not JSON",
                };
                let place = format!("line {}, column {}", error.line(), error.column());
                Err(Finding::invalid(format!("it {problem} ({place})")))
            }
        }
    }

    /// The field, if it is there.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The fields and their names.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The field as text.
    pub(super) fn text(&self, name: &str) -> Result<&str, Finding> {
        match self.get(name) {
            None => Err(Finding::invalid(format!("{} is missing", quoted(name)))),
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(Finding::invalid(format!("{} is not a string", quoted(name)))),
        }
    }

    /// The field as a list of texts.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<&str>, Finding> {
        let not_texts = || Finding::invalid(format!("{} is not a list of strings", quoted(name)));
        match self.get(name) {
            None => Err(Finding::invalid(format!("{} is missing", quoted(name)))),
            Some(Value::Array(list)) => {
                let texts: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
                texts.ok_or_else(not_texts)
            }
            Some(_) => Err(not_texts()),
        }
    }
}

impl From<Map<String, Value>> for Document {
    fn from(fields: Map<String, Value>) -> Self {
        Self(fields)
    }
}

/// A JSON value that was read with the check for repeated names.
struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor).map(Self)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Unique(value)) = access.next_element()? {
            list.push(value);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some((name, Unique(value))) = access.next_entry::<String, Unique>()? {
            if fields.insert(name, value).is_some() {
                return Err(de::Error::custom("a name occurs twice"));
            }
        }
        Ok(fields.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_objects_with_unique_names_are_documents() {
        let bad = [
            ("", "is not JSON"),
            ("{", "is not JSON"),
            ("{} {}", "is not JSON"),
            ("\u{feff}{}", "is not JSON"),
            ("{\"a\": 'b'}", "is not JSON"),
            ("<!DOCTYPE html><html></html>", "is HTML"),
            ("  <html>", "is HTML"),
            ("[]", "not a JSON object"),
            ("\"text\"", "not a JSON object"),
            ("null", "not a JSON object"),
            (r#"{"issuer": "a", "issuer": "b"}"#, "a name twice (line 1"),
            (r#"{"x": [{"k": {"d": 1, "e": 2, "d": 1}}]}"#, "a name twice"),
            (r#"{"a": 1, "\u0061": 2}"#, "a name twice"),
        ];
        for (text, expected) in bad {
            let finding = Document::parse(text.as_bytes()).unwrap_err();
            assert!(finding.message.contains(expected), "{text}: {}", finding.message);
        }
        let good = Document::parse(br#"{"a": [1, -1, 1.5, true, null, "x"], "b": {"a": {}}}"#).unwrap();
        assert_eq!(good.fields().count(), 2);
    }

    #[test]
    fn broken_unicode_and_deep_nesting_are_refused() {
        assert!(Document::parse(b"{\"a\": \"\xff\"}").is_err());
        let deep = format!("{{\"a\": {}1{}}}", "[".repeat(500), "]".repeat(500));
        assert!(Document::parse(deep.as_bytes()).is_err());
    }
}
