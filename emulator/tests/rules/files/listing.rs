//! `ls`, `stat`, `exists` and `tree`.

use leap0_emulator_core::clock::{Clock as _, SystemClock};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::inside::{Inside, assert_json};
use crate::support::{proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(stat_describes_a_file_in_the_fields_of_the_api),
        trial!(stat_and_ls_describe_a_link_itself),
        trial!(times_are_those_of_linux),
        trial!(the_shell_and_the_api_see_the_same_attributes),
        trial!(the_api_makes_and_sees_every_bit_of_a_mode),
        trial!(the_shell_makes_and_sees_modes_and_owners),
        trial!(ls_lists_one_level_sorted_by_path),
        trial!(ls_lists_everything_below_depth_first),
        trial!(ls_of_what_is_no_directory_is_the_path_alone),
        trial!(exists_tells_what_stat_would_find),
        trial!(tree_nests_directories_and_says_no_more_than_it_knows),
        trial!(what_is_excluded_is_left_out_with_all_below_it),
    ]
}

/// One value of every item.
fn each(answer: &Value, field: &str) -> Vec<Value> {
    let items = answer["items"].as_array().unwrap_or_else(|| panic!("no items: {answer}"));
    items.iter().map(|item| item[field].clone()).collect()
}

async fn stat_describes_a_file_in_the_fields_of_the_api() {
    let inside = Inside::start().await;
    let before = SystemClock.now().as_secs();
    inside.write("/workspace/f.txt", "12345").await;
    let answer = inside.fs("stat", json!({"path": "/workspace/f.txt"})).await;
    proves!("FS-OP-STAT" => assert_json(&answer));
    let mut info = answer.json();
    let mtime = info["mtime"].take().as_i64().expect("whole seconds");
    let after = SystemClock.now().as_secs();
    proves!("FS-OP-STAT" => assert!((before..=after).contains(&mtime), "{before} {mtime}"));
    let expected = json!({
        "name": "f.txt", "path": "/workspace/f.txt", "is_dir": false, "size": 5, "mode": "644",
        "mtime": null, "owner": "user", "group": "user", "is_symlink": false,
    });
    proves!("FS-OP-STAT" => assert_eq!(info, expected));
    let info = inside.stat("/workspace").await;
    proves!("FS-OP-STAT" => assert_eq!(
        (&info["is_dir"], &info["is_symlink"], &info["mode"], &info["name"]),
        (&json!(true), &json!(false), &json!("755"), &json!("workspace"))
    ));
    let root = inside.stat("/").await;
    proves!("FS-OP-STAT" => assert_eq!(
        (&root["name"], &root["path"], &root["owner"], &root["group"]),
        (&json!("/"), &json!("/"), &json!("root"), &json!("root"))
    ));
    assert_eq!(inside.stat("/tmp").await["mode"], "1777");
}

async fn stat_and_ls_describe_a_link_itself() {
    let inside = Inside::start().await;
    inside
        .sh("printf target > f && ln -s f link && ln -s ../nowhere dangling && ln -s . dir")
        .await;
    for (name, target) in [("link", "f"), ("dangling", "../nowhere"), ("dir", ".")] {
        let info = inside.stat(&format!("/workspace/{name}")).await;
        proves!("FS-26", "FS-OP-STAT" => assert_eq!(
            (&info["is_symlink"], &info["is_dir"], &info["link_target"]),
            (&json!(true), &json!(false), &json!(target)),
            "{name}"
        ));
        assert_eq!(info["size"], target.len());
    }
    let listing = inside.ask("ls", json!({"path": "/workspace"})).await;
    proves!("FS-26", "FS-OP-LS" => assert_eq!(
        each(&listing, "link_target"),
        [json!("../nowhere"), json!("."), Value::Null, json!("f")]
    ));
    proves!("FS-26" => assert_eq!(each(&listing, "is_symlink"), [true, true, false, true]));
    // Reading and writing follow it.
    proves!("FS-26" => assert_eq!(inside.read("/workspace/link").await, "target"));
    inside.write("/workspace/link", "changed").await;
    proves!("FS-26" => assert_eq!(inside.sh("cat f; readlink link").await, "changedf\n"));
    inside.sh("ln -s loop loop").await;
    let answer = inside.fs("read-file", json!({"path": "/workspace/loop"})).await;
    assert_eq!(answer.fields(), ["path"]);
    assert!(answer.message().contains("symbolic links"), "{answer:?}");
}

