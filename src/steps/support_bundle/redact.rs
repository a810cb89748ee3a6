//! Taking secrets out of what is collected. Pure.
//!
//! Two nets: fields that hold secrets are emptied by their place, and whatever is left is searched for the very values of the
//! cluster's Secrets, as they are, in base64 and as JSON writes them, and for what is a token or a private key by its form.

use aho_corasick::{AhoCorasick, MatchKind};
use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret, SecretSlice, zeroize::Zeroizing};
use serde_json::Value;

/// What stands where a secret was.
pub(super) const REDACTED: &str = "(redacted)";
/// Shorter values are found in many places where they are no secret.
const SHORTEST: usize = 6;
/// Parts of names of keys and variables whose values are no secret, though Secrets hold them: `authentik` is a user's name too.
const OPEN: [&str; 10] = [
    "user", "host", "port", "database", "db", "name", "email", "url", "ca.crt", "tls.crt",
];
/// Parts of names of environment variables whose values are.
const CLOSED: [&str; 5] = ["password", "secret", "token", "key", "credential"];
/// What a JSON Web Token begins with: the base64 of `{"`.
const TOKEN: &str = "eyJ";
const SHORTEST_TOKEN: usize = 40;
const KEY_BEGIN: &str = "-----BEGIN ";
const KEY_END: &str = "PRIVATE KEY-----";

/// Knows the values that must not get out.
pub(super) struct Redactor {
    values: Option<AhoCorasick>,
    count: usize,
}

impl Redactor {
    /// Of the keys of Secrets and their values.
    pub(super) fn new<'a>(secrets: impl Iterator<Item = (&'a str, &'a SecretSlice<u8>)>) -> Self {
        let mut forms: Vec<Zeroizing<Vec<u8>>> = Vec::new();
        for (_, value) in secrets.filter(|(key, _)| !has_part(key, &OPEN)) {
            let value = value.expose_secret();
            if value.trim_ascii().len() < SHORTEST {
                continue;
            }
            forms.push(Zeroizing::new(value.trim_ascii().to_vec()));
            forms.push(Zeroizing::new(STANDARD.encode(value).into_bytes()));
            if let Ok(text) = std::str::from_utf8(value.trim_ascii()) {
                let json = Zeroizing::new(Value::from(text).to_string());
                forms.push(Zeroizing::new(json.trim_matches('"').as_bytes().to_vec()));
            }
        }
        let count = forms.len();
        let longest_first = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(forms.iter().map(|form| form.as_slice()));
        Self {
            values: longest_first.ok().filter(|_| count > 0),
            count,
        }
    }

    /// Whether it could be made: else nothing may be let out.
    pub(super) fn is_whole(&self) -> bool {
        self.values.is_some() || self.count == 0
    }

    /// The text without them.
    pub(super) fn text(&self, text: &str) -> String {
        let text = match &self.values {
            Some(values) => {
                let with = vec![REDACTED; self.count];
                values.replace_all(text, &with)
            }
            None => text.to_owned(),
        };
        keys(&tokens(&text))
    }
}

/// What looks like a JSON Web Token.
fn tokens(text: &str) -> String {
    without(text, TOKEN, |from| {
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || "-_.=".contains(letter);
        let end = from.find(|letter| !is_part(letter)).unwrap_or(from.len());
        (end, end >= SHORTEST_TOKEN)
    })
}

/// Private keys in PEM, also those that JSON has in one line; one whose end was cut off goes to the end.
fn keys(text: &str) -> String {
    without(text, KEY_BEGIN, |from| {
        let label = &from[KEY_BEGIN.len()..];
        let line = label.find("-----").map_or(label, |end| &label[..end]);
        if !line.ends_with("PRIVATE KEY") {
            return (KEY_BEGIN.len(), false);
        }
        let body = KEY_BEGIN.len() + line.len();
        let end = from[body..].find(KEY_END);
        (end.map_or(from.len(), |end| body + end + KEY_END.len()), true)
    })
}

/// The text without what begins so; `passage` says how long it is, and whether it is secret.
fn without(text: &str, begin: &str, passage: impl Fn(&str) -> (usize, bool)) -> String {
    let mut rest = text;
    let mut clean = String::with_capacity(text.len());
    while let Some(at) = rest.find(begin) {
        let (before, from) = rest.split_at(at);
        let (end, is_secret) = passage(from);
        clean.push_str(before);
        clean.push_str(if is_secret { REDACTED } else { &from[..end] });
        rest = &from[end..];
    }
    clean.push_str(rest);
    clean
}

