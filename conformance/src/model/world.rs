//! What a server has in memory, and how a request finds its way through it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::clock::Pace;
use super::control::{Exported, OWN_KEY};
use super::disk::Disk;
use super::fault::Fault;
use super::mishaps::Mishap;
use super::oddity::Oddity;
use super::power::is_passing;
use super::races::Late;
use super::reply::{Call, Reply};
use super::route::{Route, route};
use super::shell::Outcome;

/// How a server differs from the plain one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Traits {
    pub(crate) faults: BTreeSet<Fault>,
    pub(crate) oddities: BTreeSet<Oddity>,
    /// How long every transition takes, in milliseconds.
    pub(crate) delay_ms: u64,
    /// The sandboxes that an organisation may have; none is without end.
    pub(crate) quota: Option<usize>,
    /// The requests that are answered in a minute.
    pub(crate) rate: Option<u64>,
}

/// Every organisation of a server.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(super) traits: Traits,
    pub(super) organisations: BTreeMap<String, Organisation>,
    pub(super) counter: u64,
    requests: u64,
    /// What was written down.
    pub(super) exported: Vec<Exported>,
    /// Two that are one, for a server whose forks are.
    pub(super) shared: Option<(String, String)>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Organisation {
    pub(super) sandboxes: BTreeMap<String, Sandbox>,
    pub(super) snapshots: BTreeMap<String, Snapshot>,
    /// Names of snapshots that are being made.
    pub(super) making: BTreeSet<String>,
    /// Names and ids that were once given, for a server that never forgets them.
    pub(super) once: BTreeSet<String>,
    /// Sandboxes that are paused and serve meanwhile.
    pub(super) pausing: BTreeSet<String>,
    /// What was read of sandboxes, for a server that keeps it.
    pub(super) reads: BTreeMap<(String, String), Reply>,
    /// What names stood for, for a server that keeps it.
    pub(super) known: BTreeMap<String, Snapshot>,
    pub(super) pace: Pace,
    /// Whether something fell due while another thing was under way, for a server that waits.
    late: bool,
    /// Failures to come.
    pub(super) mishaps: Vec<Mishap>,
    /// When its minute of requests ends, and how many there were in it.
    window: (u64, u64),
}

/// What a sandbox was asked to be.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) template: String,
    pub(super) vcpu: u64,
    pub(super) memory: u64,
    pub(super) timeout: u64,
    pub(super) auto_pause: bool,
    pub(super) env: BTreeMap<String, String>,
    pub(super) policy: Value,
    pub(super) disk: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Sandbox {
    pub(super) id: String,
    pub(super) wish: Wish,
    pub(super) state: &'static str,
    pub(super) created: u64,
    pub(super) launched: u64,
    pub(super) changed: u64,
    /// When its time is over.
    pub(super) deadline: Option<u64>,
    pub(super) disk: Disk,
    /// The snapshot that it was restored from.
    pub(super) from: Option<String>,
    /// How it was when it was paused for the first time, for servers that go back to that.
    pub(super) first_pause: Option<Disk>,
    pub(super) past: Past,
    /// Until when its commands have run.
    pub(super) ticked: u64,
}

/// What was done with a sandbox, for servers that go by it.
#[derive(Clone, Debug, Default)]
pub(super) struct Past {
    pub(super) uses: u32,
    /// Reads since it was paused.
    pub(super) reads: u32,
    pub(super) captures: u32,
    /// Whether it was to be paused when it was.
    pub(super) paused_twice: bool,
    /// Whether a snapshot of it was given a name.
    pub(super) named: bool,
    /// Until when its last command runs.
    pub(super) busy: u64,
    /// Commands that have ended, until their callers ask.
    pub(super) ended: BTreeMap<u64, Outcome>,
    /// How often callers were told that they wait in vain, and why the last time.
    pub(super) halts: u64,
    pub(super) halted: &'static str,
}

