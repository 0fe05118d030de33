//! Which values a chart gets to see: its own < files < `values` or `valuesObject` < parameters.
//!
//! The order is asserted on the testbed by `parameters_win_over_values_object_which_wins_over_the_chart` and
//! `values_object_takes_the_place_of_values_as_a_whole`.

use super::{
    parameter,
    template::{go_type, print},
    yaml,
};
use serde_json::{Map, Value, map::Entry};

/// What the user of a chart sets: files (text of each, in their order), then what the Helm source says.
///
/// # Errors
/// What Helm says.
pub(super) fn set_by_user(files: &[&str], helm: &Value) -> Result<Value, String> {
    let mut values = Map::new();
    for file in files {
        lay_over(&mut values, parse(file)?);
    }
    match (&helm["valuesObject"], helm["values"].as_str()) {
        (Value::Object(object), _) => lay_over(&mut values, object.clone()),
        (_, Some(text)) => lay_over(&mut values, parse(text)?),
        _ => {}
    }
    values.values_mut().for_each(make_float);
    parameter::put_all(&mut values, helm)?;
    Ok(Value::Object(values))
}

fn parse(text: &str) -> Result<Map<String, Value>, String> {
    let failed = |problem: &str| format!("Error: failed to parse values: {problem}");
    let kind = match yaml::read(text)
        .map_err(|problem| failed(&format!("error converting YAML to JSON: {problem}")))?
    {
        Value::Object(map) => return Ok(map),
        Value::Null => return Ok(Map::new()),
        Value::Array(_) => "array",
        Value::String(_) => "string",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
    };
    Err(failed(&format!(
        "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"
    )))
}

/// All numbers in files are floats to Helm: it reads them as JSON.
fn make_float(value: &mut Value) {
    match value {
        Value::Number(number) => *value = number.as_f64().map_or(Value::Null, Value::from),
        Value::Array(list) => list.iter_mut().for_each(make_float),
        Value::Object(map) => map.values_mut().for_each(make_float),
        _ => {}
    }
}

/// Puts `upper` over `lower`, map by map.
fn lay_over(lower: &mut Map<String, Value>, upper: Map<String, Value>) {
    for (key, value) in upper {
        match (lower.entry(key), value) {
            (Entry::Occupied(mut entry), Value::Object(upper)) => match entry.get_mut() {
                Value::Object(lower) => lay_over(lower, upper),
                other => *other = Value::Object(upper),
            },
            (Entry::Occupied(mut entry), value) => drop(entry.insert(value)),
            (Entry::Vacant(entry), value) => drop(entry.insert(value)),
        }
    }
}

/// What the user set, completed by a chart's own values. Null takes a default away, and a value of another kind stays.
pub(super) fn completed(mut user: Value, defaults: Value) -> Value {
    complete(&mut user, defaults);
    user
}

fn complete(user: &mut Value, defaults: Value) {
    let (Value::Object(user), Value::Object(defaults)) = (user, defaults) else { return };
    for (key, default) in defaults {
        match user.entry(key) {
            Entry::Occupied(mut entry) => complete(entry.get_mut(), default),
            Entry::Vacant(entry) => drop(entry.insert(default)),
        }
    }
}

/// What a chart sees in which others lie: the values of each subchart, below its name, completed by its own.
///
/// # Errors
/// What Helm says when there is something else below a subchart's name.
pub(super) fn completed_subcharts(mut values: Value, subcharts: &[(&str, Value)]) -> Result<Value, String> {
    for (name, defaults) in subcharts {
        let below = &mut values[*name];
        if below.is_null() {
            *below = Value::Object(Map::new());
        }
        if !below.is_object() {
            // Helm prints with a format for truth values what is none.
            let found = match below {
                Value::Bool(is) => is.to_string(),
                other => format!("%!t({}={})", go_type(other), print(other)),
            };
            return Err(format!("Error: type mismatch on {name}: {found}"));
        }
        complete(below, defaults.clone());
    }
    Ok(values)
}
