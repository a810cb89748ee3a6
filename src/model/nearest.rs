//! Which known name was meant.

/// The known name that the fewest changes of one letter lead to, unless so many are needed that it is another word.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let close_enough = (name.chars().count() / 3).max(2);
    let distances = known.map(|other| (distance(name, other), other));
    let (least, other) = distances.min_by_key(|(distance, _)| *distance)?;
    (least <= close_enough).then_some(other)
}

/// Letters to insert, delete or replace (Levenshtein), one row of the table at a time.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (done, letter) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = done + 1;
        for (column, other) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
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
        assert_eq!([distance("", "ab"), distance("kitten", "sitting")], [2, 3]);
    }
}
