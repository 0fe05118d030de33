//! Schedules of sync windows: the five fields of cron.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

/// The first minute of a schedule after `after` and not after `until`. `None` also for a schedule that makes no sense.
pub(super) fn next(schedule: &str, after: Timestamp, until: Timestamp) -> Option<Timestamp> {
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields.as_slice() else { return None };
    let mut at = Timestamp::from_second(after.as_second().div_euclid(60) * 60).ok()?;
    while at <= until {
        if at > after {
            let here = at.to_zoned(TimeZone::UTC);
            let is = |field: &str, value: i8| holds(field, i64::from(value));
            // As cron has it: if both say something, either day will do.
            let days = (is(day, here.day()), is(weekday, here.weekday().to_sunday_zero_offset()));
            let on_day = if *day == "*" || *weekday == "*" { days.0 && days.1 } else { days.0 || days.1 };
            if is(minute, here.minute()) && is(hour, here.hour()) && is(month, here.month()) && on_day {
                return Some(at);
            }
        }
        at = at.checked_add(SignedDuration::from_mins(1)).ok()?;
    }
    None
}

/// Whether a field holds for a value: `*`, numbers, ranges, lists of them, and steps.
fn holds(field: &str, value: i64) -> bool {
    field.split(',').any(|part| {
        let (range, step) = part.split_once('/').unwrap_or((part, "1"));
        let Ok(step) = step.parse::<i64>() else { return false };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (0, i64::MAX),
            Some((first, last)) => match (first.parse(), last.parse()) {
                (Ok(first), Ok(last)) => (first, last),
                _ => return false,
            },
            None => match range.parse() {
                Ok(only) => (only, if part.contains('/') { i64::MAX } else { only }),
                Err(_) => return false,
            },
        };
        step > 0 && (first..=last).contains(&value) && (value - first) % step == 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_cron_are_understood() {
        for (field, value, expected) in [
            ("*", 7, true),
            ("7", 7, true),
            ("8", 7, false),
            ("1-5,7", 7, true),
            ("*/5", 10, true),
            ("*/5", 11, false),
            ("10-20/3", 13, true),
            ("x", 1, false),
        ] {
            assert_eq!(holds(field, value), expected, "{field} {value}");
        }
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (after, until) = (at("2026-11-23T11:00:30Z"), at("2026-11-24T11:00:30Z"));
        assert_eq!(next("* * * * *", after, until), Some(at("2026-11-23T11:01:00Z")));
        assert_eq!(next("30 9 * * 2", after, until), Some(at("2026-11-24T09:30:00Z")));
        assert_eq!(next("30 9 * * 3", after, until), None);
        assert_eq!(next("often", after, until), None);
    }
}
