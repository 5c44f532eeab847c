//! FS: several files at once, searching, editing and forms.

use serde_json::{Value, json};

use crate::check::{Check, Inside, Outcome, Trial, check};
use crate::http::{Request, form, parts};

pub(super) const CHECKS: &[Check] = &[
    check!(files_are_written_as_a_form, Files, ["FS-OP-WRITE-FILES", "FS-22", "FS-06"]).shared(),
    check!(files_are_read_as_a_form, Files, ["FS-OP-READ-FILES", "FS-22", "FS-21"]).shared(),
    check!(several_files_are_written_or_none, Files, ["FS-20"]).shared(),
    check!(glob_matches_names, Files, ["FS-OP-GLOB", "FS-13", "FS-15"]).shared(),
    check!(grep_finds_lines, Files, ["FS-OP-GREP", "FS-14", "FS-15"]).shared(),
    check!(what_is_excluded_is_left_out, Files, ["FS-16"]).shared(),
    check!(a_file_is_edited, Files, ["FS-OP-EDIT-FILE", "FS-17"]).shared(),
    check!(several_files_are_edited, Files, ["FS-OP-EDIT-FILES", "FS-18"]).shared(),
    check!(a_tree_shows_what_is_below, Files, ["FS-OP-TREE", "FS-25"]).shared(),
    check!(a_body_has_at_most_ten_mib, Files, ["FS-24", "LIM-02"]).shared(),
];

const BOUNDARY: &str = "5c1b1d2e8f0a4b6c9d3e7f1a2b4c6d8e";

fn upload(inside: &Inside, files: &[(&str, &[u8])]) -> Request {
    Request::new("POST", inside.path("filesystem/write-files"))
        .header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"))
        .bytes(form(BOUNDARY, files))
}

async fn files_are_written_as_a_form(t: &Trial) -> Outcome {
    let inside = t.inside().await?;
    let every_byte: Vec<u8> = (0..=255).collect();
    let (plain, quoted) = (inside.at("new/bytes"), inside.at("a \"q\" ☃"));
    let answer =
        t.send(upload(&inside, &[(&*plain, &*every_byte), (&*quoted, &b"name"[..])])).await?;
    t.status("FS-OP-WRITE-FILES", &answer, 204);
    t.status("FS-22", &answer, 204);
    let seen = t.fs(&inside, "read-file", json!({ "path": plain })).await?;
    t.must("FS-OP-WRITE-FILES", "the bytes are there", seen.body == every_byte);
    t.must("FS-06", "the directory was made", seen.ok());
    let seen = t.read(&inside.sandbox, &quoted).await?;
    t.same("FS-22", "the file with a quote in its name", &seen.as_deref(), &Some("name"));
    let no_form = t.fs(&inside, "write-files", json!({"files": []})).await?;
    t.status("FS-OP-WRITE-FILES", &no_form, 400);
    let last = inside.at("twice");
    t.send(upload(&inside, &[(&*last, &b"first"[..]), (&*last, &b"last"[..])])).await?;
    let seen = t.read(&inside.sandbox, &last).await?;
    t.decided("FS-22", "of parts with one name the last counts", seen.as_deref() == Some("last"));
    Ok(())
}

