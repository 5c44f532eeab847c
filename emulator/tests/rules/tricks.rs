//! What HTTP allows to be said in more than one way, and what it does not allow: nothing of it
//! smuggles a request, changes anything, or keeps the server from others.

use libtest_mimic::Trial;

use crate::support::{Raw, Server, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(what_frames_a_request_badly_ends_the_connection),
        trial!(requests_in_a_row_are_answered_in_their_order),
        trial!(only_names_of_this_machine_lead_here),
        trial!(what_is_compressed_is_refused_and_not_stored),
        trial!(nothing_is_upgraded_or_tunnelled),
        trial!(ids_lead_nowhere_else),
    ]
}

/// The key of the requests that a trial writes itself.
const KEY: &str = "key-of-the-trial";

/// A create whose headers and body are these bytes, after which the server may close.
fn create(authority: &str, headers: &[u8], body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /v1/sandbox HTTP/1.1\r\nhost: {authority}\r\nauthorization: Bearer {KEY}\r\n\
         connection: close\r\n"
    );
    [head.as_bytes(), headers, b"\r\n", body].concat()
}

/// A GET, after which the server may close if `last`.
fn get(authority: &str, target: &str, last: bool) -> String {
    let close = if last { "connection: close\r\n" } else { "" };
    format!(
        "GET {target} HTTP/1.1\r\nhost: {authority}\r\nauthorization: Bearer {KEY}\r\n{close}\r\n"
    )
}

/// Sends bytes on a connection of their own; the statuses of what is answered.
async fn statuses(server: &Server, bytes: &[u8]) -> Vec<u16> {
    let mut raw = Raw::open(server).await;
    raw.write(bytes).await;
    raw.statuses().await
}

async fn what_frames_a_request_badly_ends_the_connection() {
    const BODY: &[u8] = br#"{"template_name":"system/debian:bookworm"}"#;
    // What follows the body would be a request of its own if the body were thought to be shorter.
    let smuggled = [BODY, b"DELETE /v1/sandbox/x HTTP/1.1\r\n\r\n"].concat();
    let chunked = |size: &str| format!("{size}\r\n{}\r\n0\r\n\r\n", String::from_utf8_lossy(BODY));
    let length = BODY.len();
    let long = "a".repeat(200_000);
    let rows: Vec<(&str, String, Vec<u8>)> = vec![
        (
            "two lengths",
            format!("content-length: {length}\r\ncontent-length: 2\r\n"),
            smuggled.clone(),
        ),
        ("a list of lengths", format!("content-length: {length}, {length}\r\n"), smuggled.clone()),
        ("a signed length", format!("content-length: +{length}\r\n"), smuggled.clone()),
        ("a negative length", "content-length: -1\r\n".to_owned(), smuggled.clone()),
        ("no number", "content-length: x\r\n".to_owned(), smuggled.clone()),
        ("a length past all", "content-length: 18446744073709551616\r\n".to_owned(), smuggled),
        (
            "two codings",
            "transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n".to_owned(),
            chunked("2a").into_bytes(),
        ),
        (
            "an unknown coding",
            "transfer-encoding: xchunked\r\n".to_owned(),
            chunked("2a").into_bytes(),
        ),
        (
            "a negative chunk",
            "transfer-encoding: chunked\r\n".to_owned(),
            chunked("-2a").into_bytes(),
        ),
        (
            "a chunk past all",
            "transfer-encoding: chunked\r\n".to_owned(),
            chunked("fffffffffffffffff").into_bytes(),
        ),
        (
            "a chunk's endless extension",
            "transfer-encoding: chunked\r\n".to_owned(),
            chunked(&format!("2a;{long}")).into_bytes(),
        ),
        ("a folded line", "x: a\r\n b\r\n".to_owned(), Vec::new()),
        ("a blank before the colon", "x : y\r\n".to_owned(), Vec::new()),
        ("a return alone", "x: a\rb\r\n".to_owned(), Vec::new()),
        ("a zero byte", "x: a\0b\r\n".to_owned(), Vec::new()),
        ("an endless header", format!("x: {}\r\n", long.repeat(5)), Vec::new()),
        ("too many headers", "x: y\r\n".repeat(200), Vec::new()),
    ];
    let server = Server::start().await;
    let client = server.client();
    client.a_running_sandbox().await;
    let before = client.picture().await;
    for (name, headers, body) in rows {
        let bytes = create(server.authority(), headers.as_bytes(), &body);
        let seen = statuses(&server, &bytes).await;
        assert!(matches!(seen[..], [400 | 431]), "{name}: {seen:?}");
        assert_eq!(client.picture().await, before, "{name}");
    }
    for target in ["/v1/sandboxes?query=", "/v1/sandbox/"] {
        let bytes = get(server.authority(), &format!("{target}{long}"), true);
        assert_eq!(statuses(&server, bytes.as_bytes()).await, [414], "{target}");
    }
}

