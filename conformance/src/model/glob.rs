//! Name patterns.

/// Whether a name matches a pattern of `*`, `?`, `[…]` and `{a,b}`.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    if let Some((before, rest)) = pattern.split_once('{')
        && let Some((choices, after)) = rest.split_once('}')
    {
        return choices.split(',').any(|choice| matches(&format!("{before}{choice}{after}"), name));
    }
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    here(&pattern, &name)
}

fn here(pattern: &[char], name: &[char]) -> bool {
    match pattern.first() {
        None => name.is_empty(),
        Some('*') => (0..=name.len()).any(|skip| here(&pattern[1..], &name[skip..])),
        Some('?') => !name.is_empty() && here(&pattern[1..], &name[1..]),
        Some('[') => {
            let Some(end) = pattern.iter().position(|c| *c == ']') else { return false };
            name.first().is_some_and(|c| pattern[1..end].contains(c))
                && here(&pattern[end + 1..], &name[1..])
        }
        Some(c) => name.first() == Some(c) && here(&pattern[1..], &name[1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_pattern_matches_a_whole_name() {
        for (pattern, name, wanted) in [
            ("*.ts", "main.ts", true),
            ("*.ts", "main.tsx", false),
            ("?ain.[tj]s", "main.js", true),
            ("*.{css,md}", "a.md", true),
            ("node_modules", "node_modules", true),
            ("", "", true),
            ("", "x", false),
        ] {
            assert_eq!(matches(pattern, name), wanted, "{pattern} {name}");
        }
    }
}
