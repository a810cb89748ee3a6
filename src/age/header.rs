//! The text before the content: whom the file is for.

use super::{FileKey, Trouble};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use ring::{
    hkdf::{HKDF_SHA256, Salt},
    hmac::{self, HMAC_SHA256},
};
use std::fmt::Write;

const FIRST: &str = "age-encryption.org/v1";
const STANZA: &str = "-> ";
const LAST: &str = "---";
/// Characters of a line of base64; a shorter one ends the body.
const WIDTH: usize = 64;

/// The key of the file, wrapped for somebody.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stanza {
    pub(super) arguments: Vec<String>,
    pub(super) body: Vec<u8>,
}

/// All of them, and what proves that nobody changed them.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) stanzas: Vec<Stanza>,
    /// All that the sum is of, as it was read or is written.
    text: String,
    sum: Vec<u8>,
}

impl Header {
    pub(super) fn seal(stanzas: Vec<Stanza>, key: &FileKey) -> Result<Self, Trouble> {
        let mut text = format!("{FIRST}\n");
        for stanza in &stanzas {
            stanza.write(&mut text);
        }
        text.push_str(LAST);
        let sum = hmac::sign(&summing(key)?, text.as_bytes()).as_ref().to_vec();
        Ok(Self { stanzas, text, sum })
    }

    pub(super) fn to_text(&self) -> String {
        format!("{} {}\n", self.text, STANDARD_NO_PAD.encode(&self.sum))
    }

    /// The header of a file, and what comes after it.
    pub(super) fn read(file: &[u8]) -> Result<(Self, &[u8]), Trouble> {
        let mut lines = Lines { rest: file };
        if lines.next() != Some(FIRST) {
            return Err(Trouble::NotAge);
        }
        let mut stanzas = Vec::new();
        loop {
            let begins = file.len() - lines.rest.len();
            let line = lines.next().ok_or(Trouble::Malformed)?;
            if let Some(arguments) = line.strip_prefix(STANZA) {
                stanzas.push(Stanza::read(arguments, &mut lines)?);
                continue;
            }
            let sum = line
                .strip_prefix(LAST)
                .and_then(|rest| rest.strip_prefix(' '))
                .and_then(|sum| STANDARD_NO_PAD.decode(sum).ok());
            let text = std::str::from_utf8(&file[..begins + LAST.len()]);
            return match (sum, text) {
                (Some(sum), Ok(text)) if !stanzas.is_empty() => {
                    let text = text.to_owned();
                    Ok((Self { stanzas, text, sum }, lines.rest))
                }
                _ => Err(Trouble::Malformed),
            };
        }
    }

    /// Whether it is as whoever knew the key wrote it.
    pub(super) fn verify(&self, key: &FileKey) -> Result<(), Trouble> {
        hmac::verify(&summing(key)?, self.text.as_bytes(), &self.sum).map_err(|_| Trouble::HeaderChanged)
    }
}

/// The key of the sum.
fn summing(key: &FileKey) -> Result<hmac::Key, Trouble> {
    let extracted = Salt::new(HKDF_SHA256, &[]).extract(&**key);
    let summing = extracted.expand(&[b"header"], HMAC_SHA256);
    summing.map(Into::into).map_err(|_| Trouble::Refused)
}

impl Stanza {
    fn write(&self, text: &mut String) {
        let _ = writeln!(text, "{STANZA}{}", self.arguments.join(" "));
        let body = STANDARD_NO_PAD.encode(&self.body);
        let mut rest = body.as_str();
        while rest.len() >= WIDTH {
            let (line, after) = rest.split_at(WIDTH);
            let _ = writeln!(text, "{line}");
            rest = after;
        }
        let _ = writeln!(text, "{rest}");
    }

    fn read(arguments: &str, lines: &mut Lines<'_>) -> Result<Self, Trouble> {
        let arguments: Vec<String> = arguments.split(' ').map(str::to_owned).collect();
        let is_word = |word: &String| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic());
        let mut body = String::new();
        loop {
            let line = lines.next().ok_or(Trouble::Malformed)?;
            body.push_str(line);
            match line.len() {
                WIDTH => {}
                ..WIDTH => break,
                _ => return Err(Trouble::Malformed),
            }
        }
        match STANDARD_NO_PAD.decode(body) {
            Ok(body) if arguments.iter().all(is_word) => Ok(Self { arguments, body }),
            _ => Err(Trouble::Malformed),
        }
    }
}

/// Lines of ASCII, each with its end.
struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let end = self.rest.iter().position(|byte| *byte == b'\n')?;
        let line = std::str::from_utf8(&self.rest[..end]).ok()?;
        self.rest = &self.rest[end + 1..];
        Some(line)
    }
}