async fn times_are_those_of_linux() {
    let inside = Inside::start().await;
    let old = json!(1_000_000_000);
    inside.sh("mkdir d && touch f g d/x && touch -d @1000000000 f g d").await;
    for path in ["/workspace/f", "/workspace/d"] {
        proves!("FS-OP-STAT" => assert_eq!(inside.stat(path).await["mtime"], old, "{path}"));
    }
    // Neither reading nor a new mode nor a new name is a modification.
    inside.read("/workspace/f").await;
    inside.change("set-permissions", json!({"path": "/workspace/f", "mode": "600"})).await;
    inside.change("move", json!({"src_path": "/workspace/f", "dst_path": "/workspace/h"})).await;
    assert_eq!(inside.stat("/workspace/h").await["mtime"], old);
    // New contents are, and so is a new or lost entry for its directory.
    inside.write("/workspace/h", "new").await;
    assert_ne!(inside.stat("/workspace/h").await["mtime"], old);
    inside.write("/workspace/d/y", "new").await;
    assert_ne!(inside.stat("/workspace/d").await["mtime"], old);
    inside.sh("touch -d @1000000000 d").await;
    inside.change("delete", json!({"path": "/workspace/d/x"})).await;
    assert_ne!(inside.stat("/workspace/d").await["mtime"], old);
    // A copy is a new file.
    inside.change("copy", json!({"src_path": "/workspace/g", "dst_path": "/workspace/i"})).await;
    assert_eq!(inside.stat("/workspace/g").await["mtime"], old);
    assert_ne!(inside.stat("/workspace/i").await["mtime"], old);
}

async fn the_shell_and_the_api_see_the_same_attributes() {
    let inside = Inside::start().await;
    inside.write("/workspace/by-api", "12345").await;
    let seen = inside.sh("stat -c '%a %s %Y' by-api").await;
    let info = inside.stat("/workspace/by-api").await;
    let expected = format!("644 5 {}\n", info["mtime"]);
    proves!("FS-OP-STAT" => assert_eq!(seen, expected));
    inside.sh("printf 1234567 > by-shell; chmod 4711 by-shell").await;
    let info = inside.stat("/workspace/by-shell").await;
    proves!("FS-OP-STAT" => assert_eq!(
        (&info["mode"], &info["size"], &info["owner"], &info["group"]),
        (&json!("4711"), &json!(7), &json!("user"), &json!("user"))
    ));
    // The shell's files get what the umask leaves.
    inside.sh("mkdir made; touch touched; umask 077; mkdir own; touch own/file").await;
    for (path, mode) in [("made", "755"), ("touched", "644"), ("own", "700"), ("own/file", "600")] {
        let info = inside.stat(&format!("/workspace/{path}")).await;
        proves!("FS-OP-STAT" => assert_eq!(info["mode"], mode, "{path}"));
    }
}

async fn the_api_makes_and_sees_every_bit_of_a_mode() {
    let inside = Inside::start().await;
    for mode in ["1777", "2750", "4711", "7000"] {
        let path = format!("/workspace/d{mode}");
        inside.change("mkdir", json!({"path": path, "permissions": mode})).await;
        proves!("FS-OP-MKDIR" => assert_eq!(inside.stat(&path).await["mode"], mode));
        inside.sh(&format!("touch f && chmod {mode} f")).await;
        proves!("FS-OP-STAT" => assert_eq!(inside.stat("/workspace/f").await["mode"], mode));
    }
}

async fn the_shell_makes_and_sees_modes_and_owners() {
    let inside = Inside::start().await;
    inside.change("mkdir", json!({"path": "/workspace/d", "permissions": "1777"})).await;
    assert_eq!(inside.sh("stat -c '%a %U %G' d").await, "1777 user user\n");
    inside.sh("mkdir -m 700 made").await;
    assert_eq!(inside.stat("/workspace/made").await["mode"], "700");
}

async fn ls_lists_one_level_sorted_by_path() {
    let inside = Inside::start().await;
    let empty = inside.fs("ls", json!({"path": "/workspace"})).await;
    proves!("FS-OP-LS" => assert_json(&empty));
    proves!("FS-OP-LS", "FS-23" => assert_eq!(empty.json(), json!({"items": []})));
    inside.sh("mkdir -p b/below .hidden && touch b/below/x c a Z").await;
    let listing = inside.ask("ls", json!({"path": "/workspace/"})).await;
    proves!("FS-OP-LS", "FS-23" => assert_eq!(
        each(&listing, "path"),
        ["/workspace/.hidden", "/workspace/Z", "/workspace/a", "/workspace/b", "/workspace/c"]
    ));
    proves!("FS-OP-LS" =>
        assert_eq!(listing["items"][2], inside.stat("/workspace/a").await));
    assert_eq!(each(&listing, "is_dir"), [true, false, false, true, false]);
}

async fn ls_lists_everything_below_depth_first() {
    let inside = Inside::start().await;
    inside.sh("mkdir -p p/a/deep p/b && touch p/a/deep/f p/a/x p/b/y p/z && ln -s a p/l").await;
    let listing = inside.ask("ls", json!({"path": "/workspace/p", "recursive": true})).await;
    proves!("FS-OP-LS", "FS-23" => assert_eq!(
        each(&listing, "path"),
        ["a", "a/deep", "a/deep/f", "a/x", "b", "b/y", "l", "z"]
            .map(|below| format!("/workspace/p/{below}"))
    ));
}

