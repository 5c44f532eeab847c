//! `edit-file` and `edit-files`.

use libtest_mimic::Trial;
use serde_json::json;

use crate::inside::{Inside, assert_json};
use crate::support::{proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(every_occurrence_of_every_edit_is_replaced_in_order),
        trial!(the_diff_is_a_unified_one),
        trial!(an_edit_that_finds_nothing_changes_nothing),
        trial!(an_edit_keeps_what_is_not_text),
        trial!(several_files_are_edited_and_each_tells_how_it_went),
    ]
}

async fn every_occurrence_of_every_edit_is_replaced_in_order() {
    let inside = Inside::start().await;
    inside.sh("printf 'a b a\\nc a\\n' > f && chmod 600 f && ln -s f link").await;
    // The second works on what the first left; without `replace` the third deletes.
    let edits = json!([
        {"find": "a", "replace": "b"},
        {"find": "b", "replace": "$1\\n"},
        {"find": "c "},
    ]);
    let answer = inside.fs("edit-file", json!({"path": "/workspace/link", "edits": edits})).await;
    proves!("FS-OP-EDIT-FILE" => assert_json(&answer));
    proves!("FS-OP-EDIT-FILE", "FS-17" => assert_eq!(answer.json()["replacements"], 8));
    proves!("FS-17" => assert_eq!(
        inside.read("/workspace/f").await,
        "$1\\n $1\\n $1\\n\n$1\\n\n"
    ));
    assert_eq!(inside.stat("/workspace/f").await["mode"], "600");
    assert_eq!(inside.stat("/workspace/link").await["is_symlink"], true);
}

async fn the_diff_is_a_unified_one() {
    let inside = Inside::start().await;
    let lines: Vec<_> = (1..=12).map(|line| format!("line {line}\n")).collect();
    inside.write("/workspace/f", lines.concat()).await;
    let request = json!({"path": "/workspace/f", "edits": [{"find": "line 6", "replace": "six"}]});
    let answer = inside.ask("edit-file", request).await;
    let diff = "--- /workspace/f\n+++ /workspace/f\n@@ -3,7 +3,7 @@\n line 3\n line 4\n line 5\n\
                -line 6\n+six\n line 7\n line 8\n line 9\n";
    proves!("FS-OP-EDIT-FILE", "FS-17" =>
        assert_eq!(answer, json!({"diff": diff, "replacements": 1})));
}

async fn an_edit_that_finds_nothing_changes_nothing() {
    let inside = Inside::start().await;
    inside.sh("printf text > f && touch -d @1000000000 f").await;
    let request = json!({"path": "/workspace/f", "edits": [{"find": "nowhere", "replace": "x"}]});
    let answer = inside.ask("edit-file", request).await;
    proves!("FS-17" => assert_eq!(answer, json!({"diff": "", "replacements": 0})));
    assert_eq!(inside.read("/workspace/f").await, "text");
    assert_eq!(inside.stat("/workspace/f").await["mtime"], 1_000_000_000);
    // `find` is no pattern.
    let request = json!({"path": "/workspace/f", "edits": [{"find": "t.xt", "replace": "x"}]});
    proves!("FS-17" => assert_eq!(inside.ask("edit-file", request).await["replacements"], 0));
    let request = json!({"path": "/workspace/f", "edits": [{"find": "t"}, {"find": ""}]});
    let answer = inside.fs("edit-file", request).await;
    proves!("FS-17" => assert_eq!(answer.fields(), ["edits[1].find"]));
    assert_eq!(inside.read("/workspace/f").await, "text");
    let request = json!({"path": "/workspace", "edits": [{"find": "x"}]});
    assert_eq!(inside.fs("edit-file", request).await.fields(), ["path"]);
}

async fn an_edit_keeps_what_is_not_text() {
    let inside = Inside::start().await;
    inside.write("/workspace/f", &b"\xff\0old\r\n\xfe"[..]).await;
    let request = json!({"path": "/workspace/f", "edits": [{"find": "old", "replace": "neu ☃"}]});
    proves!("FS-17" => assert_eq!(inside.ask("edit-file", request).await["replacements"], 1));
    let expected = [b"\xff\0", "neu ☃".as_bytes(), b"\r\n\xfe"].concat();
    proves!("FS-17" => assert_eq!(inside.read("/workspace/f").await, expected));
}

async fn several_files_are_edited_and_each_tells_how_it_went() {
    let inside = Inside::start().await;
    inside.sh("printf 'old old' > a && printf none > b && printf old > c && mkdir d").await;
    let files = ["a", "missing", "b", "d", "c"].map(|name| format!("/workspace/{name}"));
    let mut files = files.to_vec();
    files.push("/etc/hosts".to_owned());
    let request = json!({"files": files, "find": "o", "replace": "0"});
    let answer = inside.fs("edit-files", request).await;
    proves!("FS-OP-EDIT-FILES" => assert_json(&answer));
    let answer = answer.json();
    let items = answer["items"].as_array().expect("items");
    let told: Vec<_> = items.iter().map(|item| item["file"].as_str().expect("a path")).collect();
    proves!("FS-OP-EDIT-FILES" => assert_eq!(told, files));
    let went: Vec<_> =
        items.iter().map(|item| item["success"].as_bool().expect("a flag")).collect();
    proves!("FS-18" => assert_eq!(went, [true, false, true, false, true, false]));
    for item in items {
        let error = item.get("error").map(|error| error.as_str().expect("a text"));
        proves!("FS-18" => assert_eq!(error.is_none(), item["success"] == true, "{item}"));
        assert_ne!(error, Some(""), "{item}");
    }
    let error = |index: usize| items[index]["error"].as_str().expect("an error");
    assert!(error(1).contains("no such file"), "{answer}");
    assert!(error(3).contains("is a directory"), "{answer}");
    assert!(error(5).contains("permission denied"), "{answer}");
    proves!("FS-18" => assert_eq!(inside.sh("cat a b c").await, "0ld 0ldn0ne0ld"));
    // A file without the text, and an edit that deletes.
    let request = json!({"files": ["/workspace/a", "/workspace/b"], "find": "ld"});
    let answer = inside.ask("edit-files", request).await;
    proves!("FS-18", "FS-OP-EDIT-FILES" => assert_eq!(
        answer,
        json!({"items": [
            {"file": "/workspace/a", "success": true},
            {"file": "/workspace/b", "success": false, "error": "no match"},
        ]})
    ));
    assert_eq!(inside.read("/workspace/a").await, "0 0");
}
