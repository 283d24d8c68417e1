//! Detects which vector instructions this machine has. The detection runs only once, before the first routine.

use std::sync::OnceLock;

/// A set of vector instructions, ordered from narrow to wide registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The instructions that every machine of the target has: SSE2 on x86-64 (where a fused multiply-add is a
    /// function call), NEON on AArch64.
    Portable,
    /// AVX2 and FMA: registers of 8 floats.
    Avx2,
    /// AVX-512 (F, VL, BW, DQ): registers of 16 floats.
    Avx512,
}

impl Level {
    /// Returns the level with the name `portable`, `avx2` or `avx512`, or None for any other name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "portable" => Some(Level::Portable),
            "avx2" => Some(Level::Avx2),
            "avx512" => Some(Level::Avx512),
            _ => None,
        }
    }
}

/// Returns the level in use: the widest level of this machine, or a narrower one if the environment variable
/// `HANDGRAD_SIMD` (`portable`, `avx2` or `avx512`) names it. The level changes the speed, but not a bit of any
/// result.
#[must_use]
pub fn level() -> Level {
    static LEVEL: OnceLock<Level> = OnceLock::new();
    *LEVEL.get_or_init(|| {
        let wanted = std::env::var("HANDGRAD_SIMD").ok().and_then(|name| Level::from_name(&name));
        widest().min(wanted.unwrap_or(Level::Avx512))
    })
}

#[cfg(target_arch = "x86_64")]
fn widest() -> Level {
    let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    let avx512 = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq");
    match (avx2, avx512) {
        (true, true) => Level::Avx512,
        (true, false) => Level::Avx2,
        _ => Level::Portable,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn widest() -> Level {
    Level::Portable
}

/// Evaluates an expression compiled for the vector registers of this machine.
///
/// A plain loop inside the expression becomes vector code as wide as the registers, if all functions that it calls
/// are inlined. The arithmetic does not change: nothing is reordered, and a multiply-add is fused only where the code
/// says `mul_add`.
///
/// It is a macro so that each level gets its own closure. A closure with a single caller is inlined even if it is
/// long, and only inlined code is compiled for the registers of its caller.
#[macro_export]
macro_rules! vectorize {
    ($body:expr) => {
        match $crate::level() {
            $crate::Level::Avx512 => $crate::on_avx512(|| $body),
            $crate::Level::Avx2 => $crate::on_avx2(|| $body),
            $crate::Level::Portable => $body,
        }
    };
}

/// Calls `f`, compiled for AVX-512. [`vectorize!`] expands to this call.
///
/// # Panics
/// On a machine without AVX-512.
#[doc(hidden)]
#[inline(always)]
pub fn on_avx512<R>(f: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
        fn compiled<R>(f: impl FnOnce() -> R) -> R {
            f()
        }
        assert!(level() == Level::Avx512, "called only where AVX-512 was detected");
        // SAFETY: `level` returns Avx512 only if these instructions were detected.
        unsafe { compiled(f) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    f()
}

/// Calls `f`, compiled for AVX2 and FMA. [`vectorize!`] expands to this call.
///
/// # Panics
/// On a machine without AVX2.
#[doc(hidden)]
#[inline(always)]
pub fn on_avx2<R>(f: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2,fma")]
        fn compiled<R>(f: impl FnOnce() -> R) -> R {
            f()
        }
        assert!(level() >= Level::Avx2, "called only where AVX2 and FMA were detected");
        // SAFETY: `level` returns Avx2 or more only if these instructions were detected.
        unsafe { compiled(f) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    f()
}

/// Prefetches values that will be read soon.
#[inline(always)]
pub fn prefetch<T>(values: &[T]) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        const CACHE_LINE: usize = 64;
        for line in (0..size_of_val(values)).step_by(CACHE_LINE) {
            // SAFETY: every x86-64 processor has SSE, and the address is inside `values`.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(values.as_ptr().cast::<i8>().add(line)) };
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = values;
}
