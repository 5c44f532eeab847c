//! Lists on the wire.

use leap0_emulator_core::clock::Timestamp;
use leap0_emulator_core::lifecycle::State;
use leap0_emulator_core::service::{
    Listing, Order, Page, Sandbox, SandboxQuery, SandboxSort, Snapshot, SnapshotQuery, SnapshotSort,
};
use std::sync::Arc;

use serde::Serialize;

use super::query::Query;
use super::sandbox::rfc3339;
use super::{FieldError, SnapshotBody};

/// Most items on a page.
const MAX_PAGE_SIZE: usize = 100;
/// Longest snapshot filter, in characters (SNAP-LIST-02).
const MAX_QUERY_CHARS: usize = 64;

/// One sandbox in a list (RESP-03).
#[derive(Debug, Serialize)]
struct SandboxItem<'a> {
    id: &'a str,
    template_id: &'a str,
    /// Required and always empty: there are no pods here (SB-LIST-05).
    pod_id: &'static str,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    launch_time: Option<String>,
    #[serde(serialize_with = "rfc3339")]
    state_change_time: Timestamp,
    /// Unix seconds; absent while no clock runs (SB-TMO-05).
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout_at: Option<i64>,
    #[serde(serialize_with = "rfc3339")]
    created_at: Timestamp,
}

/// A page of sandboxes.
#[derive(Debug, Serialize)]
pub(crate) struct SandboxListBody<'a> {
    items: Vec<SandboxItem<'a>>,
    total_items: usize,
}

impl<'a> SandboxListBody<'a> {
    pub(crate) fn of(listing: &'a Listing<Sandbox>) -> Self {
        let items = listing.items.iter().map(|sandbox| SandboxItem {
            id: sandbox.id().as_str(),
            template_id: &sandbox.spec().template.id,
            pod_id: "",
            state: sandbox.state().as_str(),
            launch_time: sandbox.launched_at().map(|moment| moment.to_string()),
            state_change_time: sandbox.changed_at(),
            timeout_at: sandbox.timeout_at().map(Timestamp::as_secs),
            created_at: sandbox.created_at(),
        });
        Self { items: items.collect(), total_items: listing.total }
    }
}

/// A page of snapshots.
#[derive(Debug, Serialize)]
pub(crate) struct SnapshotListBody<'a> {
    items: Vec<SnapshotBody<'a>>,
    total_items: usize,
}

impl<'a> SnapshotListBody<'a> {
    pub(crate) fn of(listing: &'a Listing<Arc<Snapshot>>) -> Self {
        let items = listing.items.iter().map(|snapshot| SnapshotBody::of(snapshot)).collect();
        Self { items, total_items: listing.total }
    }
}

/// Reads the query of `GET /v1/sandboxes`.
pub(crate) fn sandboxes(query: &str) -> Result<SandboxQuery, Vec<FieldError>> {
    let query = Query::new(query);
    let mut errors = Vec::new();
    let states: Vec<_> = State::ALL.iter().filter(|state| **state != State::Deleted).collect();
    let state = query.get(&["state"]).and_then(|text| {
        let state = states.iter().find(|state| state.as_str() == text);
        if state.is_none() {
            let words: Vec<_> = states.iter().map(|state| state.as_str()).collect();
            errors.push(FieldError::new("state", one_of(&words)));
        }
        state.map(|state| **state)
    });
    let sort = choice(
        &query,
        &["sort"],
        &[("created_at", SandboxSort::CreatedAt), ("state", SandboxSort::State)],
        &mut errors,
    );
    let (order, page) = (order(&query, &mut errors), page(&query, &mut errors));
    if errors.is_empty() { Ok(SandboxQuery { state, sort, order, page }) } else { Err(errors) }
}

/// Reads the query of `GET /v1/snapshots`.
pub(crate) fn snapshots(query: &str) -> Result<SnapshotQuery, Vec<FieldError>> {
    let query = Query::new(query);
    let mut errors = Vec::new();
    let name = query.get(&["query"]).unwrap_or_default().to_owned();
    if name.chars().count() > MAX_QUERY_CHARS {
        errors.push(FieldError::new("query", "must be at most 64 characters"));
    }
    let sort = choice(
        &query,
        &["sort"],
        &[("created_at", SnapshotSort::CreatedAt), ("template_id", SnapshotSort::TemplateId)],
        &mut errors,
    );
    let (order, page) = (order(&query, &mut errors), page(&query, &mut errors));
    if errors.is_empty() { Ok(SnapshotQuery { name, sort, order, page }) } else { Err(errors) }
}

fn order(query: &Query<'_>, errors: &mut Vec<FieldError>) -> Order {
    choice(
        query,
        &["order-by", "order_by"],
        &[("asc", Order::Ascending), ("desc", Order::Descending)],
        errors,
    )
}

fn page(query: &Query<'_>, errors: &mut Vec<FieldError>) -> Page {
    let default = Page::default();
    let number = count(query, &["page"], usize::MAX, errors);
    let size = count(query, &["page-size", "page_size"], MAX_PAGE_SIZE, errors);
    Page { number: number.unwrap_or(default.number), size: size.unwrap_or(default.size) }
}

fn count(
    query: &Query<'_>,
    names: &[&'static str],
    most: usize,
    errors: &mut Vec<FieldError>,
) -> Option<usize> {
    let counts: Option<Vec<usize>> =
        query.all(names).map(|text| whole_number(text, most)).collect();
    if counts.is_none() {
        let rule = if most == usize::MAX {
            "must be an integer of at least 1".to_owned()
        } else {
            format!("must be an integer between 1 and {most}")
        };
        errors.push(FieldError::new(names[0], rule));
    }
    counts?.pop()
}

fn whole_number(text: &str, most: usize) -> Option<usize> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|count| digits && (1..=most).contains(count))
}

fn choice<T: Copy + Default>(
    query: &Query<'_>,
    names: &[&'static str],
    choices: &[(&str, T)],
    errors: &mut Vec<FieldError>,
) -> T {
    let chosen = |text| choices.iter().find(|(word, _)| *word == text).map(|(_, choice)| *choice);
    let found: Option<Vec<T>> = query.all(names).map(chosen).collect();
    if found.is_none() {
        let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
        errors.push(FieldError::new(names[0], one_of(&words)));
    }
    found.and_then(|mut found| found.pop()).unwrap_or_default()
}

fn one_of(words: &[&str]) -> String {
    format!("must be one of {}", words.join(", "))
}
