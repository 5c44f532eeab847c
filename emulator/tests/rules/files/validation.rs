//! What is refused before the sandbox is asked: every bad field at once, in one shape.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::inside::{Inside, assert_done, assert_json};
use crate::support::{prove, proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(every_bad_field_is_named_at_once),
        trial!(a_refused_request_changes_nothing_and_does_not_resume),
        trial!(json_is_read_whatever_its_content_type),
        trial!(absent_null_and_unknown_fields_are_accepted),
        trial!(a_body_that_is_no_json_object_is_refused),
    ]
}

/// The rule, the operation, a request, and the fields that it gets wrong.
fn bad_requests() -> Vec<(&'static str, &'static str, Value, &'static [&'static str])> {
    let no = json!("no");
    vec![
        (
            "FS-OP-LS",
            "ls",
            json!({"path": 1, "recursive": no, "exclude": no}),
            &["path", "recursive", "exclude"],
        ),
        ("FS-OP-STAT", "stat", json!({}), &["path"]),
        ("FS-OP-EXISTS", "exists", json!({"path": null}), &["path"]),
        (
            "FS-OP-MKDIR",
            "mkdir",
            json!({"recursive": 1, "permissions": "9"}),
            &["path", "recursive", "permissions"],
        ),
        (
            "FS-OP-READ-FILE",
            "read-file",
            json!({"path": "x", "offset": -1, "limit": 1.5, "head": "1", "tail": true}),
            &["path", "offset", "limit", "head", "tail"],
        ),
        ("FS-OP-READ-FILES", "read-files", json!({}), &["paths"]),
        ("FS-OP-READ-FILES", "read-files", json!({"paths": []}), &["paths"]),
        ("FS-OP-READ-FILES", "read-files", json!({"paths": "/x"}), &["paths"]),
        ("FS-OP-READ-FILES", "read-files", json!({"paths": [1]}), &["paths"]),
        (
            "FS-OP-READ-FILES",
            "read-files",
            json!({"paths": ["a", "/b", ""]}),
            &["paths[0]", "paths[2]"],
        ),
        ("FS-OP-DELETE", "delete", json!({"path": "", "recursive": 0}), &["path", "recursive"]),
        ("FS-19", "set-permissions", json!({"path": "x"}), &["path", "mode"]),
        (
            "FS-OP-SET-PERMISSIONS",
            "set-permissions",
            json!({"path": "/x", "mode": "rw-r--r--", "owner": 1, "group": []}),
            &["mode", "owner", "group"],
        ),
        (
            "FS-OP-GLOB",
            "glob",
            json!({"path": "x", "pattern": 1, "exclude": [1]}),
            &["path", "pattern", "exclude"],
        ),
        ("FS-14", "grep", json!({"path": "/x"}), &["pattern"]),
        (
            "FS-OP-GREP",
            "grep",
            json!({"path": 1, "include": 1, "exclude": {}}),
            &["path", "pattern", "include", "exclude"],
        ),
        ("FS-OP-EDIT-FILE", "edit-file", json!({"path": "x"}), &["path", "edits"]),
        ("FS-OP-EDIT-FILE", "edit-file", json!({"path": "/x", "edits": []}), &["edits"]),
        (
            "FS-17",
            "edit-file",
            json!({"path": "/x", "edits": [{"find": "ok"}, {"find": ""}, {"replace": "x"}]}),
            &["edits[1].find", "edits[2].find"],
        ),
        (
            "FS-OP-EDIT-FILE",
            "edit-file",
            json!({"path": "/x", "edits": [{"find": 1, "replace": 2}, "x"]}),
            &["edits[1]", "edits[0].find", "edits[0].replace"],
        ),
        ("FS-OP-EDIT-FILES", "edit-files", json!({}), &["files", "find"]),
        (
            "FS-OP-EDIT-FILES",
            "edit-files",
            json!({"files": [], "find": "", "replace": 1}),
            &["files", "find", "replace"],
        ),
        ("FS-OP-MOVE", "move", json!({"overwrite": no}), &["src_path", "dst_path", "overwrite"]),
        (
            "FS-OP-COPY",
            "copy",
            json!({"src_path": "a", "dst_path": "b", "recursive": 1, "overwrite": 1}),
            &["src_path", "dst_path", "recursive", "overwrite"],
        ),
        (
            "FS-OP-TREE",
            "tree",
            json!({"path": "x", "exclude": {}, "max_depth": 0}),
            &["path", "exclude", "max_depth"],
        ),
    ]
}

async fn every_bad_field_is_named_at_once() {
    let inside = Inside::start().await;
    for (rule, operation, request, fields) in bad_requests() {
        let answer = inside.fs(operation, request.clone()).await;
        assert_eq!(answer.fields(), fields, "{operation} {request}");
        prove(&[rule]);
    }
    let answer = inside.write_file("path=x&permissions=rwx", "text").await;
    proves!("FS-OP-WRITE-FILE" => assert_eq!(answer.fields(), ["path", "permissions"]));
}

