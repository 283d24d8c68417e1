//! Outlines, and a canvas that fills them with anti-aliased shades of grey.

use super::dice::Dice;

/// Pixels along an edge of an image.
pub(super) const SIDE: usize = 28;

/// The middle of the canvas, the axis of symmetrical clothes.
pub(super) const MIDDLE: f32 = 14.0;

/// The number of scan lines through each row of pixels. Along a scan line, the coverage is exact.
const LINES: usize = 5;

/// The number of straight pieces that approximate a curve.
const PIECES: usize = 8;

type Point = (f32, f32);

/// A closed outline in pixels, x to the right and y down.
#[derive(Clone)]
pub(super) struct Outline(Vec<Point>);

impl Outline {
    pub(super) fn at(x: f32, y: f32) -> Self {
        Self(vec![(x, y)])
    }

    pub(super) fn line(mut self, x: f32, y: f32) -> Self {
        self.0.push((x, y));
        self
    }

    /// A quadratic Bézier curve, bent towards (cx, cy).
    pub(super) fn curve(mut self, cx: f32, cy: f32, x: f32, y: f32) -> Self {
        let (x0, y0) = self.0.last().copied().unwrap_or((x, y));
        for i in 1..=PIECES {
            let t = i as f32 / PIECES as f32;
            let u = 1.0 - t;
            let mix = |a: f32, b: f32, c: f32| u * u * a + 2.0 * u * t * b + t * t * c;
            self.0.push((mix(x0, cx, x), mix(y0, cy, y)));
        }
        self
    }

    /// Joins two halves. Each goes from the top of the middle line down to its bottom, and is drawn on the right side;
    /// the second half is flipped to the left.
    pub(super) fn of_halves(right: Self, left: Self) -> Self {
        let mut points = right.0;
        points.extend(left.0.into_iter().rev().map(|(x, y)| (2.0 * MIDDLE - x, y)));
        Self(points)
    }

    pub(super) fn mirrored(self) -> Self {
        let left = self.clone();
        Self::of_halves(self, left)
    }

    /// Flipped about the middle line.
    pub(super) fn flipped(self) -> Self {
        Self(self.0.into_iter().map(|(x, y)| (2.0 * MIDDLE - x, y)).collect())
    }

