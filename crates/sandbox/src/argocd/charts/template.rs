//! What Helm's templates do with values, as far as the charts of the fleet need it: Go's way of printing, of calling
//! something true, and of failing.
//!
//! Line and column are missing in the messages: they would have to be kept in step with the templates, and nobody reads
//! them.

use super::{parameter, yaml};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// What Helm adds to what templates do wrong.
const HINT: &str = "\n\nUse --debug flag to render out invalid YAML";

/// A file of a chart and the values that it sees.
#[derive(Clone, Copy)]
pub(super) struct Template<'a> {
    name: &'static str,
    values: &'a Value,
}

impl<'a> Template<'a> {
    /// The file `name`, such as `minimal/templates/statefulset.yaml`.
    pub(super) fn new(name: &'static str, values: &'a Value) -> Self {
        Self { name, values }
    }

    /// The same file with other values, as inside of `with`.
    pub(super) fn seeing(&self, values: &'a Value) -> Self {
        Self { values, ..*self }
    }

    /// `.Values.path`. What is not there is nothing; what lies in something that is no map is an error.
    pub(super) fn value(&self, path: &str) -> Result<&'a Value, String> {
        let mut value = self.values;
        for key in path.split('.') {
            value = match value {
                Value::Object(map) => map.get(key).unwrap_or(&Value::Null),
                other => {
                    let problem = if other.is_null() {
                        format!("nil pointer evaluating interface {{}}.{key}")
                    } else {
                        format!("can't evaluate field {key} in type interface {{}}")
                    };
                    return Err(self.failed(&format!(".Values.{path}"), &problem));
                }
            };
        }
        Ok(value)
    }

    /// What Helm says when it cannot evaluate an expression.
    pub(super) fn failed(&self, expression: &str, problem: &str) -> String {
        let name = self.name;
        format!("Error: template: {name}: executing \"{name}\" at <{expression}>: {problem}{HINT}")
    }

    /// What Go's `if` thinks of it. The text "false" is true.
    pub(super) fn is_true(&self, path: &str) -> Result<bool, String> {
        Ok(match self.value(path)? {
            Value::Null => false,
            Value::Bool(is) => *is,
            Value::Number(number) => number.as_f64() != Some(0.0),
            Value::String(text) => !text.is_empty(),
            Value::Array(list) => !list.is_empty(),
            Value::Object(map) => !map.is_empty(),
        })
    }

    /// `{{ .Values.path }}`
    pub(super) fn text(&self, path: &str) -> Result<String, String> {
        Ok(match self.value(path)? {
            // Helm removes Go's `<no value>`.
            Value::Null => String::new(),
            value => print(value),
        })
    }

    /// `key: {{ .Values.path }}`: what is printed is read as YAML again.
    pub(super) fn scalar(&self, path: &str) -> Result<Value, String> {
        self.read(&self.text(path)?)
    }

    /// `key: text`, after everything is printed.
    pub(super) fn read(&self, text: &str) -> Result<Value, String> {
        if is_surely_text(text) {
            return Ok(Value::String(text.to_owned()));
        }
        let mut document = yaml::read(&format!("key: {text}")).map_err(|problem| {
            format!(
                "Error: YAML parse error on {}: error converting YAML to JSON: {problem}{HINT}",
                self.name
            )
        })?;
        Ok(document.get_mut("key").map(Value::take).unwrap_or_default())
    }

    /// `key: {{ .Values.repository }}:{{ .Values.tag }}`
    pub(super) fn reference(&self, image: &str) -> Result<Value, String> {
        let part = |field: &str| self.text(&format!("{image}.{field}"));
        self.read(&format!("{}:{}", part("repository")?, part("tag")?))
    }

    /// `key: {{ .Values.path | quote }}`
    pub(super) fn quoted(&self, path: &str) -> Result<Value, String> {
        Ok(match self.value(path)? {
            Value::Null => Value::Null,
            value => json!(print(value)),
        })
    }

    /// `key: {{ repeat (int .Values.path) "x" | quote }}`
    pub(super) fn repeated(&self, path: &str, what: &str) -> Result<Value, String> {
        let times = parameter::to_integer(self.value(path)?);
        Ok(json!(what.repeat(usize::try_from(times).unwrap_or_default())))
    }
}

/// Whether YAML can only mean this text by it, as for nearly all image references; then it need not be parsed.
fn is_surely_text(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.contains('/')
        && !text.ends_with(':')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"./:_@-".contains(&byte))
}

/// What Go calls the type of it.
pub(super) fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "nil",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// As Go prints it with `%v`.
pub(super) fn print(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(is) => is.to_string(),
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => print_float(float),
            _ => number.to_string(),
        },
        Value::String(text) => text.clone(),
        Value::Array(list) => format!("[{}]", list.iter().map(print).collect::<Vec<_>>().join(" ")),
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            let entries: Vec<_> =
                entries.into_iter().map(|(key, value)| format!("{key}:{}", print(value))).collect();
            format!("map[{}]", entries.join(" "))
        }
    }
}

/// 7654321 becomes `7.654321e+06` (`digits_stay_text_in_a_parameter_and_become_a_number_in_values_object`), 100000 stays
/// `100000`: the shortest digits that mean this number, with an exponent outside of 1e-4 to 1e6.
fn print_float(float: f64) -> String {
    let scientific = format!("{float:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..6).contains(&exponent) {
        return float.to_string();
    }
    let mut text = digits.to_owned();
    let sign = if exponent < 0 { '-' } else { '+' };
    // Writing to a text cannot fail.
    let _ = write!(text, "e{sign}{:02}", exponent.unsigned_abs());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_printed_as_go_prints_them() {
        for (float, text) in [
            (2.0, "2"),
            (0.0, "0"),
            (-1.5, "-1.5"),
            (100_000.0, "100000"),
            (999_999.0, "999999"),
            (1_000_000.0, "1e+06"),
            (7_654_321.0, "7.654321e+06"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.5e300, "1.5e+300"),
        ] {
            assert_eq!(print(&json!(float)), text);
        }
        assert_eq!(print(&json!(7_654_321)), "7654321");
        assert_eq!(print(&json!({ "b": [true, null], "a": "x" })), "map[a:x b:[true <nil>]]");
    }
}
