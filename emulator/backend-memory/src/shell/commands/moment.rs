//! Moments as commands print them, in UTC, which is the time zone of every machine.

use leap0_emulator_core::clock::Timestamp;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// Half of the mean Gregorian year: what is older has a year instead of a time in `ls`.
const RECENT_SECONDS: i64 = 31_556_952 / 2;

/// A moment in the parts of the calendar.
struct Parts {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    millis: i64,
}

fn parts(moment: Timestamp) -> Parts {
    let millis = moment.as_millis();
    let seconds = millis.div_euclid(1000);
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Howard Hinnant's `civil_from_days`: years begin in March, eras last 400 of them.
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    Parts {
        year: year_of_era + era * 400 + i64::from(month <= 2),
        month,
        day: day_of_year - (153 * shifted + 2) / 5 + 1,
        hour: rest / 3600,
        minute: rest / 60 % 60,
        second: rest % 60,
        millis: millis.rem_euclid(1000),
    }
}

/// `2024-01-31 12:00:00.000000000 +0000`, as `stat` and `ls --full-time` print it.
pub(super) fn full(moment: Timestamp) -> String {
    let Parts { year, month, day, hour, minute, second, millis } = parts(moment);
    format!(
        "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{millis:03}000000 +0000"
    )
}

/// `2024-01-31 12:00`, as `ls --time-style=long-iso` prints it.
pub(super) fn long_iso(moment: Timestamp) -> String {
    let Parts { year, month, day, hour, minute, .. } = parts(moment);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}")
}

/// `Jan 31 12:00`, or `Jan 31  2020` for what is old or still to come.
pub(super) fn listed(moment: Timestamp, now: Timestamp) -> String {
    let Parts { year, month, day, hour, minute, .. } = parts(moment);
    let name = usize::try_from(month - 1).ok().and_then(|index| MONTHS.get(index));
    let name = name.copied().unwrap_or_default();
    let age = now.as_secs() - moment.as_secs();
    if (0..RECENT_SECONDS).contains(&age) {
        format!("{name} {day:2} {hour:02}:{minute:02}")
    } else {
        format!("{name} {day:2} {year:>5}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_printed_as_gnu_prints_them() {
        let moment = Timestamp::from_millis(1_709_208_000_123);
        assert_eq!(full(moment), "2024-02-29 12:00:00.123000000 +0000");
        assert_eq!(long_iso(moment), "2024-02-29 12:00");
        assert_eq!(listed(moment, moment), "Feb 29 12:00");
        assert_eq!(listed(Timestamp::from_millis(0), moment), "Jan  1  1970");
        assert_eq!(full(Timestamp::from_millis(-1)), "1969-12-31 23:59:59.999000000 +0000");
    }
}
