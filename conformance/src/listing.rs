//! The register as people and programs read it.

use std::io::{self, Write};

use crate::family::{FAMILIES, Family};
use crate::register::Register;
use crate::rule::{Rule, Statement};

/// Columns of the table.
const WIDTH: usize = 100;

/// Writes a table of the rules, a family at a time, and a last line that counts them.
pub fn table(register: &Register, out: &mut impl Write) -> io::Result<()> {
    for family in FAMILIES {
        let rules: Vec<_> = register.iter().filter(|rule| rule.id.family() == family).collect();
        if !rules.is_empty() {
            section(family, &rules, out)?;
        }
    }
    let count = |statement| register.iter().filter(|rule| rule.statement == statement).count();
    writeln!(
        out,
        "{} rules: {} stated, {} implied, {} silent; {} not built",
        register.iter().count(),
        count(Statement::Stated),
        count(Statement::Implied),
        count(Statement::Silent),
        register.iter().filter(|rule| rule.not_built.is_some()).count(),
    )
}

/// Writes the rules as a JSON array of objects with the fields of the file.
pub fn json(register: &Register, out: &mut impl Write) -> io::Result<()> {
    let rules: Vec<_> = register.iter().collect();
    serde_json::to_writer_pretty(&mut *out, &rules)?;
    writeln!(out)
}

fn section(family: &Family, rules: &[&Rule], out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{} ({})\n", family.title, family.prefix)?;
    let ids = rules.iter().map(|rule| rule.id.as_str().len()).max().unwrap_or_default();
    for rule in rules {
        entry(rule, ids, out)?;
    }
    writeln!(out)
}

/// One rule: its id and statement in columns, and beside them its texts.
fn entry(rule: &Rule, ids: usize, out: &mut impl Write) -> io::Result<()> {
    let head = format!("  {:ids$}  {:7}  ", rule.id, rule.statement);
    let mut lines = wrap(&rule.sentence, WIDTH - head.len());
    if let Some(decision) = &rule.decision {
        lines.extend(wrap(&format!("Decided: {decision}"), WIDTH - head.len()));
    }
    lines.extend(wrap(&notes(rule), WIDTH - head.len()));
    for (index, line) in lines.iter().enumerate() {
        let margin = if index == 0 { head.as_str() } else { "" };
        writeln!(out, "{margin:width$}{line}", width = head.len())?;
    }
    Ok(())
}

fn notes(rule: &Rule) -> String {
    let mut notes = Vec::new();
    if !rule.source.is_empty() {
        let codes: Vec<_> = rule.source.iter().map(ToString::to_string).collect();
        notes.push(codes.join(" "));
    }
    notes.extend(rule.switch.clone());
    if rule.core {
        notes.push("core".to_owned());
    }
    notes.extend(rule.not_built.as_ref().map(|why| format!("not built: {why}")));
    if notes.is_empty() { String::new() } else { format!("[{}]", notes.join("; ")) }
}

/// Breaks `text` between words into lines of at most `width` characters; a longer word stays whole.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::register;

    fn rendered(write: impl Fn(&Register, &mut Vec<u8>) -> io::Result<()>) -> String {
        let text = r#"
[[rule]]
id = "AUTH-01"
sentence = "Every call of the API needs a key, in either of the two headers, and no call is ever served without one."
statement = "stated"
source = ["DOC:api-keys", "O1-O4"]
operations = ["*"]
core = true

[[rule]]
id = "LIM-05"
sentence = "How many templates are there?"
statement = "silent"
decision = "Twenty-five."
operations = ["template/create"]
switch = "--max-templates"
not_built = "no templates"
"#;
        let register = Register::parse(text).unwrap();
        let mut out = Vec::new();
        write(&register, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_table_has_a_section_for_each_family_and_counts_in_its_last_line() {
        insta::assert_snapshot!(rendered(table), @r"
        Keys (AUTH)

          AUTH-01  stated   Every call of the API needs a key, in either of the two headers, and no call is
                            ever served without one.
                            [DOC:api-keys O1-O4; core]

        Limits (LIM)

          LIM-05  silent   How many templates are there?
                           Decided: Twenty-five.
                           [--max-templates; not built: no templates]

        2 rules: 1 stated, 0 implied, 1 silent; 1 not built
        ");
    }

    #[test]
    fn the_json_is_an_array_of_rules_with_all_their_fields() {
        insta::assert_snapshot!(rendered(json), @r#"
        [
          {
            "id": "AUTH-01",
            "sentence": "Every call of the API needs a key, in either of the two headers, and no call is ever served without one.",
            "statement": "stated",
            "decision": null,
            "source": [
              "DOC:api-keys",
              "O1-O4"
            ],
            "operations": [
              "*"
            ],
            "switch": null,
            "core": true,
            "not_built": null
          },
          {
            "id": "LIM-05",
            "sentence": "How many templates are there?",
            "statement": "silent",
            "decision": "Twenty-five.",
            "source": [],
            "operations": [
              "template/create"
            ],
            "switch": "--max-templates",
            "core": false,
            "not_built": "no templates"
          }
        ]
        "#);
    }

    #[test]
    fn the_readme_shows_the_counts_of_today() {
        let mut out = Vec::new();
        table(register(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let counts = text.lines().last().unwrap();
        let (rules, _) = counts.split_once(':').unwrap();
        let readme = include_str!("../README.md");
        assert!(readme.contains(&format!("\n{counts}\n")), "{counts}");
        assert!(readme.contains(&format!(", {rules} for")), "{rules}");
    }

    #[test]
    fn no_line_of_the_table_is_too_long() {
        let mut out = Vec::new();
        table(register(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let longest = text.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(WIDTH), "{longest:?}");
    }
}
