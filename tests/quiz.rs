//! `handgrad quiz`: what it asks, how it judges, and its score. This file belongs to the package of the binary, which
//! it needs.

use std::io::Write;
use std::process::Stdio;

use handgrad_study::quiz::{self, CHAPTERS, Question, Reply};

mod command;

use command::{err, handgrad, run};

fn quiz(args: &[&str], input: &str) -> String {
    let mut child = handgrad(std::path::Path::new("."))
        .arg("quiz")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads, or has ended");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{args:?}: {}", err(&output));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn questions(chapter: Option<usize>, seed: u64) -> Vec<Question> {
    quiz::questions(chapter, seed).expect("the examples can be computed")
}

/// The answer at the beginning of a solution: a letter or a number.
fn answer(question: &Question) -> String {
    let solution = question.solution();
    let answer = solution.strip_prefix("The answer: ").expect("the answer comes first");
    let (answer, _) = answer.split_once([')', ' ']).expect("more than the answer");
    answer.trim_end_matches('.').to_string()
}

fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_chapter_has_questions_of_all_kinds() {
    for chapter in 0..CHAPTERS.len() {
        let questions = questions(Some(chapter), 0);
        assert!(questions.len() >= 5, "chapter {chapter}: {}", questions.len());
        assert!(questions.iter().all(|question| question.chapter == chapter));
        let texts: Vec<_> = questions.iter().map(Question::text).collect();
        assert!(texts.iter().any(|text| text.contains("Compute") || text.contains("How many")), "{chapter}: values");
        assert!(texts.iter().any(|text| text.contains("\n  a) ")), "{chapter}: answers to choose from");
        assert!(
            texts.iter().any(|text| text.starts_with("Find the mistake. These are lines")),
            "{chapter}: a wrong line"
        );
    }
    // The titles are those of the course.
    for (number, title) in CHAPTERS.iter().enumerate() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/course");
        let files = std::fs::read_dir(folder).expect("the course").map(|entry| entry.expect("an entry").path());
        let begins = |path: &std::path::PathBuf| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&format!("{number:02}-")))
        };
        let text = std::fs::read_to_string(files.into_iter().find(begins).expect("a chapter")).expect("text");
        assert!(text.starts_with(&format!("# {number} · {title}\n")), "chapter {number} is not called {title:?}");
        assert!(text.contains(&format!("`handgrad quiz {number}`")), "chapter {number} names its questions");
    }
}

/// The decks' own questions, and the exercises, with the decks' answers.
#[test]
fn the_decks_own_questions_are_there_with_their_answers() {
    let all: Vec<_> = (0..5).flat_map(|seed| questions(None, seed)).collect();
    for (question, right) in [
        ("What are the components of a typical autoencoder?", "encoder, bottleneck layer, and decoder"),
        (
            "What are the four hyperparameters",
            "code size, number of layers, number of nodes per layer, and loss function",
        ),
        ("a primary use case of autoencoders in the field of image processing?", "image denoising"),
        ("Which layer do we not have control over?", "none: we have some control over all layers"),
        ("What is dropout used for?", "regularization"),
        ("For which task is dilation not suitable?", "telling closely related species of birds apart"),
    ] {
        let found: Vec<_> = all.iter().filter(|asked| plain(&asked.text()).contains(question)).collect();
        assert_eq!(found.len(), 5, "{question}");
        for asked in &found {
            let option = format!("\n  {}) {right}", answer(asked));
            assert!(asked.text().contains(&option), "{question}: {option:?} is not in {}", asked.text());
            assert!(plain(&asked.solution()).len() > 60, "the answer is explained: {}", asked.solution());
        }
        // The order of the answers depends on the seed.
        assert!(found.iter().any(|asked| answer(asked) != answer(found[0])), "{question}");
    }
    // At least twenty errors of the decks.
    let errors = questions(None, 0).into_iter().map(|question| question.text());
    let errors = errors.filter(|text| text.starts_with("Find the mistake. ") && !text.contains("These are lines"));
    assert!(errors.count() >= 20);
}

#[test]
fn right_answers_are_right_and_others_are_not() {
    for question in questions(None, 7) {
        let right = answer(&question).replace('−', "-");
        assert_eq!(question.judge(&right), Reply::Right, "{}: {right}", question.text());
        match right.parse::<f64>() {
            Ok(value) => {
                for wrong in [value + 1.0, -value - 0.5] {
                    assert!(matches!(question.judge(&wrong.to_string()), Reply::Wrong(_)), "{}", question.text());
                }
                assert!(matches!(question.judge("b"), Reply::Unreadable(_)), "{}", question.text());
            }
            Err(_) => {
                let other = if right == "a" { "b" } else { "a" };
                assert!(matches!(question.judge(other), Reply::Wrong(_)), "{}", question.text());
                for answer in [&right.to_uppercase(), &format!(" {right}) "), &format!("{right}.")] {
                    assert_eq!(question.judge(answer), Reply::Right, "{answer}");
                }
                assert!(
                    matches!(question.judge("z"), Reply::Unreadable(_))
                        && matches!(question.judge("1"), Reply::Unreadable(_))
                );
            }
        }
    }
}

