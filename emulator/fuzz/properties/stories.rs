//! The scenario parser: a text is a story or is refused with a place in it, and always the same.

use leap0_conformance::check_story;

/// The input is a scenario file.
pub(crate) fn holds(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let checked = check_story(text);
    assert_eq!(checked, check_story(text));
    let Err(said) = checked else { return };
    let line = said.strip_prefix("line ").and_then(|rest| rest.split_once(", column "));
    let (line, rest) = line.unwrap_or_else(|| panic!("it does not say where: {said}"));
    let line: usize = line.parse().expect("a number");
    assert!((1..=text.matches('\n').count() + 1).contains(&line), "{said}");
    let (_, why) = rest.split_once(": ").unwrap_or_else(|| panic!("it does not say why: {said}"));
    assert!(!why.is_empty() && !why.contains('\n'), "{said}");
}
