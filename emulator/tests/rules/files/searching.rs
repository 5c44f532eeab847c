//! `glob` and `grep`.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::inside::{Inside, assert_json};
use crate::support::{proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(glob_finds_names_at_any_depth),
        trial!(a_pattern_with_a_slash_is_matched_against_the_relative_path),
        trial!(grep_tells_file_line_and_content),
        trial!(grep_reads_a_regular_expression_or_else_a_text),
        trial!(grep_skips_binary_files_and_what_is_not_included),
        trial!(a_file_can_be_searched_but_not_globbed),
    ]
}

/// A sandbox with a small project in it.
async fn a_project() -> Inside {
    let inside = Inside::start().await;
    inside.sh("mkdir -p p/src/deep p/docs && cd p && ln -s src/main.ts link.ts").await;
    for (path, text) in [
        ("src/main.ts", "import x\nlet total = 1;\n"),
        ("src/deep/util.ts", "// total\r\nno more"),
        ("src/style.css", "a { total: 1 }"),
        ("docs/total.md", "# Total (a+b)\n\ntotal(1\n"),
        (".env", "TOTAL=1"),
    ] {
        inside.write(&format!("/workspace/p/{path}"), text).await;
    }
    inside
}

async fn found(inside: &Inside, pattern: &str) -> Vec<String> {
    let request = json!({"path": "/workspace/p", "pattern": pattern});
    let answer = inside.ask("glob", request).await;
    let items = answer["items"].as_array().expect("items").iter();
    let below = |item: &Value| {
        let path = item.as_str().expect("a string");
        path.strip_prefix("/workspace/p/").expect("absolute, below the base").to_owned()
    };
    items.map(below).collect()
}

async fn glob_finds_names_at_any_depth() {
    let inside = a_project().await;
    let answer = inside.fs("glob", json!({"path": "/workspace/p", "pattern": "*.ts"})).await;
    proves!("FS-OP-GLOB" => assert_json(&answer));
    proves!("FS-OP-GLOB", "FS-13" => assert_eq!(
        answer.json(),
        json!({"items": [
            "/workspace/p/link.ts",
            "/workspace/p/src/deep/util.ts",
            "/workspace/p/src/main.ts",
        ]})
    ));
    for (pattern, expected) in [
        ("main.ts", &["src/main.ts"][..]),
        ("?ain.[tj]s", &["src/main.ts"]),
        ("*.{css,md}", &["docs/total.md", "src/style.css"]),
        (".*", &[".env"]),
        ("deep", &["src/deep"]),
        ("nothing", &[]),
    ] {
        proves!("FS-13" => assert_eq!(found(&inside, pattern).await, expected, "{pattern}"));
    }
    // Without a pattern it is everything, sorted.
    let all = inside.ask("glob", json!({"path": "/workspace/p/src"})).await;
    proves!("FS-13" => assert_eq!(
        all["items"],
        json!([
            "/workspace/p/src/deep",
            "/workspace/p/src/deep/util.ts",
            "/workspace/p/src/main.ts",
            "/workspace/p/src/style.css",
        ])
    ));
    let bad = inside.fs("glob", json!({"path": "/workspace/p", "pattern": "[a"})).await;
    assert_eq!(bad.fields(), ["pattern"]);
}

async fn a_pattern_with_a_slash_is_matched_against_the_relative_path() {
    let inside = a_project().await;
    for (pattern, expected) in [
        ("src/*.ts", &["src/main.ts"][..]),
        ("src/**/*.ts", &["src/deep/util.ts", "src/main.ts"]),
        ("**/deep/*", &["src/deep/util.ts"]),
        ("p/src/*.ts", &[]),
    ] {
        proves!("FS-13" => assert_eq!(found(&inside, pattern).await, expected, "{pattern}"));
    }
}

/// Path below the project, line and content of every match.
async fn hits(inside: &Inside, mut request: Value) -> Vec<(String, u64, String)> {
    request["path"] = json!("/workspace/p");
    let answer = inside.ask("grep", request).await;
    let hit = |item: &Value| {
        let path = item["path"].as_str().expect("a path");
        let path = path.strip_prefix("/workspace/p/").expect("absolute, below the base");
        let content = item["content"].as_str().expect("content");
        (path.to_owned(), item["line"].as_u64().expect("a line"), content.to_owned())
    };
    answer["items"].as_array().expect("items").iter().map(hit).collect()
}

