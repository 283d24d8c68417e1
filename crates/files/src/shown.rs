use std::path::Path;

/// A path as text for people, on one line. Control characters, which a name may contain, are written as escapes like
/// `\u{1b}` and `\n`: otherwise a file's name could move the cursor, hide text or forge a second message.
///
/// ```
/// assert_eq!(handgrad_files::shown("runs/first"), "runs/first");
/// assert_eq!(handgrad_files::shown("a\nb\u{1b}[31m"), "a\\nb\\u{1b}[31m");
/// ```
#[must_use]
pub fn shown(path: impl AsRef<Path>) -> String {
    let text = path.as_ref().display().to_string();
    match text.contains(char::is_control) {
        false => text,
        true => text.chars().map(|c| if c.is_control() { c.escape_default().to_string() } else { c.into() }).collect(),
    }
}
