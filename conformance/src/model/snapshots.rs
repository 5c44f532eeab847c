//! Taking, restoring and deleting snapshots.

use super::fault::Fault;
use super::fields::Fields;
use super::oddity::Oddity;
use super::races::GAP_MS;
use super::reply::{Call, Reply};
use super::world::{Finish, Organisation, Snapshot, Step, World, object};

impl World {
    pub(super) fn capture(
        &mut self,
        org: &str,
        id: &str,
        call: &Call,
        pause: bool,
        now: u64,
    ) -> Result<Step, Reply> {
        let object = object(self, call)?;
        let mut fields = Fields::new(&object);
        let given = fields.text("name");
        let kill = fields.flag("kill_sandbox_after") && !self.odd(Oddity::EraBOnly);
        let name = match &given {
            Some(text) => self.checked_name(text, &mut fields),
            None if self.bug(Fault::NameIsRequired) => {
                fields.wrong("name", "is required");
                String::new()
            }
            None => self.made_up_name(org, id),
        };
        fields.end()?;
        let state = self.state(org, id);
        let fine = state == "running"
            || (state == "paused" && self.bug(Fault::SnapshotOfPaused))
            || (state == "stopped" && self.bug(Fault::SnapshotOfStopped))
            || (state == "paused" && pause && self.bug(Fault::SnapshotPauseOfPaused));
        if !fine {
            if state == "paused" && self.bug(Fault::RefusedCaptureResumes) {
                self.awake(org, id, now);
            }
            let hidden = self.sandbox(org, id).is_some_and(|sandbox| sandbox.past.paused_twice);
            let missed = hidden && self.bug(Fault::SecondPauseHides);
            let status = if missed { 404 } else { 409 };
            return Err(Reply::problem(status, format!("sandbox is not running but {state}")));
        }
        let past = self.sandbox(org, id).map(|sandbox| sandbox.past.clone()).unwrap_or_default();
        let idle = pause && past.uses == 0 && self.bug(Fault::SnapshotPauseOfIdleIs409);
        if idle || (past.captures >= 7 && self.bug(Fault::SevenSnapshotsAtMost)) {
            return Err(Reply::problem(409, "no snapshot of this sandbox"));
        }
        let taken = self.is_taken(org, &name);
        let lenient = self.bug(Fault::TakenNameIsFine)
            || self.bug(Fault::TakenNameReplaces)
            || (kill && self.bug(Fault::KillTakesAnyName))
            || (pause && self.bug(Fault::SnapshotPauseTakesAnyName));
        if taken && !lenient {
            return Err(Reply::problem(409, format!("snapshot name already exists: {name}")));
        }
        if taken && self.bug(Fault::TakenNameReplaces) {
            self.organisation(org).snapshots.retain(|_, snapshot| snapshot.name != name);
        }
        let race = self.bug(Fault::NameRace);
        let loses = self.bug(Fault::LostCaptureKeepsName);
        let delay = match () {
            () if race => 30,
            () if loses => GAP_MS,
            () => self.traits.delay_ms,
        };
        let busy = !self.bug(Fault::RunsWhileSnapshotting) && !loses;
        let cuts = self.bug(Fault::CommandEndsAtCapture);
        if !self.bug(Fault::NameFreeWhileMaking) && !race {
            self.organisation(org).making.insert(name.clone());
        }
        if let Some(sandbox) = self.sandbox(org, id) {
            sandbox.past.captures += 1;
            sandbox.past.named |= given.is_some();
            if cuts {
                sandbox.disk.take_processes();
                sandbox.halt("captured");
            }
        }
        if let Some(sandbox) = self.sandbox(org, id).filter(|_| delay > 0 && busy) {
            sandbox.state = "snapshotting";
            sandbox.changed = now;
        }
        let gone = if self.odd(Oddity::PauseLeavesPaused) { "paused" } else { "gone" };
        let end = match (pause, kill) {
            (true, _) if self.bug(Fault::SnapshotPauseGoesOn) => None,
            (true, _) => Some(gone),
            (false, true) if self.bug(Fault::KillIgnored) => None,
            (false, true) => Some("gone"),
            (false, false) if self.bug(Fault::SnapshotPausesSource) => Some("paused"),
            (false, false) if self.bug(Fault::SnapshotEndsSource) => Some("gone"),
            (false, false) => None,
        };
        if self.odd(Oddity::StoresLate) && end.is_none() {
            return Ok(self.upload(org, id, &name, now));
        }
        let (organisation, id) = (org.to_owned(), id.to_owned());
        Ok(Step::Later(delay, Finish::Stored { organisation, id, name, end, pause }))
    }

