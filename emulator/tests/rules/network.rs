//! NET: network policies, on create and on restore.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Server, proves, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial!(a_policy_has_a_mode_and_bounded_lists),
        trial!(a_domain_has_two_labels_and_perhaps_a_wildcard),
        trial!(a_range_is_ipv4),
        trial!(a_transform_names_a_domain_and_headers),
        trial!(lists_beside_another_mode_are_accepted),
        trial!(a_policy_is_echoed_as_it_is_kept),
        trial!(all_bad_parts_are_listed_at_once),
    ]
}

/// The same policy sent to a create and to both forms of restore.
async fn everywhere(client: &Client, policy: &Value) -> Vec<Answer> {
    let restore = json!({"snapshot_name": "base", "network_policy": policy});
    vec![
        client.create(json!({ "network_policy": policy })).await,
        client.post("/v1/snapshot/resume", restore.clone()).await,
        client.post("/v1/snapshot/restore", restore).await,
    ]
}

/// A server without a limit, and a snapshot `base`.
async fn a_stage() -> (Server, Client) {
    let server = Server::with().settings(|settings| settings.max_sandboxes = None).start().await;
    let client = server.client();
    let id = client.a_running_sandbox().await;
    client.a_snapshot(&id, "base").await;
    (server, client)
}

/// A custom policy with one list.
fn custom(field: &str, value: impl Into<Value>) -> Value {
    json!({"mode": "custom", field: value.into()})
}

async fn a_policy_has_a_mode_and_bounded_lists() {
    let (_server, client) = a_stage().await;
    for mode in ["allow-all", "deny-all", "custom"] {
        for answer in everywhere(&client, &json!({ "mode": mode })).await {
            proves!("NET-01" => assert_eq!(answer.status, 201, "{answer:?}"));
            proves!("NET-01" =>
                assert_eq!(answer.json()["network_policy"], json!({ "mode": mode })));
        }
    }
    for mode in
        [json!(null), json!(""), json!("Custom"), json!("allow"), json!(1), json!(["custom"])]
    {
        for answer in everywhere(&client, &json!({ "mode": mode })).await {
            proves!("NET-01" => assert_eq!(answer.fields(), ["network_policy.mode"], "{mode}"));
        }
    }
    let many = |count: usize, item: Value| Value::from(vec![item; count]);
    for (field, most, item) in [
        ("allow_domains", 50, json!("example.com")),
        ("allow_cidrs", 10, json!("10.0.0.0/8")),
        ("transforms", 20, json!({"domain": "example.com"})),
    ] {
        for answer in everywhere(&client, &custom(field, many(most, item.clone()))).await {
            proves!("NET-01" => assert_eq!(answer.status, 201, "{field}: {answer:?}"));
        }
        for answer in everywhere(&client, &custom(field, many(most + 1, item))).await {
            proves!("NET-01" => assert_eq!(answer.fields(), [format!("network_policy.{field}")]));
        }
        for bad in [json!("x"), json!({}), json!(1), json!([1]), json!([null])] {
            for answer in everywhere(&client, &custom(field, bad.clone())).await {
                let named = answer.fields();
                proves!("NET-01" =>
                    assert!(named[0].starts_with(&format!("network_policy.{field}")), "{bad}: {named:?}"));
            }
        }
    }
}

async fn a_domain_has_two_labels_and_perhaps_a_wildcard() {
    let (_server, client) = a_stage().await;
    let good =
        json!(["example.com", "*.example.com", "a-b.C1.io", "  spaced.org ", "xn--bcher-kva.ch"]);
    for answer in everywhere(&client, &custom("allow_domains", good)).await {
        proves!("NET-02" => assert_eq!(answer.status, 201, "{answer:?}"));
        let kept = answer.json()["network_policy"]["allow_domains"][3].clone();
        proves!("NET-02" => assert_eq!(kept, "spaced.org"));
    }
    for bad in [
        "",
        " ",
        "com",
        "*.com",
        "*",
        "-a.com",
        "a-.com",
        "a..com",
        ".a.com",
        "a.com.",
        "a.com:443",
        "a.*.com",
        "*a.com",
        "é.com",
        "a_b.com",
        "https://a.com",
        "a.com/x",
        "a b.com",
    ] {
        for answer in everywhere(&client, &custom("allow_domains", json!(["ok.com", bad]))).await {
            proves!("NET-02" =>
                assert_eq!(answer.fields(), ["network_policy.allow_domains[1]"], "{bad}"));
        }
    }
}

