//! # ConvTranspose2D: the transpose of a convolution, from a small image to a large one
//!
//! ```text
//! A convolution C with stride s maps large images to small ones. This layer is its transpose, Cᵀ: small to large.
//!
//! forward     z = b + Cᵀ·x       every value of x adds a window of weights to z, the windows s values apart:
//!             z(c,p,q) = b(c) + Σ { w(o,c,u,v)·x(o,i,j) : s·i + d·u = p̂, s·j + d·v = q̂ }   p̂, q̂: p, q with padding
//!             y = φ(z)           x o×h×w, w o×c×k×k (C's weights), b c, y c×h′×w′
//!
//! given dy = ∂L/∂y:
//!   through φ:   δ = ∂L/∂z = dy ⊙ φ′(z)
//!   z = b + Cᵀ·x is linear in x:      ∂L/∂x = C·δ                                   a convolution of δ
//!   w(o,c,u,v) is multiplied by every x(o,i,j):
//!     ∂L/∂w(o,c,u,v) = Σ_{r,i,j} x_r(o,i,j)·δ̂_r(c, s·i + d·u, s·j + d·v)   C's weight gradient, x and δ exchanged
//!     ∂L/∂b(c)       = Σ over samples and positions of δ
//!
//! h′: *same* s·h;  *valid* s·(h−1) + d·(k−1) + 1;  *explicit p* the latter − 2p + output_padding
//! ```
//!
//! Transposed means ⟨C·y, x⟩ = ⟨y, Cᵀ·x⟩ for all x and y. Cᵀ is not the inverse of C. Since C maps several large
//! sizes to the same small size, the size of the output is ambiguous. `output_padding` selects one of them, as in
//! PyTorch. *Same* padding always gives s·h, as in Keras: of the larger *valid* output, ⌊(d·(k−1) + 1 − s)/2⌋ lines
//! are removed above, and the others below. With k = 3 and s = 2 one line is removed below, and
//! `nn.ConvTranspose2d(c, o, 3, 2)(x)[..., :-1, :-1]` computes the same in PyTorch.
//!
//! Slides: UTMIST "Convolutional Autoencoder": `layers.Conv2DTranspose`. Source: Dumoulin & Visin (2016), chapter 4.

use handgrad_kernels::Finish;

use crate::conv2d::{self, check_sizes};
use crate::kept::{matrices, matrices_of_batch};
use crate::window::{self, Chw, Window};
use crate::{Activation, Block, Error, Layer, Padding, ParamSpec, Pass, Saved, SavedBatch, Scalar, activation};

/// y ← φ(b + Cᵀ·x) for the samples of `x`. `window` is that of C, so its y is x here. Shapes: w o×c×k×k, b c.
pub fn forward<T: Scalar>(
    window: &Window,
    w: &[T],
    b: &[T],
    phi: Activation,
    x: &[T],
    y: &mut [T],
    memory: [&mut [T]; 2],
) {
    let (finish, rest) = conv2d::finish(phi);
    window::transpose(window, w, b, finish, x, y, memory);
    activation::forward(rest, y);
}

/// dx ← C·δ for the samples of `delta`. Shapes as for [`forward`].
pub fn backward_input<T: Scalar>(window: &Window, w: &[T], delta: &[T], dx: &mut [T], memory: [&mut [T]; 2]) {
    window::correlate(window, w, &[], Finish::None, delta, dx, memory);
}

/// The sizes of a transposed convolution and its activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvTranspose2d {
    /// The window of C, which leads from the output of this layer, `window.x`, to its input, `window.y`.
    pub window: Window,
    /// The activation function φ.
    pub activation: Activation,
}

