//! Formats numbers for messages.

/// Formats dimensions: `60000×28×28`. Only the first 8 are shown, followed by `×…`.
#[must_use]
pub fn sizes<T: ToString>(dims: &[T]) -> String {
    // A header may claim 255 dimensions, but a message must stay short.
    let shown: Vec<String> = dims.iter().take(8).map(T::to_string).collect();
    let rest = if dims.len() > 8 { "×…" } else { "" };
    shown.join("×") + rest
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
