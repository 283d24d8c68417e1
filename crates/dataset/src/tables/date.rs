//! Dates as people write them.

use std::fmt::{Display, Write};

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

/// The formats that are recognised, in the notation of `strftime`: first those that cannot be confused with another.
pub(super) const FORMATS: &[&str] = &[
    "%Y-%m-%d",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.fZ",
    "%Y-%m-%d %H:%M:%S%.fZ",
    "%Y-%m-%dT%H:%M:%S%.f%:z",
    "%Y-%m-%d %H:%M:%S%.f%:z",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y/%m/%d",
    "%d-%b-%y",
    "%d-%b-%Y",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%d.%m.%Y",
    "%d.%m.%y",
    "%m/%d/%Y",
    "%m/%d/%y",
    "%d/%m/%Y",
    "%d/%m/%y",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M",
    "%d.%m.%Y %H:%M",
];

/// The formats of a time of day. They are no dates, so they are only for the time column of a series.
pub(crate) const TIMES: &[&str] = &["%H:%M:%S%.f", "%H:%M"];

/// Reads a date, with or without a time of day: the days since 1 January 1970 in UTC, which is assumed where a time has
/// no offset. A time of day alone is a part of a day. Two digits of a year stand for 1969 to 2068.
pub(crate) fn parse(text: &str, format: &str) -> Option<f64> {
    let day = |date: NaiveDate| f64::from(date.num_days_from_ce() - EPOCH);
    if !format.contains("%H") {
        return NaiveDate::parse_from_str(text, format).ok().filter(|date| is_year(date, format)).map(day);
    }
    if TIMES.contains(&format) {
        return NaiveTime::parse_from_str(text, format).ok().map(part_of_day);
    }
    let moment = match format.contains("%:z") {
        true => DateTime::parse_from_str(text, format).ok()?.naive_utc(),
        false => NaiveDateTime::parse_from_str(text, format).ok()?,
    };
    if !is_year(&moment.date(), format) {
        return None;
    }
    Some(day(moment.date()) + part_of_day(moment.time()))
}

fn part_of_day(time: NaiveTime) -> f64 {
    (f64::from(time.num_seconds_from_midnight()) + f64::from(time.nanosecond()) * 1e-9) / 86_400.0
}

/// Without this, `%Y` would read `06` as the year 6.
fn is_year(date: &NaiveDate, format: &str) -> bool {
    !format.contains("%Y") || date.year() >= 1000
}

/// Writes a date in a format: the inverse of [`parse`]. Without a time of day in the format, to the nearest day. `None`
/// if the date is out of the range of a calendar, or if the format is not valid.
pub(crate) fn write(days: f64, format: &str) -> Option<String> {
    let whole = if format.contains("%H") { days.floor() } else { days.round() };
    let date = NaiveDate::from_num_days_from_ce_opt((whole + f64::from(EPOCH)) as i32)?;
    if !format.contains("%H") {
        return shown(date.format(&plain(format)));
    }
    let seconds = ((days - whole) * 86_400.0).round().clamp(0.0, 86_399.0) as u32;
    let moment = date.and_hms_opt(seconds / 3600, seconds / 60 % 60, seconds % 60)?;
    match format.contains("%:z") {
        true => shown(moment.and_utc().format(format)),
        false => shown(moment.format(format)),
    }
}

/// The text of a date. `None` if its format is not valid, which `to_string` would answer with a panic.
fn shown(date: impl Display) -> Option<String> {
    let mut text = String::new();
    write!(text, "{date}").ok().map(|()| text)
}

/// Returns whether a day can be written in a format and read again, which needs its day, month and year.
pub(super) fn is_format(format: &str) -> bool {
    let day = 15_000.0;
    write(day, format).is_some_and(|text| parse(&text, format) == Some(day))
}

