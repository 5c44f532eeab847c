//! Lists, a page at a time.

use std::cmp::Ordering;
use std::sync::Arc;

use super::sandbox::Sandbox;
use super::shelf::{Shelf, Snapshot};
use super::state::State as WorldState;
use crate::lifecycle::State;

/// Which part of a list is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// 1 for the first.
    pub number: usize,
    /// Items on a page, 1 to 100.
    pub size: usize,
}

impl Default for Page {
    fn default() -> Self {
        Self { number: 1, size: 20 }
    }
}

/// The direction of a list; ties are broken by id in the same direction (SB-LIST-04).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Smallest or oldest first.
    Ascending,
    /// Largest or newest first.
    #[default]
    Descending,
}

/// A page, and how many items there are on all of them (SB-LIST-01).
#[derive(Clone, Debug)]
pub struct Listing<T> {
    /// The items of this page.
    pub items: Vec<T>,
    /// How many items match.
    pub total: usize,
}

/// Which sandboxes, in which order.
#[derive(Clone, Copy, Debug, Default)]
pub struct SandboxQuery {
    /// Only those in this state.
    pub state: Option<State>,
    /// What they are sorted by.
    pub sort: SandboxSort,
    /// In which direction.
    pub order: Order,
    /// Which page.
    pub page: Page,
}

/// What sandboxes are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SandboxSort {
    /// `created_at`
    #[default]
    CreatedAt,
    /// `state`, by its name
    State,
}

/// Which snapshots, in which order.
#[derive(Clone, Debug, Default)]
pub struct SnapshotQuery {
    /// Only those whose name contains this, whatever the case (SNAP-LIST-01); empty for all.
    pub name: String,
    /// What they are sorted by.
    pub sort: SnapshotSort,
    /// In which direction.
    pub order: Order,
    /// Which page.
    pub page: Page,
}

/// What snapshots are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SnapshotSort {
    /// `created_at`
    #[default]
    CreatedAt,
    /// `template_id`
    TemplateId,
}

pub(super) fn list_sandboxes(state: &WorldState, query: &SandboxQuery) -> Listing<Sandbox> {
    // SB-LIST-02: a deleted sandbox is not here any more.
    let mut found: Vec<&Sandbox> = Vec::with_capacity(state.sandbox_count());
    found.extend(
        state
            .sandboxes()
            .filter(|sandbox| query.state.is_none_or(|state| state == sandbox.state())),
    );
    sort(&mut found, query.order, |a, b| {
        let by = match query.sort {
            SandboxSort::CreatedAt => a.created_at.cmp(&b.created_at),
            SandboxSort::State => a.state().as_str().cmp(b.state().as_str()),
        };
        by.then_with(|| a.id.cmp(&b.id))
    });
    let total = found.len();
    Listing { items: cut(found.into_iter(), query.page).cloned().collect(), total }
}

pub(super) fn list_snapshots(shelf: &Shelf, query: &SnapshotQuery) -> Listing<Arc<Snapshot>> {
    let needle = query.name.trim().to_lowercase();
    let matches = |snapshot: &&Arc<Snapshot>| {
        needle.is_empty() || snapshot.name.as_str().to_lowercase().contains(&needle)
    };
    match (query.sort, query.order) {
        (SnapshotSort::CreatedAt, order) if needle.is_empty() => {
            let total = shelf.len();
            let items = match order {
                Order::Ascending => cut(shelf.oldest_first(), query.page).cloned().collect(),
                Order::Descending => cut(shelf.oldest_first().rev(), query.page).cloned().collect(),
            };
            Listing { items, total }
        }
        (by, order) => {
            let mut found: Vec<_> = shelf.oldest_first().filter(matches).collect();
            match by {
                SnapshotSort::CreatedAt => {
                    if order == Order::Descending {
                        found.reverse();
                    }
                }
                SnapshotSort::TemplateId => sort(&mut found, order, |a, b| {
                    a.spec.template.id.cmp(&b.spec.template.id).then_with(|| a.id.cmp(&b.id))
                }),
            }
            let total = found.len();
            Listing { items: cut(found.into_iter(), query.page).cloned().collect(), total }
        }
    }
}

fn sort<T>(found: &mut [T], order: Order, by: impl Fn(&T, &T) -> Ordering) {
    match order {
        Order::Ascending => found.sort_unstable_by(by),
        Order::Descending => found.sort_unstable_by(|a, b| by(b, a)),
    }
}

fn cut<T>(all: impl Iterator<Item = T>, page: Page) -> impl Iterator<Item = T> {
    all.skip(page.number.saturating_sub(1).saturating_mul(page.size)).take(page.size)
}
