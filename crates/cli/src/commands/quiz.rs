//! `handgrad quiz`: asks about the chapters of the course, and explains every answer.

use anyhow::Result;
use clap::Args;
use handgrad_study::quiz::{self, CHAPTERS, Question, Reply};

use crate::dialogue;
use crate::exit::Done;
use crate::terminal;

#[derive(Args, Debug)]
#[command(after_help = format!("Chapters:\n{}\n{EXAMPLES}", chapters()))]
pub struct QuizArgs {
    /// The number of a chapter of the course [default: all chapters].
    #[arg(value_parser = clap::value_parser!(u8).range(0..=CHAPTERS.len() as i64 - 1))]
    chapter: Option<u8>,

    /// The seed of the numbers in the questions and of the order of the answers.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

const EXAMPLES: &str = "\
Enter alone shows the answer, q ends. The score counts the questions until then.

Examples:
  handgrad quiz 8             the questions about recurrence
  handgrad quiz 8 --seed 1    the same with other numbers";

fn chapters() -> String {
    CHAPTERS.iter().enumerate().map(|(number, title)| format!("  {number:>2} {title}\n")).collect()
}

pub fn run(args: &QuizArgs) -> Result<Done> {
    let questions = quiz::questions(args.chapter.map(usize::from), args.seed)?;
    let (mut right, mut asked, mut again) = (0, 0, Vec::new());
    for (number, question) in (1..).zip(&questions) {
        let chapter = question.chapter;
        terminal::result(&format!("\n{number}/{} · chapter {chapter}, {}", questions.len(), CHAPTERS[chapter]))?;
        terminal::result(&question.text())?;
        let Some(is_right) = ask(question)? else { break };
        asked += 1;
        right += usize::from(is_right);
        if !is_right && again.last() != Some(&chapter) {
            again.push(chapter);
        }
        terminal::result(&question.solution())?;
    }
    terminal::result(&format!("\n{right} of {asked} answers right."))?;
    if !again.is_empty() {
        let titles: Vec<_> = again.iter().map(|&chapter| format!("{chapter} ({})", CHAPTERS[chapter])).collect();
        terminal::result(&format!("To read again: {} of the course.", titles.join(", ")))?;
    }
    Ok(Done::Whole)
}

/// Asks until the answer can be read. Returns true if it is right; `None` at the end of the input.
fn ask(question: &Question) -> Result<Option<bool>> {
    loop {
        let Some(answer) = dialogue::ask("? ")? else { return Ok(None) };
        if answer.is_empty() {
            return Ok(Some(false));
        }
        match question.judge(&answer) {
            Reply::Right => {
                terminal::result("Right.")?;
                return Ok(Some(true));
            }
            Reply::Wrong(why) => {
                terminal::result(format!("No. {}", why.unwrap_or_default()).trim_end())?;
                return Ok(Some(false));
            }
            Reply::Unreadable(expected) => terminal::result(&format!("Please {expected}."))?,
        }
    }
}
