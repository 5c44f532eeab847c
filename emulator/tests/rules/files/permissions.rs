//! `set-permissions`, and what permissions forbid.

use libtest_mimic::Trial;
use serde_json::json;

use crate::inside::{Inside, assert_done, query};
use crate::support::{proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(a_mode_is_set_and_the_shell_sees_it),
        trial!(owner_and_group_are_set_as_far_as_a_user_may),
        trial!(at_least_one_change_has_to_be_asked_for),
        trial!(what_the_user_may_not_do_is_forbidden),
        trial!(a_mode_that_denies_its_owner_denies_the_api_too),
        trial!(what_may_not_be_read_is_left_out_of_what_is_found),
    ]
}

async fn a_mode_is_set_and_the_shell_sees_it() {
    let inside = Inside::start().await;
    inside.sh("printf '#!/bin/sh\\necho ran\\n' > f && mkdir d && ln -s f link").await;
    for (mode, shown) in [("755", "755"), ("0644", "644"), ("0640", "640"), ("0", "0")] {
        let request = json!({"path": "/workspace/f", "mode": mode});
        let answer = inside.fs("set-permissions", request).await;
        proves!("FS-OP-SET-PERMISSIONS" => assert_done(&answer));
        let info = inside.stat("/workspace/f").await;
        proves!("FS-OP-SET-PERMISSIONS" => assert_eq!(info["mode"], shown));
        let seen = inside.sh("stat -c %a f").await;
        proves!("FS-OP-SET-PERMISSIONS" => assert_eq!(seen.trim(), shown));
    }
    // A link is followed.
    let request = json!({"path": "/workspace/link", "mode": "700"});
    inside.change("set-permissions", request).await;
    assert_eq!(inside.stat("/workspace/f").await["mode"], "700");
    assert_eq!(inside.stat("/workspace/link").await["mode"], "777");
    let answer = inside.client.exec(&inside.id, "./f").await;
    assert_eq!(answer.text("stdout"), "ran\n", "{answer:?}");
    inside.change("set-permissions", json!({"path": "/workspace/f", "mode": "600"})).await;
    assert_eq!(inside.client.exec(&inside.id, "./f").await.json()["exit_code"], 126);
    for bad in ["8", "rw-r--r--", "77777", "", "u+x"] {
        let request = json!({"path": "/workspace/f", "mode": bad});
        let answer = inside.fs("set-permissions", request).await;
        proves!("FS-OP-SET-PERMISSIONS" => assert_eq!(answer.fields(), ["mode"], "{bad}"));
    }
}

async fn owner_and_group_are_set_as_far_as_a_user_may() {
    let inside = Inside::start().await;
    inside.write("/workspace/f", "x").await;
    // What they are already, by name and by number.
    for request in [
        json!({"path": "/workspace/f", "owner": "user"}),
        json!({"path": "/workspace/f", "group": "user"}),
        json!({"path": "/workspace/f", "owner": "1000", "group": "1000", "mode": "640"}),
    ] {
        let answer = inside.fs("set-permissions", request.clone()).await;
        proves!("FS-OP-SET-PERMISSIONS" => assert_eq!(answer.status, 204, "{request}"));
    }
    let info = inside.stat("/workspace/f").await;
    proves!("FS-OP-SET-PERMISSIONS" => assert_eq!(
        (&info["owner"], &info["group"], &info["mode"]),
        (&json!("user"), &json!("user"), &json!("640"))
    ));
    // As on Linux, only root gives a file away.
    for request in [
        json!({"path": "/workspace/f", "owner": "root"}),
        json!({"path": "/workspace/f", "group": "root"}),
        json!({"path": "/workspace/f", "owner": "root", "mode": "777"}),
    ] {
        let answer = inside.fs("set-permissions", request.clone()).await;
        proves!("FS-03" => assert_eq!(answer.status, 403, "{request}"));
    }
    assert_eq!(inside.stat("/workspace/f").await["mode"], "640");
    for (field, request) in [
        ("owner", json!({"path": "/workspace/f", "owner": "nobody-of-that-name"})),
        ("group", json!({"path": "/workspace/f", "group": "-1"})),
        ("owner", json!({"path": "/workspace/f", "owner": ""})),
    ] {
        let answer = inside.fs("set-permissions", request).await;
        proves!("FS-OP-SET-PERMISSIONS" => assert_eq!(answer.fields(), [field]));
    }
}

