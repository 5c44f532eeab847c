//! Paths: which are refused, which are missing, and what the others name.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::inside::{Inside, query};
use crate::support::{proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(a_path_is_absolute_and_not_empty_and_holds_no_nul),
        trial!(a_path_is_no_longer_than_linux_allows),
        trial!(what_is_missing_is_not_found_and_named),
        trial!(a_path_through_a_file_is_refused),
        trial!(dots_and_doubled_slashes_are_resolved_as_on_linux),
        trial!(a_name_may_hold_any_character),
        trial!(every_operation_needs_a_sandbox_that_runs_or_can_be_resumed),
    ]
}

/// An operation, the field that holds its path, and a request with a path in it.
type Request = (&'static str, &'static str, fn(&str) -> Value);

/// Every operation with a JSON request, once for each of its paths.
const REQUESTS: [Request; 17] = [
    ("ls", "path", |path| json!({"path": path})),
    ("stat", "path", |path| json!({"path": path})),
    ("exists", "path", |path| json!({"path": path})),
    ("mkdir", "path", |path| json!({"path": path})),
    ("read-file", "path", |path| json!({"path": path})),
    ("read-files", "paths[1]", |path| json!({"paths": ["/etc/hostname", path]})),
    ("delete", "path", |path| json!({"path": path})),
    ("set-permissions", "path", |path| json!({"path": path, "mode": "644"})),
    ("glob", "path", |path| json!({"path": path})),
    ("grep", "path", |path| json!({"path": path, "pattern": "x"})),
    ("edit-file", "path", |path| json!({"path": path, "edits": [{"find": "x"}]})),
    ("edit-files", "files[1]", |path| json!({"files": ["/tmp/x", path], "find": "x"})),
    ("move", "src_path", |path| json!({"src_path": path, "dst_path": "/workspace/new"})),
    ("move", "dst_path", |path| json!({"src_path": "/workspace/old", "dst_path": path})),
    ("copy", "src_path", |path| json!({"src_path": path, "dst_path": "/workspace/new"})),
    ("copy", "dst_path", |path| json!({"src_path": "/workspace/old", "dst_path": path})),
    ("tree", "path", |path| json!({"path": path})),
];

async fn a_path_is_absolute_and_not_empty_and_holds_no_nul() {
    let inside = Inside::start().await;
    inside.write("/workspace/old", "x").await;
    for bad in ["old", "./old", "~/old", " /workspace/old", "", "/workspace/\0old", "/\0"] {
        for (operation, field, request) in REQUESTS {
            let answer = inside.fs(operation, request(bad)).await;
            proves!("FS-01" => assert_eq!(answer.fields(), [field], "{operation} of {bad:?}"));
        }
        let answer = inside.write_file(&query(bad), "x").await;
        proves!("FS-01" => assert_eq!(answer.fields(), ["path"], "write-file of {bad:?}"));
    }
    let answer = inside.write_file("", "x").await;
    proves!("FS-01" => assert_eq!(answer.fields(), ["path"]));
}

async fn a_path_is_no_longer_than_linux_allows() {
    let inside = Inside::start().await;
    let longest_name = format!("/workspace/{}", "n".repeat(255));
    inside.write(&longest_name, "x").await;
    assert_eq!(inside.read(&longest_name).await, "x");
    let answer = inside.write_file(&query(&format!("{longest_name}n")), "x").await;
    assert_eq!(answer.fields(), ["path"]);
    for too_long in [format!("/workspace/{}", "n".repeat(256)), "/n".repeat(2048)] {
        for (operation, field, request) in REQUESTS {
            let answer = inside.fs(operation, request(&too_long)).await;
            assert_eq!(answer.fields(), [field], "{operation}");
        }
    }
}

async fn what_is_missing_is_not_found_and_named() {
    let inside = Inside::start().await;
    for missing in ["/workspace/missing", "/nowhere/missing", "/missing/"] {
        for (operation, field, request) in REQUESTS {
            if matches!(operation, "exists" | "mkdir" | "edit-files") || field == "dst_path" {
                continue;
            }
            let answer = inside.fs(operation, request(missing)).await;
            let checked = || {
                assert_eq!(answer.status, 404, "{operation}: {answer:?}");
                let message = answer.message();
                assert!(message.contains(missing.trim_end_matches('/')), "{operation}: {message}");
                assert!(answer.json().get("errors").is_none(), "{operation}: {answer:?}");
            };
            match operation {
                "glob" | "grep" => proves!("FS-15" => checked()),
                "read-files" => proves!("FS-21" => checked()),
                _ => proves!("FS-04" => checked()),
            }
        }
    }
    // Nothing was made on the way.
    assert!(!inside.exists("/workspace/new").await);
}

