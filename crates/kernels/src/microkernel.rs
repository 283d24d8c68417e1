//! The innermost loop of a product: one tile of the result, kept in registers while the sum runs over k.
//!
//! ```text
//!            b:  kc rows of NV registers, `b_step` floats from row to row
//!            ┌────────┬────────┐
//!            │ b(p,0) │ b(p,1) │   loaded once a step p
//!            └────────┴────────┘
//!  a(i,p) ── one float, broadcast ──►  c(i,·) ← a(i,p)·b(p,·) + c(i,·)      MR rows of NV registers
//! ```
//!
//! With MR·NV accumulators a step needs NV loads and MR broadcasts for MR·NV fused multiply-adds, enough of them in
//! flight to hide their latency of 4 or 5 cycles.

/// A vector register of `LANES` floats.
///
/// # Safety
/// The methods may be called only where the instructions of the register exist, and inlined into a function that is
/// compiled for them; pointers must be valid for `LANES` floats (they need no alignment).
pub(crate) unsafe trait Register: Copy {
    const LANES: usize;
    unsafe fn splat(value: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    unsafe fn add(self, other: Self) -> Self;
    /// a·b + self, rounded once.
    unsafe fn fused_multiply_add(self, a: Self, b: Self) -> Self;
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Register;
    use std::arch::x86_64::{
        __m256, __m512, _mm256_add_ps, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_storeu_ps,
        _mm512_add_ps, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_ps, _mm512_storeu_ps,
    };

    macro_rules! register {
        ($type:ty, $lanes:literal, $set1:ident, $load:ident, $store:ident, $add:ident, $fma:ident) => {
            // SAFETY: each method is the one instruction of its name, on registers of the stated width.
            unsafe impl Register for $type {
                const LANES: usize = $lanes;
                #[inline(always)]
                unsafe fn splat(value: f32) -> Self {
                    // SAFETY: the caller vouches for the instruction set.
                    unsafe { $set1(value) }
                }
                #[inline(always)]
                unsafe fn load(from: *const f32) -> Self {
                    // SAFETY: the caller vouches for the instruction set and for `LANES` readable floats.
                    unsafe { $load(from) }
                }
                #[inline(always)]
                unsafe fn store(self, to: *mut f32) {
                    // SAFETY: the caller vouches for the instruction set and for `LANES` writable floats.
                    unsafe { $store(to, self) }
                }
                #[inline(always)]
                unsafe fn add(self, other: Self) -> Self {
                    // SAFETY: the caller vouches for the instruction set.
                    unsafe { $add(self, other) }
                }
                #[inline(always)]
                unsafe fn fused_multiply_add(self, a: Self, b: Self) -> Self {
                    // SAFETY: the caller vouches for the instruction set.
                    unsafe { $fma(a, b, self) }
                }
            }
        };
    }
    register!(__m512, 16, _mm512_set1_ps, _mm512_loadu_ps, _mm512_storeu_ps, _mm512_add_ps, _mm512_fmadd_ps);
    register!(__m256, 8, _mm256_set1_ps, _mm256_loadu_ps, _mm256_storeu_ps, _mm256_add_ps, _mm256_fmadd_ps);
}

/// The register of plain Rust: the compiler makes NEON or SSE2 of it, and a function call of the fused multiply-add
/// where the target has no instruction for it.
pub(crate) type Plain = [f32; 4];

// SAFETY: plain Rust needs no instruction set; the pointers' validity is the caller's promise.
unsafe impl Register for Plain {
    const LANES: usize = 4;
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        [value; 4]
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller vouches for 4 readable floats; no alignment is assumed.
        unsafe { from.cast::<Self>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller vouches for 4 writable floats; no alignment is assumed.
        unsafe { to.cast::<Self>().write_unaligned(self) }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        std::array::from_fn(|lane| self[lane] + other[lane])
    }
    #[inline(always)]
    unsafe fn fused_multiply_add(self, a: Self, b: Self) -> Self {
        std::array::from_fn(|lane| a[lane].mul_add(b[lane], self[lane]))
    }
}

/// Where a tile's operands lie.
#[derive(Clone, Copy)]
pub(crate) struct Tile {
    /// a(i,p) at `a + i·a_row + p·a_step`
    pub a: *const f32,
    pub a_row: usize,
    pub a_step: usize,
    /// b(p,·) at `b + p·b_step`, NV·LANES floats
    pub b: *const f32,
    pub b_step: usize,
    /// c(i,·) at `c + i·c_row`, `columns` floats
    pub c: *mut f32,
    pub c_row: usize,
    pub columns: usize,
    /// Length of the sum.
    pub kc: usize,
    /// The sum overwrites c; otherwise it is added to c.
    pub overwrite: bool,
}

/// c(i,·) ← [c(i,·) +] Σ_p a(i,p)·b(p,·) for MR rows i, each element one chain of fused multiply-adds over rising p.
///
/// # Safety
/// The instructions of `V` exist, and all that [`Tile`] describes is valid: a and b to read, c to write (its first
/// `columns` ≤ NV·LANES floats of each row), c overlapping neither.
#[inline(always)]
pub(crate) unsafe fn tile<V: Register, const MR: usize, const NV: usize>(t: &Tile) {
    // SAFETY: all offsets stay inside what the caller vouches for.
    unsafe {
        let mut sum = [[V::splat(0.0); NV]; MR];
        let (mut a, mut b) = (t.a, t.b);
        for _ in 0..t.kc {
            let row: [V; NV] = std::array::from_fn(|j| V::load(b.add(j * V::LANES)));
            for i in 0..MR {
                let scalar = V::splat(*a.add(i * t.a_row));
                for j in 0..NV {
                    sum[i][j] = sum[i][j].fused_multiply_add(scalar, row[j]);
                }
            }
            a = a.add(t.a_step);
            b = b.add(t.b_step);
        }
        let full = t.columns == NV * V::LANES;
        for i in 0..MR {
            let c = t.c.add(i * t.c_row);
            if full {
                for j in 0..NV {
                    let c = c.add(j * V::LANES);
                    if t.overwrite { sum[i][j] } else { V::load(c).add(sum[i][j]) }.store(c);
                }
            } else {
                let mut row = [0.0_f32; 64];
                for j in 0..NV {
                    sum[i][j].store(row.as_mut_ptr().add(j * V::LANES));
                }
                for j in 0..t.columns {
                    *c.add(j) = if t.overwrite { row[j] } else { *c.add(j) + row[j] };
                }
            }
        }
    }
}
