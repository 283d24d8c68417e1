//! How texts and numbers from data are written in the page, so that they can only be text.
//!
//! ```text
//! in HTML           & < > " '      become entities
//! in <script>       < > & U+2028 U+2029 become \u003c …, which is the same text in JSON, and cannot end the element
//! ```

use serde::Serialize;

use crate::charts::number;

/// The most characters of a text that are shown.
const MOST: usize = 200;

/// Escapes a text for HTML, in elements and in quoted attributes. Longer texts end with an ellipsis after 200
/// characters; control characters become U+FFFD.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len().min(4 * MOST));
    for (at, letter) in text.chars().enumerate() {
        if at == MOST {
            escaped.push('…');
            break;
        }
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(' '),
            other if other.is_control() => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Data as JSON that can be inside of a `<script>` element.
pub(crate) fn script(data: &impl Serialize) -> String {
    // Only maps whose keys are not texts cannot be written, and there are none here.
    let json = serde_json::to_string(data).unwrap_or_else(|_| "null".to_owned());
    let mut safe = String::with_capacity(json.len());
    for letter in json.chars() {
        match letter {
            // In JSON these characters occur only within strings.
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => safe.push_str(&format!("\\u{:04x}", u32::from(letter))),
            other => safe.push(other),
        }
    }
    safe
}

/// A value with five significant digits; a value that is not finite is a dash.
pub(super) fn figure(value: f64) -> String {
    match value {
        0.0 => "0".into(),
        value if value.is_finite() => number(value),
        _ => "–".into(),
    }
}

/// A whole number with commas between thousands.
pub(super) fn whole(value: usize) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{escape, script, whole};

    #[test]
    fn nothing_ends_an_element_or_an_attribute() {
        let hostile = "</script><style>\"'&\u{0}";
        assert_eq!(escape(hostile), "&lt;/script&gt;&lt;style&gt;&quot;&#39;&amp;\u{fffd}");
        let json = script(&hostile);
        assert!(!json.contains('<') && !json.contains('>') && !json.contains('&'), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).expect("JSON"), hostile);
    }

    #[test]
    fn long_texts_end_with_an_ellipsis() {
        let text = escape(&"é".repeat(10_000));
        assert_eq!((text.chars().count(), text.chars().last()), (201, Some('…')));
    }

    #[test]
    fn thousands_have_commas() {
        assert_eq!([0, 999, 1000, 1_234_567].map(whole), ["0", "999", "1,000", "1,234,567"]);
    }
}
