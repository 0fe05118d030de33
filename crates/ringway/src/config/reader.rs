//! Reads settings from the tree, one typed value at a time, and keeps every error instead of stopping at the first.
//!
//! Every method that returns an `Option` has noted why when it returns `None`: who reads goes on with the next setting.

use super::{
    document::{Fault, Field, Kind, Node, Position},
    errors::ConfigError,
    schema,
    suggest::{did_you_mean, either},
};
use std::{cell::RefCell, collections::BTreeSet, fmt::Display, ops::RangeInclusive, time::Duration};

/// What was noted while reading.
#[derive(Debug, Default)]
pub(super) struct Log {
    errors: RefCell<Vec<ConfigError>>,
    /// The settings that were asked for, and those that the file has: tests compare both with the schema.
    asked: RefCell<BTreeSet<String>>,
    present: RefCell<BTreeSet<String>>,
}

impl Log {
    pub(super) fn error(&self, at: Option<Position>, field: &str, message: impl Into<String>) {
        self.errors.borrow_mut().push(ConfigError { at, field: field.to_owned(), message: message.into() });
    }

    pub(super) fn faults(&self, faults: Vec<Fault>) {
        for fault in faults {
            self.error(Some(fault.at), "", fault.message);
        }
    }

    pub(super) fn into_errors(self) -> Vec<ConfigError> {
        self.errors.into_inner()
    }

    #[cfg(test)]
    pub(super) fn asked(&self) -> BTreeSet<String> {
        self.asked.borrow().clone()
    }

    #[cfg(test)]
    pub(super) fn present(&self) -> BTreeSet<String> {
        self.present.borrow().clone()
    }
}

/// A value with its path: as the user sees it (`limits.cohortSize`) and as the schema has it.
#[derive(Clone)]
pub(super) struct Value<'a> {
    log: &'a Log,
    node: &'a Node,
    path: String,
    schema: String,
}

/// A mapping with settings.
pub(super) struct Map<'a> {
    value: Value<'a>,
    fields: &'a [Field],
}

impl<'a> Value<'a> {
    /// The whole document.
    pub(super) fn root(log: &'a Log, node: &'a Node) -> Self {
        Self { log, node, path: String::new(), schema: String::new() }
    }

    /// Notes something that is wrong with this value.
    pub(super) fn error(&self, message: impl Into<String>) {
        self.log.error(Some(self.node.at), &self.path, message);
    }

    /// Notes that this is not what it should be.
    fn wrong<T>(&self, allowed: impl Display) -> Option<T> {
        match self.node.kind {
            Kind::Refused => {}
            // What stands here may be the secret itself.
            Kind::Scalar { .. } if schema::is_about_a_secret(&self.schema) => {
                self.error(format!("found a text; allowed: {allowed}"));
            }
            _ => self.error(format!("found {}; allowed: {allowed}", self.node.describe())),
        }
        None
    }

    /// The line that this begins in.
    pub(super) fn line(&self) -> usize {
        self.node.at.line
    }

