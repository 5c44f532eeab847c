//! FS: single files and directories.

use serde_json::json;

use crate::check::{Check, Outcome, Trial, check};
use crate::http::Request;

pub(super) const CHECKS: &[Check] = &[
    check!(a_file_is_described, Files, ["FS-OP-STAT"]).shared(),
    check!(a_directory_is_listed, Files, ["FS-OP-LS", "FS-23"]).shared(),
    check!(a_directory_is_made, Files, ["FS-OP-MKDIR", "FS-02"]).shared(),
    check!(a_file_is_deleted, Files, ["FS-OP-DELETE", "FS-08"]).shared(),
    check!(permissions_are_set, Files, ["FS-OP-SET-PERMISSIONS", "FS-19"]).shared(),
    check!(a_file_is_moved, Files, ["FS-OP-MOVE", "FS-09"]).shared(),
    check!(a_file_is_copied, Files, ["FS-OP-COPY", "FS-10"]).shared(),
    check!(existence_is_told, Files, ["FS-OP-EXISTS"]).shared(),
    check!(paths_are_absolute, Files, ["FS-01"]).shared(),
    check!(what_is_missing_is_a_404, Files, ["FS-04"]).shared(),
    check!(what_permissions_deny_is_a_403, Files, ["FS-03"]).shared(),
    check!(a_directory_is_not_read, Files, ["FS-05"]).shared(),
    check!(writing_makes_directories_and_replaces, Files, ["FS-06", "FS-07"]).shared(),
    check!(a_symbolic_link_is_shown_itself, Commands, ["FS-26"]).shared(),
    check!(a_part_of_a_file_is_read, Files, ["FS-OP-READ-FILE", "FS-11", "FS-12"]).shared(),
];

async fn a_file_is_described(t: &Trial) -> Outcome {
    let inside = t.inside().await?;
    let path = inside.at("a.txt");
    let query = format!("{}&permissions=640", inside.write_path(&path));
    t.send(Request::new("POST", query).bytes("12345")).await?;
    let answer = t.fs(&inside, "stat", json!({ "path": path })).await?;
    t.status("FS-OP-STAT", &answer, 200);
    for (field, wanted) in [
        ("name", json!("a.txt")),
        ("path", json!(path)),
        ("is_dir", json!(false)),
        ("size", json!(5)),
        ("mode", json!("640")),
        ("is_symlink", json!(false)),
    ] {
        t.same("FS-OP-STAT", field, &answer.json[field], &wanted);
    }
    let seconds = answer.json["mtime"].as_u64().unwrap_or(0);
    // Between 2001 and 5138: seconds, and no other unit.
    let unit = (1_000_000_000..100_000_000_000).contains(&seconds);
    t.must("FS-OP-STAT", "mtime is in Unix seconds", unit);
    for field in ["owner", "group"] {
        t.must("FS-OP-STAT", format!("{field} is a text"), answer.json[field].is_string());
    }
    let answer = t.fs(&inside, "stat", json!({"path": inside.dir})).await?;
    t.same("FS-OP-STAT", "is_dir of a directory", &answer.json["is_dir"], &json!(true));
    t.status("FS-OP-STAT", &t.fs(&inside, "stat", json!({})).await?, 400);
    Ok(())
}

