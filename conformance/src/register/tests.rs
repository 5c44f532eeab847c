//! What makes a register, and what the embedded one holds.

use super::*;
use crate::family::{CELL_OPERATIONS, CELL_STATES, FAMILIES, Members};
use crate::rule::Statement;

const GOOD: &str = r#"
[[rule]]
id = "AUTH-01"
sentence = "Every call needs a key."
statement = "stated"
source = ["DOC:api-keys"]
operations = ["*"]
core = true
"#;

const SILENT: &str = r#"
[[rule]]
id = "SB-GET-03"
sentence = "Does reading a sandbox put off its timeout?"
statement = "silent"
decision = "No."
operations = ["sandbox/get"]
"#;

/// What reading `text` with `old` replaced by `new` says.
fn refusal(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "{old:?} is there to be replaced");
    Register::parse(&text.replacen(old, new, 1)).unwrap_err().to_string()
}

fn refused_for(fault: Fault, text: &str, old: &str, new: &str) {
    assert!(text.contains(old), "{old:?} is there to be replaced");
    match Register::parse(&text.replacen(old, new, 1)) {
        Err(RegisterError::Rule { fault: found, .. }) => assert_eq!(found, fault),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_rule_is_found_by_its_id() {
    let register = Register::parse(&format!("{GOOD}{SILENT}")).unwrap();
    assert_eq!(register.get("SB-GET-03").unwrap().statement, Statement::Silent);
    assert!(register.get("SB-GET-01").is_none());
    assert_eq!(register.iter().count(), 2);
}

#[test]
fn what_is_not_toml_is_refused_with_its_line() {
    insta::assert_snapshot!(
        refusal(GOOD, "core = true", "core ="),
        @"line 8: string values must be quoted, expected literal string"
    );
}

#[test]
fn a_file_without_rules_is_refused() {
    assert!(matches!(Register::parse("# nothing"), Err(RegisterError::Syntax { .. })));
}

#[test]
fn an_unknown_field_is_refused_with_its_line() {
    insta::assert_snapshot!(
        refusal(GOOD, "core = true", "kernel = true"),
        @"line 8: unknown field `kernel`, expected one of `id`, `sentence`, `statement`, `decision`, `source`, `operations`, `switch`, `core`, `not_built`"
    );
}

#[test]
fn a_missing_field_is_refused() {
    insta::assert_snapshot!(
        refusal(GOOD, "operations = [\"*\"]\n", ""),
        @"line 2: missing field `operations`"
    );
}

#[test]
fn a_malformed_id_is_refused() {
    insta::assert_snapshot!(
        refusal(GOOD, "AUTH-01", "AUTH-1"),
        @r#"line 3: "AUTH-1" is not the id of a rule, such as AUTH-01, FS-OP-LS or STATE-GET-RUNNING"#
    );
}

#[test]
fn an_unknown_statement_is_refused() {
    insta::assert_snapshot!(
        refusal(GOOD, "\"stated\"", "\"guessed\""),
        @"line 5: unknown variant `guessed`, expected one of `stated`, `implied`, `silent`"
    );
}

#[test]
fn an_unknown_source_is_refused() {
    insta::assert_snapshot!(
        refusal(GOOD, "DOC:api-keys", "hearsay"),
        @r#"line 6: "hearsay" is not the code of a source"#
    );
}

#[test]
fn an_unknown_operation_is_refused() {
    insta::assert_snapshot!(
        refusal(SILENT, "sandbox/get", "sandbox/read"),
        @r#"line 7: "sandbox/read" is no operation"#
    );
}

#[test]
fn an_id_that_is_there_twice_is_refused() {
    insta::assert_snapshot!(refusal(&format!("{GOOD}{GOOD}"), "", ""), @"AUTH-01 is there twice");
}

#[test]
fn rules_out_of_order_are_refused() {
    insta::assert_snapshot!(
        refusal(&format!("{SILENT}{GOOD}"), "", ""),
        @"AUTH-01 must stand before SB-GET-03"
    );
    insta::assert_snapshot!(
        refusal(&format!("{GOOD}{GOOD}"), "AUTH-01", "AUTH-02"),
        @"AUTH-01 must stand before AUTH-02"
    );
}

#[test]
fn an_empty_or_ragged_text_is_refused() {
    let sentence = "Every call needs a key.";
    refused_for(Fault::Text("sentence"), GOOD, sentence, "");
    refused_for(Fault::Text("sentence"), GOOD, sentence, " Every call needs a key.");
    refused_for(Fault::Text("sentence"), GOOD, sentence, "Every call\\nneeds a key.");
    refused_for(Fault::Text("decision"), SILENT, "No.", "");
    refused_for(Fault::Text("not_built"), GOOD, "core = true", "not_built = ''");
}

#[test]
fn a_statement_that_asks_and_a_question_that_states_are_refused() {
    refused_for(Fault::Ending, GOOD, "needs a key.", "needs a key?");
    refused_for(Fault::Ending, SILENT, "its timeout?", "its timeout.");
}

#[test]
fn a_silent_rule_without_a_decision_is_refused() {
    refused_for(Fault::Undecided, SILENT, "decision = \"No.\"\n", "");
}

#[test]
fn a_statement_without_a_source_is_refused() {
    refused_for(Fault::Unsourced, GOOD, "source = [\"DOC:api-keys\"]\n", "");
}

#[test]
fn a_rule_about_no_operation_is_refused() {
    refused_for(Fault::NoOperations, GOOD, "[\"*\"]", "[]");
}

#[test]
fn a_switch_that_is_no_flag_is_refused() {
    for switch in ["max-body", "--", "--max_body", "--max-body 1"] {
        refused_for(Fault::Switch, GOOD, "core = true", &format!("switch = '{switch}'"));
    }
}

#[test]
fn a_core_rule_that_binds_nobody_or_is_not_built_is_refused() {
    refused_for(Fault::Core, SILENT, "decision", "core = true\ndecision");
    refused_for(Fault::Core, GOOD, "core = true", "core = true\nnot_built = 'later'");
}

#[test]
fn the_embedded_register_is_accepted() {
    Register::parse(include_str!("../../spec/rules.toml")).unwrap();
}

#[test]
fn every_family_is_complete() {
    let mut counts = Vec::new();
    for family in FAMILIES {
        let rules: Vec<_> = register().iter().filter(|rule| rule.id.family() == family).collect();
        let last = rules.last().expect("a family has rules").id.place().1;
        match family.members {
            Members::Numbered => assert_eq!(last, rules.len(), "{}", family.prefix),
            Members::Cells => assert_eq!(rules.len(), CELL_OPERATIONS.len() * CELL_STATES.len()),
            Members::Operations => {}
        }
        counts.push(format!("{} {}", family.prefix, rules.len()));
    }
    insta::assert_snapshot!(counts.join("\n"), @r"
    AUTH 10
    WIRE 11
    REQ 8
    RESP 7
    SB 5
    SB-CREATE 12
    SB-GET 3
    SB-LIST 5
    SB-PAUSE 9
    SB-STOP 3
    SB-START 4
    SB-TMO 5
    SB-DEL 5
    SNAP-CREATE 15
    SNAP-KILL 2
    SNAP-PAUSE 5
    SNAP-REST 14
    SNAP-LIST 4
    SNAP-DEL 7
    FS-OP 17
    FS 26
    PROC-OP 1
    PROC 11
    SYS-OP 2
    STATE 72
    NET 6
    LIM 5
    CTL 9
    ");
}
