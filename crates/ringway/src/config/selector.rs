//! Label selectors: whether the API server will understand one.
//!
//! <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors>

use super::{document::shorten, text::TENANT};

/// The placeholders for the last parts of a cohort label.
const KEY: &str = "{key}";
const VALUE: &str = "{value}";

/// What is wrong with a label selector that has `{tenant}` in it.
pub(super) fn check(text: &str) -> Result<(), String> {
    // Any tenant's name is a DNS label, so one stands for all.
    check_filled(&text.replace(TENANT, "x"))
}

/// A label selector that finds the Applications of a cohort: it has `{value}` in it, and may have `{key}`.
pub(super) fn check_cohorts(text: &str) -> Result<String, String> {
    const ALLOWED: &str = "allowed: a label selector with {value}, such as example.com/{key}={value}";
    let example = fill(text, "x", "x");
    if example.contains(['{', '}']) {
        return Err(format!(
            "found {:?}; the only placeholders are {{key}} and {{value}}; {ALLOWED}",
            shorten(text)
        ));
    }
    if !text.contains(VALUE) {
        return Err(format!("found {:?}, which is the same for every label; {ALLOWED}", shorten(text)));
    }
    check_filled(&example).map(|()| text.to_owned())
}

/// The selector of [`check_cohorts`] for one label.
pub(super) fn of_cohort(template: &str, key: &str, value: &str) -> Result<String, String> {
    for part in [key, value] {
        // Anything else could add a requirement, or take one away.
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || "-_./".contains(letter);
        if !part.chars().all(allowed) {
            return Err(format!("{:?} has more than letters, digits, -, _, . and / in it", shorten(part)));
        }
    }
    let selector = fill(template, key, value);
    check_filled(&selector).map(|()| selector)
}

fn fill(template: &str, key: &str, value: &str) -> String {
    template.replace(KEY, key).replace(VALUE, value)
}

/// The key of a label.
pub(super) fn label_key(text: &str) -> Result<String, String> {
    check_key(text).map(|()| text.to_owned())
}

fn check_filled(text: &str) -> Result<(), String> {
    split(text)?.into_iter().try_for_each(requirement)
}

/// Splits at the commas outside parentheses.
fn split(text: &str) -> Result<Vec<&str>, String> {
    let (mut parts, mut start, mut inside) = (Vec::new(), 0, false);
    for (index, character) in text.char_indices() {
        match character {
            '(' if inside => return Err("has a parenthesis inside parentheses".into()),
            '(' => inside = true,
            ')' if !inside => return Err("has a ) without a (".into()),
            ')' => inside = false,
            ',' if !inside => {
                parts.push(&text[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    if inside {
        return Err("has a ( without a )".into());
    }
    parts.push(&text[start..]);
    Ok(parts)
}

fn requirement(text: &str) -> Result<(), String> {
    let text = text.trim();
    if let Some(key) = text.strip_prefix('!') {
        return check_key(key.trim());
    }
    if let Some((key, set)) = text.strip_suffix(')').and_then(|text| text.split_once('(')) {
        let Some((key, "in" | "notin")) = key.trim().rsplit_once(char::is_whitespace) else {
            return Err(format!(
                "has {:?}; a set is written key in (a, b) or key notin (a, b)",
                shorten(text)
            ));
        };
        check_key(key.trim())?;
        return set.split(',').try_for_each(|value| check_value(value.trim()));
    }
    match ["!=", "==", "="].iter().find_map(|operator| text.split_once(operator)) {
        Some((key, value)) => check_key(key.trim()).and_then(|()| check_value(value.trim())),
        None => check_key(text),
    }
}

/// `name` or `prefix/name`.
fn check_key(text: &str) -> Result<(), String> {
    let (prefix, name) = text.split_once('/').map_or((None, text), |(prefix, name)| (Some(prefix), name));
    let is_prefix = |prefix: &str| prefix.len() <= 253 && prefix.split('.').all(super::text::is_dns_label);
    if is_label_text(name) && !name.is_empty() && prefix.is_none_or(is_prefix) {
        return Ok(());
    }
    Err(format!(
        "has {:?} where the key of a label is expected, such as app.kubernetes.io/instance",
        shorten(text)
    ))
}

fn check_value(text: &str) -> Result<(), String> {
    if is_label_text(text) {
        return Ok(());
    }
    Err(format!(
        "has {:?} where the value of a label is expected: up to 63 letters, digits and - _ . with a letter or digit \
         at both ends",
        shorten(text)
    ))
}

fn is_label_text(text: &str) -> bool {
    let edge = |character: char| character.is_ascii_alphanumeric();
    text.is_empty()
        || text.len() <= 63
            && text.starts_with(edge)
            && text.ends_with(edge)
            && text.chars().all(|character| edge(character) || matches!(character, '-' | '_' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kubectl_takes_is_taken() {
        for good in [
            "tenant={tenant}",
            "tenant=={tenant},tier!=free",
            "acme.io/tenant = {tenant}, environment in (production, qa)",
            "tenant={tenant},!canary,partition notin (a,b)",
            "tenant={tenant},environment",
            "tenant={tenant},empty=",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn a_selector_of_cohorts_has_the_value_of_the_label() {
        assert!(check_cohorts("acme.io/{key}={value},tier=ring").is_ok());
        for bad in ["acme.io/ring=yes", "{keys}={value}", "{value", "a={value} or b=c"] {
            assert!(check_cohorts(bad).is_err(), "{bad}");
        }
        assert_eq!(
            of_cohort("acme.io/{key}={value}", "channel", "beta").as_deref(),
            Ok("acme.io/channel=beta")
        );
        assert!(of_cohort("acme.io/{key}={value}", "channel", "a/b").unwrap_err().contains("\"a/b\""));
        assert!(of_cohort("acme.io/{key}={value}", "channel", "a,tier=b").is_err());
    }

    #[test]
    fn what_the_api_server_would_refuse_is_refused() {
        for bad in [
            "",
            "tenant={tenant},",
            "=x",
            "tenant in {tenant}",
            "tenant in ({tenant}",
            "tenant in (({tenant}))",
            "tenant)",
            "tenant ({tenant})",
            "tenant={tenant} or x=y",
            "-tenant=x",
            "a/b/c=x",
            "tenant=a=b",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
