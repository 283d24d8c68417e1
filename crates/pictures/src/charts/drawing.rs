//! The elements of an SVG.

use std::fmt::Write;

use super::text::{escape, fit};
use crate::SOFTWARE;

/// The size of all texts except titles, in units of the picture.
pub(super) const FONT: f64 = 13.0;
/// The size that a title needs room for: its letters have size 15 and are bold, which makes them up to 25 % wider.
pub(super) const TITLE_FONT: f64 = 15.0 * 1.25;

/// The number of shapes of markers.
pub(super) const SHAPES: usize = 6;

/// The style of what all charts have.
const STYLE: &str = "text{font-family:sans-serif;font-size:13px;fill:#333}.title{font-size:15px;font-weight:600}\
    .grid{stroke:#e3e3e3}";

/// Which point of a text is at the given place.
#[derive(Clone, Copy, Debug)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// An SVG that is being written.
pub(super) struct Drawing(String);

impl Drawing {
    /// Begins a picture with a white background. `about` describes for screen readers what it shows.
    pub fn new([width, height]: [f64; 2], title: &str, about: &str, style: &str) -> Self {
        let (title, about) = (escape(title), escape(about));
        Self(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\">\
             <title>{title}</title><desc>{about}</desc><style>{STYLE}{style}</style>\
             <rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n"
        ))
    }

    pub fn line(&mut self, class: &str, [x1, y1]: [f64; 2], [x2, y2]: [f64; 2]) {
        let [x1, y1, x2, y2] = [x1, y1, x2, y2].map(tenths);
        self.add(format_args!("<line class=\"{class}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>"));
    }

    pub fn rect(&mut self, class: &str, [x, y]: [f64; 2], [width, height]: [f64; 2]) {
        let [x, y, width, height] = [x, y, width, height].map(tenths);
        self.add(format_args!("<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>"));
    }

    /// A rectangle with a colour of its own.
    pub fn cell(&mut self, color: &str, [x, y]: [f64; 2], [width, height]: [f64; 2]) {
        let [x, y, width, height] = [x, y, width, height].map(tenths);
        self.add(format_args!("<rect fill=\"{color}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>"));
    }

    /// A rectangle with a colour of its own, and a text that appears under the mouse pointer.
    pub fn cell_with_title(&mut self, color: &str, [x, y]: [f64; 2], [width, height]: [f64; 2], title: &str) {
        let [x, y, width, height] = [x, y, width, height].map(tenths);
        let title = escape(title);
        self.add(format_args!(
            "<rect fill=\"{color}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\">\
             <title>{title}</title></rect>"
        ));
    }

    /// A line through the points, or a dot where there is only one.
    pub fn curve(&mut self, class: &str, points: &[[f64; 2]]) {
        if let [[x, y]] = points {
            let [x, y] = [*x, *y].map(tenths);
            self.add(format_args!("<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"2\"/>"));
        } else if !points.is_empty() {
            let points: Vec<_> = points.iter().map(|[x, y]| format!("{},{}", tenths(*x), tenths(*y))).collect();
            self.add(format_args!("<polyline class=\"{class}\" points=\"{}\"/>", points.join(" ")));
        }
    }

    /// A small filled shape: a circle, a square, a triangle, a diamond, a triangle on its tip, or a cross.
    pub fn marker(&mut self, class: &str, shape: usize, [x, y]: [f64; 2]) {
        const R: f64 = 4.0;
        let Some(corners) = corners(shape) else {
            let [x, y] = [x, y].map(tenths);
            self.add(format_args!("<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"{R}\"/>"));
            return;
        };
        let points: Vec<_> =
            corners.iter().map(|[a, b]| format!("{},{}", tenths(x + R * a), tenths(y + R * b))).collect();
        self.add(format_args!("<polygon class=\"{class}\" points=\"{}\"/>", points.join(" ")));
    }

    /// Many shapes of [`marker`](Self::marker) with a radius and a colour of their own, as one element, which needs
    /// much less room than one element each.
    pub fn markers(&mut self, color: &str, shape: usize, radius: f64, places: &[[f64; 2]]) {
        if places.is_empty() {
            return;
        }
        let steps: String = match corners(shape) {
            // A line without length that has round ends.
            None => "h0".into(),
            Some(corners) => {
                let step = |pair: &[[f64; 2]]| {
                    let [a, b] =
                        [pair[0], pair[1]].map(|corner| corner.map(|part| (10.0 * radius * part).round() / 10.0));
                    format!("l{},{}", tenths(b[0] - a[0]), tenths(b[1] - a[1]))
                };
                corners.windows(2).map(step).chain(["z".into()]).collect()
            }
        };
        let first = corners(shape).map_or([0.0; 2], |corners| corners[0].map(|part| radius * part));
        let mut path = String::new();
        for [x, y] in places {
            // Writing to a string cannot fail.
            let _ = write!(path, "M{},{}{steps}", tenths(x + first[0]), tenths(y + first[1]));
        }
        match corners(shape) {
            None => {
                let width = tenths(2.0 * radius);
                let style = format!("stroke=\"{color}\" stroke-width=\"{width}\" stroke-linecap=\"round\"");
                self.add(format_args!("<path {style} d=\"{path}\"/>"));
            }
            Some(_) => self.add(format_args!("<path fill=\"{color}\" d=\"{path}\"/>")),
        }
    }

    /// A PNG within this picture.
    pub fn image(&mut self, [x, y]: [f64; 2], [width, height]: [f64; 2], png: &[u8]) {
        let [x, y, width, height] = [x, y, width, height].map(tenths);
        let data = base64(png);
        self.add(format_args!(
            "<image x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" href=\"data:image/png;base64,{data}\"/>"
        ));
    }

    pub fn text(&mut self, class: &str, anchor: Anchor, place: [f64; 2], text: &str) {
        self.any_text(class, anchor, place, "", "", text);
    }

    /// A text that is shortened if it could be wider than `room`. The whole text then appears under the mouse pointer.
    pub fn text_within(&mut self, class: &str, anchor: Anchor, place: [f64; 2], text: &str, room: f64) {
        let drawn = fit(text, if class == "title" { TITLE_FONT } else { FONT }, room);
        let whole = if drawn == text { "" } else { text };
        self.any_text(class, anchor, place, "", whole, &drawn);
    }

    /// A text that rises by 60 degrees to the right, shortened if it could be longer than `room`.
    pub fn rising_text(&mut self, place: [f64; 2], text: &str, room: f64) {
        let drawn = fit(text, FONT, room);
        let whole = if drawn == text { "" } else { text };
        let [x, y] = place.map(tenths);
        self.any_text("", Anchor::Start, place, &format!(" transform=\"rotate(-60 {x} {y})\""), whole, &drawn);
    }

    fn any_text(&mut self, class: &str, anchor: Anchor, place: [f64; 2], turn: &str, whole: &str, text: &str) {
        let [x, y] = place.map(tenths);
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let whole = if whole.is_empty() { String::new() } else { format!("<title>{}</title>", escape(whole)) };
        let text = escape(text);
        self.add(format_args!("<text{class} x=\"{x}\" y=\"{y}\"{anchor}{turn}>{text}{whole}</text>"));
    }

    /// Another picture within this one, at its own size.
    pub fn picture(&mut self, [x, y]: [f64; 2], [width, height]: [f64; 2], svg: &str) {
        let [x, y, width, height] = [x, y, width, height].map(tenths);
        let rest = svg.trim().strip_prefix("<svg ").unwrap_or_default();
        self.add(format_args!("<svg x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" {rest}"));
    }

    fn add(&mut self, element: std::fmt::Arguments) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{element}");
    }

    /// Ends the picture and returns its text.
    pub fn finish(mut self) -> String {
        self.add(format_args!("<!-- {SOFTWARE} -->"));
        self.0 + "</svg>\n"
    }
}

