use crate::apply::manifest::{MAX_TEXT, testing::*};
use serde_json::json;

#[test]
fn what_is_wrong_with_a_document() {
    let bomb: String = (1..12).fold("a0: &a0 [x, x]\n".to_owned(), |text, level| {
        let last = level - 1;
        text + &format!(
            "a{level}: &a{level} [{}]\n",
            vec![format!("*a{last}"); 9].join(", ")
        )
    });
    let deep = format!("{}1{}", "{\"a\": ".repeat(200), "}".repeat(200));
    // Each anchor keeps a copy of all that is in it.
    let kept = format!("a: &a [&b [{}]]\n", "x, ".repeat(60_000));
    let cases = [
        ("a: [1", "not YAML"),
        ("a: 1\n b: 2\n", "not YAML"),
        ("a: *nobody\n", "not YAML"),
        ("a:\n\tb: 1\n", "not YAML"),
        (&bomb, "too deep, too large"),
        (&deep, "too deep, too large"),
        (&kept, "too deep, too large"),
        ("a: &a [*a]\n", "line 1"),
        ("a: 1\na: 2\n", "line 2, column 1: a map has the same key twice"),
        ("x: {a: 1, a: 2}\n", "the same key twice"),
        ("{\"a\": 1, \"b\": {\"c\": 1, \"c\": 2}}", "the same key twice"),
        ("1: a\n\"1\": b\n", "the same key twice"),
        ("a: .inf\n", "cannot be written as JSON"),
        ("a: !secret x\n", "line 1"),
        ("- a\n- b\n", "not an object"),
        ("text\n", "not an object"),
    ];
    for (text, expected) in cases {
        let found = mk_problems(text);
        let [problem] = found.as_slice() else {
            panic!("{text}: {found:?}")
        };
        assert!(
            problem.contains(expected) && problem.starts_with("a.yaml, document 1 (line 1)"),
            "{problem}"
        );
    }
    let text = " ".repeat(MAX_TEXT + 1);
    assert_eq!(
        mk_problems(&text),
        ["a.yaml: the text has more than 16777216 bytes"]
    );
}

/// What kubectl reads, which knows YAML 1.1.
#[test]
fn scalars_are_what_kubectl_takes_them_for() {
    let cases = [
        ("0644", json!(420)),
        ("0o644", json!(420)),
        ("yes", json!(true)),
        ("off", json!(false)),
        ("\"yes\"", json!("yes")),
        ("1.10", json!(1.1)),
        ("1e3", json!(1000.0)),
        ("0x10", json!(16)),
        ("2024-01-01", json!("2024-01-01")),
        ("1.2.3", json!("1.2.3")),
        ("12:30", json!("12:30")),
        ("18446744073709551615", json!(u64::MAX)),
        ("100m", json!("100m")),
        ("<<", json!("<<")),
    ];
    for (text, expected) in cases {
        let object = mk_one(&format!(
            "apiVersion: a.b/v1\nkind: A\nmetadata: {{name: a}}\nx: {text}\n"
        ))
        .object;
        assert_eq!(object["x"], expected, "{text}");
    }
    let merged =
        "apiVersion: a.b/v1\nkind: A\nmetadata: {name: a}\nb: &b {x: 1, y: 2}\nc:\n  <<: *b\n  x: 3\n";
    assert_eq!(mk_one(merged).object["c"], json!({"x": 3, "y": 2}));
}