/// The values of some questions, computed here from the numbers in their texts.
#[test]
fn values_are_those_of_the_numbers_in_the_text() {
    let number = |text: &str, name: &str| -> f64 {
        let (_, rest) = text.split_once(&format!("{name} = ")).unwrap_or_else(|| panic!("{name} is not in {text}"));
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '−')).unwrap_or(rest.len());
        rest[..end].trim_end_matches('.').replace('−', "-").parse().unwrap_or_else(|e| panic!("{name} in {text}: {e}"))
    };
    let mut checked = 0;
    for seed in 0..10 {
        for question in questions(None, seed) {
            let text = plain(&question.text());
            let n = |name: &str| number(&text, name);
            let expected = if text.contains("Compute h₂.") && text.contains("w_hh") {
                (n("w_hh") * n("h₁") + n("w_xh") * n("x₂") + n("b_h")).tanh()
            } else if text.contains("Compute its KL divergence") {
                (n("mu").powi(2) + n("logvar").exp() - 1.0 - n("logvar")) / 2.0
            } else if text.contains("Compute dw₁₂") {
                n("x₁₁") * n("δ₁₂") + n("x₂₁") * n("δ₂₂")
            } else if text.contains("Compute the mean squared error") {
                [("p₁", "t₁"), ("p₂", "t₂"), ("p₃", "t₃")].iter().map(|(p, t)| (n(p) - n(t)).powi(2)).sum::<f64>() / 3.0
            } else if text.contains("after the first step of Adam") {
                n("w") - n("α") * n("dw").signum()
            } else {
                continue;
            };
            let found: f64 = answer(&question).replace('−', "-").parse().expect("a number");
            assert!((found - expected).abs() < 1e-6, "{text}: {found}, not {expected}");
            checked += 1;
        }
    }
    assert_eq!(checked, 50);
}

#[test]
fn the_score_counts_what_was_answered() {
    let all = questions(Some(8), 2);
    let answers: String = all.iter().map(|question| answer(question) + "\n").collect();
    let output = quiz(&["8", "--seed", "2"], &answers);
    assert!(output.ends_with(&format!("\n{0} of {0} answers right.\n", all.len())), "{output}");
    assert!(
        output.contains(&format!("\n1/{} · chapter 8, Recurrence\n", all.len())) && !output.contains("To read again")
    );
    // Two right answers, a skipped one, and one that cannot be read.
    let input = format!("{}\n{}\n\n???\nq\n", answer(&all[0]), answer(&all[1]));
    let output = quiz(&["8", "--seed", "2"], &input);
    assert!(output.contains("\n2 of 3 answers right.\nTo read again: 8 (Recurrence) of the course.\n"), "{output}");
    assert!(output.contains("Please type"), "{output}");
    assert_eq!(output.matches("The answer: ").count(), 3);
    // The end of the input is an end, too.
    assert!(quiz(&[], "").ends_with("\n0 of 0 answers right.\n"));
    // A known slip is explained.
    let state =
        all.iter().position(|question| question.text().contains("An Elman network of one unit")).expect("it is there");
    let skipped = "\n".repeat(state);
    let text = plain(&all[state].text());
    let value = |name: &str| -> f64 {
        let (_, rest) = text.split_once(&format!("{name} = ")).expect("a name");
        let number: String = rest.chars().take_while(|c| c.is_ascii_digit() || ".−".contains(*c)).collect();
        number.trim_end_matches('.').replace('−', "-").parse().expect("a number")
    };
    let argument = value("w_hh") * value("h₁") + value("w_xh") * value("x₂") + value("b_h");
    let output = quiz(&["8", "--seed", "2"], &format!("{skipped}{argument}\n"));
    assert!(output.contains("No. You stopped before tanh"), "{output}");
}

#[test]
fn seeds_change_the_numbers_and_nothing_else() {
    let texts = |args: &[&str]| quiz(args, &"\n".repeat(500));
    assert_eq!(texts(&["3"]), texts(&["3", "--seed", "0"]));
    assert_ne!(texts(&["3"]), texts(&["3", "--seed", "1"]));
    assert_eq!(questions(None, 0).len(), questions(None, 9).len());
    assert!(texts(&["3"]).lines().all(|line| line.chars().count() <= 100), "lines fit");
}

#[test]
fn wrong_arguments_are_told() {
    for (args, words) in
        [(&["quiz", "11"][..], "11"), (&["quiz", "losses"], "losses"), (&["quiz", "1", "--seed", "x"], "--seed")]
    {
        let output = run(std::path::Path::new("."), args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(err(&output).contains(words), "{args:?}: {}", err(&output));
    }
    let help = String::from_utf8(run(std::path::Path::new("."), &["quiz", "--help"]).stdout).expect("UTF-8");
    CHAPTERS.iter().for_each(|title| assert!(help.contains(title), "{title} is not in {help}"));
}
