//! The memory layout of the rows of a batch.

/// A matrix with one row for each sample, stored in *shards*. Within a shard the rows follow one another. The stride
/// from one shard to the next is constant; it may be larger than the rows, because the memory block of a shard also
/// holds other matrices.
///
/// ```
/// use handgrad_kernels::BatchRows;
/// // Two shards of two rows of three values each, every shard followed by two values of something else.
/// let memory = [1, 2, 3, 4, 5, 6, 0, 0, 7, 8, 9, 10, 11, 12, 0, 0];
/// let rows = BatchRows::new(&memory, 0, 3, 4, 2, 8);
/// assert_eq!(rows.row(1), [4, 5, 6]);
/// assert_eq!(rows.row(2), [7, 8, 9]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct BatchRows<'a, T> {
    memory: &'a [T],
    offset: usize,
    cols: usize,
    rows: usize,
    shard_rows: usize,
    shard_stride: usize,
}

impl<'a, T> BatchRows<'a, T> {
    /// Row r is `memory[offset + (r / shard_rows)·shard_stride + (r mod shard_rows)·cols ..][..cols]`.
    ///
    /// # Panics
    /// If the last row is outside `memory`, shards overlap, or `shard_rows` is 0.
    #[must_use]
    pub fn new(
        memory: &'a [T],
        offset: usize,
        cols: usize,
        rows: usize,
        shard_rows: usize,
        shard_stride: usize,
    ) -> Self {
        let batch = Self { memory, offset, cols, rows, shard_rows, shard_stride };
        assert!(shard_rows > 0, "shard_rows must be at least 1");
        // Computed in 128 bits, where nothing wraps around: unsafe code relies on this.
        let wide = |value: usize| value as u128;
        let (shard, row) = ((rows.max(1) - 1) / shard_rows, (rows.max(1) - 1) % shard_rows);
        let last = wide(offset) + wide(shard) * wide(shard_stride) + wide(row) * wide(cols) + wide(cols);
        assert!(rows == 0 || last <= wide(memory.len()), "the rows must be inside their memory");
        // If shards overlapped, a row before the last shard could end after the last row.
        let apart = rows <= shard_rows || wide(shard_stride) >= wide(shard_rows) * wide(cols);
        assert!(apart, "shards of {shard_rows} rows of {cols} overlap: the shard stride is only {shard_stride}");
        batch
    }

    /// Creates a matrix whose rows follow one another without gaps.
    ///
    /// # Panics
    /// If `memory` is not a whole number of rows.
    #[must_use]
    pub fn contiguous(memory: &'a [T], cols: usize) -> Self {
        let rows = memory.len().checked_div(cols).unwrap_or(0);
        assert_eq!(rows * cols, memory.len(), "a whole number of rows of {cols}");
        Self::new(memory, 0, cols, rows, rows.max(1), memory.len())
    }

    /// Divides each row into `steps` rows, which are the steps of a sequence.
    ///
    /// ```
    /// use handgrad_kernels::BatchRows;
    /// let rows = BatchRows::contiguous(&[1, 2, 3, 4, 5, 6, 7, 8], 4).steps(2);
    /// assert_eq!((rows.rows(), rows.row(1), rows.row(2)), (4, &[3, 4][..], &[5, 6][..]));
    /// ```
    ///
    /// # Panics
    /// If a row is not a whole number of steps.
    #[must_use]
    pub fn steps(&self, steps: usize) -> Self {
        let Self { memory, offset, cols, rows, shard_rows, shard_stride } = *self;
        assert_eq!(cols % steps, 0, "{cols} values are {steps} steps of the same length");
        Self::new(memory, offset, cols / steps, rows * steps, shard_rows * steps, shard_stride)
    }

