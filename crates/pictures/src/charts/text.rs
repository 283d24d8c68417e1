//! Numbers and texts of charts: how they are written, and how much room they need.

/// Formats a value with five significant digits, as for losses and scores. Numbers that are not 0 have an exponent
/// where nine decimals would show fewer than three digits.
///
/// ```
/// use handgrad_pictures::charts::number;
///
/// assert_eq!(number(0.0123456), "0.012346");
/// assert_eq!(number(81.25), "81.250");
/// assert_eq!(number(-3.7e-8), "-3.7000e-8");
/// ```
#[must_use]
pub fn number(value: f64) -> String {
    if value != 0.0 && value.abs() < 1e-7 {
        return format!("{value:.4e}");
    }
    let digits = 4 - value.abs().max(1e-12).log10().floor().clamp(-8.0, 4.0) as i32;
    format!("{value:.*}", usize::try_from(digits.clamp(0, 9)).unwrap_or(0))
}

/// Formats a value with four significant digits in at most ten characters, whatever its size: numbers below 0.0001 and
/// from a million on have an exponent. A value that is not a number is a dash.
pub(super) fn short(value: f64) -> String {
    if value.is_nan() {
        return "–".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "∞" } else { "-∞" }.into();
    }
    if value == 0.0 {
        return "0".into();
    }
    let scientific = format!("{value:.3e}");
    // The exponent after rounding: 0.99999 becomes 1.000.
    let exponent: i32 = scientific.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0);
    if (-4..6).contains(&exponent) {
        format!("{value:.*}", usize::try_from(3 - exponent).unwrap_or(0))
    } else {
        scientific
    }
}

/// Formats the label of a tick, with as many digits as are needed to distinguish ticks that are `step` apart.
pub(super) fn tick_label(value: f64, step: f64) -> String {
    if value.abs() < 0.5 * step {
        return "0".into();
    }
    let last = step.log10().floor();
    if last < -6.0 || value.abs() >= 1e7 {
        let digits = (value.abs().log10().floor() - last).clamp(0.0, 6.0) as usize;
        return format!("{value:.digits$e}");
    }
    format!("{value:.*}", (-last).max(0.0) as usize)
}

/// Escapes the characters that have a meaning in SVG. Characters that an XML file cannot contain are replaced by
/// U+FFFD, and line breaks and tabs by spaces.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' | '\r' => escaped.push(' '),
            '\0'..' ' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

/// An upper estimate of the width of a character, in parts of the font size. A reader's sans-serif font is not known,
/// so each width is at least that of DejaVu Sans and of Verdana, which are wider than most.
fn width_of(letter: char) -> f64 {
    match letter {
        'i' | 'j' | 'l' | ' ' | '\'' => 0.36,
        'f' | 'r' | 't' | 'I' | 'J' | '.' | ',' | ':' | ';' | '!' | '|' | '(' | ')' | '[' | ']' | '-' | '/' | '\\' => {
            0.56
        }
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 1.1,
        'a'..='z' | '0'..='9' => 0.64,
        ' '..='~' => 0.84,
        // Emoji are the widest.
        '\u{1f000}'.. => 1.5,
        _ => 1.1,
    }
}

/// An upper estimate of the width of a text.
pub(super) fn width(text: &str, font_size: f64) -> f64 {
    text.chars().map(width_of).sum::<f64>() * font_size
}

/// Shortens a text with an ellipsis if it could be wider than `room`.
pub(super) fn fit(text: &str, font_size: f64, room: f64) -> String {
    if width(text, font_size) <= room {
        return text.to_owned();
    }
    let mut left = room - width("…", font_size);
    let fits = |letter: &char| {
        left -= width_of(*letter) * font_size;
        left >= 0.0
    };
    let kept: String = text.chars().take_while(fits).collect();
    kept.trim_end().to_owned() + "…"
}

/// A number of things in words: `1 column`, `12 columns`.
pub(super) fn counted(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// Moves labels apart that are nearer to each other than `gap`, and keeps all of them between `low` and `high` as far
/// as they have room there. `places` are sorted.
pub(super) fn spread(places: &mut [f64], gap: f64, low: f64, high: f64) {
    let mut least = low;
    for place in places.iter_mut() {
        *place = place.max(least);
        least = *place + gap;
    }
    let mut most = high;
    for place in places.iter_mut().rev() {
        *place = place.min(most);
        most = *place - gap;
    }
}
