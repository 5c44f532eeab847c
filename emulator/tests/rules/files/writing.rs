//! `write-file`.

use libtest_mimic::Trial;
use serde_json::json;

use crate::inside::{Inside, assert_done, query};
use crate::support::{Server, proves, trial};

/// DOC:limits
const TEN_MIB: usize = 10 << 20;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(a_file_is_the_bytes_of_the_body),
        trial!(ten_mebibytes_fit_and_one_byte_more_does_not),
        trial!(the_limit_on_bodies_can_be_set),
        trial!(missing_parents_are_made),
        trial!(a_file_keeps_its_mode_unless_another_is_asked_for),
        trial!(a_directory_is_not_overwritten),
        trial!(a_link_is_written_through),
    ]
}

async fn a_file_is_the_bytes_of_the_body() {
    let inside = Inside::start().await;
    let every_byte: Vec<u8> = (0..=255).collect();
    let answer = inside.write_file("path=%2Fworkspace%2Fb", every_byte.clone()).await;
    proves!("FS-OP-WRITE-FILE" => assert_done(&answer));
    proves!("FS-OP-WRITE-FILE" => assert_eq!(inside.read("/workspace/b").await, every_byte));
    let seen = inside.sh("wc -c < b; od -An -v -tu1 b").await;
    let seen: Vec<u32> =
        seen.split_whitespace().map(|word| word.parse().expect("a number")).collect();
    let expected: Vec<u32> = [256].into_iter().chain(0..=255).collect();
    proves!("FS-OP-WRITE-FILE" => assert_eq!(seen, expected));
    // All of the old contents are replaced.
    inside.write("/workspace/b", "short").await;
    proves!("FS-07" => assert_eq!(inside.read("/workspace/b").await, "short"));
    inside.write("/workspace/b", "").await;
    proves!("FS-OP-WRITE-FILE" => assert_eq!(inside.read("/workspace/b").await, ""));
    assert_eq!(inside.stat("/workspace/b").await["size"], 0);
    let text = "\u{feff}line\r\nno newline at the end ☃";
    inside.write("/workspace/text", text).await;
    assert_eq!(inside.read("/workspace/text").await, text);
}

async fn ten_mebibytes_fit_and_one_byte_more_does_not() {
    let inside = Inside::start().await;
    let bytes: Vec<u8> = (0_u8..=250).cycle().take(TEN_MIB + 1).collect();
    let answer = inside.write_file(&query("/workspace/big"), bytes[..TEN_MIB].to_vec()).await;
    proves!("FS-24" => assert_done(&answer));
    let read = inside.read("/workspace/big").await;
    proves!("FS-24", "FS-OP-READ-FILE" => assert!(read == bytes[..TEN_MIB], "{}", read.len()));
    assert_eq!(inside.sh("wc -c < big").await.trim(), TEN_MIB.to_string());
    let answer = inside.write_file(&query("/workspace/bigger"), bytes.clone()).await;
    proves!("FS-24" => assert_eq!(answer.status, 413));
    proves!("FS-24" => assert!(!answer.message().is_empty()));
    proves!("FS-24" => assert!(answer.json().get("errors").is_none()));
    assert!(!inside.exists("/workspace/bigger").await);
    let form = inside.client.header("content-type", "multipart/form-data; boundary=b");
    let answer = form.send("POST", &inside.path("filesystem/write-files"), bytes).await;
    proves!("FS-24" => assert_eq!(answer.status, 413));
}

async fn the_limit_on_bodies_can_be_set() {
    let inside = Inside::on(Server::with().max_body(100).start().await).await;
    inside.write("/workspace/f", vec![b'x'; 100]).await;
    let answer = inside.write_file(&query("/workspace/f"), vec![b'y'; 101]).await;
    proves!("FS-24" => assert_eq!(answer.status, 413));
    assert_eq!(inside.read("/workspace/f").await, "x".repeat(100));
}

async fn missing_parents_are_made() {
    let inside = Inside::start().await;
    inside.write("/workspace/a/b/c/f", "deep").await;
    proves!("FS-06" => assert_eq!(inside.read("/workspace/a/b/c/f").await, "deep"));
    for parent in ["/workspace/a", "/workspace/a/b", "/workspace/a/b/c"] {
        let info = inside.stat(parent).await;
        proves!("FS-06" => assert_eq!(
            (&info["mode"], &info["owner"]),
            (&json!("755"), &json!("user")),
            "{parent}"
        ));
    }
    let answer = inside.write_file(&query("/workspace/a/b/c/f/g"), "x").await;
    proves!("FS-OP-WRITE-FILE" => assert_eq!(answer.fields(), ["path"]));
    assert!(answer.message().contains("not a directory"), "{answer:?}");
}

async fn a_file_keeps_its_mode_unless_another_is_asked_for() {
    let inside = Inside::start().await;
    let path = query("/workspace/f");
    for (permissions, mode) in [
        ("", "644"),
        ("&permissions=600", "600"),
        ("", "600"),
        ("&permissions=0755", "755"),
        ("&permissions=", "755"),
        ("&permissions=4750", "4750"),
    ] {
        let answer = inside.write_file(&format!("{path}{permissions}"), "x").await;
        assert_done(&answer);
        let info = inside.stat("/workspace/f").await;
        proves!("FS-07" => assert_eq!(info["mode"], mode, "{permissions:?}"));
    }
    inside.sh("touch ours && chmod 640 ours && umask 077").await;
    inside.write("/workspace/ours", "x").await;
    proves!("FS-07" => assert_eq!(inside.stat("/workspace/ours").await["mode"], "640"));
    let new = format!("{}&permissions=777", query("/workspace/new"));
    assert_done(&inside.write_file(&new, "x").await);
    proves!("FS-07" => assert_eq!(inside.stat("/workspace/new").await["mode"], "777"));
    for bad in ["8", "rw", "77777", "%2B644", "644%20"] {
        let answer = inside.write_file(&format!("{path}&permissions={bad}"), "y").await;
        proves!("FS-07" => assert_eq!(answer.fields(), ["permissions"], "{bad}"));
    }
    assert_eq!(inside.read("/workspace/f").await, "x");
}

async fn a_directory_is_not_overwritten() {
    let inside = Inside::start().await;
    for path in ["/workspace", "/workspace/", "/", "/workspace/new/"] {
        let answer = inside.write_file(&query(path), "x").await;
        proves!("FS-OP-WRITE-FILE" => assert_eq!(answer.fields(), ["path"], "{path}"));
        assert!(answer.message().contains("is a directory"), "{path}: {answer:?}");
    }
    let answer = inside.write_file(&query("/dev/null"), "x").await;
    assert_eq!(answer.fields(), ["path"]);
    assert!(answer.message().contains("not a regular file"), "{answer:?}");
}

async fn a_link_is_written_through() {
    let inside = Inside::start().await;
    inside.sh("mkdir d && ln -s d/new dangling && ln -s /workspace/d dir").await;
    inside.write("/workspace/dangling", "1").await;
    proves!("FS-26" => assert_eq!(inside.sh("cat d/new").await, "1"));
    inside.write("/workspace/dir/f", "2").await;
    proves!("FS-26" => assert_eq!(inside.sh("cat d/f").await, "2"));
    assert_eq!(inside.stat("/workspace/dangling").await["is_symlink"], true);
}
