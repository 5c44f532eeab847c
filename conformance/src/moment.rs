//! The time of day, and how long things took. The only file that asks the machine.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since the Unix epoch.
#[expect(clippy::disallowed_methods, reason = "this file is where time comes from")]
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A moment in the form of RFC 3339, in UTC and to the millisecond.
pub(crate) fn rfc3339(ms: u64) -> String {
    let (days, rest) = (ms / 86_400_000, ms % 86_400_000);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60);
    let milli = rest % 1000;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// A moment as HTTP writes it in `date` headers.
pub(crate) fn http_date(ms: u64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let days = ms / 86_400_000;
    let (year, month, day) = civil(days);
    let name = |names: &[&'static str], place: u64| {
        usize::try_from(place).ok().and_then(|place| names.get(place).copied()).unwrap_or("")
    };
    let (weekday, month) = (name(&DAYS, days % 7), name(&MONTHS, month - 1));
    format!("{weekday}, {day:02} {month} {year:04} {} GMT", &rfc3339(ms)[11..19])
}

/// Year, month and day of a day since the epoch, by the proleptic Gregorian calendar.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
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

/// Milliseconds from the Unix epoch to a moment in the form of RFC 3339.
pub(crate) fn parse(text: &str) -> Option<i64> {
    if !is_rfc3339(text) {
        return None;
    }
    let number = |from: usize, length: usize| text[from..from + length].parse::<i64>().ok();
    let days = days(number(0, 4)?, number(5, 2)?, number(8, 2)?);
    let seconds = ((days * 24 + number(11, 2)?) * 60 + number(14, 2)?) * 60 + number(17, 2)?;
    let rest = &text[19..];
    let digits: String =
        rest.strip_prefix('.').unwrap_or("").chars().take_while(char::is_ascii_digit).collect();
    let zone = rest.trim_start_matches('.').trim_start_matches(|c: char| c.is_ascii_digit());
    let minutes = match zone.split_once(':') {
        Some((hours, minutes)) => {
            let (sign, hours) = hours.split_at(1);
            let minutes = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
            if sign == "-" { -minutes } else { minutes }
        }
        None => 0,
    };
    let milli: i64 = format!("{digits:0<3}").get(..3)?.parse().ok()?;
    Some((seconds - minutes * 60) * 1000 + milli)
}

/// The days from the epoch to a day of the proleptic Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
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