    /// Takes what a sandbox holds and lets it go on; the snapshot is stored later.
    fn upload(&mut self, org: &str, id: &str, name: &str, now: u64) -> Step {
        const UPLOAD_MS: u64 = 6;
        let Some(source) = self.sandbox(org, id) else {
            return Step::Reply(Reply::problem(404, "sandbox is gone"));
        };
        source.state = "running";
        let mut snapshot = Snapshot {
            id: String::new(),
            name: name.to_owned(),
            wish: source.wish.clone(),
            created: now,
            disk: source.disk.clone(),
            source: id.to_owned(),
            older: source.from.clone(),
        };
        snapshot.id = self.id("snap");
        let organisation = org.to_owned();
        Step::Later(UPLOAD_MS, Finish::Uploaded { organisation, snapshot: Box::new(snapshot) })
    }

    pub(super) fn uploaded(&mut self, org: &str, snapshot: Snapshot) -> Step {
        let id = snapshot.id.clone();
        self.organisation(org).making.remove(&snapshot.name);
        self.organisation(org).snapshots.insert(id.clone(), snapshot);
        Step::Reply(Reply::json(201, self.snapshot_view(org, &id)))
    }

    fn is_taken(&mut self, org: &str, name: &str) -> bool {
        let forever = self.bug(Fault::NameTakenForever);
        let organisation = self.organisation(org);
        organisation.making.contains(name)
            || organisation.snapshots.values().any(|snapshot| snapshot.name == name)
            || (forever && organisation.once.contains(name))
    }

    fn checked_name(&self, text: &str, fields: &mut Fields<'_>) -> String {
        let name = text.trim();
        let length = name.chars().count();
        if self.bug(Fault::LongNameCut) {
            return name.chars().take(64).collect();
        }
        let most = match () {
            () if self.bug(Fault::NameOf100) => 100,
            () if self.bug(Fault::NameOf32) => 32,
            () => 64,
        };
        if !(1..=most).contains(&length) {
            fields.wrong("name", "must have 1 to 64 characters");
        } else if name.chars().any(char::is_control) {
            fields.wrong("name", "must not have control characters");
        } else if self.bug(Fault::NamesAreSlugs)
            && !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        {
            fields.wrong("name", "must have letters, digits and hyphens");
        }
        name.to_owned()
    }

    fn made_up_name(&mut self, org: &str, id: &str) -> String {
        let template = self.sandbox(org, id).map_or(String::new(), |s| s.wish.template.clone());
        let slug = template.rsplit('/').next().unwrap_or("").replace(':', "-");
        self.counter += 1;
        let number = self.counter.wrapping_mul(0x9E37_79B1) & 0xffff_ffff;
        match () {
            () if self.bug(Fault::OneNameForAll) => slug,
            () if self.bug(Fault::NameOfNothing) => format!("snapshot-{number:08x}"),
            () if self.bug(Fault::NameCutShort) => format!("{slug:.7}-{number:08x}"),
            () if self.odd(Oddity::OtherNames) => format!("SYSTEM_{slug}_{number}").to_uppercase(),
            () => format!("{slug}-{number:08x}"),
        }
    }

