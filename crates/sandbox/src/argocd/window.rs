//! Sync windows of an AppProject: when operations may run (`failures::operation` for those that deny; the others and
//! schedules: docs/measured.md, Operations).
//!
//! Time zones are left out: no scenario uses them.

mod schedule;

use super::resource::text;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// Whether an Application may be synced now (`types.go`: `SyncWindows.CanSync`).
pub(super) fn can_sync(project: &Value, application: &Value, is_manual: bool, now: Timestamp) -> bool {
    let windows = project.pointer("/spec/syncWindows").and_then(Value::as_array);
    let windows: Vec<&Value> =
        windows.into_iter().flatten().filter(|window| matches(window, application)).collect();
    let (active, inactive): (Vec<&Value>, Vec<&Value>) =
        windows.into_iter().partition(|window| is_active(window, now));
    let manual = |window: &&&Value| window.get("manualSync") == Some(&Value::Bool(true));
    let denies: Vec<&&Value> = active.iter().filter(|window| text(window, "/kind") == "deny").collect();
    if !denies.is_empty() {
        return is_manual && denies.iter().all(|window| manual(&&**window));
    }
    let is_allow = |window: &&&Value| text(window, "/kind") == "allow";
    if active.iter().any(|window| is_allow(&window)) {
        return true;
    }
    let mut closed = inactive.iter().filter(is_allow).peekable();
    closed.peek().is_none() || (is_manual && closed.all(|window| manual(&window)))
}

/// Whether a window is about an Application.
fn matches(window: &Value, application: &Value) -> bool {
    let any = |field: &str, text: &str| {
        let patterns = window.get(field).and_then(Value::as_array);
        patterns.into_iter().flatten().filter_map(Value::as_str).any(|pattern| is_like(pattern, text))
    };
    let destination = |field: &str| text(application, &format!("/spec/destination/{field}")).to_owned();
    any("applications", text(application, "/metadata/name"))
        || any("namespaces", &destination("namespace"))
        || any("clusters", &destination("server"))
        || any("clusters", &destination("name"))
}

/// Whether `text` is like a pattern in which `*` stands for anything.
fn is_like(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut last = None;
    for part in parts {
        last = Some(part);
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    last.map_or(rest.is_empty(), |last| text.ends_with(last))
}

/// Whether a window has begun and is not over.
fn is_active(window: &Value, now: Timestamp) -> bool {
    let Some(duration) = length(text(window, "/duration")) else { return false };
    let Ok(earliest) = now.checked_sub(duration) else { return false };
    let begin = schedule::next(text(window, "/schedule"), earliest, now);
    begin.is_some_and(|begin| begin < now)
}

/// A duration as Go writes it, such as `1h` or `1h30m`.
fn length(text: &str) -> Option<SignedDuration> {
    let (mut total, mut number) = (0_i64, String::new());
    for letter in text.chars() {
        if letter.is_ascii_digit() {
            number.push(letter);
            continue;
        }
        let unit = match letter {
            'h' => 3600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        total = total.checked_add(number.parse::<i64>().ok()?.checked_mul(unit)?)?;
        number.clear();
    }
    number.is_empty().then(|| SignedDuration::from_secs(total))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ask(windows: &Value, is_manual: bool, now: &str) -> bool {
        let project = json!({ "spec": { "syncWindows": windows } });
        let application =
            json!({ "metadata": { "name": "alpha" }, "spec": { "destination": { "namespace": "t" } } });
        can_sync(&project, &application, is_manual, now.parse().unwrap())
    }

    #[test]
    fn a_window_that_denies_closes_and_lets_people_through_if_it_says_so() {
        let now = "2026-11-23T12:00:30Z";
        let deny = |manual: bool| {
            json!([{ "kind": "deny", "schedule": "* * * * *", "duration": "1h",
            "applications": ["*"], "manualSync": manual }])
        };
        assert!(ask(&json!([]), false, now));
        assert!(ask(&Value::Null, false, now));
        assert!(!ask(&deny(true), false, now));
        assert!(ask(&deny(true), true, now));
        assert!(!ask(&deny(false), true, now));
        let other =
            json!([{ "kind": "deny", "schedule": "* * * * *", "duration": "1h", "applications": ["beta*"] }]);
        assert!(ask(&other, false, now));
    }

    #[test]
    fn a_window_that_allows_is_closed_outside_its_time() {
        let allow = json!([{ "kind": "allow", "schedule": "0 22 * * *", "duration": "2h30m", "applications": ["al*a"] }]);
        assert!(!ask(&allow, false, "2026-11-23T21:59:59Z"));
        assert!(ask(&allow, false, "2026-11-23T22:00:01Z"));
        assert!(ask(&allow, false, "2026-11-24T00:29:59Z"));
        assert!(!ask(&allow, false, "2026-11-24T00:30:01Z"));
    }
}
