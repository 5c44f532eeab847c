//! Things made in different moments by the target's own clock, so that a list by time has an order.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::json;

use super::{Outcome, Sandbox, Stop, Trial};

/// How long a clock is waited for, in seconds: long enough for one that tells whole seconds.
const TICK: u64 = 2;

const COARSE: &str = "the target tells times too coarsely for an order by them";

impl Trial {
    /// Snapshots of a sandbox with names that begin with `prefix`, the oldest first. Gives the
    /// names.
    pub(crate) async fn snapshots_apart(
        &self,
        id: &str,
        prefix: &str,
        count: usize,
    ) -> Outcome<Vec<String>> {
        let mut names: Vec<String> = Vec::new();
        let mut before = String::new();
        for place in 0..count {
            let made = Mutex::new(None);
            let tries = AtomicUsize::new(0);
            let apart = async || {
                // A name that was given once may not be free again.
                let again = tries.fetch_add(1, Ordering::Relaxed);
                let name = format!("{prefix}-{place}-{again}");
                let answer = self.snapshot(id, json!({ "name": name })).await?;
                if answer.status != 201 {
                    return Err(Stop::Unprepared(format!("a snapshot: {}", answer.brief())));
                }
                let at = answer.text("created_at").to_owned();
                if at == before {
                    self.delete(format!("/v1/snapshot/{}", answer.text("id"))).await?;
                    return Ok(false);
                }
                *made.lock().unwrap_or_else(PoisonError::into_inner) = Some((name, at));
                Ok(true)
            };
            self.until(TICK, apart).await?;
            let made = made.into_inner().unwrap_or_else(PoisonError::into_inner);
            let (name, at) = made.ok_or(Stop::Unsupported(COARSE))?;
            before = at;
            names.push(name);
        }
        Ok(names)
    }

    /// A sandbox that is newer than this one.
    pub(crate) async fn a_newer_sandbox(&self, older: &Sandbox) -> Outcome<Sandbox> {
        let newer = Mutex::new(None);
        let apart = async || {
            let sandbox = self.sandbox().await?;
            if sandbox.made["created_at"] == older.made["created_at"] {
                self.remove(&sandbox.id).await?;
                return Ok(false);
            }
            *newer.lock().unwrap_or_else(PoisonError::into_inner) = Some(sandbox);
            Ok(true)
        };
        self.until(TICK, apart).await?;
        let newer = newer.into_inner().unwrap_or_else(PoisonError::into_inner);
        newer.ok_or(Stop::Unsupported(COARSE))
    }
}