async fn a_range_is_ipv4() {
    let (_server, client) = a_stage().await;
    let good = json!(["1.2.3.4/32", "1.2.3.4", "10.1.2.3/8", "0.0.0.0/0", " 192.168.0.0/16 "]);
    for answer in everywhere(&client, &custom("allow_cidrs", good)).await {
        proves!("NET-03" => assert_eq!(answer.status, 201, "{answer:?}"));
    }
    for bad in [
        "",
        "1.2.3/8",
        "1.2.3.4/33",
        "1.2.3.4/",
        "1.2.3.4/-1",
        "1.2.3.4/+8",
        "1.2.3.256",
        "::1/128",
        "10.0.0.0/8/8",
        "example.com",
        "1.2.3.4/8 x",
    ] {
        for answer in everywhere(&client, &custom("allow_cidrs", json!(["10.0.0.0/8", bad]))).await
        {
            proves!("NET-03" =>
                assert_eq!(answer.fields(), ["network_policy.allow_cidrs[1]"], "{bad}"));
        }
    }
}

async fn a_transform_names_a_domain_and_headers() {
    let (_server, client) = a_stage().await;
    let good = json!([
        {"domain": "a.example.com"},
        {"domain": "*.example.com", "inject_headers": {"x-key": "secret"}, "strip_headers": ["cookie"]},
        {"domain": "b.example.com", "inject_headers": null, "strip_headers": null},
        {"domain": "c.example.com", "inject_headers": {}, "strip_headers": []},
    ]);
    for answer in everywhere(&client, &custom("transforms", good)).await {
        proves!("NET-01" => assert_eq!(answer.status, 201, "{answer:?}"));
    }
    for (bad, field) in [
        (json!({}), "transforms[0].domain"),
        (json!({"domain": "com"}), "transforms[0].domain"),
        (json!({"domain": 1}), "transforms[0].domain"),
        (json!("a.com"), "transforms[0]"),
        (json!({"domain": "a.com", "inject_headers": ["x"]}), "transforms[0].inject_headers"),
        (json!({"domain": "a.com", "inject_headers": {"x": 1}}), "transforms[0].inject_headers.x"),
        (json!({"domain": "a.com", "strip_headers": "x"}), "transforms[0].strip_headers"),
        (json!({"domain": "a.com", "strip_headers": [1]}), "transforms[0].strip_headers"),
    ] {
        for answer in everywhere(&client, &custom("transforms", json!([bad]))).await {
            proves!("NET-01" =>
                assert_eq!(answer.fields(), [format!("network_policy.{field}")], "{bad}"));
        }
    }
}

async fn lists_beside_another_mode_are_accepted() {
    let (_server, client) = a_stage().await;
    for mode in ["allow-all", "deny-all"] {
        let policy =
            json!({"mode": mode, "allow_domains": ["example.com"], "allow_cidrs": ["1.2.3.4"]});
        for answer in everywhere(&client, &policy).await {
            proves!("NET-05" => assert_eq!(answer.status, 201, "{answer:?}"));
            proves!("NET-05" => assert_eq!(answer.json()["network_policy"]["mode"], mode));
        }
    }
}

async fn a_policy_is_echoed_as_it_is_kept() {
    let (_server, client) = a_stage().await;
    let policy = json!({
        "mode": "custom",
        "allow_domains": ["*.example.com", "EXAMPLE.org"],
        "allow_cidrs": ["10.1.2.3/8", "1.2.3.4"],
        "transforms": [{
            "domain": "api.example.com", "inject_headers": {"authorization": "Bearer hush"},
            "strip_headers": ["cookie", "Cookie"],
        }],
    });
    for answer in everywhere(&client, &policy).await {
        proves!("NET-06" => assert_eq!(answer.json()["network_policy"], policy));
        let seen = client.get(&format!("/v1/sandbox/{}", answer.text("id"))).await;
        proves!("NET-06" => assert_eq!(seen.json()["network_policy"], policy));
        let snapshot = client.snapshot(&answer.text("id"), json!({})).await;
        proves!("NET-06" => assert_eq!(snapshot.json()["network_policy"], policy));
    }
}

async fn all_bad_parts_are_listed_at_once() {
    let (_server, client) = a_stage().await;
    let before = client.picture().await;
    let policy = json!({
        "allow_domains": ["com", "ok.com", "-"], "allow_cidrs": ["x"],
        "transforms": [{"strip_headers": 1}, 7],
    });
    for answer in everywhere(&client, &policy).await {
        let mut fields = answer.fields();
        fields.sort_unstable();
        let wanted = [
            "allow_cidrs[0]",
            "allow_domains[0]",
            "allow_domains[2]",
            "mode",
            "transforms[0].domain",
            "transforms[0].strip_headers",
            "transforms[1]",
        ];
        assert_eq!(fields, wanted.map(|field| format!("network_policy.{field}")));
    }
    assert_eq!(client.picture().await, before);
}
