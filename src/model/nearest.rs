//! Which known name was meant.

use strsim::levenshtein;

/// The known name that the fewest changes of one letter lead to, unless so many are needed that it is another word.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let close_enough = (name.chars().count() / 3).max(2);
    let distances = known.map(|other| (levenshtein(name, other), other));
    let (least, other) = distances.min_by_key(|(distance, _)| *distance)?;
    (least <= close_enough).then_some(other)
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
        assert_eq!([levenshtein("", "ab"), levenshtein("kitten", "sitting")], [2, 3]);
    }
}
