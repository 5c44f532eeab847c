//! `move`, `copy` and `delete`.

use libtest_mimic::Trial;
use serde_json::json;

use crate::inside::{Inside, assert_done};
use crate::support::{proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(a_file_and_a_directory_are_moved),
        trial!(an_existing_target_of_a_move_is_a_conflict_unless_overwritten),
        trial!(a_file_is_copied_and_the_copy_is_its_own),
        trial!(an_existing_target_of_a_copy_is_a_conflict_unless_overwritten),
        trial!(a_directory_is_copied_only_if_asked_for),
        trial!(nothing_is_moved_or_copied_into_itself),
        trial!(a_file_a_link_and_an_empty_directory_are_deleted),
        trial!(a_directory_with_contents_is_deleted_only_if_asked_for),
    ]
}

fn pair(source: &str, destination: &str) -> serde_json::Value {
    json!({
        "src_path": format!("/workspace/{source}"),
        "dst_path": format!("/workspace/{destination}"),
    })
}

fn overwriting(mut request: serde_json::Value) -> serde_json::Value {
    request["overwrite"] = json!(true);
    request
}

fn recursive(mut request: serde_json::Value) -> serde_json::Value {
    request["recursive"] = json!(true);
    request
}

async fn a_file_and_a_directory_are_moved() {
    let inside = Inside::start().await;
    inside.sh("mkdir -p d/sub && printf f > f && printf x > d/sub/x && chmod 640 f").await;
    inside.sh("ln -s f link").await;
    let answer = inside.fs("move", pair("f", "g")).await;
    proves!("FS-OP-MOVE" => assert_done(&answer));
    proves!("FS-OP-MOVE" => assert!(!inside.exists("/workspace/f").await));
    proves!("FS-OP-MOVE" => assert_eq!(inside.read("/workspace/g").await, "f"));
    assert_eq!(inside.stat("/workspace/g").await["mode"], "640");
    // A directory goes with all below it; into one that is there by its new name.
    inside.change("move", pair("d", "e")).await;
    proves!("FS-OP-MOVE" => assert_eq!(inside.read("/workspace/e/sub/x").await, "x"));
    inside.change("move", pair("g", "e/g")).await;
    // A link is moved, not what it points at.
    inside.change("move", pair("link", "e/link")).await;
    assert_eq!(inside.stat("/workspace/e/link").await["link_target"], "f");
    proves!("FS-OP-MOVE" => assert_eq!(inside.sh("ls; ls e").await, "e\ng\nlink\nsub\n"));
    // Its parent is not made.
    let answer = inside.fs("move", pair("e/g", "nowhere/g")).await;
    proves!("FS-OP-MOVE" => assert_eq!(answer.status, 404));
}

async fn an_existing_target_of_a_move_is_a_conflict_unless_overwritten() {
    let inside = Inside::start().await;
    inside.sh("mkdir d full empty && printf 1 > f && printf 2 > g && touch full/x").await;
    for (source, destination) in [("f", "g"), ("f", "d"), ("d", "empty"), ("d", "f"), ("f", "f")] {
        let answer = inside.fs("move", pair(source, destination)).await;
        proves!("FS-09" => assert_eq!(answer.status, 409, "{source} {destination}: {answer:?}"));
        proves!("FS-09" => assert!(!answer.message().is_empty()));
    }
    assert_eq!(inside.sh("cat f g").await, "12");
    let answer = inside.fs("move", overwriting(pair("f", "g"))).await;
    proves!("FS-09" => assert_done(&answer));
    proves!("FS-09" => assert_eq!(inside.sh("ls; cat g").await, "d\nempty\nfull\ng\n1"));
    let answer = inside.fs("move", overwriting(pair("d", "empty"))).await;
    proves!("FS-09" => assert_done(&answer));
    // What rename(2) does not replace is not emptied first.
    for (source, destination) in [("empty", "full"), ("g", "empty"), ("empty", "g")] {
        let answer = inside.fs("move", overwriting(pair(source, destination))).await;
        assert_eq!(answer.status, 400, "{source} {destination}: {answer:?}");
    }
    assert_eq!(inside.sh("ls; ls full; cat g").await, "empty\nfull\ng\nx\n1");
}

async fn a_file_is_copied_and_the_copy_is_its_own() {
    let inside = Inside::start().await;
    inside.sh("mkdir d && printf old > f && chmod 750 f && ln -s f link").await;
    let answer = inside.fs("copy", pair("f", "d/g")).await;
    proves!("FS-OP-COPY" => assert_done(&answer));
    inside.write("/workspace/f", "new").await;
    proves!("FS-OP-COPY" => assert_eq!(inside.read("/workspace/d/g").await, "old"));
    assert_eq!(inside.stat("/workspace/d/g").await["mode"], "750");
    // A link is followed.
    inside.change("copy", pair("link", "h")).await;
    assert_eq!(inside.read("/workspace/h").await, "new");
    assert_eq!(inside.stat("/workspace/h").await["is_symlink"], false);
    let answer = inside.fs("copy", pair("f", "nowhere/g")).await;
    proves!("FS-OP-COPY" => assert_eq!(answer.status, 404));
    assert_eq!(inside.sh("ls").await, "d\nf\nh\nlink\n");
}

