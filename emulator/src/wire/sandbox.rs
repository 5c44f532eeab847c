//! Sandboxes on the wire.

use leap0_emulator_core::clock::Timestamp;
use leap0_emulator_core::service::{Sandbox, Spec};
use leap0_emulator_core::spec::{
    DISK_MIB, EnvVars, MAX_TIMEOUT_SECS, MEMORY_MIB, MemoryRule, NetworkRules, Resources, Timeout,
    VCPUS,
};
use leap0_emulator_core::template::Template;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{FieldError, Fields, network};

/// Longest template name, in characters.
const MAX_TEMPLATE_NAME: usize = 64;

/// A sandbox in the words of every era (RESP-01).
#[derive(Debug, Serialize)]
pub(crate) struct SandboxBody<'a> {
    id: &'a str,
    template_id: &'a str,
    template_name: &'a str,
    vcpu: u32,
    /// MiB; `memory_mib` is the same in the oldest era's word.
    memory: u32,
    memory_mib: u32,
    /// MiB, as `disk_mib`.
    disk: u32,
    disk_mib: u32,
    /// Seconds.
    timeout: u32,
    /// Minutes, rounded up.
    timeout_min: u32,
    state: &'static str,
    auto_pause: bool,
    network_policy: &'a NetworkRules,
    /// Always empty: mounts are not built. `null` breaks Python 0.8.0.
    mounts: [(); 0],
    #[serde(serialize_with = "rfc3339")]
    created_at: Timestamp,
}

impl<'a> SandboxBody<'a> {
    pub(crate) fn of(sandbox: &'a Sandbox) -> Self {
        let spec = sandbox.spec();
        Self {
            id: sandbox.id().as_str(),
            template_id: &spec.template.id,
            template_name: &spec.template.name,
            vcpu: spec.resources.vcpus,
            memory: spec.resources.memory_mib,
            memory_mib: spec.resources.memory_mib,
            disk: spec.resources.disk_mib,
            disk_mib: spec.resources.disk_mib,
            timeout: spec.timeout.as_secs(),
            timeout_min: spec.timeout.as_mins(),
            state: sandbox.state().as_str(),
            auto_pause: spec.auto_pause,
            network_policy: spec.network.rules(),
            mounts: [],
            created_at: sandbox.created_at(),
        }
    }
}

/// Writes a moment as RFC 3339 (RESP-06).
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
pub(crate) fn rfc3339<S: Serializer>(moment: &Timestamp, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(moment)
}

/// Reads `POST /v1/sandbox` in any era's words.
pub(crate) fn create_sandbox(mut fields: Fields) -> Result<Spec, Vec<FieldError>> {
    let template = template(&mut fields);
    let vcpus = fields.int("vcpu", wide(*VCPUS.start(), *VCPUS.end())).map(narrow);
    let memory_mib = memory(&mut fields);
    let timeout = timeout(&mut fields);
    let auto_pause = fields.bool("auto_pause").unwrap_or(false);
    let env = env(&mut fields, "env_vars");
    let network = network::policy(&mut fields);
    if fields.value("mounts").is_some_and(|mounts| !mounts.is_array()) {
        fields.refuse("mounts", "must be a list");
    }
    let defaults = Resources::default();
    fields.finish(|| Spec {
        template: template.expect("refused without one"),
        resources: Resources {
            vcpus: vcpus.unwrap_or(defaults.vcpus),
            memory_mib: memory_mib.unwrap_or(defaults.memory_mib),
            disk_mib: DISK_MIB,
        },
        env: env.unwrap_or_default(),
        network: network.unwrap_or_default(),
        timeout: timeout.unwrap_or_default(),
        auto_pause,
    })
}

/// `template_name`: trimmed, 1 to 64 characters, and one that exists (SB-CREATE-02,
/// SB-CREATE-07).
fn template(fields: &mut Fields) -> Option<Template> {
    let name = fields.required_text("template_name")?;
    let name = name.trim();
    if name.is_empty() || name.chars().count() > MAX_TEMPLATE_NAME {
        fields.refuse("template_name", "must be between 1 and 64 characters");
        return None;
    }
    let template = Template::by_name(name);
    if template.is_none() {
        fields.refuse("template_name", format!("unknown template: {name}"));
    }
    template
}

/// `memory` or `memory_mib`, both MiB (REQ-01, REQ-03).
fn memory(fields: &mut Fields) -> Option<u32> {
    let bounds = || wide(*MEMORY_MIB.start(), *MEMORY_MIB.end());
    let mut read = |field| {
        let mib = narrow(fields.int(field, bounds())?);
        if mib % 2 == 1 {
            fields.refuse(field, MemoryRule.to_string());
            return None;
        }
        Some(mib)
    };
    let (newer, older) = (read("memory"), read("memory_mib"));
    if let (Some(newer), Some(older)) = (newer, older)
        && newer != older
    {
        fields.refuse("memory", "must agree with memory_mib when both are given");
    }
    newer.or(older)
}

/// `timeout` in seconds or `timeout_min` in minutes: the name carries the unit (REQ-02, REQ-03).
pub(super) fn timeout(fields: &mut Fields) -> Option<Timeout> {
    let seconds = fields.int("timeout", wide(1, MAX_TIMEOUT_SECS)).map(narrow);
    let minutes = fields.int("timeout_min", wide(1, MAX_TIMEOUT_SECS / 60)).map(narrow);
    if let (Some(seconds), Some(minutes)) = (seconds, minutes)
        && seconds != minutes * 60
    {
        fields.refuse("timeout", "must agree with timeout_min when both are given");
    }
    Timeout::from_secs(seconds.or(minutes.map(|minutes| minutes * 60))?).ok()
}

/// A map of environment variables (SB-CREATE-11).
pub(super) fn env(fields: &mut Fields, field: &str) -> Option<EnvVars> {
    let vars = fields.text_map(field)?;
    for (name, value) in &vars {
        if let Err(rule) = EnvVars::check(name, value) {
            fields.refuse(&format!("{field}.{name}"), rule.to_string());
        }
    }
    EnvVars::new(vars).ok()
}

fn wide(start: u32, end: u32) -> std::ops::RangeInclusive<u64> {
    u64::from(start)..=u64::from(end)
}

fn narrow(int: u64) -> u32 {
    u32::try_from(int).expect("bounded by a u32")
}

impl Fields {
    /// Whether a create asks for at least one mount (WIRE-11).
    pub(crate) fn asks_for_mounts(&self) -> bool {
        matches!(self.value("mounts"), Some(Value::Array(mounts)) if !mounts.is_empty())
    }
}