#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) wish: Wish,
    pub(super) created: u64,
    pub(super) disk: Disk,
    pub(super) source: String,
    /// The snapshot that the source was restored from.
    pub(super) older: Option<String>,
}

/// What a request comes to.
#[derive(Debug)]
pub(crate) enum Step {
    Reply(Reply),
    /// The rest happens later.
    Later(u64, Finish),
    /// The request is to be tried again soon.
    Wait,
}

/// The end of something that takes time.
#[derive(Clone, Debug)]
pub(crate) enum Finish {
    /// A sandbox comes to rest.
    Rest { organisation: String, id: String, state: &'static str, status: u16 },
    /// A sandbox is gone.
    Gone { organisation: String, id: String },
    /// A snapshot is stored.
    Stored {
        organisation: String,
        id: String,
        name: String,
        end: Option<&'static str>,
        pause: bool,
    },
    /// A command is looked at again.
    Command { organisation: String, id: String, number: u64, halts: u64 },
    /// A sandbox runs again, and the request that woke it goes on.
    Awake { organisation: String, id: String, call: Box<Call> },
    /// The second half of what a fault takes apart.
    Late { organisation: String, id: String, late: Box<Late> },
    /// A snapshot is stored whose source went on long ago.
    Uploaded { organisation: String, snapshot: Box<Snapshot> },
}

impl Finish {
    fn organisation(&self) -> &str {
        match self {
            Self::Rest { organisation, .. }
            | Self::Gone { organisation, .. }
            | Self::Stored { organisation, .. }
            | Self::Command { organisation, .. }
            | Self::Awake { organisation, .. }
            | Self::Late { organisation, .. }
            | Self::Uploaded { organisation, .. } => organisation,
        }
    }
}

impl World {
    pub(crate) fn new(traits: Traits) -> Self {
        Self {
            traits,
            organisations: BTreeMap::new(),
            counter: 0,
            requests: 0,
            exported: Vec::new(),
            shared: None,
        }
    }

    pub(super) fn bug(&self, fault: Fault) -> bool {
        self.traits.faults.contains(&fault)
    }

    pub(super) fn odd(&self, oddity: Oddity) -> bool {
        self.traits.oddities.contains(&oddity)
    }

    pub(super) fn organisation(&mut self, name: &str) -> &mut Organisation {
        self.organisations.entry(name.to_owned()).or_default()
    }

    pub(super) fn sandbox(&mut self, organisation: &str, id: &str) -> Option<&mut Sandbox> {
        self.organisation(organisation).sandboxes.get_mut(id)
    }

    /// A new id.
    pub(super) fn id(&mut self, prefix: &str) -> String {
        self.counter += 1;
        // Spread, so that ids are not in order of their making.
        let mixed = self.counter.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        if self.odd(Oddity::UuidIds) {
            let low = mixed.rotate_left(17);
            return format!(
                "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
                mixed >> 32,
                (mixed >> 16) & 0xffff,
                mixed & 0xfff,
                low & 0xfff,
                low >> 16
            );
        }
        if self.odd(Oddity::CapitalIds) {
            return format!("{}{:X}", prefix.to_uppercase(), mixed >> 24);
        }
        if self.bug(Fault::IdsWithUnderscores) {
            return format!("{prefix}_{:010x}", mixed >> 24);
        }
        if self.bug(Fault::IdsWithColons) {
            return format!("{prefix}:{:010x}", mixed >> 24);
        }
        format!("{prefix}-{:010x}x", mixed >> 24)
    }

