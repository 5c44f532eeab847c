//! The time of day, and how long things took. The only file that asks the machine.

use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat, Utc};

/// Milliseconds since the Unix epoch.
#[expect(clippy::disallowed_methods, reason = "this file is where time comes from")]
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A moment in the form of RFC 3339, in UTC and to the millisecond.
pub(crate) fn rfc3339(ms: u64) -> String {
    at(ms).to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A moment as HTTP writes it in `date` headers.
pub(crate) fn http_date(ms: u64) -> String {
    at(ms).format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Milliseconds from the Unix epoch to a moment in the form of RFC 3339.
pub(crate) fn parse(text: &str) -> Option<i64> {
    DateTime::parse_from_rfc3339(text).ok().map(|moment| moment.timestamp_millis())
}

fn at(ms: u64) -> DateTime<Utc> {
    let moment = i64::try_from(ms).ok().and_then(DateTime::from_timestamp_millis);
    moment.unwrap_or(DateTime::UNIX_EPOCH)
}

/// Whether a text is a moment in the form of RFC 3339.
pub(crate) fn is_rfc3339(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shape = b"dddd-dd-ddTdd:dd:dd";
    let fits = |(byte, form): (&u8, &u8)| match form {
        b'd' => byte.is_ascii_digit(),
        b'T' => matches!(byte, b'T' | b't' | b' '),
        other => byte == other,
    };
    if bytes.len() < shape.len() || !bytes.iter().zip(shape).all(fits) {
        return false;
    }
    let mut rest = &text[shape.len()..];
    if let Some(fraction) = rest.strip_prefix('.') {
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return false;
        }
        rest = &fraction[digits..];
    }
    let offset = |zone: &str| {
        zone.len() == 6 && zone.is_ascii() && {
            let zone = zone.as_bytes();
            matches!(zone[0], b'+' | b'-')
                && zone[3] == b':'
                && [1, 2, 4, 5].iter().all(|at| zone[*at].is_ascii_digit())
        }
    };
    let number = |from: usize| text[from..from + 2].parse::<u8>().unwrap_or(u8::MAX);
    (1..=12).contains(&number(5))
        && (1..=31).contains(&number(8))
        && number(11) < 24
        && number(14) < 60
        && number(17) <= 60
        && (rest.eq_ignore_ascii_case("z") || offset(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_as_it_was_written() {
        for ms in [0, 951_827_696_789, 1_776_852_000_000, 4_102_444_799_999] {
            assert_eq!(parse(&rfc3339(ms)), i64::try_from(ms).ok());
        }
        assert_eq!(parse("1970-01-01T02:00:00.5+02:00"), Some(500));
        assert_eq!(parse("1969-12-31T23:59:59Z"), Some(-1000));
        assert_eq!(parse("yesterday"), None);
    }

    #[test]
    fn a_moment_is_written_for_http() {
        assert_eq!(http_date(784_111_777_000), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
    }

    #[test]
    fn a_moment_is_written_and_recognised() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(951_827_696_789), "2000-02-29T12:34:56.789Z");
        assert_eq!(rfc3339(1_776_852_000_000), "2026-04-22T10:00:00.000Z");
        for good in ["2026-04-22T10:00:00Z", "2026-04-22T10:00:00.5+02:00", "2026-04-22t10:00:00z"]
        {
            assert!(is_rfc3339(good), "{good}");
        }
        for bad in ["", "2026-04-22", "2026-04-22T10:00:00", "2026-13-22T10:00:00Z", "1776852000"] {
            assert!(!is_rfc3339(bad), "{bad}");
        }
    }
}