async fn ls_of_what_is_no_directory_is_the_path_alone() {
    let inside = Inside::start().await;
    inside.sh("mkdir d && touch f d/x && ln -s d l").await;
    let listing = inside.ask("ls", json!({"path": "/workspace/f"})).await;
    assert_eq!(each(&listing, "path"), ["/workspace/f"]);
    // A link to a directory is that directory for whoever asks for it.
    let listing = inside.ask("ls", json!({"path": "/workspace/l"})).await;
    assert_eq!(each(&listing, "path"), ["/workspace/l/x"]);
}

async fn exists_tells_what_stat_would_find() {
    let inside = Inside::start().await;
    inside.sh("touch f && ln -s nowhere dangling").await;
    for (path, expected) in [
        ("/workspace", true),
        ("/workspace/f", true),
        ("/workspace/dangling", true),
        ("/workspace/nowhere", false),
        ("/nowhere/at/all", false),
        ("/workspace/f/below", false),
    ] {
        let answer = inside.fs("exists", json!({"path": path})).await;
        proves!("FS-OP-EXISTS" => assert_json(&answer));
        proves!("FS-OP-EXISTS" => assert_eq!(answer.json(), json!({"exists": expected}), "{path}"));
    }
}

async fn tree_nests_directories_and_says_no_more_than_it_knows() {
    let inside = Inside::start().await;
    inside.sh("mkdir -p p/a/deep p/empty && touch p/a/deep/f p/a/b p/z && ln -s a p/link").await;
    let answer = inside.fs("tree", json!({"path": "/workspace/p"})).await;
    proves!("FS-OP-TREE" => assert_json(&answer));
    let file = |name: &str| json!({"name": name, "type": "file"});
    let directory =
        |name: &str, below: &[Value]| json!({"name": name, "type": "directory", "children": below});
    let whole = json!({"items": [
        directory("a", &[file("b"), directory("deep", &[file("f")])]),
        directory("empty", &[]),
        file("link"),
        file("z"),
    ]});
    proves!("FS-OP-TREE", "FS-25" => assert_eq!(answer.json(), whole));
    let unknown = |name: &str| json!({"name": name, "type": "directory"});
    let one = inside.ask("tree", json!({"path": "/workspace/p", "max_depth": 1})).await;
    proves!("FS-25" => assert_eq!(
        one,
        json!({"items": [unknown("a"), unknown("empty"), file("link"), file("z")]})
    ));
    let two = inside.ask("tree", json!({"path": "/workspace/p", "max_depth": 2})).await;
    proves!("FS-25" => assert_eq!(
        two["items"],
        json!([
            directory("a", &[file("b"), unknown("deep")]),
            directory("empty", &[]),
            file("link"),
            file("z"),
        ])
    ));
    let deep = inside.ask("tree", json!({"path": "/workspace/p", "max_depth": 1_u64 << 40})).await;
    assert_eq!(deep, whole);
}

async fn what_is_excluded_is_left_out_with_all_below_it() {
    let inside = Inside::start().await;
    inside.sh("mkdir -p src/node_modules/x lib node_modules && touch src/a.ts src/a.log").await;
    inside.sh("touch src/node_modules/x/a.ts lib/a.ts node_modules/a.ts").await;
    let exclude = json!(["node_modules", "*.log"]);
    let kept = ["lib", "lib/a.ts", "src", "src/a.ts"].map(|below| format!("/workspace/{below}"));
    let request = json!({"path": "/workspace", "recursive": true, "exclude": exclude});
    let listing = inside.ask("ls", request).await;
    proves!("FS-16", "FS-OP-LS" => assert_eq!(each(&listing, "path"), kept));
    let request = json!({"path": "/workspace", "exclude": exclude});
    let found = inside.ask("glob", request.clone()).await;
    proves!("FS-16", "FS-OP-GLOB" => assert_eq!(found["items"], json!(kept)));
    let tree = inside.ask("tree", request).await;
    proves!("FS-16", "FS-OP-TREE" => assert_eq!(
        tree["items"],
        json!([
            {"name": "lib", "type": "directory", "children": [{"name": "a.ts", "type": "file"}]},
            {"name": "src", "type": "directory", "children": [{"name": "a.ts", "type": "file"}]},
        ])
    ));
    inside.sh("for f in src/a.ts src/a.log src/node_modules/x/a.ts; do echo hit > $f; done").await;
    let request = json!({"path": "/workspace", "pattern": "hit", "exclude": exclude});
    let hits = inside.ask("grep", request).await;
    proves!("FS-16", "FS-OP-GREP" => assert_eq!(each(&hits, "path"), ["/workspace/src/a.ts"]));
    // Only what lies below the path is matched, not the path itself.
    let request = json!({"path": "/workspace/node_modules", "exclude": exclude});
    let found = inside.ask("glob", request).await;
    proves!("FS-16" => assert_eq!(found["items"], json!(["/workspace/node_modules/a.ts"])));
    let request = json!({"path": "/workspace", "exclude": ["["]});
    assert_eq!(inside.fs("ls", request).await.fields(), ["exclude"]);
}