async fn a_directory_is_listed(t: &Trial) -> Outcome {
    let inside = t.inside().await?;
    let (dir, other) = (inside.at("d"), inside.at("d/b.txt"));
    for file in ["d/a.txt", "d/b.txt", "d/sub/c.txt"] {
        t.write(&inside.sandbox, &inside.at(file), b"x").await?;
    }
    let names = async |body: serde_json::Value| -> Outcome<Vec<String>> {
        let answer = t.fs(&inside, "ls", body).await?;
        t.status("FS-OP-LS", &answer, 200);
        let items = answer.json["items"].as_array().cloned().unwrap_or_default();
        Ok(items.iter().filter_map(|item| item["path"].as_str().map(str::to_owned)).collect())
    };
    let plain = names(json!({ "path": dir })).await?;
    let mut sorted = plain.clone();
    sorted.sort_unstable();
    let wanted = [inside.at("d/a.txt"), other, inside.at("d/sub")];
    t.same("FS-OP-LS", "what is listed", &sorted, &wanted.to_vec());
    t.decided("FS-23", "it comes by path", plain == sorted);
    let all = names(json!({"path": dir, "recursive": true})).await?;
    let deep = all.contains(&inside.at("d/sub/c.txt")) && all.len() == 4;
    t.must("FS-OP-LS", "recursive lists what is below", deep);
    let some = names(json!({"path": dir, "exclude": ["*.txt"]})).await?;
    t.same("FS-OP-LS", "what is not excluded", &some, &vec![inside.at("d/sub")]);
    t.status("FS-OP-LS", &t.fs(&inside, "ls", json!({})).await?, 400);
    Ok(())
}

async fn a_directory_is_made(t: &Trial) -> Outcome {
    let inside = t.inside().await?;
    let (dir, deep) = (inside.at("new"), inside.at("x/y/z"));
    t.status("FS-OP-MKDIR", &t.fs(&inside, "mkdir", json!({ "path": dir })).await?, 204);
    let seen = t.fs(&inside, "stat", json!({ "path": dir })).await?;
    t.same("FS-OP-MKDIR", "is_dir", &seen.json["is_dir"], &json!(true));
    t.same("FS-OP-MKDIR", "the mode", &seen.json["mode"], &json!("755"));
    t.status("FS-02", &t.fs(&inside, "mkdir", json!({ "path": dir })).await?, 409);
    let again = t.fs(&inside, "mkdir", json!({"path": dir, "recursive": true})).await?;
    t.decided_status("FS-02", &again, 204);
    let parent = t.fs(&inside, "mkdir", json!({ "path": deep })).await?;
    t.must("FS-OP-MKDIR", "without recursive a parent is not made", !parent.ok());
    t.decided_status("FS-02", &parent, 404);
    let body = json!({"path": deep, "recursive": true, "permissions": "700"});
    t.status("FS-OP-MKDIR", &t.fs(&inside, "mkdir", body).await?, 204);
    let seen = t.fs(&inside, "stat", json!({ "path": deep })).await?;
    t.same("FS-OP-MKDIR", "the mode", &seen.json["mode"], &json!("700"));
    t.status("FS-OP-MKDIR", &t.fs(&inside, "mkdir", json!({})).await?, 400);
    Ok(())
}

/// Whether a path is there.
async fn exists(t: &Trial, inside: &crate::check::Inside, path: &str) -> Outcome<bool> {
    let answer = t.fs(inside, "exists", json!({ "path": path })).await?;
    Ok(answer.json["exists"] == true)
}

async fn a_file_is_deleted(t: &Trial) -> Outcome {
    let inside = t.inside().await?;
    let (file, dir) = (inside.at("f"), inside.at("d"));
    t.write(&inside.sandbox, &file, b"x").await?;
    t.write(&inside.sandbox, &inside.at("d/f"), b"x").await?;
    t.status("FS-OP-DELETE", &t.fs(&inside, "delete", json!({ "path": file })).await?, 204);
    t.must("FS-OP-DELETE", "the file is gone", !exists(t, &inside, &file).await?);
    let full = t.fs(&inside, "delete", json!({ "path": dir })).await?;
    t.refused("FS-08", &full);
    t.decided_status("FS-08", &full, 400);
    t.must("FS-08", "the directory is still there", exists(t, &inside, &inside.at("d/f")).await?);
    let all = t.fs(&inside, "delete", json!({"path": dir, "recursive": true})).await?;
    t.status("FS-OP-DELETE", &all, 204);
    t.status("FS-08", &all, 204);
    t.must("FS-08", "the directory is gone", !exists(t, &inside, &dir).await?);
    t.status("FS-OP-DELETE", &t.fs(&inside, "delete", json!({})).await?, 400);
    Ok(())
}