async fn requests_in_a_row_are_answered_in_their_order() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    let authority = server.authority();
    let one = |target: &str| get(authority, target, false);
    let there = format!("/v1/sandbox/{id}");
    let row = [
        one("/v1/sandboxes"),
        one("/v1/sandbox/none"),
        one(&there),
        one("/v1/nowhere"),
        get(authority, "/v1/snapshots", true),
    ];
    let seen = statuses(&server, row.concat().as_bytes()).await;
    assert_eq!(seen, [200, 404, 200, 404, 200]);
    // What comes after a request that can't be read is none.
    let broken = one("/v1/sandboxes").replace("\r\n\r\n", "\r\ncontent-length: x\r\n\r\n");
    let delete = get(authority, &there, true).replacen("GET", "DELETE", 1);
    let seen = statuses(&server, [one(&there), broken, delete].concat().as_bytes()).await;
    assert_eq!(seen, [200, 400]);
    assert_eq!(client.state(&id).await, "running");
}

async fn only_names_of_this_machine_lead_here() {
    let server = Server::start().await;
    let authority = server.authority();
    let plain = get(authority, "/v1/sandboxes", true);
    let own = plain.replacen("GET /", &format!("GET http://{authority}/"), 1);
    assert_eq!(statuses(&server, own.as_bytes()).await, [200]);
    for (name, request) in [
        ("in the target", plain.replacen("GET /", "GET http://page.example/", 1)),
        ("in a second header", plain.replacen("authorization", "host: page.example\r\nauthorization", 1)),
        ("in the header", plain.replacen(authority, "page.example", 1)),
        ("in none", plain.replacen(&format!("host: {authority}\r\n"), "", 1)),
    ] {
        assert_eq!(statuses(&server, request.as_bytes()).await, [403], "{name}");
        let control = request.replacen("/v1/sandboxes", "/_emulator/clock", 1);
        assert_eq!(statuses(&server, control.as_bytes()).await, [403], "{name}");
    }
}

async fn what_is_compressed_is_refused_and_not_stored() {
    let server = Server::start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    let path = format!("/v1/sandbox/{id}/filesystem/write-file?path=/workspace/f");
    // Some bytes that would be a thousand times as many.
    let packed = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    for (name, value) in [
        ("content-encoding", "gzip"),
        ("content-encoding", "identity, br"),
        ("transfer-encoding", "gzip, chunked"),
    ] {
        let mut raw = Raw::open(&server).await;
        let is_chunked = name == "transfer-encoding";
        let coding = format!("{name}: {value}");
        let length = format!("content-length: {}", packed.len());
        let headers = if is_chunked { vec![&*coding] } else { vec![&*coding, &*length] };
        raw.head(&format!("POST {path}"), Some(KEY), &headers).await;
        let chunk = [&b"a\r\n"[..], &packed, b"\r\n0\r\n\r\n"].concat();
        raw.write(if is_chunked { &chunk } else { &packed }).await;
        let answer = raw.answer().await;
        assert_eq!(answer.status, 415, "{coding}: {answer:?}");
        assert!(answer.body.contains(name), "{answer:?}");
        let list = client.sh(&id, "ls -A /workspace").await;
        assert_eq!(list, "", "{coding}");
    }
    let as_it_is = client.header("content-encoding", "identity");
    assert_eq!(as_it_is.send("POST", &path, &b"text"[..]).await.status, 204);
}

async fn nothing_is_upgraded_or_tunnelled() {
    let server = Server::start().await;
    let authority = server.authority();
    let plain = get(authority, "/v1/sandboxes", true);
    let socket = plain.replacen(
        "connection: close",
        "connection: upgrade, close\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
        1,
    );
    // It is an ordinary request to those who don't upgrade.
    assert_eq!(statuses(&server, socket.as_bytes()).await, [200]);
    let tunnel = plain.replacen("GET /v1/sandboxes", "CONNECT 127.0.0.1:80", 1);
    assert_eq!(statuses(&server, tunnel.as_bytes()).await, [404]);
    for other in [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], b"GET /v1/sandboxes\r\n\r\n"] {
        let seen = statuses(&server, other).await;
        assert!(matches!(seen[..], [] | [400]), "{seen:?}");
    }
    assert_eq!(statuses(&server, plain.as_bytes()).await, [200]);
}

async fn ids_lead_nowhere_else() {
    let server = Server::start().await;
    let client = server.client();
    client.a_running_sandbox().await;
    let before = client.picture().await;
    for id in ["..%2f..%2fetc", "%2e%2e", "..", "%00", "%zz", "%ff", "a%2fpause", "%F0%9F%A6%80", "."] {
        for (method, target) in [
            ("GET", format!("/v1/sandbox/{id}")),
            ("DELETE", format!("/v1/sandbox/{id}")),
            ("POST", format!("/v1/sandbox/{id}/pause")),
            ("DELETE", format!("/v1/snapshot/{id}")),
        ] {
            let request = get(server.authority(), &target, true).replacen("GET", method, 1);
            let seen = statuses(&server, request.as_bytes()).await;
            assert!(matches!(seen[..], [404 | 405]), "{method} {target}: {seen:?}");
        }
    }
    for target in ["/v1/../_emulator/health", "//v1/sandboxes", "/v1//sandboxes", "/v1/sandboxes/."] {
        let seen = statuses(&server, get(server.authority(), target, true).as_bytes()).await;
        assert_eq!(seen, [404], "{target}");
    }
    assert_eq!(client.picture().await, before);
}
