//! AUTH: keys and organisations.

use serde_json::json;

use crate::check::{Check, Outcome, Trial, check};
use crate::http::{Answer, Auth, Request};
use crate::target::Capability as C;

pub(super) const CHECKS: &[Check] = &[
    check!(the_word_bearer_may_be_left_out, Nothing, ["AUTH-02"]),
    check!(the_word_bearer_counts_in_any_case, Nothing, ["AUTH-03"]),
    check!(a_key_that_is_not_known_is_refused, Nothing, ["AUTH-04"]).when(&[C::ClosedKeys]),
    check!(another_organisation_is_not_served, Sandbox, ["AUTH-05", "SNAP-CREATE-08"])
        .when(&[C::SecondKey])
        .live(2),
    check!(the_vendors_own_header_wins_over_one_that_is_taken, Nothing, ["AUTH-06"]),
    check!(a_basic_value_is_no_key, Nothing, ["AUTH-10"]),
];

async fn with_headers(t: &Trial, headers: &[(&str, String)]) -> Outcome<Answer> {
    let request = Request::get("/v1/sandboxes").auth(Auth::Bare);
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(name, value));
    t.send(request).await
}

async fn the_word_bearer_may_be_left_out(t: &Trial) -> Outcome {
    let key = t.session.client().key().to_owned();
    for header in ["authorization", "leap0-authorization"] {
        for value in [key.clone(), format!("Bearer {key}")] {
            let answer = with_headers(t, &[(header, value)]).await?;
            t.status("AUTH-02", &answer, 200);
        }
    }
    Ok(())
}

async fn the_word_bearer_counts_in_any_case(t: &Trial) -> Outcome {
    let key = t.session.client().key().to_owned();
    for word in ["bearer", "BEARER", "BeArEr"] {
        let answer = with_headers(t, &[("authorization", format!("{word} {key}"))]).await?;
        t.status("AUTH-03", &answer, 200);
    }
    Ok(())
}

async fn a_key_that_is_not_known_is_refused(t: &Trial) -> Outcome {
    for header in ["authorization", "leap0-authorization"] {
        let answer = with_headers(t, &[(header, format!("Bearer {}", t.name()))]).await?;
        t.status("AUTH-04", &answer, 401);
        t.must("AUTH-04", "a 401 has a message", !answer.message().is_empty());
    }
    Ok(())
}

async fn another_organisation_is_not_served(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let (name, path) = (t.name(), sandbox.path(""));
    t.a_snapshot(&sandbox.id, &name).await?;
    let command = json!({"command": "true"});
    let restore = json!({ "snapshot_name": name });
    let mut requests = vec![
        Request::get(&*path),
        Request::delete(&*path),
        Request::new("POST", sandbox.path("pause")),
        Request::post(sandbox.path("snapshot/create"), &json!({ "name": t.name() })),
        Request::post(sandbox.path("process/execute"), &command),
        Request::post(sandbox.path("filesystem/ls"), &json!({"path": "/"})),
    ];
    requests.extend(t.restore_paths().into_iter().map(|path| Request::post(path, &restore)));
    for request in requests {
        let answer = t.send(request.auth(Auth::Other)).await?;
        t.must("AUTH-05", "what another organisation owns is not served", !answer.ok());
        t.decided_status("AUTH-05", &answer, 404);
        if answer.ok() && answer.json["id"].is_string() {
            let made = format!("/v1/sandbox/{}", answer.text("id"));
            t.send(Request::delete(made).auth(Auth::Other)).await?;
        }
    }
    let list = t.send(Request::get("/v1/sandboxes?page-size=100").auth(Auth::Other)).await?;
    let listed = list.json["items"]
        .as_array()
        .is_some_and(|items| items.iter().any(|item| item["id"] == json!(sandbox.id)));
    t.must("AUTH-05", "what another organisation owns is not listed", !listed);
    t.same("AUTH-05", "the state afterwards", &*t.state(&sandbox.id).await?, "running");
    // Names belong to one organisation, so the other one can give the same.
    let wish = json!({"template_name": t.session.template(), "timeout": 240});
    let theirs = t.send(Request::post("/v1/sandbox", &wish).auth(Auth::Other)).await?;
    if theirs.ok() {
        let base = format!("/v1/sandbox/{}", theirs.text("id"));
        let request = Request::post(format!("{base}/snapshot/create"), &json!({ "name": name }));
        let answer = t.send(request.auth(Auth::Other)).await?;
        t.decided_status("SNAP-CREATE-08", &answer, 201);
        t.send(Request::delete(format!("/v1/snapshot/{}", answer.text("id"))).auth(Auth::Other))
            .await?;
        t.send(Request::delete(base).auth(Auth::Other)).await?;
    }
    let again = t.snapshot(&sandbox.id, json!({ "name": name })).await?;
    t.status("SNAP-CREATE-08", &again, 409);
    Ok(())
}

async fn the_vendors_own_header_wins_over_one_that_is_taken(t: &Trial) -> Outcome {
    let key = format!("Bearer {}", t.session.client().key());
    let taken = "Bearer token-of-the-app".to_owned();
    let both = [("authorization", taken.clone()), ("leap0-authorization", key.clone())];
    t.status("AUTH-06", &with_headers(t, &both).await?, 200);
    let empty = [("authorization", "Basic eA==".to_owned()), ("leap0-authorization", key.clone())];
    t.status("AUTH-06", &with_headers(t, &empty).await?, 200);
    if t.session.has(C::ClosedKeys) {
        let crossed = [("authorization", key), ("leap0-authorization", taken)];
        t.decided_status("AUTH-06", &with_headers(t, &crossed).await?, 401);
    }
    Ok(())
}

async fn a_basic_value_is_no_key(t: &Trial) -> Outcome {
    let answer = with_headers(t, &[("authorization", "Basic dXNlcjpwYXNz".to_owned())]).await?;
    t.decided_status("AUTH-10", &answer, 401);
    Ok(())
}