async fn permissions_are_set(t: &Trial) -> Outcome {
    let inside = t.inside().await?;
    let file = inside.at("f");
    t.write(&inside.sandbox, &file, b"x").await?;
    for mode in ["600", "755"] {
        let body = json!({"path": file, "mode": mode});
        t.status("FS-OP-SET-PERMISSIONS", &t.fs(&inside, "set-permissions", body).await?, 204);
        let seen = t.fs(&inside, "stat", json!({ "path": file })).await?;
        t.same("FS-OP-SET-PERMISSIONS", "the mode", &seen.json["mode"], &json!(mode));
    }
    let seen = t.fs(&inside, "stat", json!({ "path": file })).await?;
    let body = json!({"path": file, "owner": seen.json["owner"], "group": seen.json["group"]});
    t.status("FS-19", &t.fs(&inside, "set-permissions", body).await?, 204);
    let none = t.fs(&inside, "set-permissions", json!({ "path": file })).await?;
    t.decided_status("FS-19", &none, 400);
    let bare = t.fs(&inside, "set-permissions", json!({"mode": "644"})).await?;
    t.status("FS-OP-SET-PERMISSIONS", &bare, 400);
    Ok(())
}

async fn a_file_is_moved(t: &Trial) -> Outcome {
    let inside = t.inside().await?;
    let (from, to) = (inside.at("from"), inside.at("to"));
    t.write(&inside.sandbox, &from, b"moved").await?;
    let body = json!({"src_path": from, "dst_path": to});
    t.status("FS-OP-MOVE", &t.fs(&inside, "move", body.clone()).await?, 204);
    let seen = t.read(&inside.sandbox, &to).await?;
    t.same("FS-OP-MOVE", "what is at the target", &seen.as_deref(), &Some("moved"));
    t.must("FS-OP-MOVE", "the source is gone", !exists(t, &inside, &from).await?);
    t.write(&inside.sandbox, &from, b"second").await?;
    let refused = t.fs(&inside, "move", body).await?;
    t.refused("FS-09", &refused);
    t.decided_status("FS-09", &refused, 409);
    let seen = t.read(&inside.sandbox, &to).await?;
    t.same("FS-09", "what is still at the target", &seen.as_deref(), &Some("moved"));
    let body = json!({"src_path": from, "dst_path": to, "overwrite": true});
    t.status("FS-09", &t.fs(&inside, "move", body).await?, 204);
    let seen = t.read(&inside.sandbox, &to).await?;
    t.same("FS-09", "what is at the target then", &seen.as_deref(), &Some("second"));
    for body in [json!({"src_path": to}), json!({"dst_path": to})] {
        t.status("FS-OP-MOVE", &t.fs(&inside, "move", body).await?, 400);
    }
    Ok(())
}

async fn a_file_is_copied(t: &Trial) -> Outcome {
    let inside = t.inside().await?;
    let (from, to) = (inside.at("from"), inside.at("to"));
    t.write(&inside.sandbox, &from, b"copied").await?;
    let body = json!({"src_path": from, "dst_path": to});
    t.status("FS-OP-COPY", &t.fs(&inside, "copy", body.clone()).await?, 204);
    for path in [&from, &to] {
        let seen = t.read(&inside.sandbox, path).await?;
        t.same("FS-OP-COPY", "what is there", &seen.as_deref(), &Some("copied"));
    }
    t.write(&inside.sandbox, &from, b"second").await?;
    t.status("FS-OP-COPY", &t.fs(&inside, "copy", body).await?, 409);
    let body = json!({"src_path": from, "dst_path": to, "overwrite": true});
    t.status("FS-OP-COPY", &t.fs(&inside, "copy", body).await?, 204);
    let seen = t.read(&inside.sandbox, &to).await?;
    t.same("FS-OP-COPY", "what is there then", &seen.as_deref(), &Some("second"));
    t.write(&inside.sandbox, &inside.at("d/f"), b"deep").await?;
    let body = json!({"src_path": inside.at("d"), "dst_path": inside.at("e")});
    let refused = t.fs(&inside, "copy", body.clone()).await?;
    t.refused("FS-10", &refused);
    t.decided_status("FS-10", &refused, 400);
    let mut whole = body;
    whole["recursive"] = json!(true);
    t.status("FS-10", &t.fs(&inside, "copy", whole).await?, 204);
    let seen = t.read(&inside.sandbox, &inside.at("e/f")).await?;
    t.same("FS-10", "what is below the copy", &seen.as_deref(), &Some("deep"));
    for body in [json!({"src_path": to}), json!({"dst_path": to})] {
        t.status("FS-OP-COPY", &t.fs(&inside, "copy", body).await?, 400);
    }
    Ok(())
}

