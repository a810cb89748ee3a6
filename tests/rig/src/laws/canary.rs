//! The search for secret values in what a command lets out.
//!
//! A leak is seldom the plain value: it is base64 in a dumped object, escaped in JSON, cut by a line length. So
//! each secret is looked for in many forms, and in every piece of them that is long enough to be no accident.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use base64::Engine;
use base64::alphabet::{Alphabet, STANDARD, URL_SAFE};
use base64::engine::{GeneralPurpose, general_purpose::NO_PAD};

/// Characters of the plain (or escaped, or reversed) value that are a leak; in other forms as many as hold about as
/// many bytes. A shorter secret is looked for as a whole, unless it has so few different characters that it stands
/// everywhere.
const PIECE: usize = 12;

/// How a secret was written where it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// As it is.
    Raw,
    /// Backwards.
    Reversed,
    /// Base64 in either alphabet, with or without padding, alone or amid other bytes.
    Base64,
    /// Hexadecimal, in either case.
    Hex,
    /// Percent-encoded (RFC 3986), in either case; a space may be a plus sign.
    Url,
    /// Escaped as in a JSON string.
    Json,
}

/// A secret that was found where it must not be. The value is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Name of the output.
    pub output: String,
    /// Index of the secret.
    pub secret: usize,
    /// How it was written.
    pub form: Form,
}

impl fmt::Display for Hit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} shows secret {} ({:?})",
            self.output, self.secret, self.form
        )
    }
}

/// Secrets, ready to be looked for in many outputs.
pub struct Canaries {
    /// Every piece to look for, by its length.
    pieces: BTreeMap<usize, HashMap<Vec<u8>, (usize, Form)>>,
}

/// Looks for all secrets in all outputs: one hit for each output and secret that meet.
pub fn scan<'a>(outputs: impl IntoIterator<Item = (&'a str, &'a [u8])>, secrets: &[Vec<u8>]) -> Vec<Hit> {
    let canaries = Canaries::new(secrets);
    outputs
        .into_iter()
        .flat_map(|(name, bytes)| canaries.scan(name, bytes))
        .collect()
}

impl Canaries {
    /// Prepares the search for these secrets. Empty ones are passed over.
    pub fn new(secrets: &[Vec<u8>]) -> Self {
        let mut pieces: BTreeMap<usize, HashMap<_, _>> = BTreeMap::new();
        for (index, secret) in secrets.iter().enumerate() {
            for (form, text, length) in forms(secret) {
                let length = length.min(text.len());
                for piece in text.windows(length.max(1)).filter(|piece| is_telling(piece)) {
                    pieces
                        .entry(length)
                        .or_default()
                        .entry(piece.to_vec())
                        .or_insert((index, form));
                }
            }
        }
        Self { pieces }
    }

    /// Looks for the secrets in one output.
    pub fn scan(&self, output: &str, bytes: &[u8]) -> Vec<Hit> {
        let mut found: BTreeMap<usize, Form> = BTreeMap::new();
        for (length, pieces) in &self.pieces {
            for (secret, form) in bytes.windows(*length).filter_map(|window| pieces.get(window)) {
                found.entry(*secret).or_insert(*form);
            }
        }
        let hit = |(secret, form)| Hit {
            output: output.to_owned(),
            secret,
            form,
        };
        found.into_iter().map(hit).collect()
    }
}

/// Whether a piece can be told from what anybody might write, such as a line of dashes.
fn is_telling(piece: &[u8]) -> bool {
    piece.iter().collect::<BTreeSet<_>>().len() > 3
}

/// All ways in which a secret may be written, each with the length of the pieces to look for.
fn forms(secret: &[u8]) -> Vec<(Form, Vec<u8>, usize)> {
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut forms = vec![
        (Form::Raw, secret.to_vec(), PIECE),
        (Form::Reversed, secret.iter().rev().copied().collect(), PIECE),
        (Form::Hex, hex.to_uppercase().into_bytes(), 2 * PIECE),
        (Form::Hex, hex.into_bytes(), 2 * PIECE),
        (Form::Json, json(secret), PIECE),
    ];
    forms.extend(urls(secret).map(|text| (Form::Url, text, PIECE)));
    for alphabet in [&STANDARD, &URL_SAFE] {
        let aligned = (0..3).map(|offset| base64(secret, alphabet, offset));
        forms.extend(aligned.map(|text| (Form::Base64, text, PIECE / 3 * 4)));
    }
    forms.retain(|(_, text, _)| !text.is_empty());
    forms
}

/// The characters that base64 text has for these bytes wherever `offset` bytes (modulo 3) precede them. Those at
/// the edges that also depend on the neighbours are left out.
fn base64(secret: &[u8], alphabet: &Alphabet, offset: usize) -> Vec<u8> {
    let mut bytes = vec![0; offset];
    bytes.extend_from_slice(secret);
    let text = GeneralPurpose::new(alphabet, NO_PAD).encode(&bytes).into_bytes();
    let first = [0, 2, 3][offset];
    let last = text.len() - usize::from(!bytes.len().is_multiple_of(3));
    text.get(first..last).unwrap_or_default().to_vec()
}