    pub(super) fn stored(
        &mut self,
        org: &str,
        id: &str,
        name: &str,
        end: Option<&'static str>,
        pause: bool,
        now: u64,
    ) -> Step {
        let snapshot_id = self.id("snap");
        let loses = self.bug(Fault::LostCaptureKeepsName);
        if !loses || self.sandbox(org, id).is_some() {
            self.organisation(org).making.remove(name);
        }
        let Some(source) = self.sandbox(org, id) else {
            return Step::Reply(Reply::problem(404, "sandbox is gone"));
        };
        let mut snapshot = Snapshot {
            id: snapshot_id.clone(),
            name: name.to_owned(),
            wish: source.wish.clone(),
            created: now,
            disk: source.disk.clone(),
            source: id.to_owned(),
            older: source.from.clone(),
        };
        if !loses {
            source.state = "running";
        }
        source.changed = now;
        let paused = source.first_pause.clone();
        if self.bug(Fault::CaptureLosesSourceMemory)
            && let Some(source) = self.sandbox(org, id)
        {
            source.disk.power_off();
        }
        if self.bug(Fault::CaptureEmptiesTmp)
            && let Some(source) = self.sandbox(org, id)
        {
            let inside: Vec<String> =
                source.disk.children("/tmp").iter().map(|(path, _)| (*path).to_owned()).collect();
            let remembers = !source.disk.children("/dev/shm").is_empty();
            for path in inside.iter().filter(|_| remembers) {
                source.disk.remove(path);
            }
        }
        if let Some(old) = paused.filter(|_| self.bug(Fault::SnapshotAfterPauseIsOld)) {
            snapshot.disk = old;
        }
        if self.bug(Fault::SnapshotLosesMemory) {
            snapshot.disk.power_off();
        }
        if self.bug(Fault::SnapshotLosesDisk) {
            snapshot.disk.wipe(now);
        }
        if self.bug(Fault::SnapshotForgetsResources) {
            (snapshot.wish.vcpu, snapshot.wish.memory) = (1, 1024);
        }
        let forever = self.bug(Fault::NameTakenForever);
        let organisation = self.organisation(org);
        organisation.snapshots.insert(snapshot_id.clone(), snapshot);
        if forever {
            organisation.once.insert(name.to_owned());
        }
        match end {
            Some("gone") => drop(organisation.sandboxes.remove(id)),
            Some(state) => {
                if let Some(source) = organisation.sandboxes.get_mut(id) {
                    source.state = state;
                    source.deadline = None;
                }
            }
            None => {}
        }
        if end.is_some() && self.bug(Fault::KillLosesSnapshot) {
            self.organisation(org).snapshots.remove(&snapshot_id);
            let view = super::views::sample_snapshot(&snapshot_id, name);
            return Step::Reply(Reply::json(201, view));
        }
        let mut view = self.snapshot_view(org, &snapshot_id);
        if pause {
            let state =
                if self.bug(Fault::SnapshotPauseSaysStopped) { "stopped" } else { "paused" };
            if !self.bug(Fault::SnapshotPauseWithoutState) {
                view["state"] = state.into();
            }
        }
        let status = if self.bug(Fault::SnapshotIs200) { 200 } else { 201 };
        Step::Reply(Reply::json(status, view))
    }

    /// A snapshot that nobody asked for.
    pub(super) fn stray_snapshot(&mut self, org: &str, id: &str, now: u64) {
        let name = self.made_up_name(org, id);
        let _ = self.stored(org, id, &name, None, false, now);
    }

    pub(super) fn restore(
        &mut self,
        org: &str,
        call: &Call,
        resume: bool,
        now: u64,
    ) -> Result<Step, Reply> {
        let object = object(self, call)?;
        let mut fields = Fields::new(&object);
        let by_id = fields.text("snapshot_id");
        let name = fields.text("snapshot_name").map(|name| name.trim().to_owned());
        let length = name.as_ref().map_or(1, |name| name.chars().count());
        if name.is_none() && by_id.is_none() {
            fields.wrong("snapshot_name", "is required");
        } else if !(1..=64).contains(&length) {
            fields.wrong("snapshot_name", "must have 1 to 64 characters");
        }
        let vcpu = fields.raw("vcpu").and_then(serde_json::Value::as_u64);
        let common = self.common(&mut fields);
        fields.end()?;
        let by_id = by_id.filter(|_| !self.bug(Fault::NoRestoreById));
        let snapshot = self.find(org, name.as_deref(), by_id.as_deref())?;
        if self.full(org) {
            let status = if self.bug(Fault::RestoreLimitIs409) { 409 } else { 429 };
            return Err(Reply::problem(status, "too many sandboxes").with("retry-after", "1"));
        }
        let mut wish = snapshot.wish.clone();
        let inherits = self.bug(Fault::RestoreInheritsTimeout);
        wish.timeout = common.timeout.unwrap_or(if inherits { wish.timeout } else { 300 });
        if self.bug(Fault::RestoreInWholeMinutes) {
            wish.timeout = super::create::whole_minutes(wish.timeout);
        }
        wish.auto_pause =
            common.auto_pause || (wish.auto_pause && self.bug(Fault::RestoreInheritsAutoPause));
        match common.policy {
            Some(policy) if !self.bug(Fault::RestoreIgnoresPolicy) => wish.policy = policy,
            None if self.bug(Fault::RestoreForgetsPolicy) => {
                wish.policy = serde_json::json!({"mode": "allow-all"});
            }
            _ => {}
        }
        if let Some(vcpu) = vcpu.filter(|_| self.bug(Fault::RestoreTakesVcpu)) {
            wish.vcpu = vcpu;
        }
        if self.bug(Fault::RestoreForgetsEnv) {
            wish.env.clear();
        }
        if resume && self.bug(Fault::ResumeIsAnotherOperation) {
            wish.auto_pause = true;
        }
        let mut disk = snapshot.disk.clone();
        if self.bug(Fault::RestoreForgetsMemory) {
            disk.power_off();
        }
        if self.bug(Fault::RestoreForgetsEmptyDirectories) {
            disk.prune();
        }
        let older = snapshot.older.as_ref();
        let alone = older.is_some_and(|id| !self.organisation(org).snapshots.contains_key(id));
        if self.bug(Fault::RestoreIsEmpty) || (alone && self.bug(Fault::OlderSnapshotNeeded)) {
            disk = super::disk::Disk::new(now);
        }
        if self.bug(Fault::SnapshotFollowsSource)
            && let Some(source) = self.sandbox(org, &snapshot.source)
        {
            disk = source.disk.clone();
        }
        if self.bug(Fault::RestoreNeedsSource) && self.sandbox(org, &snapshot.source).is_none() {
            return Err(Reply::problem(404, "the source is gone"));
        }
        if self.bug(Fault::RestoreUsesUp) {
            self.organisation(org).snapshots.remove(&snapshot.id);
        }
        if self.bug(Fault::RestoreGivesSource) && self.sandbox(org, &snapshot.source).is_some() {
            return Ok(Step::Reply(Reply::json(201, self.view_of(org, &snapshot.source))));
        }
        if self.bug(Fault::RestoredOutlivesDelete) {
            self.organisation(org).known.insert(snapshot.name.clone(), snapshot.clone());
        }
        let id = self.launch(org, wish, disk, Some(snapshot.id.clone()), now);
        let status = if self.bug(Fault::RestoreIs200) { 200 } else { 201 };
        Ok(self.boot(org, &id, status))
    }