async fn files_are_read_as_a_form(t: &Trial) -> Outcome {
    let inside = t.inside().await?;
    let (one, two) = (inside.at("one"), inside.at("two \"q\""));
    let bytes = b"\r\n--x\0\xff";
    t.write(&inside.sandbox, &one, bytes).await?;
    t.write(&inside.sandbox, &two, b"two").await?;
    let answer = t.fs(&inside, "read-files", json!({"paths": [one, two]})).await?;
    t.status("FS-OP-READ-FILES", &answer, 200);
    t.same("FS-OP-READ-FILES", "the type", answer.media_type(), "multipart/form-data");
    match parts(answer.header("content-type"), &answer.body) {
        Ok(found) => {
            let names: Vec<_> = found.iter().map(|part| &*part.name).collect();
            t.same("FS-OP-READ-FILES", "the names of the parts", &names, &vec![&*one, &*two]);
            let first = found.first().map(|part| part.body.to_vec()).unwrap_or_default();
            t.same("FS-OP-READ-FILES", "the first file", &first, &bytes.to_vec());
            for part in found {
                let kind = part.content_type == "application/octet-stream";
                t.must("FS-22", "the type of a part is application/octet-stream", kind);
                t.must("FS-22", "a part has a file name", part.filename.is_some());
            }
        }
        Err(why) => {
            t.must("FS-OP-READ-FILES", format!("the body is a form ({why})"), false);
            t.must("FS-22", format!("the body is a form ({why})"), false);
        }
    }
    t.status("FS-OP-READ-FILES", &t.fs(&inside, "read-files", json!({"paths": []})).await?, 400);
    let missing = json!({"paths": [one, inside.at("none")]});
    t.decided_status("FS-21", &t.fs(&inside, "read-files", missing).await?, 404);
    Ok(())
}

async fn several_files_are_written_or_none(t: &Trial) -> Outcome {
    let inside = t.inside().await?;
    let good = inside.at("good");
    t.send(upload(&inside, &[(&*good, &b"x"[..]), ("relative", &b"x"[..])])).await?;
    let none = t.read(&inside.sandbox, &good).await?.is_none();
    t.decided("FS-20", "no file is written if a path is bad", none);
    Ok(())
}

/// A small project.
async fn project(t: &Trial) -> Outcome<Inside> {
    let inside = t.inside().await?;
    for (file, text) in [
        ("p/src/main.ts", "import x\nlet total = 1;\n"),
        ("p/src/deep/util.ts", "// total\nno more"),
        ("p/src/style.css", "a { total: 1 }"),
        ("p/node_modules/lib.ts", "total"),
    ] {
        t.write(&inside.sandbox, &inside.at(file), text.as_bytes()).await?;
    }
    Ok(inside)
}

async fn glob_matches_names(t: &Trial) -> Outcome {
    let inside = project(t).await?;
    let base = inside.at("p/src");
    let answer = t.fs(&inside, "glob", json!({"path": base, "pattern": "*.ts"})).await?;
    t.status("FS-OP-GLOB", &answer, 200);
    let found: Vec<_> = answer.json["items"].as_array().cloned().unwrap_or_default();
    let main = json!(inside.at("p/src/main.ts"));
    let style = json!(inside.at("p/src/style.css"));
    t.must("FS-OP-GLOB", "the path of a file that matches", found.contains(&main));
    t.must("FS-13", "a name that matches is found", found.contains(&main));
    t.must("FS-13", "a name that does not match is left out", !found.contains(&style));
    let deep = json!(inside.at("p/src/deep/util.ts"));
    t.decided("FS-13", "at any depth, sorted", found == [deep, main]);
    let none = t.fs(&inside, "glob", json!({"path": base, "pattern": "*.none"})).await?;
    t.same("FS-13", "what nothing matches", &none.json["items"], &json!([]));
    t.status("FS-OP-GLOB", &t.fs(&inside, "glob", json!({"pattern": "*"})).await?, 400);
    let gone = t.fs(&inside, "glob", json!({"path": inside.at("none")})).await?;
    t.decided_status("FS-15", &gone, 404);
    Ok(())
}

