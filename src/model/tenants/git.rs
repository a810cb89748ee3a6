//! What may name a repository, a branch, and documentation in it.
//!
//! The definitions refuse most of this before it is stored; objects that are older than they are not looked at by them.

use serde_json::{Value, json};

/// Rules for a branch name (git-check-ref-format), for the API server.
pub(super) fn branch_rules() -> Value {
    json!([
        {"rule": r"self.matches('^[^\\x00-\\x20\\x7f~^:?*\\[\\\\]+$')",
         "message": "a branch name has no spaces and none of ~ ^ : ? * [ \\"},
        {"rule": "!self.contains('..') && !self.contains('@{') && !self.contains('//') && self != '@'",
         "message": "a branch name is not @, and has no .. // or @{ in it"},
        {"rule": "!self.startsWith('/') && !self.endsWith('/') && !self.endsWith('.') && !self.startsWith('-')",
         "message": "a branch name begins with neither / nor -, and ends with neither / nor ."},
        {"rule": "!self.split('/').exists(part, part.startsWith('.') || part.endsWith('.lock'))",
         "message": "no part of a branch name begins with . or ends with .lock"},
    ])
}

/// What is wrong with the name of a branch, by the rules of git-check-ref-format; `None` if nothing is.
#[must_use]
pub fn branch_problem(branch: &str) -> Option<&'static str> {
    let is_bad = |letter: char| letter <= ' ' || letter == '\u{7f}' || "~^:?*[\\".contains(letter);
    let parts = || branch.split('/');
    match () {
        () if branch.is_empty() || branch == "@" => Some("is no name of a branch"),
        () if branch.chars().any(is_bad) => {
            Some("has a space, a control character, or one of ~ ^ : ? * [ \\")
        }
        () if branch.contains("..") || branch.contains("@{") => Some("has .. or @{ in it"),
        () if parts().any(str::is_empty) => Some("begins or ends with a slash, or has two in a row"),
        () if branch.starts_with('-') || branch.ends_with('.') => Some("begins with - or ends with a period"),
        () if parts().any(|part| part.starts_with('.') || part.ends_with(".lock")) => {
            Some("has a part that begins with a period or ends with .lock")
        }
        () => None,
    }
}

/// What is wrong with the URL of a repository: it is `https://github.com/<owner>/<name>`, and nothing more; `None` if nothing
/// is.
#[must_use]
pub fn repository_problem(url: &str) -> Option<&'static str> {
    let Some(path) = url.strip_prefix("https://github.com/") else {
        return Some("does not begin with https://github.com/");
    };
    let path = path.strip_suffix('/').unwrap_or(path);
    let Some((owner, name)) = path.split_once('/') else {
        return Some("has no owner and name");
    };
    let is_owner = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let is_name = |letter: char| is_owner(letter) || letter == '_' || letter == '.';
    match () {
        () if owner.is_empty() || owner.len() > 39 || !owner.chars().all(is_owner) => {
            Some("has an owner that GitHub does not have")
        }
        () if name.is_empty() || name.len() > 100 || !name.chars().all(is_name) => {
            Some("has more than an owner and a name in it, or a name that GitHub does not have")
        }
        () if name == "." || name == ".." => Some("has no name of a repository"),
        () => None,
    }
}

/// What is wrong with a path of documentation: it is `.kiro/docs` or below; `None` if nothing is.
#[must_use]
pub fn docs_path_problem(path: &str) -> Option<&'static str> {
    let rest = path.strip_suffix('/').unwrap_or(path);
    let mut parts = rest.split('/');
    if (parts.next(), parts.next()) != (Some(".kiro"), Some("docs")) {
        return Some("is not .kiro/docs, nor below it");
    }
    let is_bad = |part: &str| part.is_empty() || part == "." || part == "..";
    let is_odd = |letter: char| letter == '\\' || letter == '%' || letter.is_control();
    match () {
        () if parts.any(is_bad) => Some("has an empty part, a . or a .. in it"),
        () if path.chars().any(is_odd) => {
            Some("has a backslash, a percent sign or a control character in it")
        }
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_on_github_and_nothing_more() {
        for good in ["https://github.com/acme/app", "https://github.com/acme/my.app_1/"] {
            assert_eq!(repository_problem(good), None, "{good}");
        }
        for bad in [
            "http://github.com/acme/app",
            "https://github.com.evil.example/acme/app",
            "https://github.com@evil.example/acme/app",
            "https://user@github.com/acme/app",
            "https://github.com/acme",
            "https://github.com/acme/",
            "https://github.com/acme/app/tree/main",
            "https://github.com/acme/app?x=1",
            "https://github.com/acme/app#x",
            "https://github.com/acme/..",
            "https://github.com/acme/%2e%2e",
            "https://github.com/ac me/app",
            "https://GITHUB.com/acme/app",
            "",
        ] {
            assert!(repository_problem(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn documentation_is_below_one_folder() {
        for good in [
            ".kiro/docs",
            ".kiro/docs/",
            ".kiro/docs/a/b.md",
            ".kiro/docs/my file.md",
        ] {
            assert_eq!(docs_path_problem(good), None, "{good}");
        }
        for bad in [
            ".kiro/docs-evil",
            ".kiro/docs/../secrets",
            ".kiro/docs/./a",
            ".kiro/docs//a",
            ".kiro/docs/%2e%2e/a",
            ".kiro/docs\\..",
            "/.kiro/docs",
            ".kiro",
            "",
            ".kiro/docs/a\n",
        ] {
            assert!(docs_path_problem(bad).is_some(), "{bad:?}");
        }
    }

    #[test]
    fn branches_are_as_git_has_them() {
        for good in ["main", "feature/one", "release-1.2", "user@host", "ü"] {
            assert_eq!(branch_problem(good), None, "{good}");
        }
        for bad in [
            "", "@", "a b", "a..b", "a@{1}", "/a", "a/", "a//b", "a.", "-a", ".a", "a/.b", "a.lock",
            "a.lock/b", "a~1", "a^", "a:b", "a?", "a*", "a[", "a\\b", "a\u{7f}", "a\n",
        ] {
            assert!(branch_problem(bad).is_some(), "{bad:?}");
        }
    }
}