    /// A mapping whose keys are settings. Unknown keys are errors.
    pub(super) fn map(&self) -> Option<Map<'a>> {
        let Kind::Map(fields) = &self.node.kind else {
            let names: Vec<&str> = schema::fields(&self.schema).collect();
            return self.wrong(format_args!("a mapping with {}", names.join(", ")));
        };
        let map = Map { value: self.clone(), fields };
        map.refuse_unknown_fields();
        Some(map)
    }

    /// A mapping whose keys are names that the user chose, at least one.
    pub(super) fn entries(&self) -> Vec<(&'a str, Value<'a>)> {
        let Kind::Map(fields) = &self.node.kind else {
            self.wrong::<()>(schema::form(&self.schema));
            return Vec::new();
        };
        if fields.is_empty() {
            self.error(format!("is empty; allowed: {}", schema::form(&self.schema)));
        }
        let child = |field: &'a Field| Value {
            log: self.log,
            node: &field.value,
            path: join(&self.path, &field.name),
            schema: join(&self.schema, "<name>"),
        };
        fields.iter().map(|field| (field.name.as_str(), child(field))).collect()
    }

    /// The names in a mapping, if it is one.
    pub(super) fn names(&self) -> Vec<&'a str> {
        match &self.node.kind {
            Kind::Map(fields) => fields.iter().map(|field| field.name.as_str()).collect(),
            _ => Vec::new(),
        }
    }

    /// A list, at least one.
    pub(super) fn list(&self) -> Vec<Value<'a>> {
        let items = self.list_or_empty();
        if matches!(&self.node.kind, Kind::List(items) if items.is_empty()) {
            self.error(format!("is empty; allowed: {}", schema::form(&self.schema)));
        }
        items
    }

    /// A list that may be empty.
    pub(super) fn list_or_empty(&self) -> Vec<Value<'a>> {
        let Kind::List(items) = &self.node.kind else {
            self.wrong::<()>("a list: entries that begin with `- `, or [a, b]");
            return Vec::new();
        };
        let child = |(index, node)| Value {
            log: self.log,
            node,
            path: format!("{}[{index}]", self.path),
            schema: format!("{}[]", self.schema),
        };
        items.iter().enumerate().map(child).collect()
    }

    /// A text that is not empty.
    pub(super) fn text(&self) -> Option<&'a str> {
        match &self.node.kind {
            Kind::Scalar { text, .. } if !text.is_empty() && !self.node.is_nothing() => Some(text),
            _ => self.wrong(match schema::form(&self.schema) {
                "a value" => "a text that is not empty",
                form => form,
            }),
        }
    }

    /// A text that `read` understands; it says what is wrong otherwise.
    pub(super) fn parsed<T, E: Display>(&self, read: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        read(self.text()?).map_err(|error| self.error(error.to_string())).ok()
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Option<T> {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let Kind::Scalar { text, .. } = &self.node.kind else { return self.wrong(either(&names)) };
        match choices.iter().find(|(name, _)| name == text) {
            Some((_, choice)) => Some(*choice),
            None => {
                self.wrong(format_args!("{}{}", either(&names), did_you_mean(text, names.iter().copied())))
            }
        }
    }

    /// `true` or `false`.
    pub(super) fn flag(&self) -> Option<bool> {
        match &self.node.kind {
            Kind::Scalar { text, quoted: false } if text == "true" => Some(true),
            Kind::Scalar { text, quoted: false } if text == "false" => Some(false),
            _ => self.wrong("true or false"),
        }
    }

    /// A whole number of the range.
    pub(super) fn number(&self, range: RangeInclusive<u32>) -> Option<u32> {
        let number = match &self.node.kind {
            Kind::Scalar { text, quoted: false } => text.parse().ok(),
            _ => None,
        };
        match number {
            Some(number) if range.contains(&number) => Some(number),
            _ => self.wrong(format_args!("a whole number from {} to {}", range.start(), range.end())),
        }
    }

    /// A number that GitHub gave to something.
    pub(super) fn id(&self) -> Option<u64> {
        let number = match &self.node.kind {
            Kind::Scalar { text, quoted: false } => text.parse().ok(),
            _ => None,
        };
        number.filter(|number| *number > 0).or_else(|| self.wrong("a whole number from 1"))
    }

    /// A duration from one second to 30 days.
    pub(super) fn duration(&self) -> Option<Duration> {
        const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);
        let allowed = "a duration from 1s to 720h, such as 90s, 15m, 2h or 1h30m";
        self.duration_within(Duration::from_secs(1)..=LONGEST, allowed)
    }

    /// A duration of the range, which `allowed` describes.
    pub(super) fn duration_within(&self, range: RangeInclusive<Duration>, allowed: &str) -> Option<Duration> {
        let Kind::Scalar { text, .. } = &self.node.kind else { return self.wrong(allowed) };
        match text.parse::<jiff::SignedDuration>().map(Duration::try_from) {
            Ok(Ok(duration)) if range.contains(&duration) => Some(duration),
            _ => self.wrong(allowed),
        }
    }
}

impl<'a> Map<'a> {
    /// The mapping itself, for errors about it as a whole.
    pub(super) fn value(&self) -> &Value<'a> {
        &self.value
    }

    /// A setting that must be there.
    pub(super) fn required(&self, name: &str) -> Option<Value<'a>> {
        let value = self.optional(name);
        if value.is_none() {
            let schema = join(&self.value.schema, name);
            let message = format!("is missing; allowed: {}", schema::form(&schema));
            self.value.log.error(Some(self.value.node.at), &join(&self.value.path, name), message);
        }
        value
    }

    /// A setting that may be left out; nothing after the colon is the same as left out.
    pub(super) fn optional(&self, name: &str) -> Option<Value<'a>> {
        let schema = join(&self.value.schema, name);
        self.value.log.asked.borrow_mut().insert(schema.clone());
        let field = self.fields.iter().find(|field| field.name == name && !field.value.is_nothing())?;
        self.value.log.present.borrow_mut().insert(schema.clone());
        Some(Value { log: self.value.log, node: &field.value, path: join(&self.value.path, name), schema })
    }

    fn refuse_unknown_fields(&self) {
        let known: Vec<&str> = schema::fields(&self.value.schema).collect();
        for field in self.fields.iter().filter(|field| !known.contains(&field.name.as_str())) {
            let message = match field.name.as_str() {
                // The value is never shown, and neither is it for any other unknown field.
                "password" | "token" | "secret" | "auth" if self.value.schema.starts_with("registries") => {
                    "a secret must not stand in this file; put it into a file and name that with \
                     credentials.passwordFile, or into the environment and name the variable with \
                     credentials.passwordEnvironment"
                        .to_owned()
                }
                "privateKey" | "password" | "token" | "secret" | "webhookSecret"
                    if self.value.schema.starts_with("github") =>
                {
                    "a secret must not stand in this file; put it into a file or into the environment, and name that: \
                     app.privateKeyFile or app.privateKeyEnvironment, token.file or token.environment, and file or \
                     environment in webhookSecrets"
                        .to_owned()
                }
                name => format!(
                    "is not a setting; allowed here: {}{}",
                    known.join(", "),
                    did_you_mean(name, known.iter().copied())
                ),
            };
            let path = join(&self.value.path, &super::document::shorten(&field.name));
            self.value.log.error(Some(field.at), &path, message);
        }
    }
}

fn join(path: &str, name: &str) -> String {
    // A name may be anything; in an error it must stay on its line.
    let name = name.escape_debug();
    if path.is_empty() { name.to_string() } else { format!("{path}.{name}") }
}
