//! What can be typed to check gradients.

use clap::Args as ClapArgs;
use handgrad_study::mistakes;

/// Above the lists.
const TEACHES: &str = "\
A derivative can be measured: move a value a little both ways, and see what the loss does.

    ∂f/∂θ_i ≈ ( f(θ + h·e_i) − f(θ − h·e_i) ) / 2h        in f64, with h = 10⁻⁵

Every backward pass here was derived and written by hand, and is held against that. A relative error above 10⁻⁶ fails:
with a right derivative it is about 10⁻⁸, with a wrong one about 1. A model is moved along a random direction, its noise
held fixed; there the error must also fall fourfold as h is halved, which that of the quotient itself does.

The check sees whether a backward pass belongs to its forward pass. Where both are wrong alike it sees nothing: then
a property of the forward pass has to find it. --break plants mistakes of either sort.";

#[derive(ClapArgs, Debug)]
#[command(after_help = format!("{TEACHES}\n\nMistakes for --break:\n{}\nExamples:\n  \
    handgrad gradcheck                              what can be checked\n  \
    handgrad gradcheck all                          everything; fails if anything is off\n  \
    handgrad gradcheck gru model-vae                every GRU, and the variational autoencoders\n  \
    handgrad gradcheck --break missing-transpose    what a mistake looks like", mistakes::list()))]
pub struct GradcheckArgs {
    /// What to check: names from the list, or how they begin; `all` is everything [default: print the list].
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,

    /// Plant a known mistake, and show whether the check sees it or what else does; `all` plants one after another.
    #[arg(long = "break", value_name = "MISTAKE", conflicts_with = "names")]
    pub mistake: Option<Option<String>>,

    /// Print one JSON object as the last line of the standard output.
    #[arg(long)]
    pub json: bool,
}
