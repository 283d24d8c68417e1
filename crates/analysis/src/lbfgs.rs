//! # L-BFGS: descent along a quasi-Newton direction, from a few past steps
//!
//! ```text
//! f(x), g = ∇f(x)            to minimise                      s_i = x_{i+1} − x_i,  y_i = g_{i+1} − g_i
//!
//! BFGS      H_{i+1} = V_iᵀ·H_i·V_i + ρ_i·s_i·s_iᵀ             ρ_i = 1/(y_iᵀs_i),  V_i = I − ρ_i·y_i·s_iᵀ
//! direction p = −H·g, where H is the product of the last m pairs (s, y), from H⁰ = γ·I:
//!           q ← g
//!           for i = newest, …, oldest:     α_i = ρ_i·s_iᵀq,   q ← q − α_i·y_i
//!           q ← γ·q,                       γ = s_newestᵀ·y_newest / y_newestᵀ·y_newest
//!           for i = oldest, …, newest:     q ← q + (α_i − ρ_i·y_iᵀq)·s_i
//!           p = −q
//! step      x ← x + t·p, where t has both Wolfe conditions, with c₁ = 10⁻⁴ and c₂ = 0.9:
//!           f(x + t·p) ≤ f(x) + c₁·t·gᵀp        it descends far enough
//!           ∇f(x + t·p)ᵀp ≥ c₂·gᵀp              it is long enough, so that yᵀs > 0 and H stays positive definite
//! end       max_j |g_j| ≤ tolerance
//! ```
//!
//! The search for t begins with 1, which is the Newton step. While the first condition fails, t is halved between the
//! longest step that was short enough and the shortest that was too long; while the second one fails, t is doubled, or
//! halved likewise. At the first step, no pair is known, and t begins with 1/‖g‖, but not above 1.
//!
//! Source: Nocedal & Wright, "Numerical optimization", 2nd edition, 2006, algorithms 7.4 and 7.5, conditions 3.6; the
//! search for t: Lewis & Overton, "Nonsmooth optimization via quasi-Newton methods", Mathematical Programming 141
//! (2013), section 4.

use std::collections::VecDeque;

/// The number of pairs that are kept.
const PAIRS: usize = 10;
const DESCENDS: f64 = 1e-4;
const IS_LONG: f64 = 0.9;
/// The most step lengths that are tried along one direction.
const TRIALS: usize = 60;

/// Where a minimisation ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Minimum {
    /// The place.
    pub x: Vec<f64>,
    /// The value of the function there.
    pub value: f64,
    /// The number of steps.
    pub steps: usize,
    /// Whether every derivative is at most the tolerance. If not, the steps were used up, or no step descends any more.
    pub is_converged: bool,
}

/// Two places: the step from one to the other, the change of the gradient, and ρ.
struct Pair {
    s: Vec<f64>,
    y: Vec<f64>,
    rho: f64,
}

/// Minimises a function, beginning at `start`. `f` returns its value at a place and writes its gradient. The search
/// ends when no derivative is larger than `tolerance`, or after `most` steps.
///
/// ```
/// // (x − 3)² + 10·(y + 1)²
/// let found = handgrad_analysis::lbfgs(vec![0.0, 0.0], 1e-9, 100, |at, gradient| {
///     let (x, y) = (at[0] - 3.0, at[1] + 1.0);
///     gradient.copy_from_slice(&[2.0 * x, 20.0 * y]);
///     x * x + 10.0 * y * y
/// });
/// assert!(found.is_converged);
/// assert!((found.x[0] - 3.0).abs() < 1e-9 && (found.x[1] + 1.0).abs() < 1e-9);
/// ```
pub fn lbfgs(start: Vec<f64>, tolerance: f64, most: usize, mut f: impl FnMut(&[f64], &mut [f64]) -> f64) -> Minimum {
    let mut gradient = vec![0.0; start.len()];
    let value = f(&start, &mut gradient);
    let mut at = Minimum { x: start, value, steps: 0, is_converged: false };
    let mut pairs: VecDeque<Pair> = VecDeque::with_capacity(PAIRS);
    loop {
        at.is_converged = largest(&gradient) <= tolerance;
        if at.is_converged || at.steps == most {
            return at;
        }
        let p = direction(&gradient, &pairs);
        let first = if pairs.is_empty() { (1.0 / dot(&gradient, &gradient).sqrt()).min(1.0) } else { 1.0 };
        let Some(next) = step(&at, &gradient, &p, first, &mut f) else { return at };
        let s = difference(&next.x, &at.x);
        let y = difference(&next.gradient, &gradient);
        let curvature = dot(&y, &s);
        // Rounding may break the second Wolfe condition where the function is almost flat.
        if curvature > 0.0 {
            if pairs.len() == PAIRS {
                pairs.pop_front();
            }
            pairs.push_back(Pair { s, y, rho: 1.0 / curvature });
        }
        (at.x, at.value, gradient) = (next.x, next.value, next.gradient);
        at.steps += 1;
    }
}

/// p = −H·g, the two loops of algorithm 7.4.
fn direction(g: &[f64], pairs: &VecDeque<Pair>) -> Vec<f64> {
    let mut q = g.to_vec();
    let mut alphas = Vec::with_capacity(pairs.len());
    for Pair { s, y, rho } in pairs.iter().rev() {
        let alpha = rho * dot(s, &q);
        add(&mut q, -alpha, y);
        alphas.push(alpha);
    }
    if let Some(Pair { y, rho, .. }) = pairs.back() {
        let gamma = 1.0 / (rho * dot(y, y));
        q.iter_mut().for_each(|q| *q *= gamma);
    }
    for (Pair { s, y, rho }, alpha) in pairs.iter().zip(alphas.into_iter().rev()) {
        let beta = rho * dot(y, &q);
        add(&mut q, alpha - beta, s);
    }
    q.iter_mut().for_each(|q| *q = -*q);
    q
}

/// A place, the value there, and the gradient.
struct Next {
    x: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
}

/// A step along p that has both Wolfe conditions. If none is found, the best one that descends; `None` if none does.
fn step(
    from: &Minimum,
    gradient: &[f64],
    p: &[f64],
    first: f64,
    f: &mut impl FnMut(&[f64], &mut [f64]) -> f64,
) -> Option<Next> {
    let slope = dot(gradient, p);
    let (mut short, mut long, mut t) = (0.0, f64::INFINITY, first);
    let mut best: Option<Next> = None;
    for _ in 0..TRIALS {
        let mut next = Next { x: from.x.clone(), value: 0.0, gradient: vec![0.0; p.len()] };
        add(&mut next.x, t, p);
        next.value = f(&next.x, &mut next.gradient);
        let descends = next.value <= from.value + DESCENDS * t * slope;
        let is_long = dot(&next.gradient, p) >= IS_LONG * slope;
        if descends && is_long {
            return Some(next);
        }
        // A value that is not a number is too far away.
        if descends {
            short = t;
            if best.as_ref().is_none_or(|best| next.value < best.value) {
                best = Some(next);
            }
        } else {
            long = t;
        }
        t = if long.is_finite() { f64::midpoint(short, long) } else { 2.0 * t };
    }
    best.filter(|best| best.value < from.value)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// a ← a + factor·b
fn add(a: &mut [f64], factor: f64, b: &[f64]) {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += factor * b);
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

/// max |g|. NaN if one of them is.
fn largest(g: &[f64]) -> f64 {
    g.iter().fold(0.0, |largest: f64, g| if largest.is_nan() || g.abs() <= largest { largest } else { g.abs() })
}
