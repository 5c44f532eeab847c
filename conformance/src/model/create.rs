//! Creating sandboxes.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::disk::Disk;
use super::fault::Fault;
use super::fields::Fields;
use super::oddity::Oddity;
use super::policy;
use super::reply::{Call, Reply};
use super::world::{Finish, Past, Sandbox, Step, Wish, World, object};

/// The templates that there are.
const TEMPLATES: [&str; 3] =
    ["system/debian:bookworm", "system/code-interpreter:v0.1.0", "system/desktop:v0.1.0"];

/// A timeout as it is kept by a server that counts in minutes, if it is longer than one.
pub(super) fn whole_minutes(seconds: u64) -> u64 {
    if seconds > 60 { seconds.div_ceil(60) * 60 } else { seconds }
}

/// What a request asks for, as far as create and restore have it in common.
pub(super) struct Common {
    pub(super) timeout: Option<u64>,
    pub(super) auto_pause: bool,
    pub(super) policy: Option<Value>,
}

impl World {
    pub(super) fn create(&mut self, org: &str, call: &Call, now: u64) -> Result<Step, Reply> {
        let object = object(self, call)?;
        let wish = self.wish(&object)?;
        if self.full(org) {
            return Err(Reply::problem(409, "too many sandboxes"));
        }
        let mut disk = Disk::new(now);
        let workdir = self.workdir();
        disk.make_parents(&format!("{workdir}/x"), now);
        let id = self.launch(org, wish, disk, None, now);
        let status = if self.bug(Fault::CreateIs200) { 200 } else { 201 };
        Ok(self.boot(org, &id, status))
    }

    /// Whether an organisation has as many sandboxes as it may.
    pub(super) fn full(&mut self, org: &str) -> bool {
        let stopped_counts = self.bug(Fault::StoppedTakesAPlace);
        let two = self.bug(Fault::QuotaOfTwo);
        let most = self.traits.quota.map(|most| if two { 2 } else { most });
        let sandboxes = self.organisation(org).sandboxes.values();
        let count = sandboxes.filter(|s| stopped_counts || s.state != "stopped").count();
        most.is_some_and(|most| count >= most)
    }

    fn wish(&self, object: &Map<String, Value>) -> Result<Wish, Reply> {
        let mut fields = Fields::new(object);
        let mut template = fields.text("template_name").unwrap_or_default().trim().to_owned();
        if template.is_empty() && !self.bug(Fault::TemplateIsOptional) {
            fields.wrong("template_name", "is required");
        } else if template.is_empty() {
            TEMPLATES[0].clone_into(&mut template);
        } else if !TEMPLATES.contains(&&*template) && self.bug(Fault::UnknownTemplateIs404) {
            return Err(Reply::problem(404, "no such template"));
        } else if !TEMPLATES.contains(&&*template) {
            fields.wrong("template_name", "no such template");
        }
        let most = match () {
            () if self.bug(Fault::NineVcpus) => 9,
            () if self.bug(Fault::FourVcpusAtMost) => 4,
            () => 8,
        };
        let vcpu = fields.number("vcpu", 1, most).unwrap_or(1);
        let memory = self.memory(&mut fields);
        let common = self.common(&mut fields);
        let env = fields.map("env_vars");
        let disk = fields.raw("disk").and_then(Value::as_u64);
        let mounts = fields.raw("mounts").filter(|_| !self.bug(Fault::MountsLeftOut));
        if mounts.is_some_and(|mounts| mounts != &Value::Array(Vec::new())) {
            return Err(Reply::problem(501, "mounts are not built"));
        }
        fields.end()?;
        let mut timeout = common
            .timeout
            .unwrap_or_else(|| if self.bug(Fault::TenMinutesByDefault) { 600 } else { 300 });
        if self.bug(Fault::CreateInWholeMinutes) {
            timeout = whole_minutes(timeout);
        }
        let open = if self.bug(Fault::DeniedByDefault) { "deny-all" } else { "allow-all" };
        Ok(Wish {
            template,
            vcpu,
            memory,
            timeout,
            auto_pause: common.auto_pause,
            env: if self.bug(Fault::EnvForgotten) { BTreeMap::default() } else { env },
            policy: self.kept(common.policy).unwrap_or_else(|| serde_json::json!({ "mode": open })),
            disk: disk.filter(|_| self.bug(Fault::DiskAsAsked)).unwrap_or(10_240),
        })
    }

