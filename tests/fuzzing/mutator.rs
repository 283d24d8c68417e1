//! Nearly valid inputs: valid files, changed in a few places. The same seed gives the same bytes.

/// The maximum length of an input,
const LONGEST: usize = 4096;
/// except for one of this many inputs, in which a piece is repeated: it has 16 to 64 times as many bytes.
const ONE_OF: usize = 256;

pub struct Mutator {
    seeds: Vec<Vec<u8>>,
    state: u64,
    input: Vec<u8>,
}

impl Mutator {
    /// Creates a mutator of these files.
    ///
    /// # Panics
    /// If there are no files.
    #[must_use]
    pub fn new(seeds: Vec<Vec<u8>>, seed: u64) -> Self {
        assert!(!seeds.is_empty());
        Self { seeds, state: seed, input: Vec::with_capacity(2 * LONGEST) }
    }

    /// The next input.
    pub fn next(&mut self) -> &[u8] {
        let seed = self.below(self.seeds.len());
        self.input.clear();
        self.input.extend_from_slice(&self.seeds[seed]);
        // Most inputs get a few changes, some get many.
        let changes = 1 + self.below(4) + if self.below(8) == 0 { self.below(16) } else { 0 };
        for _ in 0..changes {
            self.change();
        }
        self.input.truncate(LONGEST);
        if self.below(ONE_OF) == 0 {
            self.stretch();
        }
        &self.input
    }

    /// Repeats a piece of a few bytes so often that memory stored per piece becomes visible.
    fn stretch(&mut self) {
        let (longest, length) = (1 + self.below(64), 16 * LONGEST + self.below(48 * LONGEST));
        let range = self.range(longest);
        if !range.is_empty() {
            let piece = self.input[range.clone()].to_vec();
            self.input.splice(range.end..range.end, piece.repeat(length / range.len()));
        }
    }

    /// Splitmix64.
    fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.draw()) * bound as u128) >> 64) as usize
    }

    /// A position and a length that fit.
    fn range(&mut self, longest: usize) -> std::ops::Range<usize> {
        let start = self.below(self.input.len() + 1);
        let length = self.below(longest.min(self.input.len() - start) + 1);
        start..start + length
    }

    fn change(&mut self) {
        if self.input.is_empty() {
            let byte = self.draw() as u8;
            return self.input.push(byte);
        }
        let at = self.below(self.input.len());
        match self.below(12) {
            0..=2 => self.input[at] ^= 1 << self.below(8),
            3 => self.input[at] = self.draw() as u8,
            4 => self.input[at] = [0, 1, 0x7f, 0x80, 0xff, b'\n', b'"', b',', b'['][self.below(9)],
            5 => self.input[at] = self.input[at].wrapping_add(self.draw() as u8 % 9).wrapping_sub(4),
            // A false number of 2, 4 or 8 bytes, in either byte order.
            6 => {
                let number = [0, 1, 1 << 15, 1 << 31, 1 << 62, u64::MAX, u64::MAX - 7, 1 << 20][self.below(8)];
                let bytes = if self.below(2) == 0 { number.to_le_bytes() } else { number.to_be_bytes() };
                let length = 2 << self.below(3);
                for (old, new) in self.input[at..].iter_mut().zip(&bytes[..length]) {
                    *old = *new;
                }
            }
            7 => {
                let range = self.range(64);
                self.input.drain(range);
            }
            8 => self.input.truncate(at),
            // A piece is doubled or repeated many times.
            9 => {
                let range = self.range(64);
                let piece = self.input[range.clone()].to_vec();
                let times = if self.below(8) == 0 { 1 + self.below(64) } else { 1 };
                self.input.splice(range.end..range.end, piece.repeat(times));
            }
            // A piece of another file is inserted.
            10 => {
                let range = self.range(32);
                let other = self.below(self.seeds.len());
                let start = self.below(self.seeds[other].len() + 1);
                let end = start + self.below(64.min(self.seeds[other].len() - start) + 1);
                self.input.splice(range, self.seeds[other][start..end].iter().copied());
            }
            // A digit is added or changed.
            _ => {
                let digit = b'0' + self.below(10) as u8;
                match self.input[at..].iter().position(u8::is_ascii_digit) {
                    Some(place) if self.below(2) == 0 => self.input[at + place] = digit,
                    Some(place) => self.input.insert(at + place, digit),
                    None => self.input.push(digit),
                }
            }
        }
    }
}