async fn existence_is_told(t: &Trial) -> Outcome {
    let inside = t.inside().await?;
    for (path, wanted) in
        [(inside.at(".made"), true), (inside.dir.clone(), true), (inside.at("no"), false)]
    {
        let answer = t.fs(&inside, "exists", json!({ "path": path })).await?;
        t.status("FS-OP-EXISTS", &answer, 200);
        t.same("FS-OP-EXISTS", "exists", &answer.json["exists"], &json!(wanted));
    }
    t.status("FS-OP-EXISTS", &t.fs(&inside, "exists", json!({})).await?, 400);
    Ok(())
}

async fn paths_are_absolute(t: &Trial) -> Outcome {
    let inside = t.inside().await?;
    t.write(&inside.sandbox, &inside.at("x"), b"x").await?;
    for path in ["relative", "./x", ""] {
        for what in ["stat", "read-file", "ls", "delete", "mkdir"] {
            let answer = t.fs(&inside, what, json!({ "path": path })).await?;
            t.refused("FS-01", &answer);
            t.decided("FS-01", "it is a 400 on path", answer.fields() == ["path"]);
        }
        let write = Request::new("POST", inside.write_path(path)).bytes("x");
        t.refused("FS-01", &t.send(write).await?);
    }
    let seen = t.read(&inside.sandbox, &inside.at("x")).await?;
    t.must("FS-01", "an absolute path is taken", seen.is_some());
    Ok(())
}

async fn what_is_missing_is_a_404(t: &Trial) -> Outcome {
    let inside = t.inside().await?;
    let (none, new) = (inside.at("none"), inside.at("new"));
    for (what, body) in [
        ("read-file", json!({ "path": none })),
        ("ls", json!({ "path": none })),
        ("stat", json!({ "path": none })),
        ("delete", json!({ "path": none })),
        ("move", json!({"src_path": none, "dst_path": new})),
        ("copy", json!({"src_path": none, "dst_path": new})),
    ] {
        let answer = t.fs(&inside, what, body).await?;
        t.status("FS-04", &answer, 404);
        t.must("FS-04", "it has a message", !answer.message().is_empty());
    }
    t.must("FS-04", "nothing was made", !exists(t, &inside, &new).await?);
    Ok(())
}

async fn what_permissions_deny_is_a_403(t: &Trial) -> Outcome {
    let inside = t.inside().await?;
    let file = inside.at("secret");
    t.write(&inside.sandbox, &file, b"x").await?;
    let shut = json!({"path": file, "mode": "000"});
    t.fs(&inside, "set-permissions", shut).await?;
    let answer = t.fs(&inside, "read-file", json!({ "path": file })).await?;
    if answer.ok() {
        // Whoever works as root is denied nothing.
        return Err(crate::check::Stop::Unsupported("the sandbox's user is denied nothing"));
    }
    t.status("FS-03", &answer, 403);
    t.status(
        "FS-03",
        &t.send(Request::new("POST", inside.write_path(&file)).bytes("y")).await?,
        403,
    );
    Ok(())
}

