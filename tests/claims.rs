//! The page of claims says the same as the program.

use handgrad_study::claims::{CLAIMS, Claim};

const PAGE: &str = include_str!("../docs/claims.md");

/// The claims that docs/recurrent.md discusses.
const OF_RECURRENT_NETWORKS: [&str; 4] = ["cells", "long-memory", "gradient-by-step", "hidden-covariance"];

/// The texts with single spaces between the words.
fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Every claim has a section with its text, how it is tested, the headings of its table, and what was found.
#[test]
fn the_page_has_every_claim_as_the_program_prints_it() {
    let sections: Vec<&str> = PAGE.split("\n## ").skip(1).collect();
    let is_elsewhere = |claim: &&Claim| OF_RECURRENT_NETWORKS.contains(&claim.name);
    for claim in CLAIMS.iter().filter(|claim| !is_elsewhere(claim)) {
        let section = sections
            .iter()
            .find(|section| section.lines().next() == Some(claim.name))
            .unwrap_or_else(|| panic!("docs/claims.md has no section {}", claim.name));
        let text = in_one_line(section);
        for part in [&format!("**{}**", claim.says), claim.how] {
            assert!(text.contains(&in_one_line(part)), "docs/claims.md, {}: {part:?} is missing", claim.name);
        }
        let headings = format!("| | {} |", claim.columns.join(" | "));
        assert!(text.contains(&headings), "docs/claims.md, {}: {headings} is missing", claim.name);
        let found = ["It holds.", "It does not hold here."].iter().filter(|found| text.contains(**found)).count();
        assert_eq!(found, 1, "docs/claims.md, {}: whether it holds", claim.name);
    }
    let elsewhere = CLAIMS.iter().filter(is_elsewhere).count();
    assert_eq!(sections.len(), CLAIMS.len() - elsewhere, "docs/claims.md has a section without a claim");
}

/// In each table, every row has a figure for every heading.
#[test]
fn the_rows_of_the_page_fit_their_headings() {
    for section in PAGE.split("\n## ").skip(1) {
        let widths: Vec<usize> =
            section.lines().filter(|line| line.starts_with('|')).map(|line| line.matches(" |").count()).collect();
        assert!(widths.len() > 2 && widths.iter().all(|width| *width == widths[0]), "{section}");
    }
}