    fn find(&mut self, org: &str, name: Option<&str>, id: Option<&str>) -> Result<Snapshot, Reply> {
        let (loose, any) =
            (self.bug(Fault::RestoreByBeginning), self.bug(Fault::RestoreOfAnything));
        let outlives = self.bug(Fault::RestoredOutlivesDelete);
        let Organisation { snapshots, known, .. } = &*self.organisation(org);
        let found = snapshots.values().find(|snapshot| match (name, id) {
            (Some(name), _) => snapshot.name == name || (loose && snapshot.name.starts_with(name)),
            (None, id) => Some(&*snapshot.id) == id,
        });
        let known = name.and_then(|name| known.get(name)).filter(|_| outlives);
        let found = found.or(known).or_else(|| snapshots.values().next().filter(|_| any));
        found.cloned().ok_or_else(|| Reply::problem(404, "snapshot not found"))
    }

    pub(super) fn delete_snapshot(&mut self, org: &str, id: &str) -> Result<Step, Reply> {
        let again = self.bug(Fault::DeleteSnapshotAgainIs204);
        let (busy, allowed) = (
            ["starting", "running", "snapshotting", "unpausing", "stopping"],
            self.odd(Oddity::DeleteInUse) || self.bug(Fault::DeleteBreaksCopies),
        );
        let with_source = self.bug(Fault::DeleteTakesUnusedSource);
        let organisation = self.organisation(org);
        if let Some(snapshot) = organisation.snapshots.get(id).filter(|_| with_source)
            && organisation.sandboxes.get(&snapshot.source).is_some_and(|one| one.past.uses == 0)
        {
            organisation.sandboxes.remove(&snapshot.source);
        }
        if !organisation.snapshots.contains_key(id) {
            return if again {
                Ok(Step::Reply(Reply::done()))
            } else {
                Err(Reply::problem(404, format!("snapshot {id} not found")))
            };
        }
        let user = organisation
            .sandboxes
            .values()
            .find(|sandbox| sandbox.from.as_deref() == Some(id) && busy.contains(&sandbox.state))
            .map(|sandbox| sandbox.id.clone());
        if let Some(user) = user {
            if !allowed {
                let message = format!("snapshot is in use by an active sandbox: {user}");
                return Err(Reply::problem(409, message));
            }
            if self.bug(Fault::DeleteBreaksCopies) {
                self.organisation(org).sandboxes.remove(&user);
            }
        } else if self.bug(Fault::DeleteUnusedIs409) {
            return Err(Reply::problem(409, "snapshot is in use"));
        }
        if !self.bug(Fault::DeleteSnapshotKeeps) {
            self.organisation(org).snapshots.remove(id);
        }
        if self.bug(Fault::DeleteSnapshotIs200) {
            return Ok(Step::Reply(Reply::json(200, serde_json::json!({"deleted": true}))));
        }
        Ok(Step::Reply(Reply::done()))
    }
}
