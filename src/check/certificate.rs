//! What a certificate says of itself: until when, and for which hosts (RFC 5280). Nothing is verified here.

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

/// The parts of a certificate that are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// It is not valid before.
    pub not_before: Timestamp,
    /// It is not valid after.
    pub not_after: Timestamp,
    /// The hosts that it is for (`subjectAltName`).
    pub names: Vec<String>,
}

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
const OBJECT_ID: u8 = 0x06;
const OCTETS: u8 = 0x04;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// `dNSName` in a `GeneralName`.
const DNS_NAME: u8 = 0x82;
/// `id-ce-subjectAltName`, 2.5.29.17.
const ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x11];

impl Certificate {
    /// Reads the first certificate of a PEM text: the one that a server shows as its own.
    ///
    /// # Errors
    /// What is wrong, without a piece of the text.
    pub fn parse(pem: &str) -> Result<Self, &'static str> {
        const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
        let (_, rest) = pem.split_once(BEGIN).ok_or("there is no certificate in it")?;
        let (body, _) = rest
            .split_once("-----END CERTIFICATE-----")
            .ok_or("the certificate in it has no end")?;
        let body: String = body.split_whitespace().collect();
        let der = BASE64_STANDARD
            .decode(body)
            .map_err(|_| "the certificate in it is not base64")?;
        Self::read(&der).ok_or("the certificate in it cannot be read")
    }

    /// Certificate → TBSCertificate → [version], serialNumber, signature, issuer, validity, subject, key, …, [extensions].
    fn read(der: &[u8]) -> Option<Self> {
        let (certificate, _) = take(der, SEQUENCE)?;
        let (mut rest, _) = take(certificate, SEQUENCE)?;
        if let Some((_, after)) = take(rest, VERSION) {
            rest = after;
        }
        for _ in 0..3 {
            (_, _, rest) = any(rest)?;
        }
        let (validity, mut rest) = take(rest, SEQUENCE)?;
        let (_, not_before, after) = any(validity).and_then(timed)?;
        let (_, not_after, _) = any(after).and_then(timed)?;
        let mut names = Vec::new();
        while let Some((tag, value, after)) = any(rest) {
            if tag == EXTENSIONS {
                names = alternative_names(take(value, SEQUENCE)?.0);
            }
            rest = after;
        }
        Some(Self {
            not_before,
            not_after,
            names,
        })
    }

    /// Whether it is for a host; a wildcard stands for one label (RFC 6125 §6.4.3).
    #[must_use]
    pub fn covers(&self, host: &str) -> bool {
        let rest = host.split_once('.').map(|(_, rest)| rest);
        self.names.iter().any(|name| {
            let wild = name.strip_prefix("*.");
            name.eq_ignore_ascii_case(host)
                || wild.is_some_and(|wild| rest.is_some_and(|rest| rest.eq_ignore_ascii_case(wild)))
        })
    }
}

/// The next element: its tag, what is in it, and what follows.
fn any(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = bytes
                .iter()
                .fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
            (length, rest)
        }
        _ => return None,
    };
    let (value, rest) = rest.split_at_checked(length)?;
    Some((tag, value, rest))
}

/// The next element, if it has that tag.
fn take(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, value, rest) = any(der)?;
    (found == tag).then_some((value, rest))
}

fn timed<'a>((tag, value, rest): (u8, &[u8], &'a [u8])) -> Option<(u8, Timestamp, &'a [u8])> {
    let text = std::str::from_utf8(value).ok()?.strip_suffix('Z')?;
    let digits = match tag {
        // Two digits of the year, of 1950 to 2049 (RFC 5280 §4.1.2.5.1).
        UTC_TIME if text.get(..2)? >= "50" => format!("19{text}"),
        UTC_TIME => format!("20{text}"),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let time = DateTime::strptime("%Y%m%d%H%M%S", digits).ok()?;
    Some((tag, TimeZone::UTC.to_timestamp(time).ok()?, rest))
}

fn alternative_names(mut extensions: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    while let Some((extension, rest)) = take(extensions, SEQUENCE) {
        extensions = rest;
        let Some((id, value)) = take(extension, OBJECT_ID) else {
            continue;
        };
        if id == ALTERNATIVE_NAME {
            names.extend(general_names(value).unwrap_or_default());
        }
    }
    names
}

/// Behind the id comes whether it is critical, or not even that.
fn general_names(value: &[u8]) -> Option<Vec<String>> {
    let (mut tag, mut value, rest) = any(value)?;
    if tag != OCTETS {
        (tag, value, _) = any(rest)?;
    }
    if tag != OCTETS {
        return None;
    }
    let (mut list, _) = take(value, SEQUENCE)?;
    let mut names = Vec::new();
    while let Some((tag, name, rest)) = any(list) {
        list = rest;
        if tag == DNS_NAME {
            names.extend(std::str::from_utf8(name).map(str::to_owned));
        }
    }
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    fn mk_pem(names: &[&str], from: i32, to: i32) -> String {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.not_before = date_time_ymd(from, 1, 2);
        params.not_after = date_time_ymd(to, 3, 4);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
    }

    #[test]
    fn times_and_hosts_are_read() {
        let read = Certificate::parse(&mk_pem(&["a.example.org", "*.b.example.org"], 2026, 2055)).unwrap();
        assert_eq!(read.not_before.to_string(), "2026-01-02T00:00:00Z");
        assert_eq!(read.not_after.to_string(), "2055-03-04T00:00:00Z");
        assert_eq!(read.names, ["a.example.org", "*.b.example.org"]);
        for (host, expected) in [
            ("a.example.org", true),
            ("A.Example.org", true),
            ("c.b.example.org", true),
            ("b.example.org", false),
            ("d.c.b.example.org", false),
            ("example.org", false),
        ] {
            assert_eq!(read.covers(host), expected, "{host}");
        }
    }

    #[test]
    fn no_text_makes_it_panic() {
        let pem = mk_pem(&["a.example.org"], 2026, 2027);
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let der = BASE64_STANDARD.decode(body).unwrap();
        for end in 0..der.len() {
            assert!(Certificate::read(&der[..end]).is_none(), "{end}");
            for value in [0x00, 0x80, 0x84, 0xff] {
                let mut broken = der.clone();
                broken[end] = value;
                let _ = Certificate::read(&broken);
            }
        }
        for text in [
            "",
            "-----BEGIN CERTIFICATE-----",
            "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----",
        ] {
            assert!(Certificate::parse(text).is_err(), "{text}");
        }
    }
}
