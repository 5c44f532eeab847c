//! Network policies.

use serde_json::Value;

use super::fault::Fault;
use super::fields::Fields;
use super::world::World;

/// The lists of a policy and how much they may hold.
const LISTS: [(&str, usize); 3] = [("allow_domains", 50), ("allow_cidrs", 10), ("transforms", 20)];

pub(super) fn check(world: &World, policy: &Value, fields: &mut Fields<'_>) {
    let mode = policy["mode"].as_str().unwrap_or("");
    let known = ["allow-all", "deny-all", "custom"].contains(&mode);
    if !known && !world.bug(Fault::AnyMode) {
        fields.wrong("network_policy.mode", "must be allow-all, deny-all or custom");
    }
    for (list, most) in LISTS {
        let Some(items) = policy[list].as_array() else { continue };
        if items.len() > most && !world.bug(Fault::ListsWithoutBound) {
            fields.wrong(&format!("network_policy.{list}"), &format!("at most {most}"));
        }
        for (place, item) in items.iter().enumerate() {
            let fine = match list {
                "allow_domains" => is_domain(world, item.as_str().unwrap_or("")),
                "allow_cidrs" => is_range(world, item.as_str().unwrap_or("")),
                _ => is_domain(world, item["domain"].as_str().unwrap_or("")),
            };
            if !fine {
                fields.wrong(&format!("network_policy.{list}[{place}]"), "is not valid");
            }
        }
    }
}

fn is_domain(world: &World, text: &str) -> bool {
    if world.bug(Fault::NoWildcards) && text.starts_with('*') {
        return false;
    }
    let name = text.trim().strip_prefix("*.").unwrap_or(text.trim());
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.split('.').count() >= 2 && name.split('.').all(label)
}

fn is_range(world: &World, text: &str) -> bool {
    let (address, bits) = text.trim().split_once('/').unwrap_or((text.trim(), "32"));
    if world.bug(Fault::HostBitsNeeded) && bits != "32" {
        return false;
    }
    address.parse::<std::net::Ipv4Addr>().is_ok() && bits.parse::<u8>().is_ok_and(|bits| bits <= 32)
}