fn hit(path: &str, line: u64, content: &str) -> (String, u64, String) {
    (path.to_owned(), line, content.to_owned())
}

async fn grep_tells_file_line_and_content() {
    let inside = a_project().await;
    let request = json!({"path": "/workspace/p/src", "pattern": "total"});
    let answer = inside.fs("grep", request).await;
    proves!("FS-OP-GREP" => assert_json(&answer));
    proves!("FS-OP-GREP", "FS-14" => assert_eq!(
        answer.json(),
        json!({"items": [
            {"path": "/workspace/p/src/deep/util.ts", "line": 1, "content": "// total"},
            {"path": "/workspace/p/src/main.ts", "line": 2, "content": "let total = 1;"},
            {"path": "/workspace/p/src/style.css", "line": 1, "content": "a { total: 1 }"},
        ]})
    ));
    let none = inside.ask("grep", json!({"path": "/workspace/p", "pattern": "nowhere"})).await;
    proves!("FS-OP-GREP" => assert_eq!(none, json!({"items": []})));
    let last = hits(&inside, json!({"pattern": "no more"})).await;
    proves!("FS-14" => assert_eq!(last, [hit("src/deep/util.ts", 2, "no more")]));
}

async fn grep_reads_a_regular_expression_or_else_a_text() {
    let inside = a_project().await;
    for (pattern, expected) in [
        ("^let \\w+", &[hit("src/main.ts", 2, "let total = 1;")][..]),
        ("^(no|TOTAL)", &[hit(".env", 1, "TOTAL=1"), hit("src/deep/util.ts", 2, "no more")]),
        ("total$", &[hit("src/deep/util.ts", 1, "// total")]),
        // No regular expression: the parenthesis is not closed.
        ("total(1", &[hit("docs/total.md", 3, "total(1")]),
        // One, which therefore does not find the text.
        ("(a+b)", &[]),
        ("\\(a\\+b\\)", &[hit("docs/total.md", 1, "# Total (a+b)")]),
    ] {
        let found = hits(&inside, json!({"pattern": pattern})).await;
        proves!("FS-14" => assert_eq!(found, expected, "{pattern}"));
    }
}

async fn grep_skips_binary_files_and_what_is_not_included() {
    let inside = a_project().await;
    inside.write("/workspace/p/binary", &b"total\0total"[..]).await;
    inside.write("/workspace/p/latin", &b"total \xe9"[..]).await;
    let found = hits(&inside, json!({"pattern": "^total"})).await;
    proves!("FS-14" => assert_eq!(
        found,
        [hit("docs/total.md", 3, "total(1"), hit("latin", 1, "total \u{fffd}")]
    ));
    let found = hits(&inside, json!({"pattern": "total", "include": "*.ts"})).await;
    proves!("FS-OP-GREP" => assert_eq!(
        found,
        [hit("src/deep/util.ts", 1, "// total"), hit("src/main.ts", 2, "let total = 1;")]
    ));
    let request = json!({"pattern": "total", "include": "*.ts", "exclude": ["deep"]});
    let found = hits(&inside, request).await;
    proves!("FS-OP-GREP", "FS-16" =>
        assert_eq!(found, [hit("src/main.ts", 2, "let total = 1;")]));
    let answer = inside.fs("grep", json!({"path": "/workspace/p"})).await;
    proves!("FS-14" => assert_eq!(answer.fields(), ["pattern"]));
}

async fn a_file_can_be_searched_but_not_globbed() {
    let inside = a_project().await;
    let file = "/workspace/p/src/main.ts";
    let answer = inside.ask("grep", json!({"path": file, "pattern": "total"})).await;
    assert_eq!(answer["items"], json!([{"path": file, "line": 2, "content": "let total = 1;"}]));
    let answer = inside.fs("glob", json!({"path": file})).await;
    assert_eq!(answer.fields(), ["path"]);
    assert!(answer.message().contains("not a directory"), "{answer:?}");
}
