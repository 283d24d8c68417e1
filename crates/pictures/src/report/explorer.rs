//! The explorer: what the page needs to run the network, and the controls around it.

use serde::Serialize;

use super::text::escape;
use super::weights::{Packed, base64, doubles, floats};

/// What the page needs to run a network and to show what it does. The fields are those that `network.js` and
/// `explorer.js` read.
#[derive(Clone, Debug, Serialize)]
pub struct Explorer {
    /// Shape of a sample.
    pub shape: Vec<usize>,
    /// How a sample is shown: `image`, `series` or `table`.
    pub form: &'static str,
    /// The layers from the sample to the code.
    pub encoder: Vec<Layer>,
    /// The layers from the code back to the sample.
    pub decoder: Vec<Layer>,
    /// The functions that turn the output of the last layer into the reconstruction.
    pub outputs: Vec<Output>,
    /// Where the parameters are among the packed weights.
    pub params: Vec<Packed>,
    /// The scale between the data and the network, if there is one.
    pub scale: Option<Scale>,
    /// The columns of a table. Empty for other data.
    pub columns: Vec<Column>,
    /// The names of the channels of a series. Empty for other data.
    pub channels: Vec<String>,
    /// The smallest and the largest value of the data, for drawing.
    pub range: [f32; 2],
    /// For each value of the code, the ends of its slider.
    pub code: Vec<[f32; 2]>,
    /// The values of the code that have a slider, those that vary most.
    pub sliders: Vec<usize>,
    /// How the map lies among the codes. `None` if there is no map.
    pub plane: Option<Plane>,
    /// Scores from here on are unusual.
    pub threshold: f64,
    /// Samples that are in the page.
    pub kept: Kept,
    /// Results of the library, with which the page compares its own.
    pub check: Check,
}

