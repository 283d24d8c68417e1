//! # Conv2D: the same small window of weights at every position of an image
//!
//! ```text
//! forward     z(o,i,j) = b(o) + Σ_{c,u,v} w(o,c,u,v)·x̂(c, s·i + d·u, s·j + d·v)
//!             y        = φ(z)                    x̂: x with zeros around it; s stride, d dilation
//!             x c×h×w, w o×c×k×k, b o, y o×h′×w′
//!
//! given dy = ∂L/∂y:
//!   through φ:   δ = ∂L/∂z = dy ⊙ φ′(z)
//!   w(o,c,u,v) is multiplied by x̂(c, s·i + d·u, …) once at every position (i,j) of every sample:
//!     ∂L/∂w(o,c,u,v) = Σ_{r,i,j} δ_r(o,i,j)·x̂_r(c, s·i + d·u, s·j + d·v)
//!     ∂L/∂b(o)       = Σ_{r,i,j} δ_r(o,i,j)
//!   x̂(c,p,q) is multiplied by w(o,c,u,v) in every window in which it is at tap (u,v):
//!     ∂L/∂x̂(c,p,q)   = Σ { w(o,c,u,v)·δ(o,i,j) : s·i + d·u = p, s·j + d·v = q }   the transposed convolution of δ
//!
//! h′ = ⌊(h + zeros above and below − d·(k−1) − 1)/s⌋ + 1
//! ```
//!
//! As in Keras and PyTorch this is a cross-correlation: the window is not flipped. *Same* padding gives h′ = ⌈h/s⌉,
//! as in Keras. The zeros are divided between both sides. If their number is odd, the additional one is below or to
//! the right. With stride 2, an image of even height gets d·(k−1) − 1 lines of zeros, ⌊(d·(k−1) − 1)/2⌋ of them above:
//! none above and one below for k = 3 and d = 1, but one above and two below for k = 5. PyTorch's `padding=p` adds p
//! zeros on every side, so for k = 3 `nn.Conv2d(c, o, 3, 2)(F.pad(x, (0, 1, 0, 1)))` computes the same.
//!
//! The loops are in [`window`]. Slides: UTMIST "Convolutional Autoencoder": `layers.Conv2D`; DIVE "Types of
//! Autoencoders": convolutional autoencoder; CE6146 "Examples for Dilation". Source: LeCun, Bottou, Bengio & Haffner,
//! "Gradient-based learning applied to document recognition" (1998); Dumoulin & Visin, "A guide to convolution
//! arithmetic for deep learning" (2016).

use handgrad_kernels::sums::{PARTIAL_SUMS, in_order};
use handgrad_kernels::{Finish, by_lanes, vectorize};
use serde::{Deserialize, Serialize};

use crate::kept::{matrices, matrices_of_batch};
use crate::window::{self, Chw, Window};
use crate::{
    Activation, BatchRows, Block, Error, Layer, ParamRole, ParamSpec, Pass, Saved, SavedBatch, Scalar, activation,
};

/// How many zeros are added around an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Padding {
    /// No zeros.
    Valid,
    /// As many as are needed for an output of ⌈h/s⌉ lines; an odd one is below and to the right: Keras's
    /// `padding='same'`.
    Same,
    /// The same number on every side: PyTorch's `padding=p`.
    Explicit(usize),
}

impl Padding {
    /// Returns an error if there are more explicit zeros than any image needs.
    pub(crate) fn check(self) -> Result<(), Error> {
        match self {
            Padding::Explicit(padding) if padding > 65_536 => {
                let (name, range) = ("padding of a convolution", "at most 65536");
                Err(Error::OutOfRange { name, value: padding.to_string(), range })
            }
            _ => Ok(()),
        }
    }

