//! Lists.

use serde_json::{Value, json};

use super::control::OWN_KEY;
use super::fault::Fault;
use super::oddity::Oddity;
use super::reply::{Call, Reply};
use super::world::{Snapshot, World};

/// What a list is asked for.
struct Page {
    sort: String,
    ascending: bool,
    number: usize,
    size: usize,
}

impl World {
    fn page(&self, call: &Call, sorts: &[&str]) -> Result<Page, Reply> {
        let lenient = self.bug(Fault::BadQueriesAreFine);
        let bad = |name: &str, bound: &str| {
            if self.bug(Fault::ListErrorsHaveFields) {
                return Reply::field(name, bound);
            }
            Reply::problem(400, format!("{name} {bound}"))
        };
        let sort = call.parameter("sort").unwrap_or("created_at");
        if !sorts.contains(&sort) && !lenient {
            return Err(bad("sort", "is not known"));
        }
        let order = call.parameter("order-by").unwrap_or("desc");
        if !["asc", "desc"].contains(&order) && !lenient {
            return Err(bad("order-by", "must be asc or desc"));
        }
        let number = |name: &str, default: usize, most: usize| match call.parameter(name) {
            None => Ok(default),
            Some(text) => match text.parse::<usize>() {
                Ok(number) if (1..=most).contains(&number) => Ok(number),
                _ if lenient => Ok(default),
                _ => Err(bad(name, &format!("must be between 1 and {most}"))),
            },
        };
        let page = number("page", 1, usize::MAX)?;
        Ok(Page {
            sort: sort.to_owned(),
            ascending: (order == "asc") != self.bug(Fault::ListUpsideDown),
            number: if self.bug(Fault::PageIgnored) { 1 } else { page },
            size: number("page-size", 20, 100)?,
        })
    }

    /// Whether an organisation has other users: whose key is somebody's own has not.
    fn has_others(&self, org: &str) -> bool {
        self.odd(Oddity::OtherUsers) && !org.starts_with(OWN_KEY)
    }

    fn paged(&self, page: &Page, mut items: Vec<(String, Value)>) -> Reply {
        if !self.bug(Fault::ListUnsorted) {
            items.sort_by_key(|(key, item)| (key.clone(), item["id"].to_string()));
            if self.bug(Fault::TiesUpsideDown) {
                items.reverse();
                items.sort_by_key(|(key, _)| key.clone());
            }
            if !page.ascending {
                items.reverse();
            }
        }
        let all = items.len();
        let size = if self.bug(Fault::PageSizeIgnored) { 100 } else { page.size };
        let items: Vec<_> = items
            .into_iter()
            .skip((page.number - 1).saturating_mul(size))
            .take(size)
            .map(|(_, item)| item)
            .collect();
        let total = if self.bug(Fault::TotalOfThePage) { items.len() } else { all };
        Reply::json(200, json!({"items": items, "total_items": total}))
    }

    pub(super) fn list_sandboxes(
        &mut self,
        org: &str,
        call: &Call,
        now: u64,
    ) -> Result<Reply, Reply> {
        const STATES: [&str; 8] = [
            "starting",
            "running",
            "snapshotting",
            "paused",
            "unpausing",
            "stopping",
            "stopped",
            "deleting",
        ];
        let page = self.page(call, &["created_at", "state"])?;
        let state = call.parameter("state").map(str::to_owned);
        if state.as_ref().is_some_and(|state| !STATES.contains(&&**state))
            && !self.bug(Fault::BadQueriesAreFine)
        {
            return Err(Reply::problem(400, "state is not known"));
        }
        let state = state.filter(|_| !self.bug(Fault::StateFilterIgnored));
        let short = page.size < 100 && self.bug(Fault::DeletedIsOnLongPages);
        let all = self.organisation(org).sandboxes.iter();
        // What is deleted and listed has a key that no request finds.
        let all = all.filter(|(key, _)| !short || !key.starts_with('~'));
        let all: Vec<_> = all.map(|(_, sandbox)| sandbox.clone()).collect();
        let wanted = all.iter().filter(|s| state.as_deref().is_none_or(|state| s.state == state));
        let mut items: Vec<_> = wanted
            .map(|sandbox| {
                let key = match &*page.sort {
                    "state" => sandbox.state.to_owned(),
                    _ => format!("{:020}", sandbox.created),
                };
                (key, self.item(sandbox))
            })
            .collect();
        if self.has_others(org) && state.as_deref().is_none_or(|state| state == "running") {
            for number in 0..30 {
                let created = now - 3_600_000 + number * 240_000;
                let item = json!({
                    "id": format!("sbx-theirs{number}x{now}"), "template_id": "tpl-theirs",
                    "pod_id": "", "state": "running", "created_at": self.time(created),
                });
                items.push((format!("{created:020}"), item));
            }
        }
        Ok(self.paged(&page, items))
    }

    pub(super) fn list_snapshots(
        &mut self,
        org: &str,
        call: &Call,
        now: u64,
    ) -> Result<Reply, Reply> {
        let page = self.page(call, &["created_at", "template_id"])?;
        let query = call.parameter("query").unwrap_or("").trim().to_owned();
        if query.chars().count() > 64 && !self.bug(Fault::LongQueriesAreFine) {
            return Err(Reply::problem(400, "query must have at most 64 characters"));
        }
        let low = query.to_lowercase();
        let exact = self.odd(Oddity::ExactQueries);
        let (ignored, blind) = (self.bug(Fault::QueryIgnored), self.bug(Fault::QueryFindsNothing));
        let as_it_is = self.bug(Fault::QueryInOneCase);
        let fits = |name: &str| {
            (ignored || query.is_empty())
                || (!blind
                    && match () {
                        () if exact => name == query,
                        () if as_it_is => name.contains(&query),
                        () => name.to_lowercase().contains(&low),
                    })
        };
        let hidden = self.bug(Fault::LoneSnapshotsHidden);
        let organisation = self.organisation(org);
        let lone = |snapshot: &Snapshot| !organisation.sandboxes.contains_key(&snapshot.source);
        let all = organisation.snapshots.values().filter(|snapshot| !hidden || !lone(snapshot));
        let all: Vec<_> = all.cloned().collect();
        let mut items: Vec<_> = all
            .iter()
            .filter(|snapshot| fits(&snapshot.name))
            .map(|snapshot| {
                let view = self.view_snapshot(snapshot);
                let key = match &*page.sort {
                    "template_id" => view["template_id"].to_string(),
                    _ => format!("{:020}", snapshot.created),
                };
                (key, view)
            })
            .collect();
        if self.has_others(org) {
            for number in (0..30).filter(|number| fits(&format!("theirs-{number}"))) {
                let id = format!("snap-theirs{number}");
                let created = now - 3_600_000 + number * 240_000;
                let mut view = super::views::sample_snapshot(&id, &format!("theirs-{number}"));
                view["created_at"] = self.time(created).into();
                items.push((format!("{created:020}"), view));
            }
        }
        Ok(self.paged(&page, items))
    }
}