async fn a_path_through_a_file_is_refused() {
    let inside = Inside::start().await;
    inside.write("/workspace/file", "x").await;
    for path in ["/workspace/file/below", "/workspace/file/"] {
        for operation in ["stat", "read-file", "delete"] {
            if operation == "delete" && path.ends_with('/') {
                continue;
            }
            let answer = inside.fs(operation, json!({"path": path})).await;
            assert_eq!(answer.fields(), ["path"], "{operation} of {path}");
            let message = answer.message();
            assert!(message.contains("not a directory"), "{operation} of {path}: {message}");
        }
        assert!(!inside.exists(path).await);
    }
    assert_eq!(inside.read("/workspace/file").await, "x");
}

async fn dots_and_doubled_slashes_are_resolved_as_on_linux() {
    let inside = Inside::start().await;
    inside.sh("mkdir -p a/b && printf here > f && ln -s a/b link && printf deep > a/g").await;
    for (path, text) in [
        ("/workspace/a/../f", "here"),
        ("/workspace/./f", "here"),
        ("//workspace///f", "here"),
        ("/../../workspace/f", "here"),
        ("/workspace/link/../g", "deep"),
    ] {
        assert_eq!(inside.read(path).await, text, "{path}");
        assert!(inside.exists(path).await, "{path}");
    }
    // Not resolved by crossing out: `a/x` has to exist for `a/x/..` to be `a`.
    let answer = inside.fs("read-file", json!({"path": "/workspace/nowhere/../f"})).await;
    proves!("FS-04" => assert_eq!(answer.status, 404));
    let answer = inside.ask("stat", json!({"path": "/workspace/a/"})).await;
    proves!("FS-OP-STAT" => assert_eq!(
        (&answer["path"], &answer["name"]),
        (&json!("/workspace/a"), &json!("a"))
    ));
}

async fn a_name_may_hold_any_character() {
    let inside = Inside::start().await;
    let directory = "/workspace/ünï ☃ 🦀";
    let names =
        ["a%20b+c&d=e?f#g", "日本語", "quo\"te", "back\\slash", "tab\tnew\nline", "...", "-n"];
    for name in names {
        let path = format!("{directory}/{name}");
        inside.write(&path, name).await;
        assert_eq!(inside.read(&path).await, name);
        let info = inside.stat(&path).await;
        proves!("FS-OP-STAT" => assert_eq!(
            (&info["name"], &info["path"]),
            (&json!(name), &json!(path))
        ));
    }
    let listing = inside.ask("ls", json!({"path": directory})).await;
    let listed: Vec<_> = listing["items"].as_array().expect("items").iter().collect();
    let mut sorted = names;
    sorted.sort_unstable();
    let listed: Vec<_> = listed.iter().map(|item| item["name"].as_str().expect("a name")).collect();
    proves!("FS-OP-LS", "FS-23" => assert_eq!(listed, sorted));
    let command = format!("cat '{directory}/日本語'");
    assert_eq!(inside.sh(&command).await, "日本語");
    inside.sh("printf shell > 'von der Schüssel ☃'").await;
    assert_eq!(inside.read("/workspace/von der Schüssel ☃").await, "shell");
}

async fn every_operation_needs_a_sandbox_that_runs_or_can_be_resumed() {
    let inside = Inside::start().await;
    let good = |request: fn(&str) -> Value| request("/nowhere/x");
    for (operation, _, request) in REQUESTS {
        assert_eq!(inside.client.post_empty(&inside.path("pause")).await.status, 201);
        let answer = inside.fs(operation, good(request)).await;
        assert!(matches!(answer.status, 200 | 404), "{operation}: {answer:?}");
        proves!("SB-PAUSE-05" =>
            assert_eq!(inside.client.state(&inside.id).await, "running", "{operation}"));
    }
    for path in ["write-file?path=/workspace/y", "write-files"] {
        assert_eq!(inside.client.post_empty(&inside.path("pause")).await.status, 201);
        let body = "--b\r\nContent-Disposition: form-data; name=\"/workspace/z\"\r\n\r\n\r\n--b--";
        let client = inside.client.header("content-type", "multipart/form-data; boundary=b");
        let answer = client.send("POST", &inside.path(&format!("filesystem/{path}")), body).await;
        proves!("SB-PAUSE-05", "STATE-USE-PAUSED" => assert_eq!(answer.status, 204, "{path}: {answer:?}"));
    }
    assert_eq!(inside.client.post_empty(&inside.path("stop")).await.status, 200);
    for (operation, _, request) in REQUESTS {
        let answer = inside.fs(operation, good(request)).await;
        proves!("SB-STOP-03", "STATE-USE-STOPPED" => assert_eq!(answer.status, 409, "{operation}: {answer:?}"));
        assert!(answer.message().contains("start"), "{operation}: {answer:?}");
    }
    let inside = inside.in_sandbox("sbx-none".to_owned());
    for (operation, _, request) in REQUESTS {
        let answer = inside.fs(operation, good(request)).await;
        proves!("STATE-USE-ABSENT" => assert_eq!(answer.status, 404, "{operation}: {answer:?}"));
    }
}
