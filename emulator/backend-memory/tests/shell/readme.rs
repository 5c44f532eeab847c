//! The list of differences that the crate publishes.

const README: &str = include_str!("../../README.md");

/// Fails unless the README has each of these sentences.
pub(crate) fn lists(differences: &[String]) -> Result<(), String> {
    // It may break a sentence into lines.
    let text = README.split_whitespace().collect::<Vec<_>>().join(" ");
    let missing: Vec<&str> = differences
        .iter()
        .map(String::as_str)
        .filter(|sentence| !text.contains(*sentence))
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("not in README.md: {missing:#?}")) }
}
