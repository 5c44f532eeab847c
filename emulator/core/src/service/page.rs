//! Lists, a page at a time.

use std::cmp::Ordering;
use std::sync::Arc;

use memchr::memmem::Finder;

use super::sandbox::Sandbox;
use super::shelf::{Listed, Shelf, Snapshot};
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
    match (query.sort, query.order) {
        (SnapshotSort::CreatedAt, Order::Ascending) => page_of(shelf, shelf.by_age(), query),
        (SnapshotSort::CreatedAt, Order::Descending) => page_of(shelf, shelf.by_age().rev(), query),
        (SnapshotSort::TemplateId, Order::Ascending) => page_of(shelf, shelf.by_template(), query),
        (SnapshotSort::TemplateId, Order::Descending) => {
            page_of(shelf, shelf.by_template().rev(), query)
        }
    }
}

/// Cuts a page out of what matches. Only what is on it is copied.
fn page_of<'s>(
    shelf: &Shelf,
    all: impl Iterator<Item = &'s Listed>,
    query: &SnapshotQuery,
) -> Listing<Arc<Snapshot>> {
    let needle = query.name.trim().to_lowercase();
    if needle.is_empty() {
        let items = cut(all, query.page).map(Listed::snapshot).cloned().collect();
        return Listing { items, total: shelf.len() };
    }
    // Prepared once: preparing takes longer than looking through one name.
    let needle = Finder::new(&needle);
    let mut total = 0;
    let mut found = all.filter(|listed| listed.is_named_like(&needle)).inspect(|_| total += 1);
    let items = cut(found.by_ref(), query.page).map(Listed::snapshot).cloned().collect();
    // What comes after the page counts, too.
    found.for_each(drop);
    Listing { items, total }
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
