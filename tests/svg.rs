//! Charts, read back as XML by `roxmltree`: their elements, the edges of their texts, and what is true of every chart.
#![allow(dead_code, reason = "each test file that draws charts uses some of these functions")]

use roxmltree::{Document, Node};

/// The widths of the characters from the space to the tilde in DejaVu Sans 2.37, in thousandths of the font size. It is
/// one of the widest sans-serif fonts.
pub const WIDTHS: [u16; 95] = [
    318, 401, 460, 838, 637, 951, 780, 275, 391, 391, 500, 838, 318, 361, 318, 337, 637, 637, 637, 637, 637, 637, 637,
    637, 637, 637, 337, 337, 838, 838, 838, 531, 1000, 685, 687, 699, 771, 632, 576, 775, 752, 295, 295, 656, 558, 863,
    749, 788, 604, 788, 695, 635, 611, 732, 685, 989, 686, 611, 686, 391, 337, 391, 838, 500, 500, 613, 635, 550, 635,
    616, 353, 635, 634, 278, 278, 580, 278, 975, 634, 612, 635, 635, 412, 521, 393, 634, 592, 818, 592, 592, 525, 637,
    337, 637, 838,
];

pub fn parsed(svg: &str) -> Document<'_> {
    Document::parse(svg).unwrap_or_else(|error| panic!("{error} in {svg}"))
}

pub fn at(node: Node, name: &str) -> f64 {
    node.attribute(name).and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{name} of {node:?}"))
}

pub fn all<'a, 'i>(svg: &'a Document<'i>, tag: &str, class: &str) -> Vec<Node<'a, 'i>> {
    let is = |node: &Node| {
        node.has_tag_name(("http://www.w3.org/2000/svg", tag))
            && (class == "*" || node.attribute("class").unwrap_or("") == class)
    };
    svg.descendants().filter(is).collect()
}

pub fn texts(svg: &Document) -> Vec<String> {
    all(svg, "text", "*").iter().map(|node| node.text().unwrap_or("").to_owned()).collect()
}

pub fn points(node: Node) -> Vec<[f64; 2]> {
    let number = |text: &str| text.parse().expect("a number");
    let point = |text: &str| text.split_once(',').map(|(x, y)| [number(x), number(y)]).expect("two numbers");
    node.attribute("points").expect("points").split_whitespace().map(point).collect()
}

/// The left, upper, right and lower edge of a text.
pub fn edges(node: Node) -> [f64; 4] {
    let (size, bolder) = match node.attribute("class") {
        Some("title") => (15.0, 1.25),
        Some("name" | "identifier") => (13.0, 1.25),
        _ => (13.0, 1.0),
    };
    let letter =
        |letter: char| WIDTHS.get((letter as usize).wrapping_sub(32)).map_or(1.1, |&width| f64::from(width) / 1000.0);
    let width = size * bolder * node.text().unwrap_or("").chars().map(letter).sum::<f64>();
    let (x, y) = (at(node, "x"), at(node, "y"));
    if node.has_attribute("transform") {
        assert_eq!(node.attribute("transform"), Some(&*format!("rotate(-60 {x} {y})")));
        let (sine, cosine) = 60_f64.to_radians().sin_cos();
        return [x - 0.8 * size, y - width * sine - 0.5 * size, x + width * cosine, y];
    }
    let left = match node.attribute("text-anchor") {
        None => x,
        Some("middle") => x - width / 2.0,
        Some("end") => x - width,
        Some(other) => panic!("{other}"),
    };
    [left, y - 0.75 * size, left + width, y + 0.2 * size]
}

/// Checks what is true of every chart.
pub fn check(svg: &str) {
    let document = parsed(svg);
    let root = document.root_element();
    let size: Vec<f64> =
        root.attribute("viewBox").expect("a size").split(' ').map(|text| text.parse().expect("a number")).collect();
    let [_, _, width, height] = size[..] else { panic!("{size:?}") };
    for tag in ["title", "desc"] {
        assert_eq!(root.children().filter(|node| node.tag_name().name() == tag).count(), 1, "one {tag}");
    }
    let inside = |x: f64, y: f64| (-0.1..=width + 0.1).contains(&x) && (-0.1..=height + 0.1).contains(&y);
    for node in document.descendants().filter(Node::is_element) {
        let pairs = match node.tag_name().name() {
            "rect" if node.has_attribute("x") => {
                let [x, y, wide, high] = ["x", "y", "width", "height"].map(|name| at(node, name));
                assert!(wide >= 0.0 && high >= 0.0, "{node:?}");
                vec![[x, y], [x + wide, y + high]]
            }
            "line" => vec![[at(node, "x1"), at(node, "y1")], [at(node, "x2"), at(node, "y2")]],
            "circle" => vec![[at(node, "cx"), at(node, "cy")]],
            "polyline" => points(node),
            _ => Vec::new(),
        };
        assert!(pairs.iter().all(|[x, y]| inside(*x, *y)), "{node:?} leaves the picture:\n{svg}");
    }
    let boxes: Vec<_> = all(&document, "text", "*").into_iter().map(|node| (node, edges(node))).collect();
    for (at, (node, [left, top, right, bottom])) in boxes.iter().enumerate() {
        assert!(inside(*left, *top) && inside(*right, *bottom), "{:?} leaves the picture:\n{svg}", node.text());
        for (other, [l, t, r, b]) in boxes[..at].iter().filter(|(other, _)| !other.has_attribute("transform")) {
            let apart = right <= l || r <= left || bottom <= t || b <= top || node.has_attribute("transform");
            assert!(apart, "{:?} and {:?} cover each other:\n{svg}", node.text(), other.text());
        }
    }
}

/// How bright a colour is without its hue, by the luminance of sRGB.
pub fn brightness(color: &str) -> f64 {
    let level = |at: usize| {
        let level = f64::from(u8::from_str_radix(&color[at..at + 2], 16).expect("two digits")) / 255.0;
        if level <= 0.04045 { level / 12.92 } else { ((level + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * level(1) + 0.7152 * level(3) + 0.0722 * level(5)
}

pub const STRANGE: &str = "<a x=\"1\">&\u{0}\u{1b}\n\u{ffff}";