async fn at_least_one_change_has_to_be_asked_for() {
    let inside = Inside::start().await;
    inside.write("/workspace/f", "x").await;
    for request in [
        json!({"path": "/workspace/f"}),
        json!({"path": "/workspace/f", "mode": null, "owner": null, "group": null}),
    ] {
        let answer = inside.fs("set-permissions", request).await;
        proves!("FS-19" => assert_eq!(answer.fields(), ["mode"]));
    }
}

async fn what_the_user_may_not_do_is_forbidden() {
    let inside = Inside::start().await;
    inside.write("/workspace/f", "x").await;
    let (file, below) = ("/etc/passwd", "/root/x");
    for (operation, request) in [
        ("read-file", json!({"path": below})),
        ("read-files", json!({"paths": ["/workspace/f", below]})),
        ("stat", json!({"path": below})),
        ("exists", json!({"path": below})),
        ("ls", json!({"path": "/root"})),
        ("glob", json!({"path": "/root"})),
        ("grep", json!({"path": "/root", "pattern": "x"})),
        ("tree", json!({"path": "/root"})),
        ("mkdir", json!({"path": "/etc/new"})),
        ("mkdir", json!({"path": "/etc/new/deep", "recursive": true})),
        ("delete", json!({"path": file})),
        ("delete", json!({"path": "/etc", "recursive": true})),
        ("set-permissions", json!({"path": file, "mode": "666"})),
        ("edit-file", json!({"path": file, "edits": [{"find": "root"}]})),
        ("move", json!({"src_path": file, "dst_path": "/workspace/p"})),
        ("move", json!({"src_path": "/workspace/f", "dst_path": "/etc/f"})),
        ("copy", json!({"src_path": "/workspace/f", "dst_path": "/etc/f"})),
        ("copy", json!({"src_path": "/workspace/f", "dst_path": file, "overwrite": true})),
        ("copy", json!({"src_path": below, "dst_path": "/workspace/p"})),
    ] {
        let answer = inside.fs(operation, request.clone()).await;
        proves!("FS-03" => assert_eq!(answer.status, 403, "{operation} {request}: {answer:?}"));
        proves!("FS-03" => assert!(answer.message().contains("permission denied"), "{answer:?}"));
    }
    for path in [file, "/etc/new", "/root/x", "/etc/new/deep/x"] {
        let answer = inside.write_file(&query(path), "x").await;
        proves!("FS-03" => assert_eq!(answer.status, 403, "{path}: {answer:?}"));
    }
    assert!(inside.sh("cat /etc/passwd").await.starts_with("root:"));
    assert!(!inside.exists("/etc/new").await);
    assert_eq!(inside.sh("ls").await, "f\n");
}

async fn a_mode_that_denies_its_owner_denies_the_api_too() {
    let inside = Inside::start().await;
    inside.sh("printf x > f && mkdir d && touch d/x && chmod 000 f && chmod 500 d").await;
    let answer = inside.fs("read-file", json!({"path": "/workspace/f"})).await;
    proves!("FS-03" => assert_eq!(answer.status, 403));
    let answer = inside.write_file(&query("/workspace/f"), "y").await;
    proves!("FS-03" => assert_eq!(answer.status, 403));
    // What may not be read may be described, and deleted where its directory allows it.
    assert_eq!(inside.stat("/workspace/f").await["mode"], "0");
    assert_done(&inside.fs("delete", json!({"path": "/workspace/f"})).await);
    let answer = inside.fs("delete", json!({"path": "/workspace/d", "recursive": true})).await;
    proves!("FS-03" => assert_eq!(answer.status, 403));
    assert!(inside.exists("/workspace/d/x").await);
    inside.change("set-permissions", json!({"path": "/workspace/d", "mode": "755"})).await;
    inside.change("delete", json!({"path": "/workspace/d", "recursive": true})).await;
}

async fn what_may_not_be_read_is_left_out_of_what_is_found() {
    let inside = Inside::start().await;
    inside.sh("mkdir -p p/shut p/open && echo hit > p/shut/x && echo hit > p/open/x").await;
    inside.sh("echo hit > p/y && chmod 000 p/shut p/y").await;
    let found = inside.ask("glob", json!({"path": "/workspace/p", "pattern": "x"})).await;
    assert_eq!(found["items"], json!(["/workspace/p/open/x"]));
    let found = inside.ask("grep", json!({"path": "/workspace/p", "pattern": "hit"})).await;
    assert_eq!(
        found["items"],
        json!([{"path": "/workspace/p/open/x", "line": 1, "content": "hit"}])
    );
    let tree = inside.ask("tree", json!({"path": "/workspace/p"})).await;
    proves!("FS-25" => assert_eq!(
        tree["items"][1],
        json!({"name": "shut", "type": "directory"})
    ));
}