    /// Takes a request.
    pub(crate) fn call(&mut self, call: &Call, now: u64) -> Step {
        self.requests += 1;
        self.expire(now);
        let organisation = match self.authenticate(call) {
            Ok(organisation) => organisation,
            Err(reply) => return Step::Reply(reply),
        };
        if self.odd(Oddity::Throttles) && self.requests.is_multiple_of(15) {
            let reply = Reply::problem(429, "slow down").with("retry-after", "0");
            return Step::Reply(reply);
        }
        if call.path.starts_with("/_emulator/") {
            let reply = self.control(&organisation, call, now);
            return Step::Reply(reply);
        }
        let time = self.time_of(&organisation, now);
        if let Some(left) = self.too_many(&organisation, time) {
            let seconds = left.div_ceil(1000).to_string();
            let reply = Reply::problem(429, "too many requests").with("retry-after", &seconds);
            return Step::Reply(reply);
        }
        let step = match route(self, call) {
            Ok(route) => {
                let take = |world: &mut Self| world.take(&organisation, route, call, time);
                self.take_or_fail(&organisation, call, now, take)
            }
            Err(reply) => Err(reply),
        };
        let step = self.settle(step.unwrap_or_else(Step::Reply), now);
        self.mingle(&organisation);
        // Else the server dates its answers itself.
        match step {
            Step::Reply(reply) if time.abs_diff(now) > 0 => {
                Step::Reply(reply.with("date", &crate::moment::http_date(time)))
            }
            step => step,
        }
    }

    /// Counts a request; how long there are too many, in milliseconds.
    fn too_many(&mut self, org: &str, now: u64) -> Option<u64> {
        let most = self.traits.rate?;
        let (never, forever) = (self.bug(Fault::NoRateLimit), self.bug(Fault::RateNeverRecovers));
        let (ends, requests) = &mut self.organisation(org).window;
        if now >= *ends && !(forever && *requests > most) {
            (*ends, *requests) = (now + 60_000, 0);
        }
        *requests += 1;
        (*requests > most && !never).then(|| ends.saturating_sub(now).max(1))
    }

    /// Takes a request, with all that it begins.
    pub(crate) fn answer(&mut self, call: &Call, mut now: u64) -> Reply {
        let mut step = self.call(call, now);
        loop {
            step = match step {
                Step::Reply(reply) => return reply,
                Step::Later(ms, finish) => {
                    now += ms;
                    self.finish(finish, now)
                }
                Step::Wait => return Reply::problem(409, "it waits for ever"),
            };
        }
    }

    /// From now on, be odd in this way.
    pub(crate) fn allow(&mut self, oddity: Oddity) {
        self.traits.oddities.insert(oddity);
    }

    /// Ends what took time.
    pub(crate) fn finish(&mut self, finish: Finish, now: u64) -> Step {
        self.expire(now);
        let real = now;
        let now = self.time_of(finish.organisation(), now);
        let step = match finish {
            Finish::Rest { organisation, id, state, status } => {
                self.rest(&organisation, &id, state, status, now)
            }
            Finish::Gone { organisation, id } => self.gone(&organisation, &id),
            Finish::Command { organisation, id, number, halts } => {
                self.command(&organisation, &id, number, halts)
            }
            Finish::Stored { organisation, id, name, end, pause } => {
                self.stored(&organisation, &id, &name, end, pause, now)
            }
            Finish::Late { organisation, id, late } => {
                self.end_race(&organisation, &id, *late, now)
            }
            Finish::Uploaded { organisation, snapshot } => self.uploaded(&organisation, *snapshot),
            Finish::Awake { organisation, id, call } => {
                self.awake(&organisation, &id, now);
                match route(self, &call) {
                    Ok(route) => {
                        self.take(&organisation, route, &call, now).unwrap_or_else(Step::Reply)
                    }
                    Err(reply) => Step::Reply(reply),
                }
            }
        };
        self.settle(step, real)
    }

    /// Goes on at once with what takes no time.
    fn settle(&mut self, step: Step, now: u64) -> Step {
        match step {
            Step::Later(0, finish) => self.finish(finish, now),
            other => other,
        }
    }