fn has_part(name: &str, parts: &[&str]) -> bool {
    let name = name.to_ascii_lowercase();
    parts.iter().any(|part| name.contains(part))
}

/// The object without what nobody needs and without what is secret by its place.
pub(super) fn object(mut object: Value) -> Value {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
        }
    }
    if let Some(secret) = object.pointer_mut("/spec/webhookSecret") {
        *secret = REDACTED.into();
    }
    for field in ["data", "stringData"] {
        if object["kind"] == "Secret"
            && let Some(data) = object.get_mut(field).and_then(Value::as_object_mut)
        {
            data.values_mut().for_each(|value| *value = REDACTED.into());
        }
    }
    variables(&mut object);
    object
}

/// Environment variables, wherever a Pod is described.
fn variables(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(variables),
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::Array(items) if name == "env" => items.iter_mut().for_each(variable),
                    value => variables(value),
                }
            }
        }
        _ => {}
    }
}

fn variable(variable: &mut Value) {
    let name = variable["name"].as_str().unwrap_or_default();
    if has_part(name, &CLOSED) && variable["value"].is_string() {
        variable["value"] = REDACTED.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn mk_redactor(pairs: &[(&str, &str)]) -> Redactor {
        let values: Vec<(&str, SecretSlice<u8>)> = pairs
            .iter()
            .map(|(key, value)| (*key, SecretSlice::from(value.as_bytes().to_vec())))
            .collect();
        Redactor::new(values.iter().map(|(key, value)| (*key, value)))
    }

    #[test]
    fn a_value_is_found_in_every_form() {
        let redactor = mk_redactor(&[
            ("client-secret", "s3cret\"v\n"),
            ("username", "authentik"),
            ("pin", "123"),
        ]);
        let text = format!(
            "authentik 123 s3cret\"v {} {}",
            STANDARD.encode("s3cret\"v\n"),
            json!({"a": "s3cret\"v"})
        );
        let clean = redactor.text(&text);
        assert_eq!(
            clean,
            "authentik 123 (redacted) (redacted) {\"a\":\"(redacted)\"}"
        );
        assert!(redactor.is_whole() && mk_redactor(&[]).is_whole());
        assert_eq!(mk_redactor(&[]).text("as it is"), "as it is");
    }

    #[test]
    fn the_longer_of_two_values_goes_as_a_whole() {
        let redactor = mk_redactor(&[("a", "secret"), ("b", "secret-and-more")]);
        assert_eq!(redactor.text("secret-and-more, secret"), "(redacted), (redacted)");
    }

    #[test]
    fn tokens_and_private_keys_are_known_by_their_form() {
        let redactor = mk_redactor(&[]);
        let token = format!("{TOKEN}{}.{}.sig", "a".repeat(30), "b".repeat(30));
        let text = format!("token={token}; {TOKEN}short");
        assert_eq!(redactor.text(&text), format!("token={REDACTED}; {TOKEN}short"));
        let key = "x -----BEGIN RSA PRIVATE KEY-----\\nabc\\n-----END RSA PRIVATE KEY----- y";
        assert_eq!(redactor.text(key), "x (redacted) y");
        assert_eq!(redactor.text("-----BEGIN PRIVATE KEY-----\nabc"), REDACTED);
        let open = "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n";
        assert_eq!(redactor.text(open), open);
    }

    #[test]
    fn what_is_secret_by_its_place_is_emptied() {
        let secret =
            object(json!({"kind": "Secret", "data": {"a": "eA=="}, "metadata": {"managedFields": [1]}}));
        assert_eq!(
            secret,
            json!({"kind": "Secret", "data": {"a": REDACTED}, "metadata": {}})
        );
        let organization = object(json!({"spec": {"webhookSecret": "x"}}));
        assert_eq!(organization["spec"]["webhookSecret"], REDACTED);
        let env = json!([{"name": "DB_PASSWORD", "value": "x"}, {"name": "MODE", "value": "x"},
                         {"name": "API_TOKEN", "valueFrom": {}}]);
        let pod = object(json!({"spec": {"containers": [{"env": env}]}}));
        let env = &pod["spec"]["containers"][0]["env"];
        assert_eq!(
            (&env[0]["value"], &env[1]["value"]),
            (&json!(REDACTED), &json!("x"))
        );
        assert_eq!(env[2], json!({"name": "API_TOKEN", "valueFrom": {}}));
    }
}
