//! Web pages and host names: no page that a developer happens to open can drive the emulator.

use libtest_mimic::Trial;

use crate::support::{Server, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(a_page_on_loopback_is_let_in),
        trial!(a_foreign_page_is_refused_on_the_api_and_on_the_control_plane),
        trial!(a_named_origin_is_let_in),
        trial!(a_foreign_host_name_is_refused),
    ]
}

const PATHS: [&str; 3] = ["/v1/sandboxes", "/_emulator/clock", "/_emulator/health"];

async fn a_page_on_loopback_is_let_in() {
    let server = Server::start().await;
    for origin in ["http://localhost:3000", "http://127.0.0.1:8080", "http://[::1]:1"] {
        let page = server.client().header("origin", origin);
        for path in PATHS {
            let answer = page.get(path).await;
            assert_eq!(answer.status, 200, "{origin} {path}");
            assert_eq!(answer.header("access-control-allow-origin"), origin);
            assert_eq!(answer.header("vary"), "origin");
        }
        let asks = server
            .anonymous()
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization, content-type");
        let answer = asks.send("OPTIONS", "/v1/sandbox", "").await;
        assert_eq!(answer.status, 204);
        assert!(answer.header("access-control-allow-methods").contains("POST"));
        assert_eq!(answer.header("access-control-allow-headers"), "authorization, content-type");
    }
}

async fn a_foreign_page_is_refused_on_the_api_and_on_the_control_plane() {
    let server = Server::start().await;
    for origin in ["https://evil.example", "null", "http://localhost.evil.example", "file://"] {
        let page = server.client().header("origin", origin);
        for path in PATHS {
            for method in ["GET", "OPTIONS", "POST"] {
                let answer = page.send(method, path, "{}").await;
                assert_eq!(answer.status, 403, "{origin} {method} {path}");
                assert_eq!(answer.header("access-control-allow-origin"), "");
            }
        }
    }
}

async fn a_named_origin_is_let_in() {
    let server = Server::with().origins(&["https://app.example"]).start().await;
    let page = |origin| server.client().header("origin", origin);
    let answer = page("https://app.example").get("/v1/sandboxes").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), "https://app.example");
    assert_eq!(page("http://app.example").get("/v1/sandboxes").await.status, 403);
}

async fn a_foreign_host_name_is_refused() {
    let server = Server::start().await;
    for path in PATHS {
        for host in ["evil.example", "evil.example:7410", "127.0.0.1.evil.example", "0.0.0.0"] {
            let answer = server.client().under_name(host).get(path).await;
            assert_eq!(answer.status, 403, "{host} {path}");
            assert!(!answer.message().is_empty());
        }
        for host in ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:7410"] {
            assert_eq!(server.client().under_name(host).get(path).await.status, 200, "{host}");
        }
    }
}
