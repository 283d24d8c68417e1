//! What the decks ask themselves, with their answers explained, and what they get wrong.

use handgrad_analysis::Random;

use super::question::Question;

/// A question with answers to choose from; the first one is right.
struct Entry {
    chapter: usize,
    text: &'static str,
    options: &'static [&'static str],
    why: &'static str,
}

/// Returns the questions of a chapter.
pub fn questions(chapter: usize, random: &mut Random) -> Vec<Question> {
    let of_chapter = CHECKS.iter().chain(ERRORS).filter(|entry| entry.chapter == chapter);
    of_chapter.map(|entry| Question::choice(random, chapter, entry.text, entry.options, entry.why)).collect()
}

/// The knowledge checks and exercises of the decks, and a few of our own.
const CHECKS: &[Entry] = &[
    Entry {
        chapter: 0,
        text: "A dense layer z = x·w + b has m samples in the rows of x, n inputs and u units. δ is ∂L/∂z, m×u. \
               Which product is dw?",
        options: &["xᵀ·δ", "x·δᵀ", "δ·wᵀ", "δᵀ·x"],
        why: "dw must have the shape of w, n×u, and a weight is used once for every sample, so the sum is over the \
              samples: the inner index of xᵀ·δ. δᵀ·x is its transpose, and δ·wᵀ is dx.",
    },
    Entry {
        chapter: 0,
        text: "A value is used in two places of a network. How does its gradient come about?",
        options: &[
            "the gradients of both uses are added",
            "the gradients of both uses are multiplied",
            "the larger of both gradients is taken",
            "only the last use counts",
        ],
        why: "There are two paths from the value to the loss, and the gradients of all paths are added. Along one \
              path, derivatives are multiplied.",
    },
    Entry {
        chapter: 1,
        text: "The last layer has a sigmoid, and the loss is the binary cross-entropy. What is ∂ℓ/∂z?",
        options: &["p − t", "2·(p − t)", "(p − t)/(p·(1 − p))", "(p − t)·p·(1 − p)"],
        why: "∂ℓ/∂p is (p − t)/(p·(1 − p)), and the slope of σ is p·(1 − p): they cancel.",
    },
    Entry {
        chapter: 2,
        text: "KERAS \"Knowledge Check\": What are the components of a typical autoencoder?",
        options: &[
            "encoder, bottleneck layer, and decoder",
            "encoder, bottleneck layer, and classifier",
            "decoder, classifier, and pooling layer",
            "none of the above",
        ],
        why: "The encoder makes the code, the bottleneck layer holds it, and the decoder makes the reconstruction. \
              Nobody asks for a class, so there is no classifier.",
    },
    Entry {
        chapter: 3,
        text: "CE6146 \"20231012 Exercise #16\": Which layer do we not have control over?",
        options: &["none: we have some control over all layers", "input layer", "hidden layer", "output layer"],
        why: "The sizes of the first and the last layer follow from the data. But we choose which values of the data \
              are used and how they are scaled, and the activation of the last layer.",
    },
    Entry {
        chapter: 3,
        text: "A linear autoencoder with a code of k numbers is trained with the squared error until nothing changes \
               any more. What is its error on the training samples?",
        options: &[
            "that of PCA with k components",
            "smaller than that of PCA with k components",
            "larger than that of PCA with k components",
            "0",
        ],
        why: "PCA is the best linear encoder with the best linear decoder. The weights may be other ones, but they \
              span the same space.",
    },
    Entry {
        chapter: 4,
        text: "CE6146 \"Examples for Dilation\": For which task is dilation not suitable?",
        options: &[
            "telling closely related species of birds apart",
            "finding a tumour in a scan of the head",
            "finding the outline of an organ",
        ],
        why: "With dilation, a window sees farther with the same number of weights, which helps where the \
              surroundings matter. But it has gaps, and a fine detail can lie in a gap.",
    },
    Entry {
        chapter: 4,
        text: "A convolution is y = C·x with a large matrix C. What does the transposed convolution compute?",
        options: &["Cᵀ·a", "C⁻¹·a", "−C·a", "C·a with the window flipped"],
        why: "It is the transpose, not the inverse: it has the same connections, used in the other direction. So it \
              is also the backward pass of the convolution.",
    },
    Entry {
        chapter: 5,
        text: "CE6146 \"20231012 Exercise #17\": What is dropout used for?",
        options: &["regularization", "speeding up training", "activation", "normalization"],
        why: "It sets random values to 0 in training, so that no unit relies on a single other one. That is \
              regularization, against overfitting. It usually needs more epochs, not fewer.",
    },
    Entry {
        chapter: 5,
        text: "A denoising autoencoder gets y, a sample x with noise, and returns x̂. With what does the loss \
               compare x̂?",
        options: &["with x", "with y", "with the noise y − x", "with the mean of all samples"],
        why: "The target is the clean sample. A network that is compared with y learns to keep the noise.",
    },
    Entry {
        chapter: 6,
        text: "The gradient of the L1 penalty pushes a value h > 0 of the code towards 0. How strong is this push?",
        options: &[
            "the same for every h above 0",
            "proportional to h",
            "stronger the nearer h is to 0",
            "0 as soon as h is below the weight",
        ],
        why: "The slope of |h| is 1 for every h above 0. The slope of h² is 2·h: it is nearly 0 where h is small, so \
              many small values stay.",
    },
    Entry {
        chapter: 7,
        text: "Why is z computed as μ + σ·ε, with ε drawn from N(0, 1), instead of being drawn from N(μ, σ²)?",
        options: &[
            "so that z has derivatives with respect to μ and σ",
            "so that z is always the same for a sample",
            "so that the divergence is 0",
            "so that z lies between 0 and 1",
        ],
        why: "A number that is drawn has no derivative. For a fixed ε, μ + σ·ε is a function of μ and σ like any \
              other. The distribution of z is the same in both cases.",
    },
    Entry {
        chapter: 8,
        text: "An Elman network reads 10 steps. How many matrices w_hh does it have?",
        options: &["1", "10", "9", "11"],
        why: "The same weights are used at every step, so their gradient is a sum over the steps.",
    },
    Entry {
        chapter: 9,
        text: "The forget gate of an LSTM is f = 1 at every step. What happens to the old cell state?",
        options: &["it is kept", "it is forgotten", "it is halved", "it becomes 1"],
        why: "c_t = f·c_{t−1} + i·c̃: the old state is multiplied by f. The name says what the gate decides, not \
              what it does when it is open.",
    },
    Entry {
        chapter: 10,
        text: "KERAS \"Knowledge Check\": Which of the following is a primary use case of autoencoders in the field \
               of image processing?",
        options: &["image denoising", "image classification", "image enhancement", "image resizing"],
        why: "A denoising autoencoder is trained to return clean images for noisy ones. The other tasks have other \
              methods, although the codes of an autoencoder can help a classifier.",
    },
    Entry {
        chapter: 10,
        text: "KERAS \"Knowledge Check\": What are the four hyperparameters that need to be set before training an \
               autoencoder, according to that deck?",
        options: &[
            "code size, number of layers, number of nodes per layer, and loss function",
            "number of layers, nodes per layer, color channels, and input size",
            "number of nodes per layer, learning rate, batch size, and code size",
            "learning rate, batch size, code size, and input size",
        ],
        why: "This is the deck's answer: these four describe the network and its aim. But learning rate, batch size \
              and the number of epochs must be set before training too, and UTMIST names only three: code size, \
              layers, and neurons per layer.",
    },
];

