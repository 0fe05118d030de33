//! YAML as Helm reads it: with the rules of YAML 1.1 for what a scalar means, as the Go library has them.
//!
//! So `0123456` is an octal number and `yes` is true, where YAML 1.2 would say otherwise. The fixture of these charts,
//! which real Helm rendered, has both. Anchors are refused: no chart and no scenario has any.

use granit_parser::{Event, Options, Parser, ScalarStyle};
use serde_json::{Map, Number, Value};

/// Reads the first document of a text. `Null` if there is nothing in it.
///
/// # Errors
/// What is wrong with the text, in the form of Go's library.
pub(super) fn read(text: &str) -> Result<Value, String> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    let mut tree = Tree::default();
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| at(error.marker().line(), error.info()))?;
        if matches!(event, Event::DocumentEnd) {
            break;
        }
        tree.take(event).map_err(|problem| at(span.start.line(), problem))?;
    }
    Ok(tree.root.unwrap_or_default())
}

fn at(line: usize, problem: impl std::fmt::Display) -> String {
    format!("yaml: line {line}: {problem}")
}

/// A document that is being read: the collections that are open, the innermost last.
#[derive(Default)]
struct Tree {
    open: Vec<Open>,
    root: Option<Value>,
}

enum Open {
    List(Vec<Value>),
    Map { map: Map<String, Value>, key: Option<String> },
}

impl Tree {
    fn take(&mut self, event: Event<'_>) -> Result<(), &'static str> {
        match event {
            Event::Scalar(text, ScalarStyle::Plain, ..) => self.put(resolve(&text)),
            Event::Scalar(text, ..) => self.put(Value::String(text.into_owned())),
            Event::SequenceStart(..) => {
                self.open.push(Open::List(Vec::new()));
                Ok(())
            }
            Event::MappingStart(..) => {
                self.open.push(Open::Map { map: Map::new(), key: None });
                Ok(())
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(..) => Err("aliases are not read here"),
            _ => Ok(()),
        }
    }

    fn close(&mut self) -> Result<(), &'static str> {
        let value = match self.open.pop() {
            Some(Open::List(list)) => Value::Array(list),
            Some(Open::Map { map, .. }) => Value::Object(map),
            None => return Ok(()),
        };
        self.put(value)
    }

    fn put(&mut self, value: Value) -> Result<(), &'static str> {
        match self.open.last_mut() {
            None => self.root = Some(value),
            Some(Open::List(list)) => list.push(value),
            Some(Open::Map { map, key }) => match key.take() {
                Some(name) => {
                    map.insert(name, value);
                }
                None => *key = Some(key_of(value)?),
            },
        }
        Ok(())
    }
}

/// Keys become texts on the way to JSON.
fn key_of(value: Value) -> Result<String, &'static str> {
    match value {
        Value::String(text) => Ok(text),
        Value::Null | Value::Array(_) | Value::Object(_) => Err("invalid map key"),
        other => Ok(other.to_string()),
    }
}

/// What a scalar without quotes means.
pub(super) fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Value::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Value::Bool(false),
        _ if text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-' | '.')) => {
            number(&text.replace('_', "")).unwrap_or_else(|| Value::String(text.to_owned()))
        }
        _ => Value::String(text.to_owned()),
    }
}

fn number(text: &str) -> Option<Value> {
    if let Some(integer) = integer(text) {
        return Some(Value::from(integer));
    }
    // Rust would also read words such as `inf`, which YAML writes otherwise.
    let is_decimal = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let float = text.parse::<f64>().ok().filter(|_| is_decimal)?;
    Number::from_f64(float).map(Value::Number)
}

/// As Go's `strconv.ParseInt` with base 0: the prefix decides, and a leading zero means octal.
pub(super) fn integer(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if !digits.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = match lower.get(..2) {
        Some("0x") => (16, &lower[2..]),
        Some("0o") => (8, &lower[2..]),
        Some("0b") => (2, &lower[2..]),
        Some(_) if lower.starts_with('0') => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    if !digits.starts_with(|first: char| first.is_ascii_hexdigit()) {
        return None;
    }
    let absolute = i64::from_str_radix(digits, radix).ok()?;
    Some(if negative { -absolute } else { absolute })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_scalar_means_what_it_means_to_go() {
        for (text, value) in [
            ("0123456", json!(42798)),
            ("0189", json!(189.0)),
            ("0x10", json!(16)),
            ("12e4567", json!("12e4567")),
            ("12e4", json!(120_000.0)),
            ("e65a995abcd", json!("e65a995abcd")),
            ("1.0.0", json!("1.0.0")),
            ("1_000", json!(1000)),
            ("-7", json!(-7)),
            ("-", json!("-")),
            ("0", json!(0)),
            ("yes", json!(true)),
            ("inf", json!("inf")),
            ("", json!(null)),
            ("2020-01-02", json!("2020-01-02")),
        ] {
            assert_eq!(resolve(text), value, "{text}");
        }
    }

    #[test]
    fn a_document_is_read_with_its_quotes_and_its_nesting() {
        let text = "a: {b: [1, '1', \"x\"], 5: ~}\nc:\n- d: |\n    text\n- no # a comment\n";
        let expected = json!({ "a": { "b": [1, "1", "x"], "5": null }, "c": [{ "d": "text\n" }, false] });
        assert_eq!(read(text), Ok(expected));
        assert_eq!(read("# nothing"), Ok(Value::Null));
        assert!(read("a: [b").is_err());
        assert!(read("image: repository:").is_err());
        assert!(read("image: a: b").is_err());
    }
}
