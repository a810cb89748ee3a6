//! The API token, and where it comes from: a file that a person names, else the environment, else the Secret in the cluster.

use crate::model::{
    exit::Exit,
    failure::{Failure, Reason},
    names,
    object::ObjectRef,
};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use std::path::Path;

/// An API token. Cannot be printed.
#[derive(Debug, Clone)]
pub struct ApiToken(SecretString);

impl ApiToken {
    /// A text as a token (RFC 6750 §2.1), without the white space that files end with; `None` if it cannot be one.
    #[must_use]
    pub fn new(text: &SecretString) -> Option<Self> {
        let text = text.expose_secret().trim();
        let is_token = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_token.then(|| Self(text.into()))
    }

    pub(super) fn value(&self) -> &SecretString {
        &self.0
    }
}

/// The value of the environment variable, if it is set and not empty.
#[must_use]
pub fn from_environment() -> Option<SecretString> {
    let value = std::env::var(names::CLOUDFLARE_TOKEN_VARIABLE)
        .ok()
        .map(SecretString::from);
    value.filter(|value| !value.expose_secret().trim().is_empty())
}

/// The token that whoever runs this gives: that of a file, else that of the environment. A source that is given and holds
/// none is an error; the next one is not tried.
///
/// # Errors
/// [`Reason::InvalidConfig`] if the file cannot be read, or either holds no token.
pub fn given_token(
    file: Option<&Path>,
    environment: Option<&SecretString>,
) -> Result<Option<ApiToken>, Failure> {
    let invalid = |message: String| Failure::new(Exit::Usage, Reason::InvalidConfig, message);
    if let Some(path) = file {
        let text = std::fs::read(path).map(Zeroizing::new).map_err(|error| {
            invalid(format!(
                "cannot read the Cloudflare token file {}",
                path.display()
            ))
            .caused_by(error)
        })?;
        let text = std::str::from_utf8(&text).ok().map(SecretString::from);
        let token = text.as_ref().and_then(ApiToken::new);
        return token.map(Some).ok_or_else(|| {
            invalid(format!(
                "there is no token in the Cloudflare token file {}",
                path.display()
            ))
        });
    }
    let Some(value) = environment else { return Ok(None) };
    ApiToken::new(value).map(Some).ok_or_else(|| {
        invalid(format!(
            "the environment variable {} holds no token",
            names::CLOUDFLARE_TOKEN_VARIABLE
        ))
    })
}

/// The token of the Secret in a namespace, for when none was given.
///
/// # Errors
/// [`Reason::NotFound`] if there is none, [`Reason::InvalidValue`] if it holds no token; either says what to do.
pub fn stored_token(namespace: &str, value: Option<&SecretString>) -> Result<ApiToken, Failure> {
    let (name, key) = (names::CLOUDFLARE_SECRET, names::CLOUDFLARE_TOKEN_KEY);
    let failure = |reason, message: String| {
        Failure::new(Exit::Usage, reason, message)
            .on(ObjectRef::secret(namespace, name))
            .hint(format!(
                "put it there with `kubectl -n {namespace} create secret generic {name} --from-file={key}=FILE`, or give it with --cloudflare-token-file FILE or in {}",
                names::CLOUDFLARE_TOKEN_VARIABLE
            ))
    };
    let value =
        value.ok_or_else(|| failure(Reason::NotFound, "there is no Cloudflare API token".to_owned()))?;
    ApiToken::new(value).ok_or_else(|| failure(Reason::InvalidValue, format!("key {key} holds no token")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn text(token: &ApiToken) -> &str {
        token.value().expose_secret()
    }

    #[test]
    fn the_file_wins_over_the_environment() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "of-the-file").unwrap();
        let environment = SecretString::from("of-the-environment");
        let token = given_token(Some(file.path()), Some(&environment))
            .unwrap()
            .unwrap();
        assert_eq!(text(&token), "of-the-file");
        let token = given_token(None, Some(&environment)).unwrap().unwrap();
        assert_eq!(text(&token), "of-the-environment");
        assert!(given_token(None, None).unwrap().is_none());
        assert!(!format!("{token:?}").contains("of-the-environment"));
    }

    #[test]
    fn a_source_without_a_token_is_an_error_and_not_passed_over() {
        let empty = tempfile::NamedTempFile::new().unwrap();
        let environment = SecretString::from("good");
        for file in [empty.path(), Path::new("/nowhere/token")] {
            let failure = given_token(Some(file), Some(&environment)).unwrap_err();
            assert_eq!(failure.exit, Exit::Usage, "{failure}");
        }
        let failure = given_token(None, Some(&"two words".into())).unwrap_err();
        assert!(failure.message.contains("CLOUDFLARE_API_TOKEN"), "{failure}");
        assert!(!failure.to_string().contains("two words"));
    }

    #[test]
    fn a_secret_without_a_token_says_how_to_put_one_there() {
        let failure = stored_token("platform-system", None).unwrap_err();
        assert_eq!(failure.reason, Reason::NotFound);
        assert!(
            failure
                .hint
                .is_some_and(|hint| hint.contains("kubectl -n platform-system create secret"))
        );
        let failure = stored_token("platform-system", Some(&" ".into())).unwrap_err();
        assert_eq!(failure.reason, Reason::InvalidValue);
        let token = stored_token("platform-system", Some(&"stored\n".into())).unwrap();
        assert_eq!(text(&token), "stored");
    }
}
