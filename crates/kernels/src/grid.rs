//! The memory layout of images of sixteen samples: see [`lanes`](crate::lanes).

/// Number of samples whose values are stored side by side and processed together.
pub const LANES: usize = 16;

/// One value of each of the samples.
pub type Lanes<T> = [T; LANES];

/// The memory layout of an image with several channels: place (i, j) of channel c is at start + c·channel + i·line +
/// j·column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Position of the first place.
    pub start: usize,
    /// Distance from one channel to the next.
    pub channel: usize,
    /// Distance from one line to the next.
    pub line: usize,
    /// Distance from one column to the next.
    pub column: usize,
}

impl Grid {
    /// Returns the layout of an image of `lines` × `columns` without padding.
    #[must_use]
    pub fn whole(lines: usize, columns: usize) -> Self {
        Self { start: 0, channel: lines * columns, line: columns, column: 1 }
    }

    pub(crate) fn at(&self, channel: usize, line: usize, column: usize) -> usize {
        self.start + channel * self.channel + line * self.line + column * self.column
    }

    /// Returns whether all places, moved by up to `shift`, are below `len`. The answer is no if a position overflows:
    /// unsafe code relies on this.
    pub(crate) fn lies_within(&self, [channels, lines, columns]: [usize; 3], shift: usize, len: usize) -> bool {
        if channels == 0 || lines == 0 || columns == 0 {
            return true;
        }
        let steps = [(channels, self.channel), (lines, self.line), (columns, self.column)];
        let last = steps
            .into_iter()
            .fold(self.start.checked_add(shift), |sum, (count, step)| sum?.checked_add((count - 1).checked_mul(step)?));
        last.is_some_and(|last| last < len)
    }
}

/// The values that the taps of a window read: x in the formulas of [`lanes`](crate::lanes).
#[derive(Clone, Copy, Debug)]
pub struct Windows<'a, T> {
    /// The padded image.
    pub values: &'a [Lanes<T>],
    /// Number of its channels.
    pub channels: usize,
    /// The values that the first tap reads for each place.
    pub grid: Grid,
    /// For each tap of a channel, the distance from the value that the first tap reads.
    pub offsets: &'a [usize],
}

impl<T> Windows<'_, T> {
    /// Number of taps of all channels.
    ///
    /// # Panics
    /// If the number overflows.
    #[must_use]
    pub fn taps(&self) -> usize {
        match self.channels.checked_mul(self.offsets.len()) {
            Some(taps) => taps,
            None => panic!("{} channels of {} taps", self.channels, self.offsets.len()),
        }
    }

    pub(crate) fn assert_hold(&self, [lines, columns]: [usize; 2]) {
        let Some(&furthest) = self.offsets.iter().max() else { return };
        let held = self.grid.lies_within([self.channels, lines, columns], furthest, self.values.len());
        assert!(held, "every tap of {lines}×{columns} places must be within the {} of its image", self.values.len());
    }
}
