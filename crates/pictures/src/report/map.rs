//! The map of the codes: a point for each sample, with a marker that the explorer moves.

use std::fmt::Write;

use super::Map;
use super::text::{escape, figure};

/// The side of the map in its own units, which `explorer.js` knows.
const SIDE: f64 = 500.0;
/// The number of different colours in `style.css`. Further classes have the same colours again.
pub(super) const COLOURS: usize = 10;
/// Classes have a button each if they are at most this many.
const MOST_BUTTONS: usize = 30;

/// The part of the page with the map.
pub(super) fn section(map: &Map) -> String {
    let at = |point: &[f64; 2]| {
        let part = |value: f64, [low, high]: [f64; 2]| (value - low) / (high - low).max(f64::MIN_POSITIVE);
        [part(point[0], map.ends[0]) * SIDE, (1.0 - part(point[1], map.ends[1])) * SIDE]
    };
    let places: Vec<[f64; 2]> = map.points.iter().map(at).collect();
    let classes = map.classes.len().max(1);
    let mut points = String::new();
    let mut names = String::new();
    for class in 0..classes {
        let own = || places.iter().enumerate().filter(|(at, _)| map.of.get(*at).is_none_or(|of| *of as usize == class));
        let path: String = own().fold(String::new(), |mut path, (_, [x, y])| {
            let _ = write!(path, "M{x:.0} {y:.0}h0");
            path
        });
        let _ = write!(points, "<path class=\"dots k{}\" data-of=\"{class}\" d=\"{path}\"/>", class % COLOURS);
        let count = own().count();
        if let (Some(name), true) = (map.classes.get(class), count > 0 && classes <= MOST_BUTTONS) {
            // The name stands at the middle of its points: the medians, which far points do not move.
            let middle = |axis: usize| {
                let mut values: Vec<f64> = own().map(|(_, place)| place[axis]).collect();
                values.sort_by(f64::total_cmp);
                values[values.len() / 2]
            };
            let (x, y) = (middle(0).clamp(12.0, SIDE - 12.0), middle(1).clamp(16.0, SIDE - 8.0) + 5.0);
            let short: String = name.chars().take(12).collect();
            let short = escape(&short);
            let _ = write!(names, "<text class=\"name\" data-of=\"{class}\" x=\"{x:.0}\" y=\"{y:.0}\">{short}</text>");
        }
    }
    let buttons: String = match map.classes.len() {
        2..=MOST_BUTTONS => {
            let button = |(class, name): (usize, &String)| {
                format!(
                    "<button type=\"button\" class=\"class\" aria-pressed=\"false\" data-class=\"{class}\">\
                     <span class=\"swatch s{}\"></span>{}</button>",
                    class % COLOURS,
                    escape(name)
                )
            };
            let all: String = map.classes.iter().enumerate().map(button).collect();
            format!("<div class=\"classes\" role=\"group\" aria-label=\"Show one class alone\">{all}</div>")
        }
        _ => String::new(),
    };
    let (x, y) = (escape(&map.axes[0]), escape(&map.axes[1]));
    let end = |axis: usize, at: usize| figure(map.ends[axis][at]);
    format!(
        "<figure class=\"map\"><figcaption>The map of the codes</figcaption>\n\
         <svg id=\"map\" viewBox=\"0 0 500 500\" role=\"group\" aria-label=\"The map of the codes\">\
         <rect class=\"plot\" width=\"500\" height=\"500\"/><g id=\"thumbs\"></g>{points}{names}\
         <circle id=\"here\" class=\"here\" r=\"9\" cx=\"250\" cy=\"250\" tabindex=\"0\" role=\"application\" \
         aria-roledescription=\"point on the map\" aria-label=\"The code that is decoded. The arrow keys move it.\"/>\
         </svg>\n\
         <p class=\"axes\">→ {x}: {} to {}<br>↑ {y}: {} to {}</p>\n{buttons}\
         <label class=\"pick\"><input type=\"checkbox\" id=\"with-thumbs\"> pictures of decoded codes</label>\
         <p class=\"note\">{}</p></figure>",
        end(0, 0),
        end(0, 1),
        end(1, 0),
        end(1, 1),
        escape(&map.chosen)
    )
}