    /// A policy as it is kept.
    fn kept(&self, policy: Option<Value>) -> Option<Value> {
        let mut policy = policy?;
        if self.bug(Fault::ModeIsForced) && policy.get("allow_domains").is_some() {
            policy["mode"] = "custom".into();
        }
        if self.bug(Fault::HeadersMasked) {
            for transform in policy["transforms"].as_array_mut().into_iter().flatten() {
                transform["inject_headers"] = serde_json::json!({"x-key": "***"});
            }
        }
        Some(policy)
    }

    fn memory(&self, fields: &mut Fields<'_>) -> u64 {
        let default = if self.bug(Fault::HalfAGibByDefault) { 512 } else { 1024 };
        let newer = (!self.odd(Oddity::EraAOnly)).then(|| fields.number("memory", 512, 8192));
        let old_words = !self.odd(Oddity::CurrentErasOnly)
            && !self.odd(Oddity::EraBOnly)
            && !self.odd(Oddity::EraCOnly)
            && !self.bug(Fault::MemoryMibIgnored);
        let older = if old_words { fields.number("memory_mib", 512, 8192) } else { None };
        let newer = newer.flatten();
        let name = if newer.is_some() { "memory" } else { "memory_mib" };
        if let (Some(newer), Some(older)) = (newer, older)
            && newer != older
            && !self.bug(Fault::NewerNameWins)
        {
            fields.wrong("memory", "contradicts memory_mib");
        }
        let memory = newer.or(older).unwrap_or(default);
        if !memory.is_multiple_of(2) && !self.bug(Fault::OddMemory) {
            fields.wrong(name, "must be even");
        }
        memory
    }

    /// Reads what create and restore have in common.
    pub(super) fn common(&self, fields: &mut Fields<'_>) -> Common {
        let most = if self.bug(Fault::DayLongTimeouts) { 86_400 } else { 28_800 };
        let least = match () {
            () if self.bug(Fault::NoTimeoutAtAll) => 0,
            () if self.bug(Fault::OneSecondIsTooShort) => 2,
            () => 1,
        };
        let newer =
            if self.odd(Oddity::EraAOnly) { None } else { fields.number("timeout", least, most) };
        let old_words = !self.odd(Oddity::CurrentErasOnly)
            && !self.odd(Oddity::EraBOnly)
            && !self.odd(Oddity::EraCOnly);
        let minutes = if old_words { fields.number("timeout_min", 1, 480) } else { None };
        let unit = if self.bug(Fault::MinutesAreSeconds) { 1 } else { 60 };
        let older = minutes.map(|minutes| minutes * unit);
        if let (Some(newer), Some(older)) = (newer, older)
            && newer != older
            && unit == 60
            && !self.bug(Fault::NewerNameWins)
        {
            fields.wrong("timeout", "contradicts timeout_min");
        }
        let auto_pause = fields.flag("auto_pause");
        let policy = fields.raw("network_policy").cloned();
        if let Some(policy) = &policy {
            policy::check(self, policy, fields);
        }
        Common { timeout: newer.or(older), auto_pause, policy }
    }

    /// Adds a sandbox that is about to run.
    pub(super) fn launch(
        &mut self,
        org: &str,
        wish: Wish,
        disk: Disk,
        from: Option<String>,
        now: u64,
    ) -> String {
        let id = self.id("sbx");
        let sandbox = Sandbox {
            id: id.clone(),
            deadline: self.deadline(&wish, from.is_some(), now),
            wish,
            state: "starting",
            created: now,
            launched: now,
            changed: now,
            disk,
            from,
            first_pause: None,
            past: Past::default(),
            ticked: now,
        };
        self.organisation(org).sandboxes.insert(id.clone(), sandbox);
        id
    }

    /// Boots a sandbox, and answers when it runs.
    pub(super) fn boot(&mut self, org: &str, id: &str, status: u16) -> Step {
        let mut delay = self.traits.delay_ms;
        if self.odd(Oddity::StartingFirst) || self.odd(Oddity::StrangeStates) {
            // It comes to run by itself, after the answer.
            if let Some(sandbox) = self.sandbox(org, id) {
                sandbox.state = "starting";
            }
            let reply = Reply::json(status, self.view_of(org, id));
            return Step::Reply(reply);
        }
        if self.bug(Fault::NeverRunning) {
            delay = 0;
        }
        let state = if self.bug(Fault::NeverRunning) { "starting" } else { "running" };
        Step::Later(
            delay,
            Finish::Rest { organisation: org.to_owned(), id: id.to_owned(), state, status },
        )
    }
}
