//! The shapes of answers: which fields, and of which type.

use serde_json::Value;

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Text,
    Int,
    Bool,
    /// RFC 3339 in UTC with `Z`.
    Moment,
    Object,
    List,
}

/// Fields and what they hold.
pub(crate) type Shape = &'static [(&'static str, Kind)];

/// A sandbox, in the words of every era.
pub(crate) const SANDBOX: Shape = &[
    ("id", Kind::Text),
    ("template_id", Kind::Text),
    ("template_name", Kind::Text),
    ("vcpu", Kind::Int),
    ("memory", Kind::Int),
    ("memory_mib", Kind::Int),
    ("disk", Kind::Int),
    ("disk_mib", Kind::Int),
    ("timeout", Kind::Int),
    ("timeout_min", Kind::Int),
    ("state", Kind::Text),
    ("auto_pause", Kind::Bool),
    ("network_policy", Kind::Object),
    ("mounts", Kind::List),
    ("created_at", Kind::Moment),
];

/// A snapshot, in the words of every era.
pub(crate) const SNAPSHOT: Shape = &[
    ("id", Kind::Text),
    ("snapshot_id", Kind::Text),
    ("name", Kind::Text),
    ("template_id", Kind::Text),
    ("vcpu", Kind::Int),
    ("memory", Kind::Int),
    ("memory_mib", Kind::Int),
    ("disk", Kind::Int),
    ("disk_mib", Kind::Int),
    ("network_policy", Kind::Object),
    ("created_at", Kind::Moment),
];

/// A running sandbox in a list.
pub(crate) const ITEM: Shape = &[
    ("id", Kind::Text),
    ("template_id", Kind::Text),
    ("pod_id", Kind::Text),
    ("state", Kind::Text),
    ("launch_time", Kind::Moment),
    ("state_change_time", Kind::Moment),
    ("timeout_at", Kind::Int),
    ("created_at", Kind::Moment),
];

/// Asserts that a value has exactly these fields, and `more`, each of its type.
pub(crate) fn assert_shape(value: &Value, shape: Shape, more: Shape) {
    let object = value.as_object().unwrap_or_else(|| panic!("no object: {value}"));
    let mut keys: Vec<_> = object.keys().map(String::as_str).collect();
    let mut wanted: Vec<_> = shape.iter().chain(more).map(|(field, _)| *field).collect();
    keys.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(keys, wanted, "{value}");
    for (field, kind) in shape.iter().chain(more) {
        let value = &object[*field];
        let good = match kind {
            Kind::Text => value.is_string(),
            Kind::Int => value.is_u64(),
            Kind::Bool => value.is_boolean(),
            Kind::Moment => value.as_str().is_some_and(is_moment),
            Kind::Object => value.is_object(),
            Kind::List => value.is_array(),
        };
        assert!(good, "{field} is {value}, not {kind:?}");
    }
}

/// Whether a text is RFC 3339 in UTC, written with `T` and `Z`, perhaps with a fraction.
pub(crate) fn is_moment(text: &str) -> bool {
    let Some(text) = text.strip_suffix('Z') else { return false };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let pattern = "dddd-dd-ddTdd:dd:dd";
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = |(byte, wanted): (u8, u8)| match wanted {
        b'd' => byte.is_ascii_digit(),
        other => byte == other,
    };
    digits(fraction) && whole.len() == pattern.len() && whole.bytes().zip(pattern.bytes()).all(fits)
}
