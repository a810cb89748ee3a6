//! Where the documents of a text begin.
//!
//! The text is cut before it is parsed, so that a mistake in one document hides no mistake of the next, and only one
//! document at a time is in the parser's memory. It is cut where YAML says: its markers stand at the start of a line,
//! where no scalar can have them.

/// One document.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Document<'a> {
    /// Its first line in the whole text, from 1.
    pub(super) line: usize,
    pub(super) text: &'a str,
}

/// The documents that hold more than comments and directives.
pub(super) fn documents(text: &str) -> Vec<Document<'_>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut documents = Vec::new();
    let (mut start, mut line, mut at) = (0, 1, 0);
    for (number, row) in (1..).zip(text.split_inclusive('\n')) {
        let end = at + row.len();
        // The line of a start marker may hold content already; that of an end marker is nobody's.
        let next = match () {
            () if behind(row, "---").is_some() => Some((at, number)),
            () if behind(row, "...").is_some() => Some((end, number + 1)),
            () => None,
        };
        if let Some(next) = next {
            documents.push((start, at, line));
            (start, line) = next;
        }
        at = end;
    }
    documents.push((start, at, line));
    let documents = documents.into_iter().map(|(start, end, line)| Document {
        line,
        text: text.get(start..end).unwrap_or_default(),
    });
    documents
        .filter(|document| !document.text.lines().all(is_blank))
        .collect()
}

/// What follows the marker in this line, if it is one.
fn behind<'a>(row: &'a str, marker: &str) -> Option<&'a str> {
    let rest = row.strip_prefix(marker)?;
    (rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n'])).then_some(rest)
}

fn is_blank(row: &str) -> bool {
    let content = behind(row, "---").unwrap_or(row).trim();
    content.is_empty() || content.starts_with('#') || row.starts_with('%')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_its_markers() {
        let cases: [(&str, &[(usize, &str)]); 10] = [
            ("", &[]),
            ("# only\n\n---\n# comments\n--- # here\n", &[]),
            ("a: 1", &[(1, "a: 1")]),
            ("a: 1\n---\nb: 2\n", &[(1, "a: 1\n"), (2, "---\nb: 2\n")]),
            (
                "--- {a: 1}\n---\n\n---\tb\n",
                &[(1, "--- {a: 1}\n"), (4, "---\tb\n")],
            ),
            (
                "%YAML 1.2\n---\na: 1\n...\n%YAML 1.2\n---\nb: 2\n",
                &[(2, "---\na: 1\n"), (6, "---\nb: 2\n")],
            ),
            (
                "a: 1\r\n---\r\nb: 2\r\n",
                &[(1, "a: 1\r\n"), (2, "---\r\nb: 2\r\n")],
            ),
            ("a: |\n  ---\n  b\n", &[(1, "a: |\n  ---\n  b\n")]),
            ("-----BEGIN\n", &[(1, "-----BEGIN\n")]),
            ("\u{feff}a: 1\n", &[(1, "a: 1\n")]),
        ];
        for (text, expected) in cases {
            let found = documents(text);
            let found: Vec<_> = found
                .iter()
                .map(|document| (document.line, document.text))
                .collect();
            assert_eq!(found, expected, "{text:?}");
        }
    }
}
