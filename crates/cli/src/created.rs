//! The day on which a model was made, as its manifest says it.
//!
//! A day and no time: two fits of one recipe on one day are the same files, byte for byte. `SOURCE_DATE_EPOCH` (seconds since
//! 1970, <https://reproducible-builds.org/specs/source-date-epoch/>) takes the place of the clock, for those who
//! want the same files on any day.

use anyhow::{Context, Result};
use std::time::{SystemTime, UNIX_EPOCH};

/// The variable that takes the place of the clock.
const VARIABLE: &str = "SOURCE_DATE_EPOCH";
const SECONDS_PER_DAY: u64 = 86_400;

/// Today in UTC, `2026-01-31`.
///
/// # Errors
/// When `SOURCE_DATE_EPOCH` is set to something else than whole seconds since 1970.
pub fn today() -> Result<String> {
    let seconds = match std::env::var_os(VARIABLE) {
        Some(given) => given.to_string_lossy().trim().parse().with_context(|| {
            format!(
                "{VARIABLE} is {given:?}, expected whole seconds since 1970, e.g. 1700000000; or unset it to take \
                 today's date"
            )
        })?,
        // A clock before 1970 was never set.
        None => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs()),
    };
    Ok(date(seconds / SECONDS_PER_DAY))
}

/// The date, `days` after 1970-01-01, in the Gregorian calendar.
///
/// Years are counted from March, so that the leap day is the last one of a year; 146,097 days are 400 years, and the months
/// from March on begin on day `(153 m + 2) / 5` (H. Hinnant, chrono-Compatible Low-Level Date Algorithms, 2013,
/// <https://howardhinnant.github.io/date_algorithms.html>).
fn date(days: u64) -> String {
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let year = 400 * era + year + u64::from(month >= 10);
    let month = if month < 10 { month + 3 } else { month - 9 };
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_dates_of_the_gregorian_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01"),
            (951_782_399, "2000-02-28"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_000_000_000, "2001-09-09"),
            (1_709_164_800, "2024-02-29"),
            (1_735_689_599, "2024-12-31"),
            (1_735_689_600, "2025-01-01"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(date(seconds / SECONDS_PER_DAY), expected, "{seconds}");
        }
    }
}