async fn grep_finds_lines(t: &Trial) -> Outcome {
    let inside = project(t).await?;
    let base = inside.at("p/src");
    let body = json!({"path": base, "pattern": "total"});
    let answer = t.fs(&inside, "grep", body).await?;
    t.status("FS-OP-GREP", &answer, 200);
    let mut found: Vec<Value> = answer.json["items"].as_array().cloned().unwrap_or_default();
    found.sort_by_key(|item| item["path"].to_string());
    let seen: Vec<_> =
        found.iter().map(|item| (item["path"].clone(), item["content"].clone())).collect();
    let at = |file: &str, text: &str| (json!(inside.at(file)), json!(text));
    let wanted = vec![
        at("p/src/deep/util.ts", "// total"),
        at("p/src/main.ts", "let total = 1;"),
        at("p/src/style.css", "a { total: 1 }"),
    ];
    t.same("FS-OP-GREP", "what is found", &seen, &wanted);
    t.same("FS-14", "what is found", &seen, &wanted);
    let counted = found.get(1).is_some_and(|item| item["line"] == 2);
    t.decided("FS-14", "lines count from 1", counted);
    let body = json!({"path": base, "pattern": "total", "include": "*.css"});
    let answer = t.fs(&inside, "grep", body).await?;
    let paths: Vec<_> =
        answer.json["items"].as_array().into_iter().flatten().map(|item| &item["path"]).collect();
    t.same("FS-OP-GREP", "what include finds", &paths, &vec![&json!(inside.at("p/src/style.css"))]);
    t.status("FS-OP-GREP", &t.fs(&inside, "grep", json!({"pattern": "x"})).await?, 400);
    let gone = json!({"path": inside.at("none"), "pattern": "x"});
    t.decided_status("FS-15", &t.fs(&inside, "grep", gone).await?, 404);
    Ok(())
}

async fn what_is_excluded_is_left_out(t: &Trial) -> Outcome {
    let inside = project(t).await?;
    let base = inside.at("p");
    for (what, mut body) in [
        ("ls", json!({"recursive": true})),
        ("glob", json!({"pattern": "*.ts"})),
        ("grep", json!({"pattern": "total"})),
        ("tree", json!({})),
    ] {
        body["path"] = json!(base);
        let all = t.fs(&inside, what, body.clone()).await?.json.to_string();
        t.must("FS-16", format!("{what} has node_modules in it"), all.contains("node_modules"));
        body["exclude"] = json!(["node_modules"]);
        let some = t.fs(&inside, what, body).await?.json.to_string();
        let left = !some.contains("node_modules") && !some.contains("lib.ts");
        t.must("FS-16", format!("{what} leaves it out, with what is below"), left);
        t.must("FS-16", format!("{what} still has the rest"), some.contains("main.ts"));
    }
    Ok(())
}

async fn a_file_is_edited(t: &Trial) -> Outcome {
    let inside = t.inside().await?;
    let path = inside.at("poem");
    t.write(&inside.sandbox, &path, b"a pear\na plum\na pear\n").await?;
    let edits = json!([{"find": "pear", "replace": "fig"}, {"find": "fig", "replace": "date"}]);
    let answer = t.fs(&inside, "edit-file", json!({"path": path, "edits": edits})).await?;
    t.status("FS-OP-EDIT-FILE", &answer, 200);
    let seen = t.read(&inside.sandbox, &path).await?.unwrap_or_default();
    t.same("FS-17", "the file", &*seen, "a date\na plum\na date\n");
    t.same("FS-OP-EDIT-FILE", "the file", &*seen, "a date\na plum\na date\n");
    t.same("FS-17", "replacements", &answer.json["replacements"], &json!(4));
    let diff = answer.text("diff");
    let unified = diff.contains("@@") && diff.contains("-a pear") && diff.contains("+a date");
    t.must("FS-17", "the diff is a unified one", unified);
    let edits = json!([{"find": " plum"}]);
    t.fs(&inside, "edit-file", json!({"path": path, "edits": edits})).await?;
    let seen = t.read(&inside.sandbox, &path).await?.unwrap_or_default();
    t.decided("FS-17", "without replace the text is removed", seen == "a date\na\na date\n");
    for body in [
        json!({ "path": path }),
        json!({"edits": [{"find": "x"}]}),
        json!({"path": path, "edits": []}),
    ] {
        t.status("FS-OP-EDIT-FILE", &t.fs(&inside, "edit-file", body).await?, 400);
    }
    Ok(())
}

