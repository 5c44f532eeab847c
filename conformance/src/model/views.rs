//! Sandboxes and snapshots as answers show them.

use serde_json::{Map, Value, json};

use super::fault::Fault;
use super::oddity::Oddity;
use super::world::{Sandbox, Snapshot, World};
use crate::moment::rfc3339;

/// What a server that keeps nothing answers.
pub(super) fn sample(id: &str) -> Value {
    json!({
        "id": id, "template_id": "tpl-abc123", "vcpu": 1, "memory": 1024, "disk": 10240,
        "timeout": 300, "memory_mib": 1024, "disk_mib": 10240, "timeout_min": 5,
        "state": "running", "auto_pause": false, "created_at": "2026-04-22T10:00:00Z",
    })
}

pub(super) fn sample_snapshot(id: &str, name: &str) -> Value {
    json!({
        "id": id, "snapshot_id": id, "name": name, "template_id": "tpl-abc123", "vcpu": 1,
        "memory": 1024, "disk": 10240, "memory_mib": 1024, "disk_mib": 10240,
        "created_at": "2026-04-22T10:00:00Z", "state": "paused",
    })
}

/// Takes the words of other eras out of an answer.
fn words(world: &World, object: &mut Map<String, Value>) {
    let old = ["memory_mib", "disk_mib", "timeout_min", "snapshot_id"];
    let new = ["memory", "disk", "timeout"];
    let (keep_old, keep_new) = (
        !(world.odd(Oddity::CurrentErasOnly)
            || world.odd(Oddity::EraBOnly)
            || world.odd(Oddity::EraCOnly)),
        !world.odd(Oddity::EraAOnly),
    );
    object.retain(|name, _| {
        (keep_old || !old.contains(&&**name)) && (keep_new || !new.contains(&&**name))
    });
}

impl World {
    /// A moment as this server writes it.
    pub(super) fn time(&self, ms: u64) -> String {
        match () {
            () if self.bug(Fault::TimesWithoutZone) => rfc3339(ms)[..19].to_owned(),
            () if self.odd(Oddity::CoarseTimes) => format!("{}Z", &rfc3339(ms - ms % 60_000)[..19]),
            () if self.odd(Oddity::TimesWithOffset) => {
                format!("{}+02:00", &rfc3339(ms + 7_200_000)[..23])
            }
            () => rfc3339(ms),
        }
    }

    pub(super) fn view_of(&mut self, org: &str, id: &str) -> Value {
        match self.organisations.get(org).and_then(|org| org.sandboxes.get(id)) {
            Some(sandbox) => self.view(sandbox),
            None => sample(id),
        }
    }

    fn view(&self, sandbox: &Sandbox) -> Value {
        let wish = &sandbox.wish;
        let mut view = json!({
            "id": sandbox.id,
            "template_id": template_id(&wish.template),
            "template_name": wish.template,
            "vcpu": wish.vcpu,
            "memory": wish.memory,
            "memory_mib": wish.memory,
            "disk": wish.disk,
            "disk_mib": wish.disk,
            "timeout": wish.timeout,
            "timeout_min": wish.timeout.div_ceil(60),
            "state": self.shown(sandbox.state),
            "auto_pause": wish.auto_pause,
            "created_at": self.time(sandbox.created),
            "network_policy": wish.policy,
            "mounts": [],
        });
        if let Some(object) = view.as_object_mut() {
            words(self, object);
            if self.odd(Oddity::PoliciesHidden) {
                object.remove("network_policy");
                object.remove("mounts");
                object.remove("template_name");
            }
            if self.bug(Fault::TimeoutIsNull) && object.contains_key("timeout") {
                object.insert("timeout".into(), Value::Null);
            }
            if self.bug(Fault::VcpuIsText) {
                object.insert("vcpu".into(), wish.vcpu.to_string().into());
            }
            if self.bug(Fault::MountsAreNull) {
                object.insert("mounts".into(), Value::Null);
            }
            if self.bug(Fault::NoCreatedAt) {
                object.remove("created_at");
            }
        }
        view
    }

    fn shown(&self, state: &'static str) -> &'static str {
        match state {
            "starting" if self.odd(Oddity::StrangeStates) => "provisioning",
            other => other,
        }
    }

    pub(super) fn snapshot_view(&mut self, org: &str, id: &str) -> Value {
        match self.organisations.get(org).and_then(|org| org.snapshots.get(id)) {
            Some(snapshot) => self.view_snapshot(snapshot),
            None => sample_snapshot(id, ""),
        }
    }

    pub(super) fn view_snapshot(&self, snapshot: &Snapshot) -> Value {
        let wish = &snapshot.wish;
        let (vcpu, memory) = if self.bug(Fault::SnapshotSaysDefaults) {
            (1, 1024)
        } else {
            (wish.vcpu, wish.memory)
        };
        let mut view = json!({
            "id": snapshot.id,
            "snapshot_id": snapshot.id,
            "name": snapshot.name,
            "template_id": template_id(&wish.template),
            "vcpu": vcpu,
            "memory": memory,
            "memory_mib": memory,
            "disk": wish.disk,
            "disk_mib": wish.disk,
            "created_at": self.time(snapshot.created),
            "network_policy": wish.policy,
        });
        if let Some(object) = view.as_object_mut() {
            words(self, object);
            if self.odd(Oddity::PoliciesHidden) {
                object.remove("network_policy");
            }
            if self.bug(Fault::NoSnapshotId) {
                object.remove("snapshot_id");
            }
            if self.bug(Fault::SnapshotWithoutId) {
                object.remove("snapshot_id");
                let id = object.remove("id").unwrap_or_default();
                object.insert("uuid".into(), id);
            }
        }
        view
    }

    pub(super) fn item(&self, sandbox: &Sandbox) -> Value {
        let stays = self.bug(Fault::StateChangeTimeStays);
        let changed = if stays { sandbox.launched } else { sandbox.changed };
        let mut item = json!({
            "id": sandbox.id,
            "template_id": template_id(&sandbox.wish.template),
            "pod_id": if self.odd(Oddity::PodIds) { "pod-7f" } else { "" },
            "state": self.shown(sandbox.state),
            "created_at": self.time(sandbox.created),
            "launch_time": self.time(sandbox.launched),
            "state_change_time": self.time(changed),
        });
        let unit = if self.bug(Fault::TimeoutAtInMilliseconds) { 1 } else { 1000 };
        if let Some(object) = item.as_object_mut() {
            if let Some(at) = sandbox.deadline {
                object.insert("timeout_at".into(), (at / unit).into());
            }
            if self.odd(Oddity::BareItems) {
                for name in ["launch_time", "state_change_time", "timeout_at"] {
                    object.remove(name);
                }
            }
            if self.bug(Fault::NoPodId) {
                object.remove("pod_id");
            }
        }
        item
    }
}

fn template_id(template: &str) -> String {
    let slug = template.rsplit('/').next().unwrap_or("").split(':').next().unwrap_or("");
    format!("tpl-{slug}")
}
