//! Which known name was meant.

use strsim::levenshtein;

/// The known name that the fewest changes of one letter lead to, unless so many are needed that it is another word.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let close_enough = (name.chars().count() / 3).max(2);
    let distances = known.map(|other| (levenshtein(name, other), other));
    let (least, other) = distances.min_by_key(|(distance, _)| *distance)?;
    (least <= close_enough).then_some(other)
}

/// All known names that are as near as the nearest, at most three, unless all are other words.
pub(crate) fn nearest_all<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let close_enough = (name.chars().count() / 3).max(2);
    let distances: Vec<(usize, &str)> = known.map(|other| (levenshtein(name, other), other)).collect();
    let Some(least) = distances.iter().map(|(distance, _)| *distance).min() else {
        return Vec::new();
    };
    let near = distances.into_iter().filter(|(distance, _)| *distance == least);
    let near = near.filter(|(distance, _)| *distance <= close_enough);
    near.map(|(_, other)| other).take(3).collect()
}

/// The question whether one of these names is meant; none if there are none.
pub(crate) fn meant(near: &[&str]) -> Option<String> {
    match near {
        [] => None,
        [only] => Some(format!("is {only} meant?")),
        some => Some(format!("is one of {} meant?", some.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognized_and_other_words_are_not() {
        let known = ["auth", "argocd", "cert-manager", "cert-foundation"];
        let nearest = |name| nearest(name, known.into_iter());
        assert_eq!(nearest("cert-manger"), Some("cert-manager"));
        assert_eq!(nearest("argo-cd"), Some("argocd"));
        assert_eq!(nearest("certfoundation"), Some("cert-foundation"));
        assert_eq!(nearest("prometheus"), None);
        let all = |name| nearest_all(name, ["A-1", "A-2", "B-7"].into_iter());
        assert_eq!(all("A-3"), ["A-1", "A-2"]);
        assert_eq!(all("quite another"), [] as [&str; 0]);
        assert_eq!([levenshtein("", "ab"), levenshtein("kitten", "sitting")], [2, 3]);
    }
}