    pub(super) fn rectangle(x0: f32, y0: f32, x1: f32, y1: f32) -> Self {
        Self(vec![(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
    }

    /// A band from `a` to `b`, bent towards `bend`. Its second edge is the first one moved by (wx, wy).
    pub(super) fn band(a: Point, bend: Point, b: Point, (wx, wy): Point) -> Self {
        let mut points = Self::at(a.0, a.1).curve(bend.0, bend.1, b.0, b.1).0;
        let back: Vec<Point> = points.iter().rev().map(|&(x, y)| (x + wx, y + wy)).collect();
        points.extend(back);
        Self(points)
    }

    /// A straight band from `a` to `b`. Its second edge is the first one moved by (wx, wy).
    pub(super) fn bar(a: Point, b: Point, (wx, wy): Point) -> Self {
        Self(vec![a, b, (b.0 + wx, b.1 + wy), (a.0 + wx, a.1 + wy)])
    }
}

/// A regular pattern.
#[derive(Clone, Copy)]
pub(super) enum Pattern {
    Plain,
    /// Horizontal stripes: their period in pixels, and how much darker they are (0..1).
    Rings(f32, f32),
    /// Vertical stripes: their period in pixels, and how much darker they are (0..1).
    Columns(f32, f32),
    /// Horizontal and vertical stripes: their period in pixels, and a depth. The stripes of each direction are darker
    /// by 0.6 times this depth.
    Checks(f32, f32),
}

/// What an outline is filled with.
#[derive(Clone, Copy)]
pub(super) struct Paint {
    /// 0 is the black of the background, 255 white.
    pub(super) shade: f32,
    pub(super) pattern: Pattern,
    /// How much darker the paint is at the sides, like cloth around a body. 0 means not at all.
    pub(super) roundness: f32,
    /// By how much the shade increases from one row to the next.
    pub(super) slope: f32,
}

impl Paint {
    pub(super) fn plain(shade: f32) -> Self {
        Self { shade, pattern: Pattern::Plain, roundness: 0.0, slope: 0.0 }
    }

    /// The same paint with its shade multiplied by `factor`.
    pub(super) fn times(self, factor: f32) -> Self {
        Self { shade: self.shade * factor, ..self }
    }

    fn at(&self, x: f32, y: f32) -> f32 {
        let side = (x - MIDDLE) / MIDDLE;
        let shade = self.shade * (1.0 - self.roundness * side * side) + self.slope * (y - MIDDLE);
        match self.pattern {
            Pattern::Plain => shade,
            Pattern::Rings(period, depth) => shade * (1.0 - depth * wave(y / period)),
            Pattern::Columns(period, depth) => shade * (1.0 - depth * wave(x / period)),
            Pattern::Checks(period, depth) => {
                shade * (1.0 - 0.6 * depth * wave(x / period)) * (1.0 - 0.6 * depth * wave(y / period))
            }
        }
    }
}

/// A wave of period 1 with soft edges: 1 around each whole number, 0 around the middle between two of them. `t` must
/// not be negative.
fn wave(t: f32) -> f32 {
    let part = t - (t as u32) as f32;
    let from_middle = if part > 0.5 { part - 0.5 } else { 0.5 - part };
    (4.0 * from_middle - 0.5).clamp(0.0, 1.0)
}

/// An image while it is drawn. All outlines are slightly scaled, sheared and shifted, at random for each image.
pub(super) struct Canvas {
    pixels: [f32; SIDE * SIDE],
    scale: Point,
    shear: f32,
    shift: Point,
}

impl Canvas {
    pub(super) fn new(dice: &mut Dice) -> Self {
        Self {
            pixels: [0.0; SIDE * SIDE],
            scale: (dice.between(0.9, 1.05), dice.between(0.92, 1.03)),
            shear: dice.around(0.04),
            shift: (dice.around(0.7), dice.around(0.6)),
        }
    }

    /// Writes the image into `into`, one byte per pixel.
    pub(super) fn write(&self, into: &mut [u8]) {
        for (byte, &pixel) in into.iter_mut().zip(&self.pixels) {
            *byte = (pixel.clamp(0.0, 255.0) + 0.5) as u8;
        }
    }

    /// Fills an outline with paint, over what was drawn before.
    pub(super) fn fill(&mut self, outline: Outline, paint: Paint) {
        let cover = coverage(&self.placed(outline));
        for (i, (pixel, &cover)) in self.pixels.iter_mut().zip(&cover).enumerate() {
            if cover > 0.0 {
                let shade = paint.at((i % SIDE) as f32 + 0.5, (i / SIDE) as f32 + 0.5).clamp(0.0, 255.0);
                *pixel += (shade - *pixel) * cover.min(1.0);
            }
        }
    }

    /// Multiplies what was drawn inside an outline by `factor`: above 1 makes it lighter, below 1 darker. This draws
    /// seams, folds and shadows.
    pub(super) fn tone(&mut self, outline: Outline, factor: f32) {
        let cover = coverage(&self.placed(outline));
        for (pixel, &cover) in self.pixels.iter_mut().zip(&cover) {
            *pixel *= 1.0 + (factor - 1.0) * cover.min(1.0);
        }
    }

    fn placed(&self, outline: Outline) -> Vec<Point> {
        let mut points = outline.0;
        for (x, y) in &mut points {
            let (u, v) = (*x - MIDDLE, *y - MIDDLE);
            *x = MIDDLE + u * self.scale.0 + v * self.shear + self.shift.0;
            *y = MIDDLE + v * self.scale.1 + self.shift.1;
        }
        points
    }
}

/// The part of each pixel that a closed outline covers. A point is inside if the outline winds around it (the non-zero
/// rule).
fn coverage(points: &[Point]) -> [f32; SIDE * SIDE] {
    let mut cover = [0.0; SIDE * SIDE];
    let low = points.iter().fold(SIDE as f32, |low, p| low.min(p.1)).max(0.0) as usize;
    let high = points.iter().fold(0.0_f32, |high, p| high.max(p.1)).clamp(0.0, SIDE as f32) as usize;
    let mut crossings: Vec<(f32, i32)> = Vec::new();
    for row in low..(high + 1).min(SIDE) {
        for line in 0..LINES {
            let y = row as f32 + (line as f32 + 0.5) / LINES as f32;
            crossings.clear();
            for (i, &(x1, y1)) in points.iter().enumerate() {
                let (x0, y0) = if i == 0 { points[points.len() - 1] } else { points[i - 1] };
                if (y0 <= y) != (y1 <= y) {
                    let x = x0 + (y - y0) * (x1 - x0) / (y1 - y0);
                    crossings.push((x, if y0 <= y { 1 } else { -1 }));
                }
            }
            crossings.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mut winding = 0;
            for pair in crossings.windows(2) {
                winding += pair[0].1;
                if winding != 0 {
                    add_span(&mut cover[row * SIDE..(row + 1) * SIDE], pair[0].0, pair[1].0);
                }
            }
        }
    }
    cover
}

fn add_span(row: &mut [f32], from: f32, to: f32) {
    let (from, to) = (from.clamp(0.0, SIDE as f32), to.clamp(0.0, SIDE as f32));
    for (i, cover) in row.iter_mut().enumerate().take(to as usize + 1).skip(from as usize) {
        let (left, right) = (i as f32, i as f32 + 1.0);
        *cover += (to.min(right) - from.max(left)).max(0.0) / LINES as f32;
    }
}