/// A layer, as `network.js` computes it. `w` and `b` are positions among the parameters.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the fields are those of the layers of the library")]
pub enum Layer {
    /// A dense layer.
    Dense { inputs: usize, units: usize, activation: &'static str, w: usize, b: usize },
    /// A dense layer with the transposed weights of another layer.
    Tied { inputs: usize, units: usize, activation: &'static str, w: usize, b: usize },
    /// A dense layer at every step.
    EachStep { steps: usize, inputs: usize, units: usize, activation: &'static str, w: usize, b: usize },
    /// A convolution.
    #[serde(rename = "conv2d")]
    Conv2d(Window),
    /// A transposed convolution.
    #[serde(rename = "conv_transpose2d")]
    ConvTranspose2d(Window),
    /// Max pooling of an image x.
    #[serde(rename = "max_pool2d")]
    MaxPool2d { x: [usize; 3], size: usize },
    /// Upsampling of an image x.
    #[serde(rename = "upsample2d")]
    Upsample2d { x: [usize; 3], size: usize },
    /// A layer that changes no value in use.
    Same,
    /// The mean of a distribution, as many values as units.
    Mean { units: usize },
    /// Missing values become 0, with flags.
    Mask { steps: usize, widths: Vec<usize> },
    /// Every step gets the values of the step before it.
    Shift { inputs: usize },
    /// A vector is repeated.
    Repeat { steps: usize },
    /// A recurrent layer.
    Recurrent(Recurrent),
}

/// The window of a convolution from images x to images y; of a transposed one, which goes from y to x.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of the layers of the library")]
pub struct Window {
    pub x: [usize; 3],
    pub y: [usize; 3],
    pub kernel_size: usize,
    pub stride: usize,
    pub dilation: usize,
    pub top: usize,
    pub left: usize,
    pub activation: &'static str,
    pub w: usize,
    pub b: usize,
}

/// A recurrent layer, with the parameters w_ih, w_hh, b_ih, b_hh of each direction.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of the layers of the library")]
pub struct Recurrent {
    pub cell: &'static str,
    pub inputs: usize,
    pub units: usize,
    pub steps: usize,
    pub repeat: bool,
    pub return_sequences: bool,
    pub activation: &'static str,
    pub keeps_old: bool,
    pub reset_after: bool,
    pub directions: Vec<[usize; 4]>,
}

/// A function of some values of the output: `sigmoid` or `softmax`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Output {
    /// Its name.
    pub kind: &'static str,
    /// The position of its first value.
    pub start: usize,
    /// The number of its values.
    pub len: usize,
}

/// Offsets and factors: one for all values, or one for each channel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scale {
    /// The values that become 0.
    pub offset: Vec<f64>,
    /// The distances that become 1.
    pub factor: Vec<f64>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its kind: `number`, `amount`, `ordinal`, `category` or `date`.
    pub kind: &'static str,
    /// The offset of its scale.
    pub offset: f64,
    /// The factor of its scale.
    pub factor: f64,
    /// The unit of an amount.
    pub unit: f64,
    /// The levels of an ordinal number.
    pub levels: Vec<f64>,
    /// The classes of a category, without `other`.
    pub classes: Vec<String>,
    /// Whether sin and cos of a date are within 0..1.
    pub is_min_max: bool,
    /// What replaces a missing value.
    pub fill: Option<f64>,
    /// The number of decimals of its numbers.
    pub decimals: usize,
}

/// A plane through the space of codes: z = mean + a·first + b·second.
#[derive(Clone, Debug, Serialize)]
pub struct Plane {
    /// The code at a = b = 0.
    pub mean: Vec<f32>,
    /// The two directions, which have the length 1 and are at right angles.
    pub directions: [Vec<f32>; 2],
    /// The values of a at the left and right end of the map, and those of b at its lower and upper end.
    pub ends: [[f64; 2]; 2],
}

/// Samples that are in the page.
#[derive(Clone, Debug)]
pub struct Kept {
    /// What they are and how they were chosen.
    pub about: String,
    /// The name of each, with its class.
    pub names: Vec<String>,
    /// Bytes, of which each stands for a value/255.
    pub bytes: Option<Vec<u8>>,
    /// Otherwise the values, which may need 64 bits.
    pub numbers: Vec<f64>,
}

impl Serialize for Kept {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;

        let mut kept = serializer.serialize_struct("Kept", 4)?;
        kept.serialize_field("about", &self.about)?;
        kept.serialize_field("names", &self.names)?;
        kept.serialize_field("bytes", &self.bytes.as_ref().map(|bytes| base64(bytes)))?;
        kept.serialize_field("numbers", &doubles(&self.numbers))?;
        kept.end()
    }
}

/// Codes and reconstructions of the first kept samples, as the library computes them, in the units of the network.
#[derive(Clone, Debug)]
pub struct Check {
    /// The number of samples.
    pub samples: usize,
    /// Their codes, one after the other.
    pub codes: Vec<f32>,
    /// Their reconstructions, one after the other.
    pub reconstructions: Vec<f32>,
}

impl Serialize for Check {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;

        let mut check = serializer.serialize_struct("Check", 3)?;
        check.serialize_field("samples", &self.samples)?;
        check.serialize_field("codes", &floats(&self.codes))?;
        check.serialize_field("reconstructions", &floats(&self.reconstructions))?;
        check.end()
    }
}

/// The section with the controls. `explorer.js` fills it.
pub(super) fn section(explorer: Result<&Explorer, &str>) -> String {
    let explorer = match explorer {
        Ok(explorer) => explorer,
        Err(why) => return format!("<p class=\"note\">There is no explorer in this page: {}.</p>", escape(why)),
    };
    let own = match explorer.form {
        "image" => include_str!("own_image.html"),
        "table" => include_str!("own_row.html"),
        _ => include_str!("own_series.html"),
    };
    let kept = escape(&explorer.kept.about);
    include_str!("explorer.html").replace("{{own}}", own).replace("{{kept}}", &kept)
}