/// The corners of a marker of radius 1; `None` for a circle.
fn corners(shape: usize) -> Option<&'static [[f64; 2]]> {
    Some(match shape % SHAPES {
        0 => return None,
        1 => &[[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]],
        2 => &[[0.0, -1.2], [1.2, 1.0], [-1.2, 1.0]],
        3 => &[[0.0, -1.3], [1.3, 0.0], [0.0, 1.3], [-1.3, 0.0]],
        4 => &[[0.0, 1.2], [1.2, -1.0], [-1.2, -1.0]],
        _ => &[
            [-0.4, -1.2],
            [0.4, -1.2],
            [0.4, -0.4],
            [1.2, -0.4],
            [1.2, 0.4],
            [0.4, 0.4],
            [0.4, 1.2],
            [-0.4, 1.2],
            [-0.4, 0.4],
            [-1.2, 0.4],
            [-1.2, -0.4],
            [-0.4, -0.4],
        ],
    })
}

/// Bytes as text: each three bytes become four letters, and `=` fills the last four (RFC 4648).
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * at) & 63) as usize];
            text.push(if at <= three.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

/// A coordinate with one decimal, or without one where it is whole.
fn tenths(place: f64) -> String {
    let text = format!("{place:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::base64;

    /// The test vectors of RFC 4648.
    #[test]
    fn bytes_become_letters() {
        let cases = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
        cases.into_iter().for_each(|(bytes, text)| assert_eq!(base64(bytes.as_bytes()), text));
        assert_eq!(base64(&[0xfb, 0xff, 0xfe]), "+//+");
    }
}