impl ConvTranspose2d {
    /// A transposed convolution from images of shape `x` to `filters` channels.
    ///
    /// # Errors
    /// If a setting is outside its valid range, or nothing of the output is left without the padding.
    pub fn new(
        x: Chw,
        filters: usize,
        [kernel_size, stride, dilation]: [usize; 3],
        padding: Padding,
        output_padding: usize,
        activation: Activation,
    ) -> Result<Self, Error> {
        check_sizes([filters, kernel_size, stride, dilation])?;
        padding.check()?;
        if output_padding >= stride || (output_padding > 0 && !matches!(padding, Padding::Explicit(_))) {
            let (name, range) = ("output_padding", "below the stride, and 0 unless the padding is explicit");
            return Err(Error::OutOfRange { name, value: output_padding.to_string(), range });
        }
        let reach = (kernel_size - 1) * dilation + 1;
        let large = |h: usize| match padding {
            Padding::Same => h.checked_mul(stride),
            Padding::Valid => h.checked_sub(1)?.checked_mul(stride)?.checked_add(reach),
            Padding::Explicit(padding) => {
                let whole = h.checked_sub(1)?.checked_mul(stride)?.checked_add(reach)?.checked_add(output_padding)?;
                whole.checked_sub(padding.checked_mul(2)?)
            }
        };
        let too_large = || Error::WindowTooLarge { image: [x[1], x[2]], kernel_size, dilation };
        let sizes = [x[1], x[2]].map(large);
        let [Some(h), Some(w)] = sizes else { return Err(too_large()) };
        // C must map the output size back to the input size.
        let back = [h, w].map(|large| padding.outputs(large, kernel_size, stride, dilation));
        let [Some((top, lines)), Some((left, columns))] = back else { return Err(too_large()) };
        if [lines, columns] != [x[1], x[2]] {
            return Err(too_large());
        }
        let window = Window { x: [filters, h, w], y: x, kernel_size, stride, dilation, top, left };
        window.check()?;
        Ok(Self { window, activation })
    }
}

impl<T: Scalar> Layer<T> for ConvTranspose2d {
    fn describe(&self) -> String {
        let Window { x, y, kernel_size: k, stride, .. } = self.window;
        format!("ConvTranspose2d {} → {}, {k}×{k}, stride {stride}, {}", y[0], x[0], self.activation.name())
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, Error> {
        window::expect(Layer::<T>::describe(self), self.window.y, input)?;
        Ok(self.window.x.to_vec())
    }

    fn params(&self) -> Vec<ParamSpec> {
        conv2d::params(&self.window, self.window.x[0], [self.window.y[0], self.window.x[0]])
    }

    fn scratch_len(&self) -> usize {
        conv2d::scratch_len(&self.window)
    }

    fn cache_len(&self) -> usize {
        self.window.kept_lens().iter().sum()
    }

    fn forward(&self, theta: &[T], x: &[T], y: &mut [T], pass: &mut Pass<'_, T>) {
        let (w, b) = theta.split_at(theta.len() - self.window.x[0]);
        let [_, kept_x] = matrices(pass.cache, self.window.kept_lens());
        forward(&self.window, w, b, self.activation, x, y, [kept_x, pass.scratch]);
    }

    fn backward_input(
        &self,
        theta: &[T],
        saved: Saved<'_, T>,
        dy: &mut [T],
        dx: Option<&mut [T]>,
        pass: &mut Pass<'_, T>,
    ) {
        activation::backward(self.activation, saved.y, dy);
        let [kept_delta, _] = matrices(pass.cache, self.window.kept_lens());
        match dx {
            Some(dx) => {
                let (w, _) = theta.split_at(theta.len() - self.window.x[0]);
                backward_input(&self.window, w, dy, dx, [kept_delta, pass.scratch]);
            }
            None => window::keep(&self.window.frame_of_x(), dy, kept_delta),
        }
    }

    fn backward_params(&self, saved: SavedBatch<'_, T>, block: &Block, dtheta: &mut [T], scratch: &mut [T]) {
        match block.param {
            // x and δ are exchanged, because the input of C is the output of this layer.
            0 => {
                let kept = Some(matrices_of_batch(saved.cache, self.window.kept_lens()));
                let (x, delta) = (saved.x, saved.delta);
                conv2d::backward_weights(&self.window, delta, x, kept, block.rows.clone(), dtheta, scratch);
            }
            _ => {
                let places = self.window.x[1] * self.window.x[2];
                conv2d::backward_bias(saved.delta, places, block.rows.clone(), dtheta);
            }
        }
    }
}
