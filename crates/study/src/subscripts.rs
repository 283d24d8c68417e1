//! Subscripts in names such as `w₂₁`.

/// Returns a number in subscript digits.
pub(crate) fn sub(number: usize) -> String {
    let digit = |c: char| c.to_digit(10).and_then(|digit| char::from_u32(0x2080 + digit));
    number.to_string().chars().filter_map(digit).collect()
}

/// Returns the digit of a subscript.
fn digit(c: char) -> Option<u32> {
    u32::from(c).checked_sub(0x2080).filter(|digit| *digit < 10)
}

/// Splits a name into what comes before its subscripts, and the digits of these: `w_hh₂₁` into `w_hh` and 2, 1.
pub(crate) fn split(name: &str) -> (&str, Vec<usize>) {
    let stem = name.trim_end_matches(|c| digit(c).is_some());
    (stem, name[stem.len()..].chars().filter_map(digit).map(|digit| digit as usize).collect())
}

/// Returns the name that consists of a stem and these digits as subscripts.
pub(crate) fn name(stem: &str, digits: &[usize]) -> String {
    digits.iter().fold(stem.to_string(), |name, &digit| name + &sub(digit))
}

/// Returns a name as it is typed on a keyboard: in lower case, and with usual digits for subscripts.
pub(crate) fn typed(name: &str) -> String {
    let plain = |c: char| digit(c).and_then(|digit| char::from_digit(digit, 10)).unwrap_or(c);
    name.trim().to_lowercase().chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_and_joined() {
        assert_eq!(split("w_hh₂₁"), ("w_hh", vec![2, 1]));
        assert_eq!(split("c̃₁"), ("c̃", vec![1]));
        assert_eq!(split("logvar"), ("logvar", vec![]));
        assert_eq!(name("w_hh", &[1, 2]), "w_hh₁₂");
        assert_eq!(typed(" W_hh₁₂ "), "w_hh12");
    }
}