/// Nothing for bytes that are no text: they cannot stand in a JSON string.
fn json(secret: &[u8]) -> Vec<u8> {
    let quoted =
        std::str::from_utf8(secret).map(|text| serde_json::Value::from(text).to_string().into_bytes());
    quoted
        .map(|quoted| quoted[1..quoted.len() - 1].to_vec())
        .unwrap_or_default()
}

fn urls(secret: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let encode = |plus: bool| -> String {
        let byte = |byte: &u8| match *byte {
            b' ' if plus => "+".to_owned(),
            b'-' | b'.' | b'_' | b'~' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
                char::from(*byte).to_string()
            }
            other => format!("%{other:02X}"),
        };
        secret.iter().map(byte).collect()
    };
    let lower = |text: String| {
        let mut parts = text.split('%');
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |all, part| {
            let (digits, rest) = part.split_at(2);
            format!("{all}%{}{rest}", digits.to_lowercase())
        })
    };
    [encode(false), encode(true)]
        .into_iter()
        .flat_map(move |text| [lower(text.clone()), text])
        .map(String::into_bytes)
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD};

    use super::*;

    const SECRET: &str = "k>7?\"p~Q vé+Zr/0wXy\nTb9_hJ-4";

    fn found(text: &str) -> Option<Form> {
        let hits = scan(
            [("stderr", text.as_bytes())],
            &[b"another-secret-value".to_vec(), SECRET.into()],
        );
        assert!(
            hits.iter().all(|hit| hit.secret == 1 && hit.output == "stderr"),
            "{hits:?}"
        );
        hits.first().map(|hit| hit.form)
    }

    #[test]
    fn clean_outputs_have_no_hit() {
        assert_eq!(found(""), None);
        assert_eq!(found("created secret auth-system/dex-secrets (5 keys)"), None);
        assert_eq!(found(&SECRET[..10]), None, "too short to be told from chance");
    }

    #[test]
    fn every_form_is_found() {
        let hex: String = SECRET.bytes().map(|byte| format!("{byte:02X}")).collect();
        assert_eq!(found(&format!("password={SECRET}!")), Some(Form::Raw));
        assert_eq!(found(&format!("x{}", &SECRET[14..27])), Some(Form::Raw));
        assert_eq!(
            found(&format!("{:?}", serde_json::json!({ "data": SECRET }))),
            Some(Form::Json)
        );
        assert_eq!(found(&hex), Some(Form::Hex));
        assert_eq!(found(&hex.to_lowercase()[6..40]), Some(Form::Hex));
        assert_eq!(found("k%3E7%3F%22p%7EQ%20"), Some(Form::Url));
        assert_eq!(found("k%3e7%3f%22p~Q+v%c3%a9%2b"), Some(Form::Url));
        assert_eq!(found(r#"{"a":"k>7?\"p~Q vé"}"#), Some(Form::Json));
    }

    #[test]
    fn reversed_pieces_are_found() {
        let reversed: Vec<u8> = SECRET.bytes().rev().collect();
        let hits = scan([("stdout", &reversed[2..16])], &[SECRET.into()]);
        assert_eq!(
            hits,
            [Hit {
                output: "stdout".to_owned(),
                secret: 0,
                form: Form::Reversed
            }]
        );
    }

    #[test]
    fn base64_is_found_at_every_alignment() {
        for before in ["", "a", "ab", "abc", "user:"] {
            let text = format!("{before}{SECRET}\n");
            assert_eq!(found(&BASE64.encode(&text)), Some(Form::Base64), "{before:?}");
            assert_eq!(
                found(&URL_SAFE_NO_PAD.encode(&text)),
                Some(Form::Base64),
                "{before:?}"
            );
        }
    }

    #[test]
    fn a_short_secret_is_found_as_a_whole() {
        assert_eq!(
            scan([("a", &b"pass=hunter2;"[..])], &[b"hunter2".to_vec()]).len(),
            1
        );
        assert_eq!(
            scan([("a", &b"pass=hunter;"[..])], &[b"hunter2".to_vec(), Vec::new()]).len(),
            0
        );
    }

    #[test]
    fn one_hit_for_each_output_and_secret() {
        let secrets = [SECRET.into(), b"another-secret-value".to_vec()];
        let text = format!("{SECRET} {SECRET} another-secret-value");
        let hits = scan(
            [("stdout", text.as_bytes()), ("stderr", text.as_bytes())],
            &secrets,
        );
        let places: Vec<_> = hits.iter().map(|hit| (hit.output.as_str(), hit.secret)).collect();
        assert_eq!(
            places,
            [("stdout", 0), ("stdout", 1), ("stderr", 0), ("stderr", 1)]
        );
        assert!(
            !format!("{hits:?}").contains("another-secret"),
            "a report is no leak"
        );
    }
}
