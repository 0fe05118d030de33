//! YAML as a tree in which every key and value knows its line and column.
//!
//! Only what a configuration needs: mappings with text keys, sequences, scalars. Aliases and tags are refused rather than
//! resolved, so a small file stays a small tree. Scalars keep the text as it was written, so `0123456` is not a number
//! that lost its zero.

use granit_parser::{Event, Options, Parser, ScalarStyle, Span, Tag};
use std::{borrow::Cow, collections::BTreeMap};

/// The largest file that is read. A service takes about 1 KiB.
pub(super) const MAXIMUM_BYTES: usize = 1024 * 1024;

/// How deep mappings and sequences may lie in each other. The settings need less than half of it.
const MAXIMUM_DEPTH: usize = 32;

/// A place in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The character within the line, from 1.
    pub column: usize,
}

impl Position {
    pub(super) const START: Self = Self { line: 1, column: 1 };

    fn of(span: &Span) -> Self {
        Self { line: span.start.line(), column: span.start.col() + 1 }
    }

    /// The place of the byte `offset` of `text`.
    pub(super) fn in_text(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).map_or(0, |line| line.chars().count()) + 1,
        }
    }
}

/// A value and its place.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) at: Position,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// A scalar as it was written; `quoted` if it cannot be meant as a number, a truth value or nothing.
    Scalar {
        text: String,
        quoted: bool,
    },
    List(Vec<Node>),
    Map(Vec<Field>),
    /// Something that was refused already and about which nothing more should be said.
    Refused,
}

/// A key with its value.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) at: Position,
    pub(super) value: Node,
}

impl Node {
    /// Whether nothing was written, as after `key:`.
    pub(super) fn is_nothing(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { text, quoted: false } if matches!(text.as_str(), "" | "~" | "null"))
    }

    /// What it is, for `found …`.
    pub(super) fn describe(&self) -> String {
        match &self.kind {
            _ if self.is_nothing() => "nothing".to_owned(),
            Kind::Scalar { text, quoted: true } => format!("the text {:?}", shorten(text)),
            Kind::Scalar { text, .. } => format!("{:?}", shorten(text)),
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) | Kind::Refused => "a mapping".to_owned(),
        }
    }
}

/// `text` if it is short, otherwise its beginning: errors must stay readable.
pub(super) fn shorten(text: &str) -> Cow<'_, str> {
    const LONGEST: usize = 80;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// Something in the file that cannot be used, whatever the setting.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) at: Position,
    pub(super) message: String,
}

/// Reads one document. `None` if it is empty or not YAML; the faults say which.
pub(super) fn parse(text: &str) -> (Option<Node>, Vec<Fault>) {
    let mut builder = Builder::default();
    let mut options = Options::default();
    options.flow_nesting_limit = MAXIMUM_DEPTH;
    options.block_nesting_limit = MAXIMUM_DEPTH;
    options.disallow_directives = true;
    options.set_emit_comments(false);
    for event in Parser::new_from_str_with_options(text, options) {
        match event {
            Ok((event, span)) => builder.take(event, Position::of(&span)),
            Err(error) => {
                let at = Position { line: error.marker().line(), column: error.marker().col() + 1 };
                builder.fault(at, format!("is not YAML: {}", error.info()));
                // What was read so far is incomplete: every further complaint could be wrong.
                return (None, builder.faults);
            }
        }
        if builder.documents > 1 {
            // What the errors in the first would mean depends on which of the two is meant.
            return (None, builder.faults);
        }
    }
    (builder.root, builder.faults)
}

/// A mapping or sequence that is not finished.
enum Open {
    List(Position, Vec<Node>),
    /// `lines`: in which line each name was given first.
    Map {
        at: Position,
        fields: Vec<Field>,
        lines: BTreeMap<String, usize>,
        key: Option<Key>,
    },
}

/// A key whose value has not come yet. `None` as text: it was refused, its value is dropped.
struct Key {
    at: Position,
    text: Option<String>,
}

/// What the tag of a node says about it.
#[derive(PartialEq)]
enum TagKind {
    None,
    Text,
    Refused,
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    faults: Vec<Fault>,
}

impl Builder {
    fn fault(&mut self, at: Position, message: impl Into<String>) {
        self.faults.push(Fault { at, message: message.into() });
    }

    fn take(&mut self, event: Event<'_>, at: Position) {
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.fault(at, "a second document begins here; the configuration is one document");
                }
            }
            Event::Alias(_) => {
                self.fault(at, "aliases (*name) are not supported; repeat the value");
                self.place(Node { at, kind: Kind::Refused });
            }
            Event::Scalar(text, style, _, tag) => {
                let kind = match self.check_tag(tag.as_deref(), at) {
                    TagKind::Refused => Kind::Refused,
                    tag => {
                        let quoted = style != ScalarStyle::Plain || tag == TagKind::Text;
                        Kind::Scalar { text: text.into_owned(), quoted }
                    }
                };
                self.place(Node { at, kind });
            }
            Event::SequenceStart(_, _, tag) => {
                self.check_tag(tag.as_deref(), at);
                self.open.push(Open::List(at, Vec::new()));
            }
            Event::MappingStart(_, _, tag) => {
                self.check_tag(tag.as_deref(), at);
                self.open.push(Open::Map { at, fields: Vec::new(), lines: BTreeMap::new(), key: None });
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            _ => {}
        }
    }

    /// Refuses every tag but `!!str`.
    fn check_tag(&mut self, tag: Option<&Tag>, at: Position) -> TagKind {
        match tag.map(Tag::core_suffix) {
            None => TagKind::None,
            Some(Some("str")) => TagKind::Text,
            Some(_) => {
                self.fault(at, "tags (!name) are not supported; leave it out");
                TagKind::Refused
            }
        }
    }

    fn close(&mut self) {
        let node = match self.open.pop() {
            Some(Open::List(at, items)) => Node { at, kind: Kind::List(items) },
            Some(Open::Map { at, fields, .. }) => Node { at, kind: Kind::Map(fields) },
            None => return,
        };
        self.place(node);
    }

    /// Puts a finished node where it belongs.
    fn place(&mut self, node: Node) {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List(_, items)) => items.push(node),
            Some(Open::Map { key: key @ None, .. }) => {
                let (new, fault) = as_key(node);
                *key = Some(new);
                self.faults.extend(fault);
            }
            Some(Open::Map { fields, lines, key, .. }) => {
                let Some(Key { at, text: Some(name) }) = key.take() else { return };
                if let Some(line) = lines.get(&name) {
                    let name = shorten(&name);
                    let message =
                        format!("{name:?} is given twice; the first is in line {line}; keep one of them");
                    self.faults.push(Fault { at, message });
                    return;
                }
                lines.insert(name.clone(), at.line);
                fields.push(Field { name, at, value: node });
            }
        }
    }
}

fn as_key(node: Node) -> (Key, Option<Fault>) {
    let at = node.at;
    match node.kind {
        Kind::Scalar { text, .. } => (Key { at, text: Some(text) }, None),
        Kind::Refused => (Key { at, text: None }, None),
        Kind::List(_) | Kind::Map(_) => {
            let message = "a key must be a name, not a list or a mapping".to_owned();
            (Key { at, text: None }, Some(Fault { at, message }))
        }
    }
}