    /// Returns one of several matrices that are stored one after another in each shard. The matrix has `cols`
    /// columns, and the matrices before it have `before` columns in total.
    ///
    /// ```
    /// use handgrad_kernels::BatchRows;
    /// // Two shards with room for two rows each. A shard holds a matrix of one column, then a matrix of two columns.
    /// let memory = [1, 2, 10, 11, 20, 21, 3, 0, 30, 31, 0, 0];
    /// let part = BatchRows::new(&memory, 0, 3, 3, 2, 6).part(1, 2);
    /// assert_eq!((part.row(0), part.row(1), part.row(2)), (&[10, 11][..], &[20, 21][..], &[30, 31][..]));
    /// ```
    ///
    /// # Panics
    /// If `before + cols` is larger than the number of columns.
    #[must_use]
    pub fn part(&self, before: usize, cols: usize) -> Self {
        assert!(before + cols <= self.cols, "columns {before}..{} of {}", before + cols, self.cols);
        let offset = self.offset + self.shard_rows * before;
        Self::new(self.memory, offset, cols, self.rows, self.shard_rows, self.shard_stride)
    }

    fn start(&self, row: usize) -> usize {
        self.offset + row / self.shard_rows * self.shard_stride + row % self.shard_rows * self.cols
    }

    /// Number of rows: the samples of the batch.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns: the values of one sample.
    #[must_use]
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Number of rows in a full shard.
    pub(crate) fn shard_rows(&self) -> usize {
        self.shard_rows
    }

    /// Distance from the end of the last row of a full shard to the start of the first row of the next shard, with
    /// wrapping.
    pub(crate) fn gap(&self) -> usize {
        self.shard_stride.wrapping_sub(self.shard_rows.wrapping_mul(self.cols))
    }

    /// Returns a pointer to the value in column `col` of a row. The pointer may also be used to read the rows after
    /// it.
    pub(crate) fn as_ptr(&self, row: usize, col: usize) -> *const T {
        self.memory[self.start(row) + col..].as_ptr()
    }

    /// Returns one row.
    #[inline]
    #[must_use]
    pub fn row(&self, row: usize) -> &'a [T] {
        &self.memory[self.start(row)..][..self.cols]
    }

    /// Returns the memory of `count` rows from number `first` on, if they are rows of one shard and the number of rows
    /// before them in this shard is a multiple of `count`.
    ///
    /// ```
    /// use handgrad_kernels::BatchRows;
    /// // Two shards of three rows of one value each.
    /// let rows = BatchRows::new(&[1, 2, 3, 4, 5, 6], 0, 1, 6, 3, 3);
    /// assert_eq!(rows.group(0, 2), Some(&[1, 2][..]));
    /// assert_eq!(rows.group(2, 2), None);
    /// assert_eq!(rows.group(4, 2), None);
    /// ```
    #[must_use]
    pub fn group(&self, first: usize, count: usize) -> Option<&'a [T]> {
        let in_shard = first % self.shard_rows;
        let held = in_shard.is_multiple_of(count) && in_shard + count <= self.shard_rows && first + count <= self.rows;
        held.then(|| &self.memory[self.start(first)..][..count * self.cols])
    }

    /// Iterates over all rows, in order.
    pub fn iter(&self) -> impl Iterator<Item = &'a [T]> + use<'a, T> {
        self.rows_from(0)
    }

    /// Iterates over the rows from number `first` on, in order.
    pub fn rows_from(&self, first: usize) -> impl Iterator<Item = &'a [T]> + use<'a, T> {
        let (memory, cols, shard_rows) = (self.memory, self.cols, self.shard_rows);
        let gap = self.gap();
        let (mut start, mut row_in_shard) = (self.start(first), first % shard_rows);
        (first..self.rows).map(move |_| {
            let row = &memory[start..][..cols];
            // Moves on within the shard, or from its last row to the first row of the next shard, without a division
            // in the loop.
            row_in_shard += 1;
            start += cols;
            if row_in_shard == shard_rows {
                row_in_shard = 0;
                start = start.wrapping_add(gap);
            }
            row
        })
    }
}
