//! Which objects of a collection are meant: label selectors, and field selectors on name and namespace.
//!
//! Shown by `applications_with_a_label_are_a_cohort_and_one_that_gets_it_later_is_released_as_well` (labels) and
//! `cluster::a_watch_tells_the_state_every_change_and_the_end` (one object by its name).

use super::{path::Asked, status::Refusal};
use crate::kind::{Key, Kind};
use serde_json::Value;

/// What a list or a watch selects.
#[derive(Debug, Default)]
pub(super) struct Selector {
    fields: Vec<FieldRequirement>,
    labels: Vec<LabelRequirement>,
}

#[derive(Debug)]
struct FieldRequirement {
    is_name: bool,
    equal: bool,
    value: String,
}

#[derive(Debug, PartialEq, Eq)]
enum LabelRequirement {
    In(String, Vec<String>),
    /// Also met by objects without the label.
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
}

impl Selector {
    /// The selector of a request.
    pub(super) fn of(kind: Kind, asked: &Asked<'_>) -> Result<Self, Refusal> {
        let fields =
            asked.parameter("fieldSelector").map_or_else(|| Ok(Vec::new()), |text| fields(kind, text))?;
        let labels = asked.parameter("labelSelector").map_or_else(|| Ok(Vec::new()), labels)?;
        Ok(Self { fields, labels })
    }

    /// Whether it selects everything.
    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.labels.is_empty()
    }

    /// The name of the only object that it may select.
    pub(super) fn name(&self) -> Option<&str> {
        let named = self.fields.iter().find(|field| field.is_name && field.equal)?;
        Some(&named.value)
    }

    /// Whether it selects an object.
    pub(super) fn matches(&self, key: &Key, object: &Value) -> bool {
        let labels = &object["metadata"]["labels"];
        self.fields.iter().all(|field| {
            let value = if field.is_name { &key.name } else { &key.namespace };
            (*value == field.value) == field.equal
        }) && self.labels.iter().all(|label| label.is_met(labels))
    }
}

impl LabelRequirement {
    fn is_met(&self, labels: &Value) -> bool {
        let value = |key: &String| labels.get(key).and_then(Value::as_str);
        match self {
            Self::In(key, values) => value(key).is_some_and(|value| values.iter().any(|one| one == value)),
            Self::NotIn(key, values) => value(key).is_none_or(|value| values.iter().all(|one| one != value)),
            Self::Exists(key) => value(key).is_some(),
            Self::Absent(key) => value(key).is_none(),
        }
    }
}

/// Splits `key=value`, `key==value` or `key!=value`.
fn operator(text: &str) -> Option<(&str, bool, &str)> {
    if let Some((key, value)) = text.split_once("!=") {
        return Some((key, false, value));
    }
    let (key, value) = text.split_once('=')?;
    Some((key, true, value.strip_prefix('=').unwrap_or(value)))
}

fn fields(kind: Kind, text: &str) -> Result<Vec<FieldRequirement>, Refusal> {
    let requirement = |term: &str| {
        let (field, equal, value) = operator(term).ok_or_else(|| {
            Refusal::bad_request(format!("invalid selector: '{text}'; can't understand '{term}'"))
        })?;
        match field {
            "metadata.name" | "metadata.namespace" => {
                Ok(FieldRequirement { is_name: field == "metadata.name", equal, value: value.to_owned() })
            }
            // Custom resources and pods say it in other words than the rest.
            other if kind.group() == "argoproj.io" || kind == Kind::Pod => {
                Err(Refusal::bad_request(format!("field label not supported: {other}")))
            }
            other => Err(Refusal::bad_request(format!(
                "{other:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
            ))),
        }
    };
    text.split(',').filter(|term| !term.is_empty()).map(requirement).collect()
}

fn labels(text: &str) -> Result<Vec<LabelRequirement>, Refusal> {
    let mut requirements = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (term, after) = next_term(rest);
        let requirement = label(term.trim())
            .ok_or_else(|| Refusal::bad_request(format!("unable to parse requirement: {:?}", term.trim())))?;
        requirements.push(requirement);
        rest = after.trim();
    }
    Ok(requirements)
}

/// The text up to the next comma that is in no parentheses, and what comes after it.
fn next_term(text: &str) -> (&str, &str) {
    let mut depth = 0_usize;
    for (index, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                return (text.get(..index).unwrap_or(text), text.get(index + 1..).unwrap_or_default());
            }
            _ => {}
        }
    }
    (text, "")
}

fn label(term: &str) -> Option<LabelRequirement> {
    if let Some(key) = term.strip_prefix('!') {
        return is_key(key.trim()).then(|| LabelRequirement::Absent(key.trim().to_owned()));
    }
    if let Some((before, values)) = term.strip_suffix(')').and_then(|term| term.split_once('(')) {
        let (key, operator) = before.trim().split_once(char::is_whitespace)?;
        let values = values.split(',').map(|value| value.trim().to_owned()).collect();
        let key = is_key(key).then(|| key.to_owned())?;
        return match operator.trim() {
            "in" => Some(LabelRequirement::In(key, values)),
            "notin" => Some(LabelRequirement::NotIn(key, values)),
            _ => None,
        };
    }
    let Some((key, equal, value)) = operator(term) else {
        return is_key(term).then(|| LabelRequirement::Exists(term.to_owned()));
    };
    let (key, values) = (key.trim(), vec![value.trim().to_owned()]);
    let key = is_key(key).then(|| key.to_owned())?;
    Some(if equal { LabelRequirement::In(key, values) } else { LabelRequirement::NotIn(key, values) })
}

fn is_key(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte))
}
