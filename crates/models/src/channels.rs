//! Checks what a specification says about the channels of a sequence.

use handgrad_dataset::series::Channels;

use crate::{Error, Scale};

/// Checks that there are as many names and values to fill in as channels of a sequence, and that the values are finite.
pub(crate) fn check_channels(channels: &Channels, input: &[usize]) -> Result<(), Error> {
    let expected = if let [_, channels] = *input { channels } else { 1 };
    let fill = channels.fill.as_ref().map_or(&[][..], |fill| &fill.values);
    let fits = |found: usize| found == 0 || found == expected;
    if !fits(channels.names.len()) || !fits(fill.len()) || fill.iter().any(|value| !value.is_finite()) {
        return Err(Error::Channels { names: channels.names.len(), fills: fill.len(), channels: expected });
    }
    // A series has at most as many steps as a sample.
    let steps = input.first().copied().unwrap_or(0);
    if !channels.steps.is_empty() && channels.steps.len() != steps {
        return Err(Error::Steps { names: channels.steps.len(), steps });
    }
    Ok(())
}

/// Checks that a scale has one pair of valid numbers, or one for each channel of a sequence.
pub(crate) fn check_scale(scale: &Scale, input: &[usize]) -> Result<(), Error> {
    if let Some([offset, factor]) = scale.wrong() {
        return Err(Error::Scale { offset, factor });
    }
    let channels = if let [_, channels] = *input { channels } else { 1 };
    let [offsets, factors] = [&scale.offset, &scale.factor].map(Vec::len);
    if offsets != factors || ![1, channels].contains(&offsets) {
        return Err(Error::ScaleChannels { offsets, factors, channels });
    }
    Ok(())
}
