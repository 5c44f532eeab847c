//! Paths and methods.

use super::fault::Fault;
use super::oddity::Oddity;
use super::reply::{Call, Reply};
use super::world::World;

/// What a path asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Create,
    ListSandboxes,
    ListSnapshots,
    Restore {
        resume: bool,
    },
    DeleteSnapshot(String),
    /// A sandbox, and what is done with it: empty to read or delete it.
    Sandbox(String, String),
}

pub(super) fn route(world: &World, call: &Call) -> Result<Route, Reply> {
    let missing = || Reply::problem(404, "no such path");
    let method = || {
        if world.bug(Fault::UnknownMethodIs404) {
            missing()
        } else {
            Reply::problem(405, "method not allowed")
        }
    };
    let path = call.path.strip_prefix("/v1/").ok_or_else(missing)?;
    let bare = path.strip_suffix('/').unwrap_or(path);
    let slash = bare.len() < path.len();
    if slash && bare != "snapshot" {
        if world.bug(Fault::SlashRedirects) {
            let to = format!("/v1/{bare}");
            return Err(Reply::problem(308, "moved").with("location", &to));
        }
        if world.bug(Fault::SlashIs404) && bare != "sandbox" {
            return Err(missing());
        }
    }
    let parts: Vec<&str> = bare.splitn(3, '/').collect();
    let seed = !world.odd(Oddity::CurrentErasOnly);
    let current = !world.odd(Oddity::EraAOnly) && !world.odd(Oddity::EraBOnly);
    let era_d = current && !world.odd(Oddity::EraCOnly);
    match (&*call.method, &*parts) {
        ("POST", ["sandbox"]) => Ok(Route::Create),
        ("GET", ["sandboxes"]) => Ok(Route::ListSandboxes),
        ("GET", ["snapshots"]) => Ok(Route::ListSnapshots),
        (_, ["sandbox" | "sandboxes" | "snapshots"]) => Err(method()),
        ("POST", ["snapshot", "resume"]) if seed => Ok(Route::Restore { resume: true }),
        ("POST", ["snapshot", "restore"]) if current => Ok(Route::Restore { resume: false }),
        ("DELETE", ["snapshot", id]) => Ok(Route::DeleteSnapshot((*id).to_owned())),
        ("GET", ["snapshot", id]) if world.bug(Fault::SnapshotsAreRead) => {
            Err(Reply::json(200, super::views::sample_snapshot(id, "")))
        }
        ("GET", ["snapshot", _]) => Err(method()),
        (_, ["snapshot"]) if world.bug(Fault::DeleteOfNothingIs405) => Err(method()),
        ("GET" | "DELETE", ["sandbox", id]) => Ok(Route::Sandbox((*id).to_owned(), String::new())),
        (_, ["sandbox", _]) => Err(method()),
        (verb, ["sandbox", id, what]) => {
            let known = match *what {
                "pause" | "snapshot/create" | "process/execute" | "mounts" => verb == "POST",
                "stop" | "start" => era_d && verb == "POST",
                "snapshot/pause" => seed && verb == "POST",
                "resume" => world.bug(Fault::ResumePath),
                "system/workdir" | "system/user-home-dir" => verb == "GET",
                other if other.starts_with("filesystem/") => verb == "POST",
                _ => false,
            };
            if known {
                Ok(Route::Sandbox((*id).to_owned(), (*what).to_owned()))
            } else {
                Err(missing())
            }
        }
        _ => Err(missing()),
    }
}