async fn an_existing_target_of_a_copy_is_a_conflict_unless_overwritten() {
    let inside = Inside::start().await;
    inside
        .sh("mkdir -p d e && printf 1 > f && printf 2 > g && printf d > d/x && printf e > e/y")
        .await;
    for request in [pair("f", "g"), pair("f", "d"), pair("f", "f"), recursive(pair("d", "e"))] {
        let answer = inside.fs("copy", request.clone()).await;
        proves!("FS-OP-COPY" => assert_eq!(answer.status, 409, "{request}: {answer:?}"));
        assert!(!answer.message().is_empty());
    }
    assert_eq!(inside.sh("cat f g; ls d e/*").await, "12e/y\n\nd:\nx\n");
    inside.change("copy", overwriting(pair("f", "g"))).await;
    proves!("FS-OP-COPY" => assert_eq!(inside.sh("cat f g").await, "11"));
    // Directories are merged.
    inside.change("copy", overwriting(recursive(pair("d", "e")))).await;
    proves!("FS-OP-COPY" => assert_eq!(inside.sh("cat e/x e/y").await, "de"));
    for request in [pair("f", "d"), recursive(pair("d", "f"))] {
        let answer = inside.fs("copy", overwriting(request.clone())).await;
        assert_eq!(answer.status, 400, "{request}: {answer:?}");
    }
}

async fn a_directory_is_copied_only_if_asked_for() {
    let inside = Inside::start().await;
    inside
        .sh("mkdir -p d/sub && printf x > d/sub/x && ln -s sub/x d/link && chmod 500 d/sub")
        .await;
    let answer = inside.fs("copy", pair("d", "e")).await;
    proves!("FS-10" => assert_eq!(answer.status, 400));
    proves!("FS-10" => assert_eq!(answer.fields(), ["path"]));
    proves!("FS-10" => assert!(answer.message().contains("recursive"), "{answer:?}"));
    proves!("FS-10" => assert!(!inside.exists("/workspace/e").await));
    let answer = inside.fs("copy", recursive(pair("d", "e"))).await;
    proves!("FS-10", "FS-OP-COPY" => assert_done(&answer));
    proves!("FS-OP-COPY" => assert_eq!(inside.read("/workspace/e/sub/x").await, "x"));
    assert_eq!(inside.stat("/workspace/e/sub").await["mode"], "500");
    assert_eq!(inside.stat("/workspace/e/link").await["link_target"], "sub/x");
}

async fn nothing_is_moved_or_copied_into_itself() {
    let inside = Inside::start().await;
    inside.sh("mkdir -p d/sub && ln -s d/sub link && printf x > f").await;
    for destination in ["d/new", "d/sub/new", "link/new"] {
        let answer = inside.fs("move", pair("d", destination)).await;
        assert_eq!(answer.fields(), ["dst_path"], "{destination}");
    }
    for destination in ["d/new", "d/sub/new"] {
        let answer = inside.fs("copy", recursive(pair("d", destination))).await;
        assert_eq!(answer.fields(), ["dst_path"], "{destination}");
    }
    let answer = inside.fs("copy", overwriting(pair("f", "./f"))).await;
    assert_eq!(answer.fields(), ["dst_path"]);
    assert_eq!(inside.sh("ls; ls d; ls d/sub; cat f").await, "d\nf\nlink\nsub\nx");
    for path in ["/", "/workspace/.."] {
        let request = json!({"src_path": path, "dst_path": "/workspace/x"});
        assert_eq!(inside.fs("move", request).await.fields(), ["src_path"]);
    }
}

async fn a_file_a_link_and_an_empty_directory_are_deleted() {
    let inside = Inside::start().await;
    inside.sh("mkdir -p d empty && touch f d/kept && ln -s d link && ln -s d link2").await;
    for path in ["/workspace/f", "/workspace/link", "/workspace/link2/", "/workspace/empty"] {
        // A link is deleted, never what it points at, whatever was asked.
        let request = json!({"path": path, "recursive": path.contains("link")});
        let answer = inside.fs("delete", request).await;
        proves!("FS-OP-DELETE" => assert_done(&answer));
        let answer = inside.fs("delete", json!({"path": path})).await;
        proves!("FS-OP-DELETE", "FS-04" => assert_eq!(answer.status, 404, "{path}"));
    }
    proves!("FS-OP-DELETE" => assert_eq!(inside.sh("ls; ls d").await, "d\nkept\n"));
    for path in ["/", "/workspace/..", "//"] {
        let answer = inside.fs("delete", json!({"path": path, "recursive": true})).await;
        assert_eq!(answer.fields(), ["path"], "{path}");
    }
}

async fn a_directory_with_contents_is_deleted_only_if_asked_for() {
    let inside = Inside::start().await;
    inside.sh("mkdir -p d/sub other && touch d/sub/x d/y other/z && ln -s ../other d/link").await;
    for request in
        [json!({"path": "/workspace/d"}), json!({"path": "/workspace/d/", "recursive": false})]
    {
        let answer = inside.fs("delete", request).await;
        proves!("FS-08" => assert_eq!(answer.fields(), ["path"]));
        proves!("FS-08" => assert!(answer.message().contains("recursive"), "{answer:?}"));
    }
    assert_eq!(inside.sh("ls d").await, "link\nsub\ny\n");
    let answer = inside.fs("delete", json!({"path": "/workspace/d", "recursive": true})).await;
    proves!("FS-08", "FS-OP-DELETE" => assert_done(&answer));
    // What a link in it points at is still there.
    proves!("FS-08" => assert_eq!(inside.sh("ls; ls other").await, "other\nz\n"));
}
