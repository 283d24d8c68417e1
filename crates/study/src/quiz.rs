//! Questions about the chapters of the course: the decks' own knowledge checks and exercises, their errors, values to
//! compute, and computations with one wrong line.

mod computed;
mod decks;
mod planted;
mod question;

use handgrad_analysis::Random;

use crate::Error;
pub use question::{Question, Reply};

/// The titles of the chapters, in the order of their numbers.
pub const CHAPTERS: [&str; 11] = [
    "The chain rule and shapes",
    "Losses",
    "The basic autoencoder",
    "Code size, depth, PCA and bytes",
    "Convolution",
    "Denoising and missing values",
    "Sparse codes",
    "Variational autoencoders",
    "Recurrence",
    "Gates: LSTM, GRU and their relatives",
    "What codes are for",
];

/// Returns the questions about a chapter, or about all of them. The seed determines the numbers in the questions, the
/// order of the answers to choose from, and which lines are wrong. A number that is not that of a chapter has no
/// questions.
///
/// # Errors
/// If a worked example that a question is taken from cannot be computed.
pub fn questions(chapter: Option<usize>, seed: u64) -> Result<Vec<Question>, Error> {
    let mut questions = Vec::new();
    for number in (0..CHAPTERS.len()).filter(|number| chapter.is_none_or(|chapter| chapter == *number)) {
        // A chapter has the same questions whether it is asked for alone or with the others.
        let mut random = Random::new(seed, number as u64);
        questions.extend(decks::questions(number, &mut random));
        questions.extend(computed::questions(number, &mut random));
        questions.push(planted::question(number, &mut random)?);
    }
    Ok(questions)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every value is computed twice: by the functions that train, and by the formula that explains slips.
    #[test]
    fn values_agree_with_their_formulas() {
        let mut values = 0;
        for seed in 0..20 {
            for question in questions(None, seed).expect("the examples can be computed") {
                let text = question.text();
                assert!(question.agrees(), "{text}");
                values += usize::from(question.is_value());
                // Exactly one answer is right.
                let right = question.answers().into_iter().filter(|answer| question.judge(answer) == Reply::Right);
                assert_eq!(right.count(), 1, "{text}");
            }
        }
        assert!(values >= 20 * 25, "{values}");
    }

    #[test]
    fn a_seed_always_gives_the_same_questions() {
        let texts = |chapter, seed| {
            let questions = questions(chapter, seed).expect("the examples can be computed");
            questions.iter().map(Question::text).collect::<Vec<_>>()
        };
        let all = texts(None, 3);
        assert_eq!(all, texts(None, 3));
        assert_ne!(all, texts(None, 4));
        let by_chapter: Vec<_> = (0..CHAPTERS.len()).flat_map(|chapter| texts(Some(chapter), 3)).collect();
        assert_eq!(all, by_chapter);
        assert!(texts(Some(11), 3).is_empty());
    }
}
