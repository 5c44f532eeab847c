//! Query strings.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// The parameters of a query string. An empty value is absent (SB-LIST-03); of a name that comes
/// twice, the last counts.
pub(super) struct Query<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Query<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        });
        Self(pairs.collect())
    }

    /// The value of a parameter under any of its names (REQ-06).
    pub(super) fn get(&self, names: &[&str]) -> Option<&str> {
        self.all(names).last()
    }

    /// All its values, the one that counts last.
    pub(super) fn all(&self, names: &[&str]) -> impl Iterator<Item = &str> {
        let pairs = self.0.iter();
        pairs
            .filter(|(name, value)| names.contains(&&**name) && !value.is_empty())
            .map(|(_, value)| &**value)
    }
}

fn decoded(text: &str) -> Cow<'_, str> {
    let plain = if text.contains('+') { Cow::Owned(text.replace('+', " ")) } else { text.into() };
    match percent_decode_str(&plain).decode_utf8_lossy() {
        Cow::Borrowed(same) if same.len() == plain.len() => plain,
        other => Cow::Owned(other.into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_empty_ones_absent() {
        let query = Query::new("a=%2Ftmp%2Fx+y&b=&c&page-size=5&c=%C3%A9&d=1&d=2");
        assert_eq!(query.get(&["a"]), Some("/tmp/x y"));
        assert_eq!(query.get(&["b"]), None);
        assert_eq!(query.get(&["page-size", "page_size"]), Some("5"));
        assert_eq!(query.get(&["c"]), Some("é"));
        assert_eq!(query.get(&["d"]), Some("2"));
    }
}
