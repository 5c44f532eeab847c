//! `mkdir`.

use libtest_mimic::Trial;
use serde_json::json;

use crate::inside::{Inside, assert_done};
use crate::support::{proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(a_directory_is_made_with_exactly_the_permissions_asked_for),
        trial!(a_directory_that_exists_is_a_conflict_unless_recursive),
        trial!(a_missing_parent_is_not_found_unless_recursive),
    ]
}

async fn a_directory_is_made_with_exactly_the_permissions_asked_for() {
    let inside = Inside::start().await;
    let answer = inside.fs("mkdir", json!({"path": "/workspace/d"})).await;
    proves!("FS-OP-MKDIR" => assert_done(&answer));
    let info = inside.stat("/workspace/d").await;
    proves!("FS-OP-MKDIR" => assert_eq!(
        (&info["is_dir"], &info["mode"], &info["owner"]),
        (&json!(true), &json!("755"), &json!("user"))
    ));
    // Whatever the umask.
    for (index, (permissions, mode)) in
        [("700", "700"), ("0770", "770"), ("777", "777"), ("1777", "1777"), ("000", "0")]
            .iter()
            .enumerate()
    {
        let path = format!("/workspace/d{index}");
        inside.change("mkdir", json!({"path": path, "permissions": permissions})).await;
        let info = inside.stat(&path).await;
        proves!("FS-OP-MKDIR" => assert_eq!(info["mode"], *mode));
    }
    // A final slash is no name.
    inside.change("mkdir", json!({"path": "/workspace/slash/"})).await;
    assert_eq!(inside.stat("/workspace/slash").await["is_dir"], true);
    for bad in ["8", "rwx", "77777", "0o755", "-1", ""] {
        let request = json!({"path": "/workspace/bad", "permissions": bad});
        let answer = inside.fs("mkdir", request).await;
        proves!("FS-OP-MKDIR" => assert_eq!(answer.fields(), ["permissions"], "{bad}"));
    }
    assert!(!inside.exists("/workspace/bad").await);
}

async fn a_directory_that_exists_is_a_conflict_unless_recursive() {
    let inside = Inside::start().await;
    inside.sh("mkdir d && chmod 700 d && touch f d/kept && ln -s d link").await;
    for path in ["/workspace/d", "/workspace/d/", "/workspace/f", "/workspace/link", "/"] {
        let answer = inside.fs("mkdir", json!({"path": path})).await;
        proves!("FS-02" => assert_eq!(answer.status, 409, "{path}: {answer:?}"));
        proves!("FS-02" => assert!(!answer.message().is_empty()));
    }
    for path in ["/workspace/d", "/workspace/link"] {
        let answer = inside.fs("mkdir", json!({"path": path, "recursive": true})).await;
        proves!("FS-02" => assert_done(&answer));
    }
    // What was there is as it was.
    assert_eq!(inside.stat("/workspace/d").await["mode"], "700");
    assert!(inside.exists("/workspace/d/kept").await);
    let answer = inside.fs("mkdir", json!({"path": "/workspace/f", "recursive": true})).await;
    proves!("FS-02" => assert_eq!(answer.status, 409));
}

async fn a_missing_parent_is_not_found_unless_recursive() {
    let inside = Inside::start().await;
    let path = "/workspace/a/b/c";
    let answer = inside.fs("mkdir", json!({"path": path})).await;
    proves!("FS-02" => assert_eq!(answer.status, 404));
    proves!("FS-02" => assert!(!answer.message().is_empty()));
    assert!(!inside.exists("/workspace/a").await);
    let request = json!({"path": path, "recursive": true, "permissions": "700"});
    let answer = inside.fs("mkdir", request).await;
    proves!("FS-OP-MKDIR", "FS-02" => assert_done(&answer));
    assert_eq!(inside.stat("/workspace/a").await["mode"], "755");
    assert_eq!(inside.stat(path).await["mode"], "700");
    inside.write("/workspace/f", "x").await;
    let request = json!({"path": "/workspace/f/below", "recursive": true});
    assert_eq!(inside.fs("mkdir", request).await.fields(), ["path"]);
}
