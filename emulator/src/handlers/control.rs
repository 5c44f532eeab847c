//! `/_emulator/*`: what this server is. It needs no key.

use hyper::{Method, StatusCode};
use serde::Serialize;

use crate::http::{Failure, Reply, operation};
use crate::server::Emulator;
use leap0_emulator_core::backend::BackendInfo;
use leap0_emulator_core::service::{DeleteInUse, PauseSource, TimeoutAction};
use leap0_emulator_core::template::Template;

/// Answers a path below `/_emulator/`.
pub(crate) fn answer(emulator: &Emulator, method: &Method, path: &str) -> Result<Reply, Failure> {
    let reply = match path.trim_end_matches('/') {
        "health" => Reply::ok(&Health {
            status: "ok",
            version: env!("CARGO_PKG_VERSION"),
            backend: emulator.worlds.backend().name,
        }),
        "capabilities" => Reply::ok(&Capabilities::of(emulator)),
        _ => return Err(Failure::new(StatusCode::NOT_FOUND, "unknown control path")),
    };
    if *method == Method::GET {
        Ok(reply)
    } else {
        Err(Failure {
            allow: Some("GET".to_owned()),
            ..Failure::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method not allowed; this path takes GET",
            )
        })
    }
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
    rate_limit: Option<u32>,
}

#[derive(Serialize)]
struct Readings {
    snapshot_pause_source: &'static str,
    timeout_action: &'static str,
    delete_in_use: &'static str,
}

impl Capabilities {
    fn of(emulator: &Emulator) -> Self {
        let settings = emulator.worlds.settings();
        let (operations, mut not_built) = operation::names();
        // Parts of built operations, and what no path of the API leads to.
        not_built.extend([
            "sandbox/create mounts",
            "sandbox-host traffic",
            "metadata service",
        ]);
        Self {
            version: env!("CARGO_PKG_VERSION"),
            backend: emulator.worlds.backend(),
            operations,
            not_built,
            templates: Template::system_names()
                .map(|name| TemplateInfo {
                    name,
                    services_not_built: services(name),
                })
                .collect(),
            clock: vec!["system"],
            quotas: Quotas {
                max_sandboxes: settings.max_sandboxes,
                max_body_bytes: emulator.limits.max_body,
                rate_limit: None,
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