/// What the slides get wrong. Each question is of the kind "find the mistake".
const ERRORS: &[Entry] = &[
    Entry {
        chapter: 0,
        text: "Find the mistake. CE6146 \"Encoder\": \"Activation functions introduce non-linearity into the system, \
               enabling the encoder to learn from the error backpropagation process.\"",
        options: &[
            "layers without an activation learn by backpropagation too",
            "activation functions introduce no non-linearity",
            "backpropagation is only used in the decoder",
        ],
        why: "A linear layer has a gradient like any other. What an activation adds is that two layers are more than \
              one: two linear layers are together one linear layer.",
    },
    Entry {
        chapter: 1,
        text: "Find the mistake. KERAS \"Reconstruction Loss\": \"MSE = 1/n·Σ (y_i − ỹ_i)², i = 1 … n; N = number of \
               data points\".",
        options: &[
            "n is not defined, and N does not occur in the formula",
            "it should be a sum without 1/n",
            "the difference should be ỹ_i − y_i",
            "the square should be an absolute value",
        ],
        why: "Both letters mean the same number. The slide also leaves open whether data points are pixels, images \
              or both.",
    },
    Entry {
        chapter: 1,
        text: "Find the mistake. DIVE \"Define Autoencoder Model\" describes a model with ReLU as the last \
               activation, the binary cross-entropy as the loss, and Adam as the optimizer.",
        options: &[
            "ReLU as the last activation does not fit this loss",
            "Adam does not fit this loss",
            "an autoencoder cannot be trained with the binary cross-entropy",
        ],
        why: "A ReLU returns 0 or any positive number. ln 0 is infinite, and ln(1 − p) does not exist for p > 1. The \
              last layer needs a sigmoid.",
    },
    Entry {
        chapter: 2,
        text: "Find the mistake. DIVE \"How to Train Autoencoders?\": \"Autoencoders are trained using supervised \
               learning, so you need a labeled dataset consisting of input and output data pairs.\"",
        options: &[
            "no labels are needed, because the target is the input itself",
            "an autoencoder has no target",
            "an autoencoder needs no data",
        ],
        why: "Nobody has to write the targets down. KERAS, CE6146 and UTMIST call the training unsupervised.",
    },
    Entry {
        chapter: 2,
        text: "Find the mistake. CE6146 \"Guideline for Autoencoders (4/4)\": \"Smaller batch sizes and learning \
               rates can lead to more stable convergence but may require more training epochs.\"",
        options: &[
            "a smaller batch makes convergence less stable",
            "a smaller learning rate makes convergence less stable",
            "a smaller learning rate needs fewer epochs",
        ],
        why: "The gradient of a small batch is a noisier estimate. For the learning rate the sentence is right.",
    },
    Entry {
        chapter: 2,
        text: "Find the mistake. UTMIST \"Autoencoder: Overview\": \"Encoder: compresses input. Code: summary (lower \
               dimension) of input. Decoder: reconstructs code\".",
        options: &[
            "the decoder reconstructs the input, from the code",
            "the encoder compresses the code",
            "the code has a higher dimension than the input",
        ],
        why: "The decoder gets the code and returns a reconstruction of the input.",
    },
    Entry {
        chapter: 5,
        text: "Find the mistake. DIVE \"Types of Autoencoders\" about the denoising autoencoder: \"trained to \
               reconstruct the original data from a corrupted version … the goal is to learn a robust representation \
               of noise\".",
        options: &[
            "the code should represent the data, not the noise",
            "the corrupted version should be the target",
            "a denoising autoencoder is not trained",
        ],
        why: "The noise should have as little influence on the code as possible.",
    },
    Entry {
        chapter: 6,
        text: "Find the mistake. CE6146 \"Example – Sparse Autoencoders\" recommends them for the visualization of \
               high-dimensional data.",
        options: &[
            "a code of two numbers cannot be sparse",
            "sparse autoencoders cannot be trained on high-dimensional data",
            "visualization needs labels",
        ],
        why: "A picture needs a code of two numbers, and if one of two is 0, little is left. Sparse codes are wide.",
    },
    Entry {
        chapter: 7,
        text: "Find the mistake. DIVE \"Types of Autoencoders\" about the VAE: \"the encoder outputs two values: a \
               mean and a variance. These values are used to sample a latent code from a normal distribution\".",
        options: &[
            "they are two vectors, and usually the logarithm of the variance",
            "the code is not sampled from a normal distribution",
            "it is the decoder that outputs them",
        ],
        why: "There is a mean and a variance for every number of the code. A layer can return any number, but a \
              variance must be positive, so programs take ln σ².",
    },
    Entry {
        chapter: 7,
        text: "Find the mistake. UTMIST \"Variational Autoencoder\": \"Encoder: produce codes of mean + standard \
               variation\".",
        options: &[
            "it is the standard deviation, and it is not added to the mean",
            "it is the decoder that produces them",
            "a variational autoencoder has no mean",
        ],
        why: "The encoder returns a mean and a width; the code is drawn from the distribution that they describe.",
    },
    Entry {
        chapter: 8,
        text: "Find the mistake. CE6146 \"RNN – Jordan Network\": \"h_t = f₁(W_hh·h_{t−1} + W_xh·x_t + W_yh·h_t + \
               b_h)\".",
        options: &[
            "W_yh must be multiplied by y_{t−1}",
            "W_xh must be multiplied by x_{t−1}",
            "b_h must be multiplied by h_{t−1}",
            "f₁ must be left out",
        ],
        why: "h_t cannot be computed from itself. The example on the next slides uses y_{t−1}. Since W_hh·h_{t−1} is \
              kept, the network is a hybrid of an Elman and a Jordan network.",
    },
    Entry {
        chapter: 8,
        text: "Find the mistake. CE6146 \"Example – Jordan Network (2/3)\": \"h₁ = tanh(W_hh·h₀ + W_xh·x₁ + W_yh·y₀ \
               + b_h) = tanh(1·0 + 1·0 + 1·1 + 1) = tanh(2) ≈ 0.9640\", with x₁ = 1 and h₀ = y₀ = 0.",
        options: &[
            "the second and the third product are swapped",
            "the bias is missing",
            "the sum is not 2",
            "tanh(2) is not 0.9640",
        ],
        why: "In the order of the formula it is 1·0 + 1·1 + 1·0 + 1. The sum is the same.",
    },
    Entry {
        chapter: 8,
        text: "Find the mistake. CE6146 \"Example – BPTT (3/4)\": \"∂Loss_t/∂W_h = \
               ∂Loss_t/∂y_t·∂y_t/∂h_t·∂h_t/∂W_h\", where ∂h_t/∂W_h is the derivative at step t alone.",
        options: &[
            "h_{t−1} depends on W_h too, and this part is missing",
            "∂y_t/∂h_t must be left out",
            "the factors must be added",
            "∂Loss_t/∂y_t must be squared",
        ],
        why: "With all weights 1, an identity unit and the series 1, 2, 3, 4, the gradients of w_hh, w_xh and b_h \
              would be 72, 50 and 20 instead of 96, 92 and 50: see `handgrad trace bptt-printed`.",
    },
    Entry {
        chapter: 8,
        text: "Find the mistake. CE6146 \"Example – BPTT (2/4)\" calls Loss_t = (y_t − x_{t+1})² a Mean Squared \
               Error, for the sequence (1, 2, 3, 4).",
        options: &[
            "nothing is averaged",
            "the error must not be squared",
            "there are four losses, so it must be divided by 4",
            "y_t must be compared with x_t",
        ],
        why: "It is the squared error of one value. Four numbers give three losses, since no number follows the last \
              one, and their sum is not averaged either.",
    },
    Entry {
        chapter: 8,
        text: "Find the mistake. CE6146 \"Backpropagation vs. BPTT (4/4)\": \"Backpropagation: computes gradients \
               and updates parameters based on a single pass of data.\"",
        options: &[
            "backpropagation does not update parameters",
            "backpropagation does not compute gradients",
            "backpropagation needs several passes for one gradient",
        ],
        why: "Backpropagation computes gradients, and so does BPTT. What updates the parameters is gradient descent \
              or Adam.",
    },
    Entry {
        chapter: 9,
        text: "Find the mistake. CE6146 \"Example – LSTM (2/2)\" at t = 1: i₁ = σ(W_hi·h₀ + b_hi + W_ii·x₁ + b_ii); \
               f₁ = σ(W_hf·h₀ + b_hf + W_if·x₀ + b_if); c₁ = f₁·c₀ + i₁·c̃₁; h₁ = o₁·tanh(c₁).",
        options: &[
            "f₁ must have x₁ instead of x₀",
            "i₁ must have x₀ instead of x₁",
            "c₁ must have c₁ instead of c₀",
            "h₁ must have σ instead of tanh",
        ],
        why: "All gates of step 1 get x₁; the number that the slide puts in is that of x₁.",
    },
    Entry {
        chapter: 9,
        text: "Find the mistake. CE6146 \"Example – LSTM (1/2)\": \"initialize all weights and biases to 1, and an \
               initial hidden state and initial output to 0 (W_hi = … = b_io = 1 and b_ij = b_ij = 0)\".",
        options: &[
            "instead of b_ij = b_ij = 0 it should be h₀ = c₀ = 0",
            "the weights must not be equal",
            "the biases must be 0",
            "W_hi is missing",
        ],
        why: "The biases are 1. What is 0 at the beginning are the hidden state and the cell state, as on the next \
              slide; the slide calls the second one \"initial output\".",
    },
    Entry {
        chapter: 9,
        text: "Find the mistake. CE6146 \"LSTM – Basic Architecture\": \"Forget Gate: Decides the extent to which \
               previous information should be forgotten.\"",
        options: &[
            "its value says how much is kept",
            "it decides about the new information",
            "it decides what is shown in h",
        ],
        why: "c_t = f·c_{t−1} + i·c̃: f = 1 keeps everything, f = 0 forgets everything.",
    },
    Entry {
        chapter: 9,
        text: "Find the mistake. CE6146 \"LSTM vs. GRU (2/2)\" says that in a GRU \"the function of controlling the \
               exposure of the internal state is embedded within the formula for computing the new hidden state\".",
        options: &[
            "a GRU does not control it: all of its state is visible",
            "the reset gate controls it",
            "the update gate controls it",
        ],
        why: "The output of a GRU is its state h. Only an LSTM has a gate between its state c and what is visible of \
              it.",
    },
    Entry {
        chapter: 9,
        text: "Find the mistake. CE6146 \"Comparisons of RNN, LSTM, and GRU (3/7)\": an LSTM has the \"highest \
               number of parameters due to its three gates and separate memory cell\".",
        options: &["the memory cell has no parameters", "a GRU has more parameters", "the gates have no parameters"],
        why: "The parameters belong to the three gates and the candidate: four sets, where a GRU has three and an \
              Elman network has one. The memory c has none.",
    },
    Entry {
        chapter: 10,
        text: "Find the mistake. DIVE \"Applications of Autoencoders\" about few labelled and many unlabelled \
               samples: \"We can train the autoencoder to reconstruct the labeled data and then used to label the \
               unlabeled data by reconstructing it and using the label of the closest reconstructed data point.\"",
        options: &[
            "the autoencoder should be trained on all samples",
            "the unlabelled samples cannot be reconstructed",
            "the label of the closest sample is of no use",
        ],
        why: "An autoencoder needs no labels, so it can learn from all samples. If it sees only the labelled ones, \
              the others, of which there are many, teach it nothing.",
    },
];
