//! Snapshots on the wire.

use leap0_emulator_core::clock::Timestamp;
use leap0_emulator_core::id::SnapshotId;
use leap0_emulator_core::service::{CreateSnapshot, Restore, Snapshot, SnapshotRef, SourceAfter};
use leap0_emulator_core::spec::{NetworkRules, SnapshotName};
use serde::Serialize;

use super::sandbox::{rfc3339, timeout};
use super::{FieldError, Fields, network};

/// A snapshot in the words of every era (RESP-02).
#[derive(Debug, Serialize)]
pub(crate) struct SnapshotBody<'a> {
    id: &'a str,
    /// What Python up to 0.3.0 reads.
    snapshot_id: &'a str,
    name: &'a str,
    template_id: &'a str,
    vcpu: u32,
    memory: u32,
    memory_mib: u32,
    disk: u32,
    disk_mib: u32,
    /// `paused`, in the answer to `snapshot/pause` only (SNAP-PAUSE-02).
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    network_policy: &'a NetworkRules,
    #[serde(serialize_with = "rfc3339")]
    created_at: Timestamp,
}

impl<'a> SnapshotBody<'a> {
    pub(crate) fn of(snapshot: &'a Snapshot) -> Self {
        let spec = snapshot.spec();
        Self {
            id: snapshot.id().as_str(),
            snapshot_id: snapshot.id().as_str(),
            name: snapshot.name().as_str(),
            template_id: &spec.template.id,
            vcpu: spec.resources.vcpus,
            memory: spec.resources.memory_mib,
            memory_mib: spec.resources.memory_mib,
            disk: spec.resources.disk_mib,
            disk_mib: spec.resources.disk_mib,
            state: None,
            network_policy: spec.network.rules(),
            created_at: snapshot.created_at(),
        }
    }

    /// The answer to `snapshot/pause`.
    pub(crate) fn paused(self) -> Self {
        Self { state: Some("paused"), ..self }
    }
}

/// Reads `snapshot/create`.
pub(crate) fn create_snapshot(mut fields: Fields) -> Result<CreateSnapshot, Vec<FieldError>> {
    let name = name(&mut fields);
    let kill = fields.bool("kill_sandbox_after").unwrap_or(false);
    let source_after = if kill { SourceAfter::Killed } else { SourceAfter::RunsOn };
    fields.finish(|| CreateSnapshot { name, source_after, fault: None })
}

/// Reads `snapshot/pause` (SNAP-PAUSE-04), which has no `kill_sandbox_after`.
pub(crate) fn pause_snapshot(mut fields: Fields) -> Result<CreateSnapshot, Vec<FieldError>> {
    let name = name(&mut fields);
    fields.finish(|| CreateSnapshot { name, source_after: SourceAfter::Paused, fault: None })
}

/// SNAP-CREATE-05: `null` is absent.
fn name(fields: &mut Fields) -> Option<SnapshotName> {
    fields.text("name").and_then(|name| checked(fields, "name", &name))
}

/// Reads `snapshot/resume` and `snapshot/restore` (REQ-04). Size, template and environment are the
/// snapshot's, so those fields are ignored (SNAP-REST-03, SNAP-REST-11).
pub(crate) fn restore_snapshot(mut fields: Fields) -> Result<Restore, Vec<FieldError>> {
    // REQ-08: the first Go client sends an id instead.
    let id = fields.text("snapshot_id");
    let snapshot = if fields.value("snapshot_name").is_none()
        && let Some(id) = id
    {
        Some(SnapshotRef::Id(SnapshotId::from_client(&id)))
    } else {
        let name = fields.required_text("snapshot_name");
        name.and_then(|name| checked(&mut fields, "snapshot_name", &name)).map(SnapshotRef::Name)
    };
    let timeout = timeout(&mut fields);
    let auto_pause = fields.bool("auto_pause").unwrap_or(false);
    let network = network::policy(&mut fields);
    fields.finish(|| Restore {
        snapshot: snapshot.expect("refused without one"),
        // SNAP-REST-04, SNAP-REST-05: not inherited.
        timeout: timeout.unwrap_or_default(),
        auto_pause,
        network,
        fault: None,
    })
}

fn checked(fields: &mut Fields, field: &str, name: &str) -> Option<SnapshotName> {
    SnapshotName::new(name).map_err(|rule| fields.refuse(field, rule.to_string())).ok()
}
