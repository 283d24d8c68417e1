//! # Bidirectional: one layer runs forwards through time, one backwards
//!
//! ```text
//! forward     f₁ … f_T = F(x₁ … x_T)        b_T … b₁ = B(x_T … x₁)        F, B: layers of the same kind, own weights
//!             y_t = [f_t │ b_t]             or [f_T │ b₁] if the layers return the last step alone
//!
//! given dy = [df │ db]:   ∂L/∂x = ∂L/∂x through F + (∂L/∂x through B, reversed again)
//!                         dy ← [df, as F overwrites it │ db, as B overwrites it]
//! ```
//!
//! So y_t depends on the whole sequence, whereas f_t depends only on x₁ … x_t. B is an ordinary layer; this file
//! reverses the steps of its input and of its output.
//!
//! Kept for the backward passes: x reversed, the caches of both layers, and the output of each, which is overwritten
//! with its gradient. There is also room for ∂L/∂x through B.
//!
//! Slides: CE6146 "Bidirectional LSTM". Source: Schuster & Paliwal, "Bidirectional recurrent neural networks", IEEE
//! Transactions on Signal Processing 45 (1997).

use crate::kept::{matrices, matrices_of_batch};
use crate::recurrent::{Sequence, add};
use crate::{Block, Error, Layer, ParamSpec, Pass, Saved, SavedBatch, Scalar};

/// `to` ← the sequences of `from`, each with its steps in reverse order. A step has `width` values.
pub fn reverse_steps<T: Copy>(from: &[T], [steps, width]: [usize; 2], to: &mut [T]) {
    for (from, to) in from.chunks_exact(steps * width).zip(to.chunks_exact_mut(steps * width)) {
        to.chunks_exact_mut(width).zip(from.rchunks_exact(width)).for_each(|(to, from)| to.copy_from_slice(from));
    }
}

/// y_t ← [f_t │ b_t]: joins the outputs of the two directions. The steps of `f` are in order, and those of `b` are in
/// reverse order. Shapes: f and b rows×steps·width, y rows×steps·2·width.
pub fn concatenate<T: Copy>(f: &[T], b: &[T], [steps, width]: [usize; 2], y: &mut [T]) {
    for ((f, b), y) in
        f.chunks_exact(steps * width).zip(b.chunks_exact(steps * width)).zip(y.chunks_exact_mut(2 * steps * width))
    {
        for ((f, b), y) in f.chunks_exact(width).zip(b.rchunks_exact(width)).zip(y.chunks_exact_mut(2 * width)) {
            y[..width].copy_from_slice(f);
            y[width..].copy_from_slice(b);
        }
    }
}

/// The reverse of [`concatenate`]: splits dy into df and db.
pub fn split<T: Copy>(dy: &[T], [steps, width]: [usize; 2], df: &mut [T], db: &mut [T]) {
    let rows = df.chunks_exact_mut(steps * width).zip(db.chunks_exact_mut(steps * width));
    for ((df, db), dy) in rows.zip(dy.chunks_exact(2 * steps * width)) {
        for ((df, db), dy) in
            df.chunks_exact_mut(width).zip(db.rchunks_exact_mut(width)).zip(dy.chunks_exact(2 * width))
        {
            df.copy_from_slice(&dy[..width]);
            db.copy_from_slice(&dy[width..]);
        }
    }
}

/// A recurrent layer that is used in both directions. Layers do not store their parameters, so the same layer is F
/// and B.
#[derive(Debug)]
pub struct Bidirectional<T> {
    /// The layer that is both F and B.
    layer: Box<dyn Layer<T>>,
    /// Number of its parameters.
    params: usize,
    /// The sequence that it runs over.
    sequence: Sequence,
    /// Values per step of its output.
    outputs: usize,
}

impl<T: Scalar> Bidirectional<T> {
    /// Makes `layer` bidirectional. It runs over `sequence` and returns `outputs` values per step.
    #[must_use]
    pub fn new(layer: Box<dyn Layer<T>>, sequence: Sequence, outputs: usize) -> Self {
        Self { params: layer.params().len(), layer, sequence, outputs }
    }

    /// Number of steps and width of x. A repeated input has one step.
    fn input(&self) -> [usize; 2] {
        let Sequence { steps, inputs, repeat, .. } = self.sequence;
        [if repeat { 1 } else { steps }, inputs]
    }

    /// Number of steps and width of the output of F. There is one step if F returns the last step alone.
    fn output(&self) -> [usize; 2] {
        let Sequence { steps, return_sequences, .. } = self.sequence;
        [if return_sequences { steps } else { 1 }, self.outputs]
    }

    /// Values per row of each matrix in the cache: x reversed, the cache of F, the cache of B, f, b, ∂L/∂x through B.
    fn lens(&self) -> [usize; 6] {
        let [x, y] = [self.input(), self.output()].map(|[steps, width]| steps * width);
        [x, self.layer.cache_len(), self.layer.cache_len(), y, y, x]
    }
}

