//! SB-LIST and SNAP-LIST: lists, of which other users may have a part.

use serde_json::{Value, json};

use super::listed;
use crate::check::{Check, Outcome, Trial, check};
use crate::http::Answer;

pub(super) const CHECKS: &[Check] = &[
    check!(snapshots_are_filtered_sorted_and_paged, Snapshots, ["SB-LIST-01", "SNAP-LIST-01"]),
    check!(sandboxes_are_filtered_by_their_state, Sandbox, ["SB-LIST-01"]).live(2),
    check!(bad_values_of_a_query_are_refused, Nothing, ["SB-LIST-03", "SNAP-LIST-02"]),
    check!(equal_sort_keys_come_by_id, Snapshots, ["SB-LIST-04"]),
    check!(a_part_of_a_name_finds_it, Snapshots, ["SNAP-LIST-01"]),
    check!(one_snapshot_is_not_read, Snapshots, ["SNAP-LIST-04"]),
];

fn names(answer: &Answer) -> Vec<&str> {
    let items = answer.json["items"].as_array().map_or(&[][..], Vec::as_slice);
    items.iter().filter_map(|item| item["name"].as_str()).collect()
}

/// Snapshots named by a prefix and the letters `a` to `c`.
async fn three(t: &Trial) -> Outcome<(String, Vec<String>)> {
    let sandbox = t.sandbox().await?;
    let prefix = t.name();
    let all = ["a", "b", "c"].map(|letter| format!("{prefix}{letter}"));
    for name in &all {
        t.a_snapshot(&sandbox.id, name).await?;
    }
    Ok((prefix, all.into()))
}

async fn snapshots_are_filtered_sorted_and_paged(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let prefix = t.name();
    let oldest = t.snapshots_apart(&sandbox.id, &prefix, 3).await?;
    let newest: Vec<_> = oldest.iter().rev().cloned().collect();
    for name in &oldest {
        let answer = t.get(format!("/v1/snapshots?query={name}")).await?;
        t.must(
            "SNAP-LIST-01",
            "an exact name finds its snapshot",
            names(&answer).contains(&&**name),
        );
        let other = names(&answer).iter().any(|found| *found != name);
        t.must("SNAP-LIST-01", "a name does not find another one", !other);
        t.same("SB-LIST-01", "total_items of one name", &answer.json["total_items"], &json!(1));
        let next = t.get(format!("/v1/snapshots?query={name}&page-size=1&page=2")).await?;
        t.must("SB-LIST-01", "no item is on two pages", !names(&next).contains(&&**name));
    }
    let list = async |query: &str| t.get(format!("/v1/snapshots?query={prefix}{query}")).await;
    let plain = list("").await?;
    let whole = names(&plain).is_empty();
    t.decided("SNAP-LIST-01", "the beginning of a name finds it", !whole);
    if whole {
        return Ok(());
    }
    t.same("SB-LIST-01", "the list, newest first", &names(&plain), &newest);
    t.same("SB-LIST-01", "total_items", &plain.json["total_items"], &json!(3));
    let up = list("&order-by=asc&sort=created_at").await?;
    t.same("SB-LIST-01", "the list, oldest first", &names(&up), &oldest);
    for (page, wanted) in [(1, &newest[..2]), (2, &newest[2..])] {
        let answer = list(&format!("&page-size=2&page={page}")).await?;
        t.same("SB-LIST-01", "the page", &names(&answer), wanted);
        t.same("SB-LIST-01", "total_items of a page", &answer.json["total_items"], &json!(3));
    }
    let every = t.get("/v1/snapshots?page-size=1").await?;
    let total = every.json["total_items"].as_u64().unwrap_or(0);
    t.must("SB-LIST-01", "total_items counts them where nothing is asked for", total >= 3);
    let past = list("&page-size=2&page=9").await?;
    let empty = past.status == 200 && names(&past).is_empty() && past.json["total_items"] == 3;
    t.decided("SB-LIST-01", "a page past the end is empty, with the same total", empty);
    for name in &oldest {
        let answer = t.get(format!("/v1/snapshots?query={name}")).await?;
        t.must(
            "SNAP-LIST-01",
            "an exact name finds its snapshot",
            names(&answer).contains(&&**name),
        );
        let other = names(&answer).iter().any(|found| *found != name);
        t.must("SNAP-LIST-01", "a name does not find another one", !other);
    }
    Ok(())
}

fn ids(items: &Value) -> Vec<&str> {
    let items = items.as_array().map_or(&[][..], Vec::as_slice);
    items.iter().filter_map(|item| item["id"].as_str()).collect()
}

