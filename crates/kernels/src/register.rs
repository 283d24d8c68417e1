//! Vector registers: AVX-512, AVX2, and plain Rust, which compiles to NEON on AArch64.

/// A vector register of `LANES` floats.
///
/// # Safety
/// The methods may be called only on a machine that has the instructions of the register, and only from a function
/// that is compiled for them. Pointers must be valid for `LANES` floats; they need no alignment.
pub(crate) unsafe trait Register: Copy {
    const LANES: usize;
    unsafe fn splat(value: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    /// Loads the first `count` ≤ LANES floats and fills the rest with zeros. Only `count` floats need to be valid.
    unsafe fn load_first(from: *const f32, count: usize) -> Self;
    /// Stores the first `count` ≤ LANES floats. Only these need to be valid.
    unsafe fn store_first(self, to: *mut f32, count: usize);
    /// Prefetches a cache line if the machine has such an instruction. Any address is allowed.
    fn prefetch(from: *const f32);
    unsafe fn add(self, other: Self) -> Self;
    /// a·b + self, rounded once.
    unsafe fn fused_multiply_add(self, a: Self, b: Self) -> Self;
    /// 0 where self is below 0, self elsewhere. NaN stays NaN.
    unsafe fn relu(self) -> Self;

    /// to(i)[j] ← from(j)[i] for a block of LANES × LANES floats, where `from` and `to` give the address of each row.
    /// `from` and `to` must not overlap, but `from` may return the same address for several rows, and so may `to`.
    #[inline(always)]
    unsafe fn transpose(from: impl Fn(usize) -> *const f32, to: impl Fn(usize) -> *mut f32) {
        for i in 0..Self::LANES {
            let to = to(i);
            for j in 0..Self::LANES {
                // SAFETY: the caller guarantees that all rows are valid.
                unsafe { *to.add(j) = *from(j).add(i) };
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Register;
    use std::arch::x86_64::{
        __m256, __m256i, __m512, _MM_HINT_T0, _mm_prefetch, _mm256_add_ps, _mm256_cmpgt_epi32, _mm256_fmadd_ps,
        _mm256_loadu_ps, _mm256_maskload_ps, _mm256_maskstore_ps, _mm256_max_ps, _mm256_permute2f128_ps,
        _mm256_set1_epi32, _mm256_set1_ps, _mm256_setr_epi32, _mm256_shuffle_ps, _mm256_storeu_ps, _mm256_unpackhi_ps,
        _mm256_unpacklo_ps, _mm512_add_ps, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_mask_storeu_ps,
        _mm512_maskz_loadu_ps, _mm512_max_ps, _mm512_set1_ps, _mm512_shuffle_f32x4, _mm512_shuffle_ps,
        _mm512_storeu_ps, _mm512_unpackhi_ps, _mm512_unpacklo_ps,
    };

    macro_rules! register {
        (
            $type:ty, $lanes:literal, $set1:ident, $load:ident, $store:ident, $load_first:ident, $store_first:ident,
            $add:ident, $fma:ident, $max:ident, $turn:ident
        ) => {
            // SAFETY: each method executes the instruction that its name says, on registers of the stated width.
            unsafe impl Register for $type {
                const LANES: usize = $lanes;
                #[inline(always)]
                unsafe fn splat(value: f32) -> Self {
                    // SAFETY: the caller guarantees the instruction set.
                    unsafe { $set1(value) }
                }
                #[inline(always)]
                unsafe fn load(from: *const f32) -> Self {
                    // SAFETY: the caller guarantees the instruction set and `LANES` readable floats.
                    unsafe { $load(from) }
                }
                #[inline(always)]
                unsafe fn store(self, to: *mut f32) {
                    // SAFETY: the caller guarantees the instruction set and `LANES` writable floats.
                    unsafe { $store(to, self) }
                }
                #[inline(always)]
                unsafe fn load_first(from: *const f32, count: usize) -> Self {
                    // SAFETY: the caller guarantees the instruction set and `count` readable floats.
                    unsafe { $load_first(from, count) }
                }
                #[inline(always)]
                unsafe fn store_first(self, to: *mut f32, count: usize) {
                    // SAFETY: the caller guarantees the instruction set and `count` writable floats.
                    unsafe { $store_first(self, to, count) }
                }
                #[inline(always)]
                fn prefetch(from: *const f32) {
                    // SAFETY: every x86-64 processor has SSE, and a prefetch of an invalid address has no effect.
                    unsafe { _mm_prefetch::<_MM_HINT_T0>(from.cast()) }
                }
                #[inline(always)]
                unsafe fn add(self, other: Self) -> Self {
                    // SAFETY: the caller guarantees the instruction set.
                    unsafe { $add(self, other) }
                }
                #[inline(always)]
                unsafe fn fused_multiply_add(self, a: Self, b: Self) -> Self {
                    // SAFETY: the caller guarantees the instruction set.
                    unsafe { $fma(a, b, self) }
                }
                #[inline(always)]
                unsafe fn relu(self) -> Self {
                    // SAFETY: the caller guarantees the instruction set. The instruction returns its second operand
                    // for NaN.
                    unsafe { $max($set1(0.0), self) }
                }
                #[inline(always)]
                unsafe fn transpose(from: impl Fn(usize) -> *const f32, to: impl Fn(usize) -> *mut f32) {
                    // SAFETY: the caller guarantees the instruction set and all rows.
                    unsafe { $turn(from, to) }
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
        load_first16,
        store_first16,
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
        load_first8,
        store_first8,
        _mm256_add_ps,
        _mm256_fmadd_ps,
        _mm256_max_ps,
        turn8
    );

    #[inline(always)]
    unsafe fn load_first16(from: *const f32, count: usize) -> __m512 {
        // SAFETY: the caller guarantees AVX-512; floats outside the mask are not read.
        unsafe { _mm512_maskz_loadu_ps(first16(count), from) }
    }

    #[inline(always)]
    unsafe fn store_first16(register: __m512, to: *mut f32, count: usize) {
        // SAFETY: the caller guarantees AVX-512; floats outside the mask are not written.
        unsafe { _mm512_mask_storeu_ps(to, first16(count), register) }
    }

    #[inline(always)]
    fn first16(count: usize) -> u16 {
        ((1_u32 << count) - 1) as u16
    }

    #[inline(always)]
    unsafe fn load_first8(from: *const f32, count: usize) -> __m256 {
        // SAFETY: the caller guarantees AVX2; floats outside the mask are not read.
        unsafe { _mm256_maskload_ps(from, first8(count)) }
    }

    #[inline(always)]
    unsafe fn store_first8(register: __m256, to: *mut f32, count: usize) {
        // SAFETY: the caller guarantees AVX2; floats outside the mask are not written.
        unsafe { _mm256_maskstore_ps(to, first8(count), register) }
    }

    /// All bits set in the first `count` lanes.
    #[inline(always)]
    unsafe fn first8(count: usize) -> __m256i {
        // SAFETY: the caller guarantees AVX2.
        unsafe { _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)) }
    }

    /// Transposes a 16×16 block: first the 4×4 blocks within the 128-bit quarters of each group of four rows, then it
    /// moves the quarters.
    #[inline(always)]
    unsafe fn turn16(from: impl Fn(usize) -> *const f32, to: impl Fn(usize) -> *mut f32) {
        // SAFETY: the caller guarantees AVX-512 and 16 rows of 16 floats on both sides.
        unsafe {
            // q[4·g + c]: column c of each 4×4 block of the rows 4g..4g+4
            let mut q = [_mm512_set1_ps(0.0); 16];
            for g in 0..4 {
                let row = |r: usize| _mm512_loadu_ps(from(4 * g + r));
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
                    _mm512_storeu_ps(to(4 * b + c), row);
                }
            }
        }
    }

    /// Transposes an 8×8 block like [`turn16`], with halves of 128 bits instead of quarters.
    #[inline(always)]
    unsafe fn turn8(from: impl Fn(usize) -> *const f32, to: impl Fn(usize) -> *mut f32) {
        // SAFETY: the caller guarantees AVX2 and 8 rows of 8 floats on both sides.
        unsafe {
            let mut q = [_mm256_set1_ps(0.0); 8];
            for g in 0..2 {
                let row = |r: usize| _mm256_loadu_ps(from(4 * g + r));
                let (low01, high01) = (_mm256_unpacklo_ps(row(0), row(1)), _mm256_unpackhi_ps(row(0), row(1)));
                let (low23, high23) = (_mm256_unpacklo_ps(row(2), row(3)), _mm256_unpackhi_ps(row(2), row(3)));
                q[4 * g] = _mm256_shuffle_ps::<0b01_00_01_00>(low01, low23);
                q[4 * g + 1] = _mm256_shuffle_ps::<0b11_10_11_10>(low01, low23);
                q[4 * g + 2] = _mm256_shuffle_ps::<0b01_00_01_00>(high01, high23);
                q[4 * g + 3] = _mm256_shuffle_ps::<0b11_10_11_10>(high01, high23);
            }
            for c in 0..4 {
                _mm256_storeu_ps(to(c), _mm256_permute2f128_ps::<0x20>(q[c], q[4 + c]));
                _mm256_storeu_ps(to(4 + c), _mm256_permute2f128_ps::<0x31>(q[c], q[4 + c]));
            }
        }
    }
}

/// The register of plain Rust. The compiler translates it to NEON or SSE2 instructions, and the fused multiply-add to
/// a function call if the target has no instruction for it.
pub(crate) type Plain = [f32; 4];

// SAFETY: plain Rust needs no instruction set; the caller guarantees that the pointers are valid.
unsafe impl Register for Plain {
    const LANES: usize = 4;
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        [value; 4]
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller guarantees 4 readable floats; no alignment is assumed.
        unsafe { from.cast::<Self>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller guarantees 4 writable floats; no alignment is assumed.
        unsafe { to.cast::<Self>().write_unaligned(self) }
    }
    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> Self {
        // SAFETY: the caller guarantees `count` readable floats.
        std::array::from_fn(|lane| if lane < count { unsafe { *from.add(lane) } } else { 0.0 })
    }
    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, count: usize) {
        for (lane, value) in self.into_iter().enumerate().take(count) {
            // SAFETY: the caller guarantees `count` writable floats.
            unsafe { *to.add(lane) = value };
        }
    }
    #[inline(always)]
    fn prefetch(_: *const f32) {}
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

/// Defines the function `name`, which calls `body::<register>` with the register type of this machine. The numbers in
/// brackets are further generic arguments of `body`: for AVX-512; for AVX2; for plain Rust.
macro_rules! dispatch {
    ($name:ident = $body:ident$([$($avx512:literal),*; $($avx2:literal),*; $($plain:literal),*])?(
        $($arg:ident: $type:ty),*
    )) => {
        pub(crate) fn $name($($arg: $type),*) {
            #[cfg(target_arch = "x86_64")]
            {
                use std::arch::x86_64::{__m256, __m512};
                use $crate::simd::{Level, level};
                #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
                fn avx512($($arg: $type),*) {
                    // SAFETY: this function is compiled for AVX-512 and called only if the machine has it; the caller
                    // has checked the shapes.
                    unsafe { $body::<__m512 $($(, $avx512)*)?>($($arg),*) }
                }
                #[target_feature(enable = "avx2,fma")]
                fn avx2($($arg: $type),*) {
                    // SAFETY: as above, for AVX2 and FMA.
                    unsafe { $body::<__m256 $($(, $avx2)*)?>($($arg),*) }
                }
                match level() {
                    // SAFETY: `level` returns Avx512 only if these instructions were detected.
                    Level::Avx512 => return unsafe { avx512($($arg),*) },
                    // SAFETY: as above, for AVX2 and FMA.
                    Level::Avx2 => return unsafe { avx2($($arg),*) },
                    Level::Portable => {}
                }
            }
            // SAFETY: plain Rust needs no instruction set; the caller has checked the shapes.
            unsafe { $body::<$crate::register::Plain $($(, $plain)*)?>($($arg),*) }
        }
    };
}
pub(crate) use dispatch;
