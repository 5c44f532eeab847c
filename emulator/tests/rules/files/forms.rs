//! `write-files` and `read-files`: forms, as the published clients send and read them.

use libtest_mimic::Trial;
use serde_json::json;

use crate::inside::{Inside, assert_done};
use crate::support::{Answer, proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(a_form_of_the_python_client_is_written),
        trial!(a_form_of_the_js_client_is_written),
        trial!(of_parts_with_one_name_the_last_wins),
        trial!(nothing_is_written_unless_every_path_is_good),
        trial!(what_is_no_form_is_refused),
        trial!(files_are_answered_as_a_form_that_every_client_reads),
        trial!(a_file_that_is_missing_fails_them_all_and_is_named),
        trial!(what_is_read_can_be_written_back),
    ]
}

/// A boundary as `httpx` makes them.
const PYTHON_BOUNDARY: &str = "5c1b1d2e8f0a4b6c9d3e7f1a2b4c6d8e";
/// A boundary as `undici` makes them.
const JS_BOUNDARY: &str = "----formdata-undici-049731682345";

/// The body of a form: head and contents of each part.
fn form(boundary: &str, parts: &[(String, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (head, data) in parts {
        body.extend_from_slice(format!("--{boundary}\r\n{head}\r\n\r\n").as_bytes());
        body.extend_from_slice(data);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    body
}

/// The head of a part; `name` is escaped already.
fn head(name: &str, filename: &str) -> String {
    format!(
        "Content-Disposition: form-data; name=\"{name}\"; filename=\"{filename}\"\r\n\
         Content-Type: application/octet-stream"
    )
}

async fn write_files(inside: &Inside, boundary: &str, body: Vec<u8>) -> Answer {
    let kind = format!("multipart/form-data; boundary={boundary}");
    let client = inside.client.header("content-type", &kind);
    client.send("POST", &inside.path("filesystem/write-files"), body).await
}

/// The parts of an answer, each with its head.
fn parts(answer: &Answer) -> Vec<(String, Vec<u8>)> {
    assert_eq!(answer.status, 200, "{answer:?}");
    let kind = answer.header("content-type");
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").expect(kind);
    let delimiter = format!("\r\n--{boundary}").into_bytes();
    let body = [b"\r\n", &*answer.body].concat();
    let mut rest = body.strip_prefix(&*delimiter).expect("a delimiter first");
    let mut parts = Vec::new();
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let end = position(part, &delimiter).expect("a delimiter after each part");
        let split = position(&part[..end], b"\r\n\r\n").expect("a head");
        let head = String::from_utf8(part[..split].to_vec()).expect("UTF-8");
        parts.push((head, part[split + 4..end].to_vec()));
        rest = &part[end + delimiter.len()..];
    }
    assert_eq!(rest, b"--\r\n", "{answer:?}");
    parts
}

fn position(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

async fn a_form_of_the_python_client_is_written() {
    let inside = Inside::start().await;
    let every_byte: Vec<u8> = (0..=255).collect();
    let tricky = format!("\r\n--{}\r\n\r\n--\0\n--", &PYTHON_BOUNDARY[..31]);
    let body = form(
        PYTHON_BOUNDARY,
        &[
            (head("/workspace/new/bytes", "upload"), &every_byte),
            (head("/workspace/tricky", "upload"), tricky.as_bytes()),
            (head("/workspace/empty", "upload"), b""),
            // httpx escapes these and sends the rest as UTF-8.
            (head("/workspace/a %22q%22 b%0D%0Ac ☃", "upload"), b"name"),
        ],
    );
    let answer = write_files(&inside, PYTHON_BOUNDARY, body).await;
    proves!("FS-OP-WRITE-FILES", "FS-22" => assert_done(&answer));
    for (path, data) in [
        ("/workspace/new/bytes", &*every_byte),
        ("/workspace/tricky", tricky.as_bytes()),
        ("/workspace/empty", b""),
        ("/workspace/a \"q\" b\r\nc ☃", b"name"),
    ] {
        proves!("FS-OP-WRITE-FILES", "FS-22" =>
            assert_eq!(inside.read(path).await, data, "{path}"));
    }
    let info = inside.stat("/workspace/new/bytes").await;
    assert_eq!((&info["mode"], &info["owner"]), (&json!("644"), &json!("user")));
}

async fn a_form_of_the_js_client_is_written() {
    let inside = Inside::start().await;
    let big = vec![b'x'; 3 << 20];
    let body = form(
        JS_BOUNDARY,
        &[
            (head("/workspace/a", "blob"), b"\xff\0\r\n"),
            (head("/workspace/ünï/%22b%22%0D%0A", "blob"), &big),
        ],
    );
    let answer = write_files(&inside, JS_BOUNDARY, body).await;
    proves!("FS-OP-WRITE-FILES", "FS-22" => assert_done(&answer));
    proves!("FS-22" => assert_eq!(&*inside.read("/workspace/a").await, b"\xff\0\r\n"));
    let read = inside.read("/workspace/ünï/\"b\"\r\n").await;
    proves!("FS-22" => assert!(read == big, "{} bytes", read.len()));
}

async fn of_parts_with_one_name_the_last_wins() {
    let inside = Inside::start().await;
    let part = |name, data: &'static [u8]| (head(name, "upload"), data);
    let body = form(
        PYTHON_BOUNDARY,
        &[
            part("/workspace/f", b"first"),
            part("/workspace/g", b"g"),
            part("/workspace/f", b"last"),
        ],
    );
    assert_done(&write_files(&inside, PYTHON_BOUNDARY, body).await);
    proves!("FS-22" => assert_eq!(inside.read("/workspace/f").await, "last"));
    assert_eq!(inside.read("/workspace/g").await, "g");
}

async fn nothing_is_written_unless_every_path_is_good() {
    let inside = Inside::start().await;
    inside.sh("mkdir d").await;
    let good = || (head("/workspace/first", "upload"), &b"x"[..]);
    let body = form(
        PYTHON_BOUNDARY,
        &[good(), (head("relative", "upload"), b"x"), (head("also/relative", "upload"), b"x")],
    );
    let answer = write_files(&inside, PYTHON_BOUNDARY, body).await;
    proves!("FS-20", "FS-01" => assert_eq!(answer.fields(), ["relative", "also/relative"]));
    assert!(!inside.exists("/workspace/first").await);
    for (path, status) in [("/workspace/d", 400), ("/etc/hostname", 403)] {
        let body = form(PYTHON_BOUNDARY, &[good(), (head(path, "upload"), b"x")]);
        let answer = write_files(&inside, PYTHON_BOUNDARY, body).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(answer.message().contains(path), "{answer:?}");
        if status == 400 {
            proves!("FS-20" => assert!(!inside.exists("/workspace/first").await));
        }
    }
    let nameless = "Content-Disposition: form-data; filename=\"upload\"".to_owned();
    let body = form(PYTHON_BOUNDARY, &[(nameless, b"x")]);
    write_files(&inside, PYTHON_BOUNDARY, body).await.fields();
}

async fn what_is_no_form_is_refused() {
    let inside = Inside::start().await;
    let path = inside.path("filesystem/write-files");
    let good = form("b", &[(head("/workspace/f", "upload"), b"x")]);
    for (kind, body) in [
        ("application/json", &good[..]),
        ("multipart/form-data", &good[..]),
        ("multipart/form-data; boundary=other", &good[..]),
        ("multipart/form-data; boundary=b", b"--b--\r\n"),
        ("multipart/form-data; boundary=b", b""),
        ("multipart/form-data; boundary=b", b"{\"/workspace/f\": \"x\"}"),
        ("multipart/form-data; boundary=b", &good[..good.len() - 8]),
    ] {
        let client = inside.client.header("content-type", kind);
        let answer = client.send("POST", &path, body.to_vec()).await;
        proves!("FS-OP-WRITE-FILES" => assert_eq!(answer.fields(), ["body"], "{kind} {body:?}"));
    }
    let answer = inside.client.send("POST", &path, good).await;
    proves!("FS-OP-WRITE-FILES" => assert_eq!(answer.fields(), ["body"]));
    assert!(!inside.exists("/workspace/f").await);
}

async fn files_are_answered_as_a_form_that_every_client_reads() {
    let inside = Inside::start().await;
    let every_byte: Vec<u8> = (0..=255).collect();
    let files: [(&str, &str, &[u8]); 5] = [
        ("/workspace/bytes", "/workspace/bytes", &every_byte),
        ("/workspace/empty", "/workspace/empty", b""),
        ("/workspace/lines", "/workspace/lines", b"\r\n--\r\n\n"),
        ("/workspace/a \"q\"", "/workspace/a %22q%22", b"quotes"),
        ("/workspace/b\r\n☃", "/workspace/b%0D%0A☃", b"newline"),
    ];
    for (path, _, data) in files {
        inside.write(path, data.to_vec()).await;
    }
    let paths: Vec<_> = files.iter().map(|(path, ..)| path).collect();
    let answer = inside.fs("read-files", json!({"paths": paths})).await;
    let parts = parts(&answer);
    proves!("FS-OP-READ-FILES" => assert_eq!(parts.len(), files.len()));
    for ((head, read), (path, name, data)) in parts.iter().zip(files) {
        // The name is the path as it was asked for; the file name may be anything but empty.
        let start = format!("Content-Disposition: form-data; name=\"{name}\"; filename=\"");
        let end = "\"\r\nContent-Type: application/octet-stream";
        let filename = head.strip_prefix(&start).and_then(|rest| rest.strip_suffix(end));
        proves!("FS-22", "FS-OP-READ-FILES" => assert!(
            filename.is_some_and(|name| !name.is_empty() && !name.contains(['"', '\r', '\n'])),
            "{path}: {head}"
        ));
        proves!("FS-22", "FS-OP-READ-FILES" => assert_eq!(read, data, "{path}"));
    }
    // In the order asked for, under the path asked for.
    let answer =
        inside.fs("read-files", json!({"paths": ["//etc/./hostname", "/etc/hosts"]})).await;
    let heads: Vec<_> = self::parts(&answer).into_iter().map(|(head, _)| head).collect();
    proves!("FS-OP-READ-FILES" => assert!(heads[0].contains("name=\"//etc/./hostname\"")));
    proves!("FS-OP-READ-FILES" => assert!(heads[1].contains("name=\"/etc/hosts\"")));
}

async fn a_file_that_is_missing_fails_them_all_and_is_named() {
    let inside = Inside::start().await;
    let request = json!({"paths": ["/etc/hostname", "/workspace/missing", "/etc/hosts"]});
    let answer = inside.fs("read-files", request).await;
    proves!("FS-21" => assert_eq!(answer.status, 404));
    proves!("FS-21" => assert!(answer.message().contains("/workspace/missing"), "{answer:?}"));
}

async fn what_is_read_can_be_written_back() {
    let inside = Inside::start().await;
    let name = "/workspace/\"odd\"\r\n☃";
    let every_byte: Vec<u8> = (0..=255).collect();
    inside.write(name, every_byte.clone()).await;
    let answer = inside.fs("read-files", json!({"paths": [name]})).await;
    inside.change("delete", json!({"path": name})).await;
    let client = inside.client.header("content-type", answer.header("content-type"));
    let path = inside.path("filesystem/write-files");
    let written = client.send("POST", &path, answer.body.clone()).await;
    proves!("FS-22" => assert_done(&written));
    proves!("FS-22" => assert_eq!(inside.read(name).await, every_byte));
}
