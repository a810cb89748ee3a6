//! A bearer token in a file, where somebody renews it: the kubelet does so with the token of a Pod's ServiceAccount, long
//! before the old one ends (service account token volume projection).

use http::HeaderValue;
use secrecy::zeroize::Zeroizing;
use std::{
    io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// How long a token is used before its file is read again, as in client-go.
const FRESH: Duration = Duration::from_secs(60);

/// The token of a file; clones share what was read.
#[derive(Debug, Clone)]
pub(super) struct Bearer {
    path: PathBuf,
    last: Arc<Mutex<Read>>,
}

/// What was read. The header is marked as sensitive, so that it prints as such.
#[derive(Debug, Clone)]
struct Read {
    header: HeaderValue,
    at: Instant,
}

impl Bearer {
    /// Reads the file for the first time.
    ///
    /// # Errors
    /// It cannot be read, or holds no token.
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        let header = read(&path)?;
        let at = Instant::now();
        let last = Arc::new(Mutex::new(Read { header, at }));
        Ok(Self { path, last })
    }

    /// The value of `Authorization`, from a file that was read within the last minute if that is possible.
    pub(super) fn header(&self) -> HeaderValue {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.at.elapsed() >= FRESH {
            self.read_into(&mut last);
        }
        last.header.clone()
    }

    /// What the file holds now, if that is another token than the one that was refused.
    pub(super) fn other_than(&self, refused: &HeaderValue) -> Option<HeaderValue> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        self.read_into(&mut last);
        (last.header != refused).then(|| last.header.clone())
    }

    /// A file that cannot be read leaves the token that is known: the server decides what it is worth.
    fn read_into(&self, last: &mut Read) {
        if let Ok(header) = read(&self.path) {
            last.header = header;
            last.at = Instant::now();
        }
    }
}

fn read(path: &PathBuf) -> io::Result<HeaderValue> {
    let token = Zeroizing::new(std::fs::read_to_string(path)?);
    let invalid = |message| io::Error::new(io::ErrorKind::InvalidData, message);
    if token.trim().is_empty() {
        return Err(invalid("the file is empty"));
    }
    let value = Zeroizing::new(format!("Bearer {}", token.trim()));
    let mut header =
        HeaderValue::from_str(&value).map_err(|_| invalid("the file holds what no token can hold"))?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A file that is removed at the end.
    pub(in crate::kubernetes) struct Place(PathBuf);

    impl Place {
        pub(in crate::kubernetes) fn new(name: &str) -> Self {
            Self(std::env::temp_dir().join(format!("aphex-ops-bearer-{}-{name}", std::process::id())))
        }
        pub(in crate::kubernetes) fn path(&self) -> PathBuf {
            self.0.clone()
        }
        pub(in crate::kubernetes) fn holds(&self, token: &str) {
            std::fs::write(&self.0, token).unwrap();
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_read_again_after_a_minute() {
        let place = Place::new("minute");
        place.holds("first\n");
        let bearer = Bearer::open(place.path()).unwrap();
        place.holds("second");
        assert_eq!(bearer.header(), "Bearer first");
        tokio::time::advance(FRESH).await;
        assert_eq!(bearer.header(), "Bearer second");
        std::fs::remove_file(&place.0).unwrap();
        tokio::time::advance(FRESH).await;
        assert_eq!(bearer.header(), "Bearer second");
    }

    #[tokio::test]
    async fn a_refused_token_is_replaced_only_by_another() {
        let place = Place::new("refused");
        place.holds("first");
        let bearer = Bearer::open(place.path()).unwrap();
        let refused = bearer.header();
        assert_eq!(bearer.other_than(&refused), None);
        place.holds("second");
        assert_eq!(bearer.other_than(&refused).unwrap(), "Bearer second");
    }

    #[test]
    fn what_holds_no_token_is_an_error_and_no_token_is_shown() {
        let place = Place::new("none");
        assert!(Bearer::open(place.path()).is_err());
        for text in ["", " \n", "a\u{1}b"] {
            place.holds(text);
            assert!(Bearer::open(place.path()).is_err(), "{text:?}");
        }
        place.holds("hunter2");
        let shown = format!("{:?}", Bearer::open(place.path()).unwrap());
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
