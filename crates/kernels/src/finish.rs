//! The last step of a product.

/// The operation that is applied to a product while it is still in registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// None: the product is not changed.
    None,
    /// ReLU: values below 0 become 0; NaN stays NaN.
    Relu,
}