async fn a_refused_request_changes_nothing_and_does_not_resume() {
    let inside = Inside::start().await;
    assert_eq!(inside.client.post_empty(&inside.path("pause")).await.status, 201);
    for (_, operation, request, fields) in bad_requests() {
        assert_eq!(inside.fs(operation, request).await.fields(), fields, "{operation}");
    }
    inside.write_file("path=x", "text").await.fields();
    inside.execute(json!({"command": ""})).await.fields();
    proves!("SB-PAUSE-06" => assert_eq!(inside.client.state(&inside.id).await, "paused"));
    // A good one does.
    assert!(!inside.exists("/workspace/x").await);
    proves!("SB-PAUSE-05" => assert_eq!(inside.client.state(&inside.id).await, "running"));
}

async fn json_is_read_whatever_its_content_type() {
    let inside = Inside::start().await;
    inside.write("/workspace/f", "text").await;
    let client = inside.client.header("content-type", "text/plain;charset=UTF-8");
    // The operations that JS clients send so, in an order in which each can succeed.
    for (operation, request, status) in [
        ("mkdir", json!({"path": "/workspace/d"}), 204),
        ("read-file", json!({"path": "/workspace/f"}), 200),
        ("read-files", json!({"paths": ["/workspace/f"]}), 200),
        ("set-permissions", json!({"path": "/workspace/f", "mode": "600"}), 204),
        ("move", json!({"src_path": "/workspace/f", "dst_path": "/workspace/d/g"}), 204),
        ("copy", json!({"src_path": "/workspace/d/g", "dst_path": "/workspace/h"}), 204),
        ("delete", json!({"path": "/workspace/d", "recursive": true}), 204),
    ] {
        let path = inside.path(&format!("filesystem/{operation}"));
        let answer = client.send("POST", &path, request.to_string()).await;
        proves!("WIRE-01" => assert_eq!(answer.status, status, "{operation}: {answer:?}"));
    }
    assert!(!inside.exists("/workspace/d").await);
    let info = inside.stat("/workspace/h").await;
    proves!("WIRE-01" => assert_eq!(info["mode"], "600"));
    // Without any, and with a wrong one.
    let body = json!({"path": "/workspace/h"}).to_string();
    let path = inside.path("filesystem/stat");
    assert_json(&inside.client.send("POST", &path, body.clone()).await);
    let form = inside.client.header("content-type", "application/x-www-form-urlencoded");
    assert_json(&form.send("POST", &path, body).await);
    // The body of write-file is the file, even where it says that it is JSON.
    let json = inside.client.header("content-type", "application/json");
    let path = inside.path("filesystem/write-file?path=/workspace/not.json");
    let answer = json.send("POST", &path, "{not json").await;
    proves!("WIRE-01", "FS-OP-WRITE-FILE" => assert_done(&answer));
    assert_eq!(inside.read("/workspace/not.json").await, "{not json");
}

async fn absent_null_and_unknown_fields_are_accepted() {
    let inside = Inside::start().await;
    let request = json!({"path": "/workspace/d", "recursive": null, "permissions": null, "x": 1});
    inside.change("mkdir", request).await;
    let info = inside.stat("/workspace/d").await;
    proves!("WIRE-04", "FS-OP-MKDIR" => assert_eq!(info["mode"], "755"));
    let request = json!({"path": "/workspace", "exclude": null, "max_depth": null, "y": {}});
    let tree = inside.ask("tree", request).await;
    proves!("WIRE-03", "WIRE-04" => assert_eq!(tree["items"][0]["name"], "d"));
    let request = json!({"path": "/etc/hostname", "offset": null, "limit": null, "head": null,
        "tail": null});
    let answer = inside.fs("read-file", request).await;
    proves!("WIRE-04", "FS-OP-READ-FILE" => assert_eq!(answer.status, 200));
}

async fn a_body_that_is_no_json_object_is_refused() {
    let inside = Inside::start().await;
    let json = inside.client.header("content-type", "application/json");
    for operation in ["filesystem/ls", "filesystem/mkdir", "filesystem/move", "process/execute"] {
        for bad in
            ["", "{", "[]", "null", "\"/workspace\"", "{} {}", "{\"path\": \"/\"", "\u{feff}{}"]
        {
            let answer = json.send("POST", &inside.path(operation), bad).await;
            proves!("WIRE-07" => assert_eq!(answer.fields(), ["body"], "{operation} {bad:?}"));
        }
        let answer =
            json.send("POST", &inside.path(operation), &b"{\"path\": \"/\xff\"}"[..]).await;
        proves!("WIRE-07" => assert_eq!(answer.fields(), ["body"], "{operation}"));
    }
}
