//! `read-file`.

use libtest_mimic::Trial;
use serde_json::json;

use crate::inside::Inside;
use crate::support::{proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(a_file_is_answered_as_its_bytes),
        trial!(a_window_of_bytes_ends_where_the_file_does),
        trial!(head_and_tail_count_lines),
        trial!(windows_of_bytes_and_lines_exclude_each_other),
        trial!(a_directory_is_not_read_and_the_message_says_so),
    ]
}

async fn a_file_is_answered_as_its_bytes() {
    let inside = Inside::start().await;
    let every_byte: Vec<u8> = (0..=255).rev().collect();
    let octal: Vec<_> = every_byte.iter().map(|byte| format!("\\{byte:03o}")).collect();
    let octal = octal.concat();
    inside.sh(&format!("printf '{octal}' > b; printf '{{\"json\": 1}}' > j; : > empty")).await;
    for (path, bytes) in [
        ("/workspace/b", every_byte),
        ("/workspace/j", b"{\"json\": 1}".to_vec()),
        ("/workspace/empty", Vec::new()),
    ] {
        let answer = inside.fs("read-file", json!({"path": path})).await;
        proves!("FS-OP-READ-FILE" => assert_eq!(answer.status, 200, "{path}"));
        proves!("FS-OP-READ-FILE" =>
            assert_eq!(answer.header("content-type"), "application/octet-stream"));
        proves!("FS-OP-READ-FILE" => assert_eq!(answer.body, bytes, "{path}"));
    }
}

async fn a_window_of_bytes_ends_where_the_file_does() {
    let inside = Inside::start().await;
    inside.write("/workspace/f", "0123456789").await;
    for (window, expected) in [
        (json!({"offset": 8}), "89"),
        (json!({"limit": 3}), "012"),
        (json!({"offset": 2, "limit": 3}), "234"),
        (json!({"offset": 8, "limit": 100}), "89"),
        (json!({"offset": 0, "limit": 0}), ""),
    ] {
        let mut request = window;
        request["path"] = json!("/workspace/f");
        let answer = inside.fs("read-file", request.clone()).await;
        assert_eq!(answer.status, 200, "{request}");
        proves!("FS-OP-READ-FILE" => assert_eq!(answer.body, expected, "{request}"));
    }
    for offset in [10, 11, 1 << 40, u64::MAX] {
        let request = json!({"path": "/workspace/f", "offset": offset, "limit": 5});
        let answer = inside.fs("read-file", request).await;
        proves!("FS-12" => assert_eq!((answer.status, &*answer.body), (200, &b""[..]), "{offset}"));
    }
}

async fn head_and_tail_count_lines() {
    let inside = Inside::start().await;
    inside.write("/workspace/f", "a\n\nb\nc").await;
    inside.write("/workspace/g", "a\nb\n").await;
    for (path, window, lines, expected) in [
        ("/workspace/f", "head", 1, "a\n"),
        ("/workspace/f", "head", 2, "a\n\n"),
        ("/workspace/f", "head", 99, "a\n\nb\nc"),
        ("/workspace/f", "head", 0, ""),
        ("/workspace/f", "tail", 1, "c"),
        ("/workspace/f", "tail", 3, "\nb\nc"),
        ("/workspace/f", "tail", 99, "a\n\nb\nc"),
        ("/workspace/f", "tail", 0, ""),
        // The newline at the end ends the last line and starts no other.
        ("/workspace/g", "tail", 1, "b\n"),
        ("/workspace/g", "head", 2, "a\nb\n"),
    ] {
        let answer = inside.fs("read-file", json!({"path": path, window: lines})).await;
        assert_eq!(answer.status, 200);
        proves!("FS-OP-READ-FILE", "FS-11" =>
            assert_eq!(answer.body, expected, "{window} {lines} of {path}"));
    }
}

async fn windows_of_bytes_and_lines_exclude_each_other() {
    let inside = Inside::start().await;
    inside.write("/workspace/f", "a\nb\n").await;
    for (window, field) in [
        (json!({"head": 1, "tail": 1}), "tail"),
        (json!({"head": 1, "offset": 0}), "head"),
        (json!({"head": 1, "limit": 1}), "head"),
        (json!({"tail": 1, "offset": 0, "limit": 1}), "tail"),
    ] {
        let mut request = window;
        request["path"] = json!("/workspace/f");
        let answer = inside.fs("read-file", request.clone()).await;
        proves!("FS-11" => assert_eq!(answer.fields(), [field], "{request}"));
    }
}

async fn a_directory_is_not_read_and_the_message_says_so() {
    let inside = Inside::start().await;
    inside.sh("mkdir d && ln -s d link").await;
    for request in [
        json!({"path": "/workspace/d"}),
        json!({"path": "/workspace/link"}),
        json!({"path": "/"}),
        json!({"path": "/workspace/d", "head": 1}),
        json!({"path": "/workspace/d", "tail": 1}),
        json!({"path": "/dev/zero"}),
    ] {
        let answer = inside.fs("read-file", request.clone()).await;
        proves!("FS-05" => assert_eq!(answer.fields(), ["path"], "{request}"));
        // What downstream clients look for.
        let message = answer.message();
        let known = ["is a directory", "not a regular file"];
        proves!("FS-05" => assert!(known.iter().any(|words| message.contains(words)), "{message}"));
    }
    let request = json!({"paths": ["/etc/hostname", "/workspace/d"]});
    let answer = inside.fs("read-files", request).await;
    proves!("FS-05" => assert_eq!(answer.status, 400));
    proves!("FS-05" => assert!(answer.message().contains("is a directory"), "{answer:?}"));
}
