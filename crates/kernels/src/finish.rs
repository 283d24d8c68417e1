//! The last step of a product.

/// What becomes of a product while it is still in registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// It stays as it is.
    None,
    /// 0 takes the place of all that is below 0; NaN stays.
    Relu,
}
