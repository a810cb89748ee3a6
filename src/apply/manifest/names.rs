//! What may be a name, by RFC 1123 and by what a URL can carry.

/// One or more labels with dots between them, 253 characters at most.
pub(super) fn is_subdomain(name: &str) -> bool {
    name.len() <= 253 && name.split('.').all(is_label_of_any_length)
}

/// Lower-case letters, digits and hyphens, 63 at most, alphanumeric at both ends.
pub(super) fn is_label(name: &str) -> bool {
    name.len() <= 63 && is_label_of_any_length(name)
}

fn is_label_of_any_length(label: &str) -> bool {
    let is_alphanumeric = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = label.as_bytes();
    bytes.iter().all(|byte| is_alphanumeric(byte) || *byte == b'-')
        && bytes.first().is_some_and(is_alphanumeric)
        && bytes.last().is_some_and(is_alphanumeric)
}

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