/// The name of a parameter of B, as in PyTorch.
fn reverse(name: &'static str) -> &'static str {
    match name {
        "w_ih" => "w_ih_reverse",
        "w_hh" => "w_hh_reverse",
        "w_yh" => "w_yh_reverse",
        "w_hy" => "w_hy_reverse",
        "b_ih" => "b_ih_reverse",
        "b_hh" => "b_hh_reverse",
        "b_h" => "b_h_reverse",
        "b_y" => "b_y_reverse",
        other => other,
    }
}

/// The pass for one direction: the same, but with `cache`.
fn with_cache<'a, T>(pass: &'a mut Pass<'_, T>, cache: &'a mut [T]) -> Pass<'a, T> {
    let Pass { mode, seed, epoch, layer, samples, batch, means, .. } = *pass;
    Pass { mode, seed, epoch, layer, samples, batch, means, scratch: pass.scratch, cache }
}

impl<T: Scalar> Layer<T> for Bidirectional<T> {
    fn describe(&self) -> String {
        format!("Bidirectional of {}", self.layer.describe())
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, Error> {
        let mut shape = self.layer.output_shape(input)?;
        if let Some(width) = shape.last_mut() {
            *width *= 2;
        }
        Ok(shape)
    }

    fn params(&self) -> Vec<ParamSpec> {
        let (f, b) = (self.layer.params(), self.layer.params());
        let b = b.into_iter().map(|param| ParamSpec { name: reverse(param.name), ..param });
        f.into_iter().chain(b).collect()
    }

    fn adjust_start(&self, theta: &mut [T]) {
        theta.chunks_exact_mut((theta.len() / 2).max(1)).for_each(|theta| self.layer.adjust_start(theta));
    }

    fn scratch_len(&self) -> usize {
        self.layer.scratch_len()
    }

    fn cache_len(&self) -> usize {
        self.lens().iter().sum()
    }

    fn forward(&self, theta: &[T], x: &[T], y: &mut [T], pass: &mut Pass<'_, T>) {
        let (of_f, of_b) = theta.split_at(theta.len() / 2);
        let [reversed, f_cache, b_cache, f, b, _] = matrices(std::mem::take(&mut pass.cache), self.lens());
        let (reversed, f, b) = (&mut reversed[..x.len()], &mut f[..y.len() / 2], &mut b[..y.len() / 2]);
        reverse_steps(x, self.input(), reversed);
        self.layer.forward(of_f, x, f, &mut with_cache(pass, f_cache));
        self.layer.forward(of_b, reversed, b, &mut with_cache(pass, b_cache));
        concatenate(f, b, self.output(), y);
    }

    fn backward_input(
        &self,
        theta: &[T],
        saved: Saved<'_, T>,
        dy: &mut [T],
        dx: Option<&mut [T]>,
        pass: &mut Pass<'_, T>,
    ) {
        let (of_f, of_b) = theta.split_at(theta.len() / 2);
        let [reversed, f_cache, b_cache, df, db, dx_of_b] = matrices(std::mem::take(&mut pass.cache), self.lens());
        let (reversed, dx_of_b) = (&reversed[..saved.x.len()], &mut dx_of_b[..saved.x.len()]);
        let (df, db) = (&mut df[..dy.len() / 2], &mut db[..dy.len() / 2]);
        split(dy, self.output(), df, db);
        // Recurrent layers have their output in their cache, so they do not need y here.
        let (saved_f, saved_b) = (Saved { x: saved.x, y: &[] }, Saved { x: reversed, y: &[] });
        match dx {
            Some(dx) => {
                self.layer.backward_input(of_b, saved_b, db, Some(dx), &mut with_cache(pass, b_cache));
                reverse_steps(dx, self.input(), dx_of_b);
                self.layer.backward_input(of_f, saved_f, df, Some(dx), &mut with_cache(pass, f_cache));
                add(dx, dx_of_b);
            }
            None => {
                self.layer.backward_input(of_b, saved_b, db, None, &mut with_cache(pass, b_cache));
                self.layer.backward_input(of_f, saved_f, df, None, &mut with_cache(pass, f_cache));
            }
        }
        concatenate(df, db, self.output(), dy);
    }

    fn backward_params(&self, saved: SavedBatch<'_, T>, block: &Block, dtheta: &mut [T], scratch: &mut [T]) {
        let [reversed, f_cache, b_cache, df, db, _] = matrices_of_batch(saved.cache, self.lens());
        let (saved, param) = match block.param < self.params {
            true => (SavedBatch { x: saved.x, cache: f_cache, delta: df }, block.param),
            false => (SavedBatch { x: reversed, cache: b_cache, delta: db }, block.param - self.params),
        };
        self.layer.backward_params(saved, &Block { param, rows: block.rows.clone() }, dtheta, scratch);
    }
}
