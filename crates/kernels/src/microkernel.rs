//! The innermost loop of a product. It computes one tile of the result and keeps it in registers while the sum runs
//! over k.
//!
//! ```text
//!            b:  kc rows of NV registers, `b_step` floats from row to row
//!            ┌────────┬────────┐
//!            │ b(p,0) │ b(p,1) │   loaded once a step p
//!            └────────┴────────┘
//!  a(i,p) ── one float, broadcast ──►  c(i,·) ← a(i,p)·b(p,·) + c(i,·)      MR rows of NV registers
//! ```
//!
//! With MR·NV accumulators, each step needs NV loads and MR broadcasts for MR·NV fused multiply-adds. These are
//! independent of each other, and there are enough of them to hide the latency of 4 or 5 cycles.

use crate::register::Register;

/// The operands of a tile: where they are in memory, and what is done with the sum.
#[derive(Clone, Copy)]
pub(crate) struct Tile {
    /// a(i,p) at `a + i·a_row + p·STEP`, see [`Steps`]
    pub a: *const f32,
    pub a_row: usize,
    /// b(p,·) at `b + p·b_step`, NV·LANES floats
    pub b: *const f32,
    pub b_step: usize,
    /// Address of data that will be needed soon: step p prefetches the cache line at `ahead + p·ahead_step`, and with
    /// PACK also the next one. Any address is allowed.
    pub ahead: *const f32,
    pub ahead_step: usize,
    /// The steps after which b and `ahead` jump to the next shard.
    pub leap: Leap,
    /// c(i,·) at `c + i·c_row`, `columns` floats
    pub c: *mut f32,
    pub c_row: usize,
    pub columns: usize,
    /// Length of the sum.
    pub kc: usize,
    /// If true, the sum overwrites c; otherwise it is added to c.
    pub overwrite: bool,
    /// Bias that is added to c once the sum is complete: NV·LANES floats, or null for no bias.
    pub bias: *const f32,
    /// If true, ReLU is applied to c after the bias: values below 0 become 0.
    pub relu: bool,
}

/// The distances between the elements of a, as far as they are known when the loop is compiled: a processor has few
/// units that compute addresses beside those that multiply.
pub(crate) trait Steps {
    /// From step to step.
    const STEP: usize;
    /// From row to row.
    fn row(t: &Tile) -> usize;
}

/// The steps are side by side.
pub(crate) struct Rows;

impl Steps for Rows {
    const STEP: usize = 1;
    #[inline(always)]
    fn row(t: &Tile) -> usize {
        t.a_row
    }
}

/// The rows are side by side, and the steps are `STEP` floats apart.
pub(crate) struct Columns<const STEP: usize>;

impl<const STEP: usize> Steps for Columns<STEP> {
    const STEP: usize = STEP;
    #[inline(always)]
    fn row(_: &Tile) -> usize {
        1
    }
}

/// Jumps from one shard to the next. The rows of a batch are stored in shards: after the last step within a shard, b
/// and `ahead` move on by an additional distance.
#[derive(Clone, Copy)]
pub(crate) struct Leap {
    /// Steps before the first leap.
    pub first: usize,
    /// Steps from one leap to the next.
    pub every: usize,
    pub b: usize,
    pub ahead: usize,
}

impl Leap {
    /// No jumps: all steps have the same length.
    pub const NONE: Self = Self { first: usize::MAX, every: usize::MAX, b: 0, ahead: 0 };
}

/// c(i,·) ← [c(i,·) +] Σ_p a(i,p)·b(p,·) for MR rows i, where each element is a chain of fused multiply-adds in order
/// of increasing p.
///
/// With PACK, b is also copied to `packed`, row after row, for the tiles below this one. The copy costs no extra
/// time, because it runs in parallel with the multiply-adds.
///
/// # Safety
/// The machine has the instructions of `V`, and all memory that [`Tile`] describes is valid: a and b for reading, c
/// for writing (the first `columns` ≤ NV·LANES floats of each row). c overlaps neither a nor b. With PACK, `packed`
/// has room for kc rows.
#[inline(always)]
pub(crate) unsafe fn tile<V: Register, A: Steps, const MR: usize, const NV: usize, const PACK: bool>(
    t: &Tile,
    packed: *mut f32,
) {
    // SAFETY: all offsets stay inside the memory that the caller guarantees.
    unsafe {
        let mut sum = [[V::splat(0.0); NV]; MR];
        let (mut a, mut b, mut ahead, mut packed) = (t.a, t.b, t.ahead, packed);
        let mut steps = t.leap.first;
        for _ in 0..t.kc {
            let row: [V; NV] = std::array::from_fn(|j| V::load(b.add(j * V::LANES)));
            V::prefetch(ahead);
            if PACK {
                V::prefetch(ahead.wrapping_add(V::LANES));
            }
            if PACK {
                row.iter().enumerate().for_each(|(j, row)| row.store(packed.add(j * V::LANES)));
                packed = packed.add(NV * V::LANES);
            }
            for i in 0..MR {
                let scalar = V::splat(*a.add(i * A::row(t)));
                for j in 0..NV {
                    sum[i][j] = sum[i][j].fused_multiply_add(scalar, row[j]);
                }
            }
            // After the last step the pointers may be outside the operands, but nothing is read there.
            a = a.wrapping_add(A::STEP);
            b = b.wrapping_add(t.b_step);
            ahead = ahead.wrapping_add(t.ahead_step);
            steps -= 1;
            if steps == 0 {
                b = b.wrapping_add(t.leap.b);
                ahead = ahead.wrapping_add(t.leap.ahead);
                steps = t.leap.every;
            }
        }
        // One short loop for each operation: the compiler unrolls these loops and therefore keeps the sums in
        // registers.
        let c = |i: usize, j: usize| t.c.wrapping_add(i * t.c_row + j * V::LANES);
        let count = |j: usize| t.columns.saturating_sub(j * V::LANES).min(V::LANES);
        let whole = t.columns == NV * V::LANES;
        if !t.overwrite {
            if whole {
                each(&mut sum, |sum, i, j| V::load(c(i, j)).add(sum));
            } else {
                each(&mut sum, |sum, i, j| V::load_first(c(i, j), count(j)).add(sum));
            }
        }
        if !t.bias.is_null() {
            let bias: [V; NV] = std::array::from_fn(|j| V::load(t.bias.add(j * V::LANES)));
            each(&mut sum, |sum, _, j| sum.add(bias[j]));
        }
        if t.relu {
            each(&mut sum, |sum, _, _| sum.relu());
        }
        if whole {
            each(&mut sum, |sum, i, j| {
                sum.store(c(i, j));
                sum
            });
        } else {
            each(&mut sum, |sum, i, j| {
                sum.store_first(c(i, j), count(j));
                sum
            });
        }
    }
}

/// sum(i, j) ← f(sum(i, j), i, j) for all i and j.
#[inline(always)]
fn each<V: Register, const MR: usize, const NV: usize>(sum: &mut [[V; NV]; MR], f: impl Fn(V, usize, usize) -> V) {
    for i in 0..MR {
        for j in 0..NV {
            sum[i][j] = f(sum[i][j], i, j);
        }
    }
}
