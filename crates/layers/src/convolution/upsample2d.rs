//! # Nearest-neighbour upsampling: every value becomes a square
//!
//! ```text
//! y(c, p, q) = x(c, ⌊p/s⌋, ⌊q/s⌋)                            h×w becomes s·h × s·w
//!
//! given dy = ∂L/∂y:
//!   dx(c, i, j) = Σ { dy(c, i·s + u, j·s + v) : 0 ≤ u, v < s }      all values of the square depend on x(c,i,j)
//! ```
//!
//! A decoder uses it where the encoder has pooling. Slides: none. The Keras blog, "Building Autoencoders in Keras",
//! uses `UpSampling2D((2, 2))`.

use handgrad_kernels::vectorize;

use crate::window::Chw;
use crate::{Error, Layer, ParamSpec, Pass, Saved, Scalar};

/// y ← every value of x as a square of side `size`, for one sample. Shapes: x c×h×w, y c×s·h×s·w.
pub fn forward<T: Scalar>(x: &[T], [_, _, w]: Chw, size: usize, y: &mut [T]) {
    vectorize!({
        for (x, y) in x.chunks_exact(w).zip(y.chunks_exact_mut(size * size * w)) {
            for y in y.chunks_exact_mut(size * w) {
                match (size, y.as_chunks_mut::<2>()) {
                    // The compiler vectorises loops over pairs, but not loops with steps.
                    (2, (pairs, [])) => pairs.iter_mut().zip(x).for_each(|(pair, &x)| *pair = [x; 2]),
                    _ => y.chunks_exact_mut(size).zip(x).for_each(|(y, &x)| y.fill(x)),
                }
            }
        }
    });
}

/// dx ← the sum of dy over each square, row by row, for one sample. Shapes as for [`forward`].
pub fn backward<T: Scalar>(dy: &[T], [_, _, w]: Chw, size: usize, dx: &mut [T]) {
    dx.fill(T::ZERO);
    vectorize!({
        for (dx, dy) in dx.chunks_exact_mut(w).zip(dy.chunks_exact(size * size * w)) {
            for dy in dy.chunks_exact(size * w) {
                match (size, dy.as_chunks::<2>()) {
                    (2, (pairs, [])) => dx.iter_mut().zip(pairs).for_each(|(dx, &[a, b])| *dx = *dx + a + b),
                    _ => dx.iter_mut().zip(dy.chunks_exact(size)).for_each(|(dx, dy)| {
                        dy.iter().for_each(|&dy| *dx += dy);
                    }),
                }
            }
        }
    });
}

/// Repeats every value over a square.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upsample2d {
    /// Channels, height and width of a sample.
    pub input: Chw,
    /// Side of a square.
    pub size: usize,
}

impl<T: Scalar> Layer<T> for Upsample2d {
    fn describe(&self) -> String {
        format!("Upsample2d {0}×{0}, nearest", self.size)
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, Error> {
        let [c, h, w] = crate::window::expect(Layer::<T>::describe(self), self.input, input)?;
        if self.size == 0 {
            let (name, range) = ("the factor of upsampling", "at least 1");
            return Err(Error::OutOfRange { name, value: "0".into(), range });
        }
        Ok(vec![c, h.saturating_mul(self.size), w.saturating_mul(self.size)])
    }

    fn params(&self) -> Vec<ParamSpec> {
        Vec::new()
    }

    fn forward(&self, _: &[T], x: &[T], y: &mut [T], _: &mut Pass<'_, T>) {
        forward(x, self.input, self.size, y);
    }

    fn backward_input(&self, _: &[T], _: Saved<'_, T>, dy: &mut [T], dx: Option<&mut [T]>, _: &mut Pass<'_, T>) {
        if let Some(dx) = dx {
            backward(dy, self.input, self.size, dx);
        }
    }
}