    /// Returns the number of zeros before the first of the h lines, and the number of output lines. Returns `None` if
    /// the window does not fit. For columns, h is their number.
    #[must_use]
    pub fn outputs(self, h: usize, kernel_size: usize, stride: usize, dilation: usize) -> Option<(usize, usize)> {
        let reach = kernel_size.checked_sub(1)?.checked_mul(dilation)?.checked_add(1)?;
        let (before, all) = match self {
            Padding::Valid => (0, 0),
            Padding::Explicit(padding) => (padding, padding.checked_mul(2)?),
            Padding::Same => {
                let needed = (h.div_ceil(stride).checked_sub(1)? * stride).checked_add(reach)?.saturating_sub(h);
                (needed / 2, needed)
            }
        };
        let outputs = h.checked_add(all)?.checked_sub(reach)? / stride + 1;
        Some((before, outputs))
    }
}

/// y ← φ(b + Σ w·x̂) for the samples of `x`. Shapes: w o×c×k×k, b o; `memory` is what x̂ is kept in, and scratch memory
/// of [`scratch_len`] values: see [`window::correlate`].
pub fn forward<T: Scalar>(
    window: &Window,
    w: &[T],
    b: &[T],
    phi: Activation,
    x: &[T],
    y: &mut [T],
    memory: [&mut [T]; 2],
) {
    let (finish, rest) = finish(phi);
    window::correlate(window, w, b, finish, x, y, memory);
    activation::forward(rest, y);
}

/// Splits φ into the part that is applied while the sums are in registers, and the part that is applied afterwards.
pub(crate) fn finish(phi: Activation) -> (Finish, Activation) {
    match phi {
        Activation::Relu => (Finish::Relu, Activation::Linear),
        _ => (Finish::None, phi),
    }
}

/// dx ← the transposed convolution of δ, for the samples of `delta`. Shapes as for [`forward`]; `memory` is what δ is
/// kept in, and scratch memory.
pub fn backward_input<T: Scalar>(window: &Window, w: &[T], delta: &[T], dx: &mut [T], memory: [&mut [T]; 2]) {
    window::transpose(window, w, &[], Finish::None, delta, dx, memory);
}

/// dw ← Σ δ·x̂ over all positions and samples, for the output channels `outputs`. Shapes: x m×c·h·w, δ m×o·h′·w′, dw
/// outputs.len()×c×k×k; `kept` is what the two functions above kept, if they did; scratch has [`scratch_len`] values.
pub fn backward_weights<T: Scalar>(
    window: &Window,
    x: BatchRows<T>,
    delta: BatchRows<T>,
    kept: Option<[BatchRows<T>; 2]>,
    outputs: std::ops::Range<usize>,
    dw: &mut [T],
    scratch: &mut [T],
) {
    window::weights(window, x, delta, kept, outputs, dw, scratch);
}

/// db ← Σ δ over all positions and samples, for the output channels `outputs`. Shapes: δ m×o·places, where `places`
/// is the number of positions, db outputs.len().
pub fn backward_bias<T: Scalar>(delta: BatchRows<T>, places: usize, outputs: std::ops::Range<usize>, db: &mut [T]) {
    db.fill(T::ZERO);
    vectorize!({
        for delta in delta.iter() {
            for (db, delta) in db.iter_mut().zip(delta.chunks_exact(places).skip(outputs.start)) {
                let mut sums = [T::ZERO; PARTIAL_SUMS];
                by_lanes!(|lane, delta| sums[lane] += delta, delta);
                *db += in_order(&sums);
            }
        }
    });
}

/// Number of values of scratch memory that the functions above need at most.
#[must_use]
pub fn scratch_len(window: &Window) -> usize {
    window.scratch_len(window.y[0] * window.taps())
}

/// The sizes of a convolution and its activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2d {
    /// The window, and the shapes of its input and output.
    pub window: Window,
    /// The activation function φ.
    pub activation: Activation,
}

impl Conv2d {
    /// A convolution from images of shape `x` to `filters` channels.
    ///
    /// # Errors
    /// If a setting is outside its valid range, or the window does not fit into the image.
    pub fn new(
        x: Chw,
        filters: usize,
        [kernel_size, stride, dilation]: [usize; 3],
        padding: Padding,
        activation: Activation,
    ) -> Result<Self, Error> {
        check_sizes([filters, kernel_size, stride, dilation])?;
        padding.check()?;
        let [_, h, w] = x;
        let fit = |length| padding.outputs(length, kernel_size, stride, dilation);
        let (Some((top, lines)), Some((left, columns))) = (fit(h), fit(w)) else {
            return Err(Error::WindowTooLarge { image: [h, w], kernel_size, dilation });
        };
        let window = Window { x, y: [filters, lines, columns], kernel_size, stride, dilation, top, left };
        window.check()?;
        Ok(Self { window, activation })
    }
}