    pub(super) fn take(
        &mut self,
        organisation: &str,
        route: Route,
        call: &Call,
        now: u64,
    ) -> Result<Step, Reply> {
        if let Some(step) = self.begin_race(organisation, &route, call, now) {
            return Ok(step);
        }
        match route {
            Route::Create => self.create(organisation, call, now),
            Route::ListSandboxes => self.list_sandboxes(organisation, call, now).map(Step::Reply),
            Route::ListSnapshots => self.list_snapshots(organisation, call, now).map(Step::Reply),
            Route::Restore { resume } => self.restore(organisation, call, resume, now),
            Route::DeleteSnapshot(id) => self.delete_snapshot(organisation, &id),
            Route::Sandbox(id, what) => {
                if !self.organisation(organisation).sandboxes.contains_key(&id) {
                    if self.bug(Fault::BodyBeforePath)
                        && object(self, call)?.get("name").is_some_and(|name| !name.is_string())
                    {
                        return Err(Reply::field("name", "must be a string"));
                    }
                    if call.method == "DELETE" && self.organisation(organisation).once.contains(&id)
                    {
                        return Ok(Step::Reply(Reply::done()));
                    }
                    return Err(self.absent(&id, &what, call));
                }
                self.of_sandbox(organisation, &id, &what, call, now)
            }
        }
    }

    /// Which organisation a key belongs to.
    fn authenticate(&self, call: &Call) -> Result<String, Reply> {
        let refused = || Reply::problem(401, "unauthorized");
        let own = call.header("leap0-authorization");
        let plain = call.header("authorization");
        if self.bug(Fault::OnlyOneHeader) && own.is_some() {
            return Err(refused());
        }
        let first = if self.bug(Fault::AuthorizationWins) { plain.or(own) } else { own.or(plain) };
        let Some(value) = first else {
            return if self.bug(Fault::KeysIgnored) {
                Ok("reference-key".to_owned())
            } else {
                Err(refused())
            };
        };
        let key = match value.split_once(' ') {
            Some((word, key)) if word.eq_ignore_ascii_case("bearer") => {
                if self.bug(Fault::BearerInOneCase) && word != "Bearer" {
                    return Err(refused());
                }
                key
            }
            Some(("Basic", _)) if self.bug(Fault::BasicIsAKey) => "reference-key",
            _ if self.bug(Fault::BearerNeeded) => return Err(refused()),
            _ => value,
        };
        match key {
            "reference-key" => Ok(key.to_owned()),
            "reference-other" if self.bug(Fault::OrganisationsShared) => {
                Ok("reference-key".to_owned())
            }
            "reference-other" => Ok(key.to_owned()),
            _ if key.starts_with(OWN_KEY) => Ok(key.to_owned()),
            _ if self.bug(Fault::UnknownKeysTaken) => Ok(key.to_owned()),
            _ => Err(refused()),
        }
    }

    /// What a request about a sandbox that is not there is answered.
    fn absent(&self, id: &str, what: &str, call: &Call) -> Reply {
        let status = match (&*call.method, what) {
            ("GET", "") if self.bug(Fault::AbsentReadIs200) => {
                return Reply::json(200, super::views::sample(id));
            }
            ("DELETE", "") if self.bug(Fault::AbsentDeleteIs204) => return Reply::done(),
            (_, "pause") if self.bug(Fault::AbsentPauseIs409) => 409,
            (_, "stop") if self.bug(Fault::AbsentStopIs409) => 409,
            (_, "start") if self.bug(Fault::AbsentStartIs409) => 409,
            (_, "snapshot/create") if self.bug(Fault::AbsentSnapshotIs409) => 409,
            (_, "mounts") if self.bug(Fault::AbsentMountIs400) => 400,
            (_, what) if is_use(what) && self.bug(Fault::AbsentUseIs403) => 403,
            _ => 404,
        };
        Reply::problem(status, format!("sandbox {id} not found"))
    }