async fn sandboxes_are_filtered_by_their_state(t: &Trial) -> Outcome {
    let older = t.sandbox().await?;
    let newer = t.a_newer_sandbox(&older).await?;
    let place = |list: &Answer, id: &str| ids(&list.json["items"]).iter().position(|at| *at == id);
    for (order, descends) in [("", true), ("&order-by=desc", true), ("&order-by=asc", false)] {
        let list = t.get(format!("/v1/sandboxes?page-size=100{order}")).await?;
        let (old, new) = (place(&list, &older.id), place(&list, &newer.id));
        let sorted = old.zip(new).is_some_and(|(old, new)| (new < old) == descends);
        t.must("SB-LIST-01", "both are listed, in order of their creation", sorted);
    }
    t.change(&older.id, "pause").await?;
    for (state, there, not) in [("paused", &older, &newer), ("running", &newer, &older)] {
        let list = t.get(format!("/v1/sandboxes?page-size=100&state={state}")).await?;
        let found = ids(&list.json["items"]);
        t.must("SB-LIST-01", "the filter finds it", found.contains(&&*there.id));
        t.must("SB-LIST-01", "the filter leaves it out", !found.contains(&&*not.id));
        let items = list.json["items"].as_array().cloned().unwrap_or_default();
        let all = items.iter().all(|item| item["state"] == state);
        t.must("SB-LIST-01", format!("everything listed is {state}"), all);
    }
    let one = t.get("/v1/sandboxes?page-size=1").await?;
    t.same("SB-LIST-01", "how many items a page of one has", &ids(&one.json["items"]).len(), &1);
    let total = one.json["total_items"].as_u64().unwrap_or(0);
    t.must("SB-LIST-01", "total_items counts all matches", total >= 2);
    let seen = listed(t, &older.id).await?;
    t.same("SB-LIST-01", "the state in the list", &seen["state"], &json!("paused"));
    Ok(())
}

async fn bad_values_of_a_query_are_refused(t: &Trial) -> Outcome {
    let bad = ["order-by=up", "page=0", "page-size=0", "page-size=101", "page=x", "sort=name"];
    for list in ["/v1/sandboxes", "/v1/snapshots"] {
        for query in bad {
            t.status("SB-LIST-03", &t.get(format!("{list}?{query}")).await?, 400);
        }
        let empty = t.get(format!("{list}?sort=&order-by=&page=&page-size=")).await?;
        t.decided_status("SB-LIST-03", &empty, 200);
    }
    t.status("SB-LIST-03", &t.get("/v1/sandboxes?state=asleep").await?, 400);
    let python = t.get("/v1/snapshots?query=&sort=created_at&order-by=desc&page=1&page-size=20");
    t.status("SB-LIST-03", &python.await?, 200);
    let long = "x".repeat(65);
    t.status("SNAP-LIST-02", &t.get(format!("/v1/snapshots?query={long}")).await?, 400);
    t.status("SNAP-LIST-02", &t.get(format!("/v1/snapshots?query={}", &long[1..])).await?, 200);
    Ok(())
}

async fn equal_sort_keys_come_by_id(t: &Trial) -> Outcome {
    let (prefix, _) = three(t).await?;
    let path = format!("/v1/snapshots?query={prefix}&sort=template_id&order-by=asc");
    let list = t.get(path).await?;
    let found = ids(&list.json["items"]);
    let mut sorted = found.clone();
    sorted.sort_unstable();
    t.decided("SB-LIST-04", "items of one template come by id", found == sorted);
    Ok(())
}

async fn a_part_of_a_name_finds_it(t: &Trial) -> Outcome {
    let (prefix, all) = three(t).await?;
    let upper = all[0].to_uppercase();
    for query in [&prefix[1..], &*upper] {
        let answer = t.get(format!("/v1/snapshots?query={query}")).await?;
        let held = names(&answer).contains(&&*all[0]);
        t.decided("SNAP-LIST-01", "a part of the name finds it, in any case", held);
    }
    let exact = t.get(format!("/v1/snapshots?query={}", all[1])).await?;
    t.same("SNAP-LIST-01", "what an exact name finds", &names(&exact), &[&*all[1]][..]);
    Ok(())
}

async fn one_snapshot_is_not_read(t: &Trial) -> Outcome {
    let sandbox = t.sandbox().await?;
    let name = t.name();
    let id = t.a_snapshot(&sandbox.id, &name).await?;
    let request = crate::http::Request::get(format!("/v1/snapshot/{id}")).undescribed();
    let answer = t.send(request).await?;
    t.decided_status("SNAP-LIST-04", &answer, 405);
    let list = t.get(format!("/v1/snapshots?query={name}")).await?;
    let found =
        list.json["items"].as_array().and_then(|items| items.iter().find(|i| i["id"] == id));
    t.must("SNAP-LIST-04", "the list is where it is found", found.is_some());
    Ok(())
}
