//! `/_emulator/health` and `/_emulator/capabilities`.

use leap0_emulator_core::backend::BackendInfo;
use leap0_emulator_core::service::{DeleteInUse, PauseSource, TimeoutAction};
use leap0_emulator_core::template::Template;
use serde::Serialize;

use crate::http::{Reply, operation};
use crate::server::Emulator;

pub(super) fn health(emulator: &Emulator) -> Reply {
    Reply::ok(&Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
        backend: emulator.tenants.host().backend().name,
    })
}

pub(super) fn capabilities(emulator: &Emulator) -> Reply {
    Reply::ok(&Capabilities::of(emulator))
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
    version: &'static str,
    backend: &'static str,
}

/// What this server can and can't do; documented in the crate's README.
#[derive(Serialize)]
struct Capabilities {
    version: &'static str,
    backend: BackendInfo,
    operations: Vec<&'static str>,
    not_built: Vec<&'static str>,
    templates: Vec<TemplateInfo>,
    clock: Vec<&'static str>,
    quotas: Quotas,
    readings: Readings,
}

#[derive(Serialize)]
struct TemplateInfo {
    name: &'static str,
    /// Services of the cloud's template that are not built here.
    services_not_built: &'static [&'static str],
}

#[derive(Serialize)]
struct Quotas {
    max_sandboxes: Option<usize>,
    max_body_bytes: usize,
    rate_limit_per_minute: Option<usize>,
}

#[derive(Serialize)]
struct Readings {
    snapshot_pause_source: &'static str,
    timeout_action: &'static str,
    delete_in_use: &'static str,
}

impl Capabilities {
    fn of(emulator: &Emulator) -> Self {
        let settings = emulator.tenants.host().settings();
        let (operations, mut not_built) = operation::names();
        // Parts of built operations, and what no path of the API leads to.
        not_built.extend(["sandbox/create mounts", "sandbox-host traffic", "metadata service"]);
        Self {
            version: env!("CARGO_PKG_VERSION"),
            backend: emulator.tenants.host().backend(),
            operations,
            not_built,
            templates: Template::system_names()
                .map(|name| TemplateInfo { name, services_not_built: services(name) })
                .collect(),
            clock: vec!["freeze", "resume", "advance", "set"],
            quotas: Quotas {
                max_sandboxes: settings.max_sandboxes,
                max_body_bytes: emulator.limits.max_body,
                rate_limit_per_minute: settings.rate_limit,
            },
            readings: Readings {
                snapshot_pause_source: match settings.pause_source {
                    PauseSource::Gone => "gone",
                    PauseSource::Paused => "paused",
                },
                timeout_action: match settings.timeout_action {
                    TimeoutAction::Delete => "delete",
                    TimeoutAction::Stop => "stop",
                },
                delete_in_use: match settings.delete_in_use {
                    DeleteInUse::Refuse => "refuse",
                    DeleteInUse::Allow => "allow",
                },
            },
        }
    }
}

fn services(template: &str) -> &'static [&'static str] {
    if template.contains("code-interpreter") {
        &["code interpreter (HTTP on the sandbox host)"]
    } else if template.contains("desktop") {
        &["desktop (HTTP on the sandbox host)"]
    } else {
        &[]
    }
}
