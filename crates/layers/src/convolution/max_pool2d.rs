//! # Max pooling: the largest value of each square
//!
//! ```text
//! y(c,i,j) = max { x(c, i·s + u, j·s + v) : 0 ≤ u, v < s }       adjacent squares of side s; those at the lower
//!                                                                and right edge may extend beyond the image
//! given dy = ∂L/∂y:
//!   dx(c, p, q) = dy(c, ⌊p/s⌋, ⌊q/s⌋)   if x(c,p,q) is the first largest value of its square, row by row
//!               = 0                      otherwise
//! ```
//!
//! Only the largest value of a square influences y, and its derivative is 1. Where several values are equal to it, y
//! has a kink, and the first of them gets the gradient, as in PyTorch. Kept from the forward pass: x and y. The
//! backward pass finds the largest value again.
//!
//! With s = 2, a height of 28 becomes 14, then 7, then 4, where the last square extends beyond the edge. This is
//! `padding='same'` of Keras. Values beyond the edge count as −∞.
//!
//! Slides: none. The Keras blog, "Building Autoencoders in Keras", uses `MaxPooling2D((2, 2), padding='same')`.

use handgrad_kernels::vectorize;

use crate::window::Chw;
use crate::{Error, Layer, ParamSpec, Pass, Saved, Scalar};

/// y ← the largest value of each square, for one sample. Shapes: x c×h×w, y c×⌈h/s⌉×⌈w/s⌉.
pub fn forward<T: Scalar>(x: &[T], [_, h, w]: Chw, size: usize, y: &mut [T]) {
    let (rows, cols) = (h.div_ceil(size), w.div_ceil(size));
    vectorize!({
        for (x, y) in x.chunks_exact(h * w).zip(y.chunks_exact_mut(rows * cols)) {
            for (lines, y) in x.chunks(size * w).zip(y.chunks_exact_mut(cols)) {
                // Start with the first value of each square.
                y.iter_mut().zip(every(lines, size)).for_each(|(y, &x)| *y = x);
                for line in lines.chunks_exact(w) {
                    if let (2, (pairs, [])) = (size, line.as_chunks::<2>()) {
                        // The compiler vectorises loops over pairs, but not loops with steps.
                        y.iter_mut().zip(pairs).for_each(|(y, &[a, b])| *y = larger(*y, larger(a, b)));
                        continue;
                    }
                    for v in 0..size.min(w) {
                        y.iter_mut().zip(every(&line[v..], size)).for_each(|(y, &x)| *y = larger(*y, x));
                    }
                }
            }
        }
    });
}

/// dx ← dy at the first largest value of each square, 0 elsewhere, for one sample. Each value of `dy` is moved to dx
/// and replaced by 0. Shapes as for [`forward`].
pub fn backward<T: Scalar>(x: &[T], y: &[T], dy: &mut [T], [_, h, w]: Chw, size: usize, dx: &mut [T]) {
    let (rows, cols) = (h.div_ceil(size), w.div_ceil(size));
    let planes = x.chunks_exact(h * w).zip(dx.chunks_exact_mut(h * w));
    let pooled = y.chunks_exact(rows * cols).zip(dy.chunks_exact_mut(rows * cols));
    vectorize!({
        for ((x, dx), (y, dy)) in planes.zip(pooled) {
            let squares = x.chunks(size * w).zip(dx.chunks_mut(size * w));
            for ((x, dx), (y, dy)) in squares.zip(y.chunks_exact(cols).zip(dy.chunks_exact_mut(cols))) {
                for (x, dx) in x.chunks_exact(w).zip(dx.chunks_exact_mut(w)) {
                    if let (2, (xs, []), (dxs, [])) = (size, x.as_chunks::<2>(), dx.as_chunks_mut::<2>()) {
                        for (((x, dx), &y), dy) in xs.iter().zip(dxs).zip(y).zip(&mut *dy) {
                            *dx = [hand_out(x[0], y, dy), hand_out(x[1], y, dy)];
                        }
                        continue;
                    }
                    for v in 0..size.min(w) {
                        let places = every(&x[v..], size).zip(dx[v..].iter_mut().step_by(size));
                        places.zip(y).zip(&mut *dy).for_each(|(((&x, dx), &y), dy)| *dx = hand_out(x, y, dy));
                    }
                }
            }
        }
    });
}

/// Every `size`-th value.
fn every<T>(line: &[T], size: usize) -> impl Iterator<Item = &T> {
    line.iter().step_by(size)
}

/// Returns dy and sets it to 0 if x is the largest value y of its square; returns 0 otherwise. So the first largest
/// value gets dy.
#[inline(always)]
fn hand_out<T: Scalar>(x: T, y: T, dy: &mut T) -> T {
    let (dx, left) = if x == y { (*dy, T::ZERO) } else { (T::ZERO, *dy) };
    *dy = left;
    dx
}

/// The larger of two values; NaN if either is NaN.
#[inline(always)]
fn larger<T: Scalar>(a: T, b: T) -> T {
    let b_is_nan = b.partial_cmp(&b).is_none();
    if b > a || b_is_nan { b } else { a }
}

/// Keeps the largest value of each square.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxPool2d {
    /// Channels, height and width of a sample.
    pub input: Chw,
    /// Side of a square, and distance from one square to the next.
    pub size: usize,
}

impl<T: Scalar> Layer<T> for MaxPool2d {
    fn describe(&self) -> String {
        format!("MaxPool2d {0}×{0}", self.size)
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, Error> {
        let [c, h, w] = crate::window::expect(Layer::<T>::describe(self), self.input, input)?;
        if !(1..=h.max(w)).contains(&self.size) {
            let (name, range) =
                ("the side of a pooling square", "at least 1, and no more than the image's longer side");
            return Err(Error::OutOfRange { name, value: self.size.to_string(), range });
        }
        Ok(vec![c, h.div_ceil(self.size), w.div_ceil(self.size)])
    }

    fn params(&self) -> Vec<ParamSpec> {
        Vec::new()
    }

    fn forward(&self, _: &[T], x: &[T], y: &mut [T], _: &mut Pass<'_, T>) {
        let [c, h, w] = self.input;
        let pooled = c * h.div_ceil(self.size) * w.div_ceil(self.size);
        for (x, y) in x.chunks_exact(c * h * w).zip(y.chunks_exact_mut(pooled)) {
            forward(x, self.input, self.size, y);
        }
    }

    fn backward_input(&self, _: &[T], saved: Saved<'_, T>, dy: &mut [T], dx: Option<&mut [T]>, _: &mut Pass<'_, T>) {
        let Some(dx) = dx else { return };
        let [c, h, w] = self.input;
        let pooled = c * h.div_ceil(self.size) * w.div_ceil(self.size);
        let ys = saved.y.chunks_exact(pooled).zip(dy.chunks_exact_mut(pooled));
        for ((x, dx), (y, dy)) in saved.x.chunks_exact(c * h * w).zip(dx.chunks_exact_mut(c * h * w)).zip(ys) {
            backward(x, y, dy, self.input, self.size, dx);
        }
    }
}
