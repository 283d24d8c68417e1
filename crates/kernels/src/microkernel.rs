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
    /// 0 where self is below 0, self elsewhere: NaN stays NaN.
    unsafe fn relu(self) -> Self;

    /// to(i, j) ← from(j, i) for a block of LANES × LANES floats, rows `from_stride` and `to_stride` floats apart.
    #[inline(always)]
    unsafe fn transpose(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
        for i in 0..Self::LANES {
            for j in 0..Self::LANES {
                // SAFETY: the caller vouches for both blocks.
                unsafe { *to.add(i * to_stride + j) = *from.add(j * from_stride + i) };
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Register;
    use std::arch::x86_64::{
        __m256, __m512, _mm256_add_ps, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_max_ps, _mm256_permute2f128_ps,
        _mm256_set1_ps, _mm256_shuffle_ps, _mm256_storeu_ps, _mm256_unpackhi_ps, _mm256_unpacklo_ps, _mm512_add_ps,
        _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_max_ps, _mm512_set1_ps, _mm512_shuffle_f32x4, _mm512_shuffle_ps,
        _mm512_storeu_ps, _mm512_unpackhi_ps, _mm512_unpacklo_ps,
    };

    macro_rules! register {
        ($type:ty, $lanes:literal, $set1:ident, $load:ident, $store:ident, $add:ident, $fma:ident, $max:ident, $turn:ident) => {
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
                #[inline(always)]
                unsafe fn relu(self) -> Self {
                    // SAFETY: the caller vouches for the instruction set. The second operand is what NaN gives.
                    unsafe { $max($set1(0.0), self) }
                }
                #[inline(always)]
                unsafe fn transpose(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
                    // SAFETY: the caller vouches for the instruction set and for both blocks.
                    unsafe { $turn(from, from_stride, to, to_stride) }
                }
            }
        };
    }
    register!(
        __m512,
        16,
        _mm512_set1_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_add_ps,
        _mm512_fmadd_ps,
        _mm512_max_ps,
        turn16
    );
    register!(
        __m256,
        8,
        _mm256_set1_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_add_ps,
        _mm256_fmadd_ps,
        _mm256_max_ps,
        turn8
    );

    /// Transposes 4×4 blocks within the 128-bit quarters of each group of four rows, then moves the quarters.
    #[inline(always)]
    unsafe fn turn16(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
        // SAFETY: the caller vouches for AVX-512 and for 16 rows of 16 floats on both sides.
        unsafe {
            // q[4·g + c]: column c of each 4×4 block of the rows 4g..4g+4
            let mut q = [_mm512_set1_ps(0.0); 16];
            for g in 0..4 {
                let row = |r: usize| _mm512_loadu_ps(from.add((4 * g + r) * from_stride));
                let (low01, high01) = (_mm512_unpacklo_ps(row(0), row(1)), _mm512_unpackhi_ps(row(0), row(1)));
                let (low23, high23) = (_mm512_unpacklo_ps(row(2), row(3)), _mm512_unpackhi_ps(row(2), row(3)));
                q[4 * g] = _mm512_shuffle_ps::<0b01_00_01_00>(low01, low23);
                q[4 * g + 1] = _mm512_shuffle_ps::<0b11_10_11_10>(low01, low23);
                q[4 * g + 2] = _mm512_shuffle_ps::<0b01_00_01_00>(high01, high23);
                q[4 * g + 3] = _mm512_shuffle_ps::<0b11_10_11_10>(high01, high23);
            }
            for c in 0..4 {
                // Quarter b of q[4g + c] belongs to output row 4b + c, quarter g.
                let (even01, odd01) = (
                    _mm512_shuffle_f32x4::<0b10_00_10_00>(q[c], q[4 + c]),
                    _mm512_shuffle_f32x4::<0b11_01_11_01>(q[c], q[4 + c]),
                );
                let (even23, odd23) = (
                    _mm512_shuffle_f32x4::<0b10_00_10_00>(q[8 + c], q[12 + c]),
                    _mm512_shuffle_f32x4::<0b11_01_11_01>(q[8 + c], q[12 + c]),
                );
                let rows = [
                    _mm512_shuffle_f32x4::<0b10_00_10_00>(even01, even23),
                    _mm512_shuffle_f32x4::<0b10_00_10_00>(odd01, odd23),
                    _mm512_shuffle_f32x4::<0b11_01_11_01>(even01, even23),
                    _mm512_shuffle_f32x4::<0b11_01_11_01>(odd01, odd23),
                ];
                for (b, row) in rows.into_iter().enumerate() {
                    _mm512_storeu_ps(to.add((4 * b + c) * to_stride), row);
                }
            }
        }
    }

    /// As [`turn16`], with halves of 128 bits.
    #[inline(always)]
    unsafe fn turn8(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
        // SAFETY: the caller vouches for AVX2 and for 8 rows of 8 floats on both sides.
        unsafe {
            let mut q = [_mm256_set1_ps(0.0); 8];
            for g in 0..2 {
                let row = |r: usize| _mm256_loadu_ps(from.add((4 * g + r) * from_stride));
                let (low01, high01) = (_mm256_unpacklo_ps(row(0), row(1)), _mm256_unpackhi_ps(row(0), row(1)));
                let (low23, high23) = (_mm256_unpacklo_ps(row(2), row(3)), _mm256_unpackhi_ps(row(2), row(3)));
                q[4 * g] = _mm256_shuffle_ps::<0b01_00_01_00>(low01, low23);
                q[4 * g + 1] = _mm256_shuffle_ps::<0b11_10_11_10>(low01, low23);
                q[4 * g + 2] = _mm256_shuffle_ps::<0b01_00_01_00>(high01, high23);
                q[4 * g + 3] = _mm256_shuffle_ps::<0b11_10_11_10>(high01, high23);
            }
            for c in 0..4 {
                _mm256_storeu_ps(to.add(c * to_stride), _mm256_permute2f128_ps::<0x20>(q[c], q[4 + c]));
                _mm256_storeu_ps(to.add((4 + c) * to_stride), _mm256_permute2f128_ps::<0x31>(q[c], q[4 + c]));
            }
        }
    }
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
    #[inline(always)]
    unsafe fn relu(self) -> Self {
        self.map(|value| if value < 0.0 { 0.0 } else { value })
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
    /// What is done to c once the sum is whole: this is added, NV·LANES floats; null stands for nothing.
    pub bias: *const f32,
    /// And then all that is below 0 becomes 0.
    pub relu: bool,
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
        for i in 0..MR {
            for j in 0..NV {
                let c = t.c.add(i * t.c_row + j * V::LANES);
                let columns = t.columns.saturating_sub(j * V::LANES).min(V::LANES);
                if columns == V::LANES {
                    finish(t, j, sum[i][j], c).store(c);
                } else if columns > 0 {
                    // c ends within this register: by way of a whole one.
                    let mut part = [0.0_f32; MAX_LANES];
                    std::ptr::copy_nonoverlapping(c, part.as_mut_ptr(), columns);
                    finish(t, j, sum[i][j], part.as_ptr()).store(part.as_mut_ptr());
                    std::ptr::copy_nonoverlapping(part.as_ptr(), c, columns);
                }
            }
        }
    }
}

/// Lanes of the widest register.
const MAX_LANES: usize = 16;

/// What register `j` of a row of c becomes: [c +] sum [+ bias] [, 0 where that is below 0].
///
/// # Safety
/// As for [`tile`]; c holds LANES floats.
#[inline(always)]
unsafe fn finish<V: Register>(t: &Tile, j: usize, sum: V, c: *const f32) -> V {
    // SAFETY: the caller vouches for c, and `Tile` for the bias.
    unsafe {
        let mut c = if t.overwrite { sum } else { V::load(c).add(sum) };
        if !t.bias.is_null() {
            c = c.add(V::load(t.bias.add(j * V::LANES)));
        }
        if t.relu { c.relu() } else { c }
    }
}