    /// Lets time pass.
    pub(super) fn expire(&mut self, now: u64) {
        let (never, deletes) = (self.bug(Fault::TimeoutIgnored), self.bug(Fault::AutoPauseDeletes));
        let loses = self.bug(Fault::AutoPauseLosesMemory);
        let stops = self.odd(Oddity::TimeoutStops);
        let cuts = self.bug(Fault::TimeoutCutsCapture);
        let waits = self.bug(Fault::TimeoutsWaitForChanges);
        for organisation in self.organisations.values_mut() {
            let now = organisation.pace.shown(now);
            let mut over = Vec::new();
            let changing = |sandbox: &Sandbox| is_passing(sandbox.state);
            let stands = matches!(organisation.pace, Pace::At(_));
            if waits && stands && organisation.sandboxes.values().any(changing) {
                organisation.late = true;
                continue;
            }
            for sandbox in organisation.sandboxes.values_mut() {
                sandbox.tick(now);
                let Some(due) = sandbox.deadline.filter(|at| *at <= now) else { continue };
                let captured = cuts && sandbox.state == "snapshotting";
                if sandbox.state != "running" && !captured {
                    continue;
                }
                sandbox.changed = if organisation.late { now } else { due };
                let short = sandbox.wish.timeout < 3600;
                if sandbox.wish.auto_pause && !(deletes && short) {
                    sandbox.state = "paused";
                    sandbox.deadline = None;
                    sandbox.halt("paused");
                    if loses {
                        sandbox.disk.power_off();
                    }
                } else if never && !sandbox.wish.auto_pause {
                    sandbox.deadline = None;
                } else if stops {
                    sandbox.state = "stopped";
                    sandbox.deadline = None;
                    sandbox.disk.power_off();
                } else {
                    over.push(sandbox.id.clone());
                }
            }
            for id in over {
                organisation.sandboxes.remove(&id);
            }
        }
    }

    /// The deadline of a sandbox that begins to run.
    pub(super) fn deadline(&self, wish: &Wish, restored: bool, now: u64) -> Option<u64> {
        if restored && self.bug(Fault::RestoredNeverTimesOut) {
            return None;
        }
        if wish.timeout == 300 && self.bug(Fault::FiveMinutesNeverEnd) {
            return None;
        }
        let most = if self.bug(Fault::EndsAfterAnHour) { 3600 } else { u64::MAX };
        let seconds = wish.timeout.min(most) * 1000;
        Some(now + if self.bug(Fault::TimeoutEarly) { seconds / 10 } else { seconds })
    }
}

/// Whether a path of a sandbox is a use, which resumes it.
pub(super) fn is_use(what: &str) -> bool {
    ["filesystem/", "process/", "system/"].iter().any(|family| what.starts_with(family))
}

/// The JSON object of a request.
pub(super) fn object(world: &World, call: &Call) -> Result<Map<String, Value>, Reply> {
    let kind = call.header("content-type").unwrap_or("");
    if world.bug(Fault::NeedsContentType)
        && !call.body.is_empty()
        && !kind.starts_with("application/json")
    {
        return Err(Reply::field("body", "must be application/json"));
    }
    if call.body.is_empty() {
        return if world.bug(Fault::EmptyBodyIs400) {
            Err(Reply::field("body", "is required"))
        } else {
            Ok(Map::new())
        };
    }
    match serde_json::from_slice(&call.body) {
        Ok(Value::Object(mut object)) => {
            if world.bug(Fault::UnknownFieldsRefused) {
                let strange = ["otel_export", "telemetry", "x-unknown", "shell", "follow"];
                if let Some(name) = object.keys().find(|name| strange.contains(&&***name)) {
                    return Err(Reply::field(name, "is unknown"));
                }
            }
            if world.bug(Fault::NullsRefused)
                && let Some((name, _)) = object.iter().find(|(_, value)| value.is_null())
            {
                return Err(Reply::field(name, "must not be null"));
            }
            object.retain(|_, value| !value.is_null());
            Ok(object)
        }
        _ if world.bug(Fault::BrokenJsonIs422) => Err(Reply::problem(422, "no JSON object")),
        _ => Err(Reply::field("body", "must be a JSON object")),
    }
}
