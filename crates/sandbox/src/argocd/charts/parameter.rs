//! `helm.parameters`: what Argo CD gives Helm as `--set` and `--set-string`.
//!
//! Names are paths with dots; a backslash takes the next character as it is. Lists (`a[0]`, `{a,b}`) and Argo CD's
//! replacement of `$ARGOCD_APP_NAME` and the like are left out: no chart here has a list, and no scenario a variable.

use super::{template::go_type, yaml};
use serde_json::{Map, Value, map::Entry};

/// Puts all parameters of a Helm source into values that may be there already.
///
/// Argo CD keeps them by name, those with `forceString` for themselves, so the last of a name counts, and text wins. It gives them to
/// Helm in an order of chance; here they keep theirs.
///
/// # Errors
/// What Helm says.
pub(super) fn put_all(values: &mut Map<String, Value>, helm: &Value) -> Result<(), String> {
    let (mut typed, mut texts) = (Vec::new(), Vec::new());
    for parameter in helm["parameters"].as_array().into_iter().flatten() {
        let text = |field: &str| parameter[field].as_str().unwrap_or_default();
        let kind = if parameter["forceString"] == true { &mut texts } else { &mut typed };
        let name = text("name");
        kind.retain(|(known, _)| *known != name);
        kind.push((name, unescaped(text("value"))));
    }
    for (name, value) in typed {
        put(values, name, typed_value(&value)).map_err(|problem| failed("--set", &problem))?;
    }
    for (name, value) in texts {
        put(values, name, Value::String(value)).map_err(|problem| failed("--set-string", &problem))?;
    }
    Ok(())
}

fn failed(option: &str, problem: &str) -> String {
    format!("Error: failed parsing {option} data: unable to parse key: {problem}")
}

/// Argo CD escapes commas but not backslashes, so Helm takes one away.
fn unescaped(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        result.extend(if character == '\\' { characters.next() } else { Some(character) });
    }
    result
}

/// The keys of a path.
fn keys(path: &str) -> Vec<String> {
    let mut keys = vec![String::new()];
    let mut characters = path.chars();
    while let Some(character) = characters.next() {
        match (character, keys.last_mut()) {
            ('.', _) => keys.push(String::new()),
            (_, None) => {}
            ('\\', Some(key)) => key.extend(characters.next()),
            (_, Some(key)) => key.push(character),
        }
    }
    keys
}

/// What `--set` takes a text for. A leading zero makes it a text: tags such as `0123456` arrive unchanged
/// (`digits_stay_text_in_a_parameter_and_become_a_number_in_values_object`).
fn typed_value(text: &str) -> Value {
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        "null" => Value::Null,
        "0" => Value::from(0),
        _ if text.starts_with('0') => Value::String(text.to_owned()),
        _ => text.parse::<i64>().map_or_else(|_| Value::String(text.to_owned()), Value::from),
    }
}

fn put(values: &mut Map<String, Value>, path: &str, value: Value) -> Result<(), String> {
    let mut keys = keys(path);
    let Some(last) = keys.pop() else { return Ok(()) };
    let mut inner = values;
    for key in keys {
        let found = match inner.entry(key) {
            Entry::Vacant(entry) => entry.insert(Value::Object(Map::new())),
            Entry::Occupied(entry) => entry.into_mut(),
        };
        let kind = go_type(found);
        inner = found.as_object_mut().ok_or_else(|| {
            format!("interface conversion: interface {{}} is {kind}, not map[string]interface {{}}")
        })?;
    }
    inner.insert(last, value);
    Ok(())
}

/// A number as text in the sense of Go's `cast.ToInt`, which templates call `int`.
pub(super) fn to_integer(value: &Value) -> i64 {
    match value {
        Value::Bool(is) => i64::from(*is),
        #[expect(clippy::cast_possible_truncation, reason = "so does Go")]
        Value::Number(number) => {
            number.as_i64().unwrap_or_else(|| number.as_f64().unwrap_or_default() as i64)
        }
        Value::String(text) => yaml::integer(text).unwrap_or_default(),
        _ => 0,
    }
}
