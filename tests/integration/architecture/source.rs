//! What one Rust file names: the paths of its `use` items, expressions and macros, its words and its modules.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use std::collections::BTreeSet;

/// A source file of the crate, without its tests.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// Path from the crate's folder, such as `src/model/exit.rs`.
    pub(super) file: String,
    pub(super) lines: usize,
    /// Where it is in the crate: `["model", "exit"]`.
    pub(super) module: Vec<String>,
    /// Paths into the crate, from its root.
    pub(super) internal: BTreeSet<Vec<String>>,
    /// All other paths: other crates, but also types and modules in scope.
    pub(super) external: BTreeSet<Vec<String>>,
    pub(super) words: BTreeSet<String>,
    /// Names of the modules in its path and of the inline ones.
    pub(super) modules: BTreeSet<String>,
}

impl Source {
    pub(super) fn read(file: &str, text: &str) -> Self {
        let module = module(file);
        let mut source = Self {
            file: file.to_owned(),
            lines: text.lines().count(),
            modules: module.iter().cloned().collect(),
            module: module.clone(),
            ..Self::default()
        };
        let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{file}: {error}"));
        source.walk(&module, tokens);
        source
    }

    /// The first segment of the module's path: what the import rule is about.
    pub(super) fn part(&self) -> &str {
        self.module.first().map_or("main", String::as_str)
    }

    fn walk(&mut self, module: &[String], tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut rest = tokens.as_slice();
        while let Some((first, after)) = rest.split_first() {
            rest = match first {
                TokenTree::Punct(_) if is_test_attribute(rest) => behind_item(after),
                TokenTree::Ident(word) if word == "pub" => behind_visibility(after),
                TokenTree::Ident(word) if word == "mod" => self.inline_module(module, after),
                TokenTree::Ident(_) => self.path(module, &[], rest),
                TokenTree::Group(group) => {
                    self.walk(module, group.stream());
                    after
                }
                _ => after,
            };
        }
    }

    /// `mod name { … }`; a `mod name;` has a file of its own.
    fn inline_module<'a>(&mut self, module: &[String], after: &'a [TokenTree]) -> &'a [TokenTree] {
        if let [TokenTree::Ident(name), TokenTree::Group(body), rest @ ..] = after {
            self.modules.insert(name.to_string());
            self.walk(&[module, &[name.to_string()]].concat(), body.stream());
            return rest;
        }
        after
    }

    /// Reads a path from its first identifier on, and the tree below it if it is a `use` with braces.
    fn path<'a>(&mut self, module: &[String], prefix: &[String], tokens: &'a [TokenTree]) -> &'a [TokenTree] {
        let mut path = prefix.to_vec();
        let mut rest = tokens;
        loop {
            match rest {
                [TokenTree::Ident(word), after @ ..] => {
                    self.words.insert(word.to_string());
                    path.push(word.to_string());
                    rest = after;
                }
                [TokenTree::Group(group), after @ ..] if group.delimiter() == Delimiter::Brace => {
                    self.tree(module, &path, group);
                    return after;
                }
                _ => break,
            }
            match rest {
                [TokenTree::Punct(one), TokenTree::Punct(two), after @ ..]
                    if one.as_char() == ':' && two.as_char() == ':' =>
                {
                    rest = after;
                }
                _ => break,
            }
        }
        if path.len() > 1 {
            self.add(module, path);
        }
        rest
    }

    fn tree(&mut self, module: &[String], prefix: &[String], group: &Group) {
        let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
        let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
        for branch in tokens.split(is_comma).filter(|branch| !branch.is_empty()) {
            self.path(module, prefix, branch);
        }
    }

    fn add(&mut self, module: &[String], path: Vec<String>) {
        let supers = path.iter().take_while(|word| *word == "super").count();
        match path[0].as_str() {
            "crate" | "aphex_ops" => self.internal.insert(path[1..].to_vec()),
            "self" => self.internal.insert([module, &path[1..]].concat()),
            "super" => {
                let above = &module[..module.len().saturating_sub(supers)];
                self.internal.insert([above, &path[supers..]].concat())
            }
            _ => self.external.insert(path),
        };
    }
}

/// `src/a/mod.rs` and `src/a.rs` are `a`, `src/lib.rs` and `src/main.rs` are the root.
fn module(file: &str) -> Vec<String> {
    let path = file
        .trim_start_matches("src/")
        .trim_end_matches(".rs")
        .trim_end_matches("/mod");
    let is_root = ["lib", "main"].contains(&path);
    path.split('/').filter(|_| !is_root).map(str::to_owned).collect()
}

/// `#[cfg(test)]`
fn is_test_attribute(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [TokenTree::Punct(hash), TokenTree::Group(group), ..]
        if hash.as_char() == '#' && group.stream().to_string().replace(' ', "") == "cfg(test)")
}

/// What follows `pub`, without the `(in super::super)` that says who may see the item and imports nothing. The
/// parenthesis of a tuple's field, as in `pub (u8, u8)`, is no visibility.
fn behind_visibility(tokens: &[TokenTree]) -> &[TokenTree] {
    let is_visibility = |group: &Group| {
        let first = group.stream().into_iter().next().map(|token| token.to_string());
        first.is_some_and(|word| ["crate", "in", "self", "super"].contains(&word.as_str()))
    };
    match tokens {
        [TokenTree::Group(group), rest @ ..] if is_visibility(group) => rest,
        _ => tokens,
    }
}

/// What follows the item that an attribute stands before: its body, or its semicolon.
fn behind_item(tokens: &[TokenTree]) -> &[TokenTree] {
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        _ => false,
    };
    let end = tokens
        .iter()
        .position(ends)
        .map_or(tokens.len(), |position| position + 1);
    &tokens[end..]
}
