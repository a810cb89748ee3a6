//! What may be a name or a kind where DNS does not decide: see [`crate::model::dns`].

/// What can be one segment of a path as it is: roles and their bindings may have such names (`system:node`).
pub(super) fn is_segment(name: &str) -> bool {
    let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:@+~".contains(&byte);
    (1..=253).contains(&name.len()) && name.bytes().all(is_safe) && name != "." && name != ".."
}

/// A kind: letters and digits, first a letter.
pub(super) fn is_kind(kind: &str) -> bool {
    kind.len() <= 63
        && kind.starts_with(|first: char| first.is_ascii_alphabetic())
        && kind.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::dns::{is_label, is_subdomain};

    #[test]
    fn names() {
        let long = "a".repeat(64);
        let longer = "a.".repeat(127);
        // (name, label, subdomain, segment)
        let cases = [
            ("a", true, true, true),
            ("a-1", true, true, true),
            ("a.b", false, true, true),
            ("system:node", false, false, true),
            ("A", false, false, true),
            (long.as_str(), false, true, true),
            (longer.as_str(), false, false, false),
            ("", false, false, false),
            (".", false, false, false),
            ("..", false, false, false),
            ("a..b", false, false, true),
            ("-a", false, false, true),
            ("a/b", false, false, false),
            ("a%2fb", false, false, false),
            ("a b", false, false, false),
            ("a?b", false, false, false),
            ("a\n", false, false, false),
            ("\u{e4}", false, false, false),
        ];
        for (name, label, subdomain, segment) in cases {
            let found = (is_label(name), is_subdomain(name), is_segment(name));
            assert_eq!(found, (label, subdomain, segment), "{name:?}");
        }
        assert!(is_kind("Pod") && is_kind("V1Thing") && !is_kind("") && !is_kind("1a") && !is_kind("a/b"));
    }
}