/// Returns an error if a size is 0 or above its limit, such as 16 for the window and the stride.
pub(crate) fn check_sizes([filters, kernel_size, stride, dilation]: [usize; 4]) -> Result<(), Error> {
    let names = ["filters of a convolution", "kernel_size of a convolution", "stride of a convolution", "dilation"];
    for (name, value) in names.into_iter().zip([filters, kernel_size, stride, dilation]) {
        if value == 0 {
            return Err(Error::OutOfRange { name, value: "0".into(), range: "at least 1" });
        }
    }
    for (name, value, range) in [
        ("kernel_size of a convolution", kernel_size, "at most 16"),
        ("stride of a convolution", stride, "at most 16"),
        ("dilation", dilation, "at most 1024"),
        ("filters of a convolution", filters, "at most 65536"),
    ] {
        let most = range.trim_start_matches("at most ").parse().unwrap_or(usize::MAX);
        if value > most {
            return Err(Error::OutOfRange { name, value: value.to_string(), range });
        }
    }
    Ok(())
}

/// The parameters of a convolution or a transposed convolution: w with o×c×k×k values, where the window has o output
/// and c input channels, and b with `biases` values.
pub(crate) fn params(window: &Window, biases: usize, fans: [usize; 2]) -> Vec<ParamSpec> {
    let (k, places) = (window.kernel_size, window.y[1].saturating_mul(window.y[2]));
    let [fan_in, fan_out] = fans.map(|channels| channels * k * k);
    let role = ParamRole::Weight { fan_in, fan_out };
    vec![
        ParamSpec { name: "w", shape: vec![window.y[0], window.x[0], k, k], uses: places, role },
        ParamSpec { name: "b", shape: vec![biases], uses: places, role: ParamRole::Bias },
    ]
}

impl<T: Scalar> Layer<T> for Conv2d {
    fn describe(&self) -> String {
        let Window { x, y, kernel_size: k, stride, .. } = self.window;
        format!("Conv2d {} → {}, {k}×{k}, stride {stride}, {}", x[0], y[0], self.activation.name())
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, Error> {
        window::expect(Layer::<T>::describe(self), self.window.x, input)?;
        Ok(self.window.y.to_vec())
    }

    fn params(&self) -> Vec<ParamSpec> {
        params(&self.window, self.window.y[0], [self.window.x[0], self.window.y[0]])
    }

    fn scratch_len(&self) -> usize {
        scratch_len(&self.window)
    }

    fn cache_len(&self) -> usize {
        self.window.kept_lens().iter().sum()
    }

    fn forward(&self, theta: &[T], x: &[T], y: &mut [T], pass: &mut Pass<'_, T>) {
        let (w, b) = theta.split_at(theta.len() - self.window.y[0]);
        let [kept_x, _] = matrices(pass.cache, self.window.kept_lens());
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
        let [_, kept_delta] = matrices(pass.cache, self.window.kept_lens());
        match dx {
            Some(dx) => {
                let (w, _) = theta.split_at(theta.len() - self.window.y[0]);
                backward_input(&self.window, w, dy, dx, [kept_delta, pass.scratch]);
            }
            None => window::keep(&self.window.frame_of_y(), dy, kept_delta),
        }
    }

    fn backward_params(&self, saved: SavedBatch<'_, T>, block: &Block, dtheta: &mut [T], scratch: &mut [T]) {
        match block.param {
            0 => {
                let kept = Some(matrices_of_batch(saved.cache, self.window.kept_lens()));
                backward_weights(&self.window, saved.x, saved.delta, kept, block.rows.clone(), dtheta, scratch);
            }
            _ => backward_bias(saved.delta, self.window.y[1] * self.window.y[2], block.rows.clone(), dtheta),
        }
    }
}