/// The day of the year as a part of a year, and the day of the week as a part of a week.
pub(super) fn cycles(days: f64) -> [f64; 2] {
    let date = NaiveDate::from_num_days_from_ce_opt((days.floor() + f64::from(EPOCH)) as i32).unwrap_or_default();
    [f64::from(date.ordinal0()) / 365.25, f64::from(date.weekday().num_days_from_monday()) / 7.0]
}

/// The format that reads most of these texts, and how many it reads. The second format that reads as many is returned
/// too: then the order of day and month cannot be told.
pub(crate) fn best<'a>(texts: impl Iterator<Item = &'a str> + Clone) -> (&'static str, usize, Option<&'static str>) {
    let (mut best, mut count, mut other) = (FORMATS[0], 0, None);
    for &format in FORMATS {
        // Most texts are no dates at all, so a format is given up early.
        let read = texts.clone().filter(|text| parse(text, format).is_some()).count();
        if read > count {
            (best, count, other) = (format, read, None);
        } else if read == count && read > 0 && swapped(best, format) {
            other = Some(format);
        }
    }
    (best, count, other)
}

fn swapped(a: &str, b: &str) -> bool {
    a.replace("%m/%d", "%d/%m") == b
}

/// `%d` writes a leading zero. Where the name of the month stands beside it, the day is usually written without one.
fn plain(format: &str) -> String {
    if format.contains("%b") || format.contains("%B") { format.replace("%d", "%-d") } else { format.to_owned() }
}

/// The number of days from the beginning of the calendar to 1 January 1970.
const EPOCH: i32 = 719_163;

#[cfg(test)]
mod tests {
    use super::{FORMATS, best, cycles, parse, write};

    #[test]
    fn dates_are_days_since_1970_and_come_back() {
        assert_eq!(parse("1970-01-01", "%Y-%m-%d"), Some(0.0));
        assert_eq!(parse("2-Jun-06", "%d-%b-%y"), Some(13_301.0));
        assert_eq!(parse("2000-03-01 12:00", "%Y-%m-%d %H:%M"), Some(11_017.5));
        for text in ["2000-03-01T13:00:00+01:00", "2000-03-01T12:00:00Z", "2000-03-01 07:00:00.0-0500"] {
            let (format, read, _) = best([text].into_iter());
            assert_eq!((read, parse(text, format)), (1, Some(11_017.5)), "{text}");
        }
        assert_eq!(parse("18:00:00", super::TIMES[0]), Some(0.75));
        assert_eq!(write(13_301.2, "%d-%b-%y").as_deref(), Some("2-Jun-06"));
        assert_eq!(write(11_017.5, "%Y-%m-%d %H:%M").as_deref(), Some("2000-03-01 12:00"));
        for format in FORMATS {
            let text = write(15_000.0, format).expect("a date");
            assert_eq!(parse(&text, format), Some(15_000.0), "{format}: {text}");
        }
    }

    #[test]
    fn impossible_dates_are_none() {
        assert_eq!(parse("30-Feb-06", "%d-%b-%y"), None);
        assert_eq!(parse("Date Not Captured", "%d-%b-%y"), None);
        assert_eq!(write(f64::MAX, "%Y-%m-%d"), None);
    }

    #[test]
    fn the_format_of_most_texts_is_found() {
        let found = |texts: &[&str]| best(texts.iter().copied());
        assert_eq!(found(&["2-Jun-06", "14-Nov-06", "Pre-PQ Process"]), ("%d-%b-%y", 2, None));
        assert_eq!(found(&["01/02/2006", "25/02/2006"]), ("%d/%m/%Y", 2, None));
        assert_eq!(found(&["01/02/2006", "03/04/2006"]), ("%m/%d/%Y", 2, Some("%d/%m/%Y")));
        assert_eq!(found(&["cat", "dog"]).1, 0);
    }

    #[test]
    fn cycles_follow_the_calendar() {
        // 1 January 1970 was a Thursday.
        assert_eq!(cycles(0.0), [0.0, 3.0 / 7.0]);
        assert_eq!(cycles(31.0), [31.0 / 365.25, 6.0 / 7.0]);
    }
}
