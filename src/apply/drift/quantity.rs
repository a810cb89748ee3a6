//! Quantities as the API server writes them.

/// What makes a number of nanos of each suffix: powers of ten.
const DECIMAL: [(&str, i128); 10] = [
    ("E", 10_i128.pow(27)),
    ("P", 10_i128.pow(24)),
    ("T", 10_i128.pow(21)),
    ("G", 10_i128.pow(18)),
    ("M", 10_i128.pow(15)),
    ("k", 10_i128.pow(12)),
    ("", 10_i128.pow(9)),
    ("m", 10_i128.pow(6)),
    ("u", 10_i128.pow(3)),
    ("n", 1),
];
const BINARY: [(&str, i128); 6] = [
    ("Ei", 1 << 60),
    ("Pi", 1 << 50),
    ("Ti", 1 << 40),
    ("Gi", 1 << 30),
    ("Mi", 1 << 20),
    ("Ki", 1 << 10),
];

/// The canonical form of a quantity; `None` if it is none, or of a form that is rare (exponents, fractions of a nano or of
/// a binary unit, signs).
pub(super) fn canonical(text: &str) -> Option<String> {
    let end = text.find(|letter: char| !(letter.is_ascii_digit() || letter == '.'));
    let (number, suffix) = text.split_at(end.unwrap_or(text.len()));
    if let Some((_, unit)) = BINARY.iter().find(|(name, _)| *name == suffix) {
        let value = number.parse::<i128>().ok()?.checked_mul(*unit)?;
        let whole = BINARY.iter().find(|(_, unit)| value % unit == 0 && value > 0);
        return Some(whole.map_or_else(
            || value.to_string(),
            |(name, unit)| format!("{}{name}", value / unit),
        ));
    }
    let (_, unit) = DECIMAL.iter().find(|(name, _)| *name == suffix)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let scale = 10_i128.checked_pow(fraction.len().try_into().ok()?)?;
    let nanos = digits.checked_mul(*unit).filter(|nanos| nanos % scale == 0)? / scale;
    let whole = DECIMAL.iter().find(|(_, unit)| nanos % unit == 0 && nanos > 0);
    Some(whole.map_or_else(
        || "0".to_owned(),
        |(name, unit)| format!("{}{name}", nanos / unit),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_has_one_form() {
        let cases = [
            ("1000m", Some("1")),
            ("0.1", Some("100m")),
            ("1.5", Some("1500m")),
            ("100m", Some("100m")),
            ("4000", Some("4k")),
            ("1024Mi", Some("1Gi")),
            ("65536Ki", Some("64Mi")),
            ("1500Mi", Some("1500Mi")),
            ("0", Some("0")),
            ("0Mi", Some("0")),
            ("1e3", None),
            ("-1", None),
            ("1.5Gi", None),
            ("0.0000000001", None),
            ("m", None),
            ("", None),
            ("1x", None),
        ];
        for (text, expected) in cases {
            assert_eq!(canonical(text).as_deref(), expected, "{text}");
        }
    }
}
