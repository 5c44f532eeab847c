//! Network policies on the wire.

use std::net::Ipv4Addr;

use leap0_emulator_core::spec::{NetworkMode, NetworkPolicy, NetworkRules, Transform};

use super::Fields;

/// Most names in `allow_domains` (NET-01).
const MAX_DOMAINS: usize = 50;
/// Most ranges in `allow_cidrs` (NET-01).
const MAX_CIDRS: usize = 10;
/// Most `transforms` (NET-01).
const MAX_TRANSFORMS: usize = 20;

const FIELD: &str = "network_policy";

/// Reads `network_policy`; absent and `null` are none (SB-CREATE-10, SNAP-REST-06).
pub(super) fn policy(fields: &mut Fields) -> Option<NetworkPolicy> {
    fields.value(FIELD)?;
    let mut inner = fields.object(FIELD)?;
    let mode = mode(&mut inner);
    // NET-05: lists with other modes are kept and mean nothing.
    let allow_domains = list(&mut inner, "allow_domains", MAX_DOMAINS, domain);
    let allow_cidrs = list(&mut inner, "allow_cidrs", MAX_CIDRS, cidr);
    let transforms = transforms(&mut inner);
    let errors = inner.into_errors();
    if errors.is_empty() {
        // NET-06: echoed as it is kept here.
        let mode = mode.expect("refused without one");
        Some(NetworkPolicy::new(NetworkRules { mode, allow_domains, allow_cidrs, transforms }))
    } else {
        fields.refuse_all(errors);
        None
    }
}

fn mode(fields: &mut Fields) -> Option<NetworkMode> {
    match fields.required_text("mode")?.as_str() {
        "allow-all" => Some(NetworkMode::AllowAll),
        "deny-all" => Some(NetworkMode::DenyAll),
        "custom" => Some(NetworkMode::Custom),
        _ => {
            fields.refuse("mode", "must be allow-all, deny-all or custom");
            None
        }
    }
}

fn list(
    fields: &mut Fields,
    field: &str,
    most: usize,
    check: fn(&str) -> Option<&'static str>,
) -> Option<Vec<String>> {
    let texts = fields.texts(field)?;
    if texts.len() > most {
        fields.refuse(field, format!("must have at most {most} items"));
    }
    let texts: Vec<_> = texts.iter().map(|text| text.trim().to_owned()).collect();
    for (index, text) in texts.iter().enumerate() {
        if let Some(rule) = check(text) {
            fields.refuse(&format!("{field}[{index}]"), rule);
        }
    }
    Some(texts)
}

/// A host name of at least two labels, optionally with a leading `*.` (NET-02).
fn domain(text: &str) -> Option<&'static str> {
    let labels: Vec<_> = text.strip_prefix("*.").unwrap_or(text).split('.').collect();
    let good = |label: &&str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let whole = labels.len() >= 2 && labels.iter().all(good);
    (!whole).then_some("must be a host name such as example.com or *.example.com")
}

/// An IPv4 range, host bits allowed; a bare address is a range of one (NET-03).
fn cidr(text: &str) -> Option<&'static str> {
    let (address, prefix) = text.split_once('/').unwrap_or((text, "32"));
    let digits = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
    let whole = address.parse::<Ipv4Addr>().is_ok()
        && digits
        && prefix.parse::<u8>().is_ok_and(|bits| bits <= 32);
    (!whole).then_some("must be an IPv4 range such as 10.0.0.0/8")
}

/// NET-04
fn transforms(fields: &mut Fields) -> Option<Vec<Transform>> {
    const TRANSFORMS: &str = "transforms";
    fields.value(TRANSFORMS)?;
    let items = fields.objects(TRANSFORMS)?;
    if items.len() > MAX_TRANSFORMS {
        fields.refuse(TRANSFORMS, format!("must have at most {MAX_TRANSFORMS} items"));
    }
    let mut transforms = Vec::with_capacity(items.len());
    for mut item in items {
        let name = item.required_text("domain").map(|name| name.trim().to_owned());
        if let Some(rule) = name.as_deref().and_then(domain) {
            item.refuse("domain", rule);
        }
        let inject_headers = item.text_map("inject_headers");
        let strip_headers = item.texts("strip_headers");
        fields.refuse_all(item.into_errors());
        transforms.extend(name.map(|domain| Transform { domain, inject_headers, strip_headers }));
    }
    Some(transforms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_has_two_labels_and_perhaps_a_wildcard() {
        for good in ["example.com", "*.example.com", "a-b.c1.io"] {
            assert_eq!(domain(good), None, "{good}");
        }
        for bad in
            ["", "com", "*.com", "-a.com", "a-.com", "a..com", "a.com:80", "*", "a.*.com", "é.com"]
        {
            assert!(domain(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn a_range_is_ipv4_with_or_without_a_prefix() {
        for good in ["1.2.3.4/32", "1.2.3.4", "10.1.2.3/8", "0.0.0.0/0"] {
            assert_eq!(cidr(good), None, "{good}");
        }
        for bad in ["", "1.2.3/8", "1.2.3.4/33", "1.2.3.4/", "1.2.3.4/+8", "::1/128", "x"] {
            assert!(cidr(bad).is_some(), "{bad}");
        }
    }
}