async fn several_files_are_edited(t: &Trial) -> Outcome {
    let inside = t.inside().await?;
    let (one, two) = (inside.at("one"), inside.at("none"));
    t.write(&inside.sandbox, &one, b"old old").await?;
    let body = json!({"files": [one, two], "find": "old", "replace": "new"});
    let answer = t.fs(&inside, "edit-files", body).await?;
    if answer.ok() {
        t.status("FS-OP-EDIT-FILES", &answer, 200);
        let item = |path: &str| {
            let items = answer.json["items"].as_array().cloned().unwrap_or_default();
            items.into_iter().find(|item| item["file"] == path).unwrap_or_default()
        };
        t.same("FS-OP-EDIT-FILES", "the item of a file", &item(&one)["success"], &json!(true));
        t.same("FS-18", "the item of a file", &item(&one)["success"], &json!(true));
        t.same("FS-18", "the item of a missing file", &item(&two)["success"], &json!(false));
        let error = item(&two)["error"].as_str().is_some_and(|error| !error.is_empty());
        t.must("FS-18", "the item of a missing file has an error", error);
    } else {
        t.must("FS-18", "each file succeeds or fails by itself", false);
    }
    let seen = t.read(&inside.sandbox, &one).await?;
    t.same("FS-OP-EDIT-FILES", "the file", &seen.as_deref(), &Some("new new"));
    for body in [json!({"files": [], "find": "x"}), json!({"files": [one]})] {
        t.status("FS-OP-EDIT-FILES", &t.fs(&inside, "edit-files", body).await?, 400);
    }
    Ok(())
}

async fn a_tree_shows_what_is_below(t: &Trial) -> Outcome {
    let inside = project(t).await?;
    let base = inside.at("p/src");
    let answer = t.fs(&inside, "tree", json!({ "path": base })).await?;
    t.status("FS-OP-TREE", &answer, 200);
    let find = |items: &Value, name: &str| -> Value {
        let items = items.as_array().cloned().unwrap_or_default();
        items.into_iter().find(|item| item["name"] == name).unwrap_or_default()
    };
    let items = &answer.json["items"];
    let (deep, main) = (find(items, "deep"), find(items, "main.ts"));
    t.same("FS-OP-TREE", "the type of a directory", &deep["type"], &json!("directory"));
    t.same("FS-OP-TREE", "the type of a file", &main["type"], &json!("file"));
    let below = find(&deep["children"], "util.ts");
    t.same("FS-OP-TREE", "what is below", &below["type"], &json!("file"));
    t.must("FS-25", "a file has no children", main["children"].is_null());
    t.must("FS-25", "a directory has children", deep["children"].is_array());
    let flat = t.fs(&inside, "tree", json!({"path": base, "max_depth": 1})).await?;
    let deep = find(&flat.json["items"], "deep");
    t.must("FS-25", "a depth of 1 shows what is directly there", deep["name"] == "deep");
    let cut = deep["children"].as_array().is_none_or(Vec::is_empty);
    t.must("FS-25", "and nothing below", cut);
    t.status("FS-OP-TREE", &t.fs(&inside, "tree", json!({})).await?, 400);
    Ok(())
}

async fn a_body_has_at_most_ten_mib(t: &Trial) -> Outcome {
    let inside = t.inside().await?;
    let path = inside.at("large");
    let request =
        |mib: usize| Request::new("POST", inside.write_path(&path)).bytes(vec![b'x'; mib << 20]);
    let fits = t.send(request(9)).await?;
    for rule in ["FS-24", "LIM-02"] {
        t.status(rule, &fits, 204);
    }
    // Some servers hang up on a client that sends too much.
    match t.send(request(11)).await {
        Ok(answer) => {
            for rule in ["FS-24", "LIM-02"] {
                t.refused(rule, &answer);
                t.decided_status(rule, &answer, 413);
            }
        }
        Err(_) => {
            for rule in ["FS-24", "LIM-02"] {
                t.must(rule, "it is refused, or the connection ends", true);
            }
        }
    }
    t.fs(&inside, "delete", json!({ "path": path })).await?;
    Ok(())
}
