//! Formats numbers for messages.

/// Formats dimensions: `60000×28×28`. Only the first 8 are shown, followed by `×…`.
#[must_use]
pub fn sizes<T: ToString>(dims: &[T]) -> String {
    // A header may claim 255 dimensions, but a message must stay short.
    let shown: Vec<String> = dims.iter().take(8).map(T::to_string).collect();
    let rest = if dims.len() > 8 { "×…" } else { "" };
    shown.join("×") + rest
}

/// Formats a count and its noun, which is in the singular only if the count is 1.
///
/// ```
/// use handgrad_dataset::count;
///
/// assert_eq!(count(1, "row", "rows"), "1 row");
/// assert_eq!(count(0, "row", "rows"), "0 rows");
/// assert_eq!(count(1_234, "row", "rows"), "1,234 rows");
/// ```
#[must_use]
pub fn count(n: usize, one: &str, many: &str) -> String {
    format!("{} {}", thousands(n), if n == 1 { one } else { many })
}

/// Formats a number of bytes: `1 byte`, `60,000 bytes`.
pub(crate) fn bytes(n: u64) -> String {
    count(usize::try_from(n).unwrap_or(usize::MAX), "byte", "bytes")
}

/// Formats a count with a comma between groups of three digits: `60,000`.
#[must_use]
pub fn thousands(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Suggests the candidate that is written most like `name`, for an error message: ` (did you mean epochs?)`.
/// The text is empty if none is similar. Hyphens and underscores count as equal.
///
/// ```
/// use handgrad_dataset::did_you_mean;
///
/// assert_eq!(did_you_mean("mnsit", ["mnist", "synthetic"]), " (did you mean mnist?)");
/// assert_eq!(did_you_mean("batch-size", ["batch_size"]), " (did you mean batch_size?)");
/// assert_eq!(did_you_mean("photos", ["mnist", "synthetic"]), "");
/// ```
#[must_use]
pub fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    let plain = |text: &str| text.to_lowercase().replace('-', "_");
    let name = plain(name);
    // The number of letters that are added, left out, changed or exchanged. A third of the name may be wrong, and
    // nothing of a short name, since too many others would be similar.
    let most = match name.chars().count() {
        0..=3 => 0,
        count => (count / 3).min(3),
    };
    let distances = candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&name, &plain(candidate)), candidate))
        .filter(|&(distance, _)| distance <= most);
    distances
        .min_by_key(|&(distance, _)| distance)
        .map_or(String::new(), |(_, nearest)| format!(" (did you mean {nearest}?)"))
}