async fn a_directory_is_not_read(t: &Trial) -> Outcome {
    let inside = t.inside().await?;
    let answer = t.fs(&inside, "read-file", json!({"path": inside.dir})).await?;
    t.refused("FS-05", &answer);
    let message = answer.message().to_lowercase();
    let told = message.contains("is a directory") || message.contains("not a regular file");
    t.must("FS-05", "the message says that it is a directory or not a regular file", told);
    t.decided_status("FS-05", &answer, 400);
    Ok(())
}

async fn writing_makes_directories_and_replaces(t: &Trial) -> Outcome {
    let inside = t.inside().await?;
    let deep = inside.at("a/b/c.txt");
    let answer = t.send(Request::new("POST", inside.write_path(&deep)).bytes("first")).await?;
    t.status("FS-06", &answer, 204);
    let seen = t.read(&inside.sandbox, &deep).await?;
    t.same("FS-06", "what is in it", &seen.as_deref(), &Some("first"));
    let body = json!({"path": deep, "mode": "600"});
    t.fs(&inside, "set-permissions", body).await?;
    t.send(Request::new("POST", inside.write_path(&deep)).bytes("2")).await?;
    let seen = t.read(&inside.sandbox, &deep).await?;
    t.decided("FS-07", "writing replaces the file", seen.as_deref() == Some("2"));
    let info = t.fs(&inside, "stat", json!({ "path": deep })).await?;
    t.decided("FS-07", "the file keeps its mode", info.json["mode"] == "600");
    Ok(())
}

async fn a_symbolic_link_is_shown_itself(t: &Trial) -> Outcome {
    let inside = t.inside().await?;
    let (link, target) = (inside.at("link"), inside.at("target"));
    t.write(&inside.sandbox, &target, b"far").await?;
    t.sh(&inside.sandbox, &format!("ln -s {target} {link}")).await?;
    let info = t.fs(&inside, "stat", json!({ "path": link })).await?;
    t.same("FS-26", "is_symlink", &info.json["is_symlink"], &json!(true));
    t.same("FS-26", "link_target", &info.json["link_target"], &json!(target));
    let list = t.fs(&inside, "ls", json!({"path": inside.dir})).await?;
    let items = list.json["items"].as_array().cloned().unwrap_or_default();
    let item = items.iter().find(|item| item["name"] == "link").cloned().unwrap_or_default();
    t.same("FS-26", "is_symlink in the list", &item["is_symlink"], &json!(true));
    let read = t.read(&inside.sandbox, &link).await?;
    t.decided("FS-26", "reading follows it", read.as_deref() == Some("far"));
    Ok(())
}

async fn a_part_of_a_file_is_read(t: &Trial) -> Outcome {
    let inside = t.inside().await?;
    let path = inside.at("lines");
    t.write(&inside.sandbox, &path, b"one\ntwo\nthree\n").await?;
    for (part, wanted) in [
        (json!({"offset": 4}), "two\nthree\n"),
        (json!({"limit": 3}), "one"),
        (json!({"offset": 4, "limit": 3}), "two"),
        (json!({"head": 1}), "one\n"),
        (json!({"tail": 1}), "three\n"),
        (json!({"tail": 2}), "two\nthree\n"),
    ] {
        let mut body = part.clone();
        body["path"] = json!(path);
        let answer = t.fs(&inside, "read-file", body).await?;
        let seen = String::from_utf8_lossy(&answer.body).into_owned();
        t.same("FS-OP-READ-FILE", &format!("what {part} reads"), &*seen, wanted);
    }
    let both = t.fs(&inside, "read-file", json!({"path": path, "head": 1, "tail": 1})).await?;
    t.refused("FS-11", &both);
    t.decided_status("FS-11", &both, 400);
    let beyond = t.fs(&inside, "read-file", json!({"path": path, "offset": 999})).await?;
    t.decided(
        "FS-12",
        "it is a 200 without a byte",
        beyond.status == 200 && beyond.body.is_empty(),
    );
    Ok(())
}
