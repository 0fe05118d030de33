//! What a request asks for: its path, its verb and its parameters, with escapes undone.

use crate::Kind;
use bytes::Bytes;
use http::{Method, Request, header};

/// A request, taken apart.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    /// What is asked for.
    pub(super) path: Path,
    /// The verb that RBAC knows it by.
    pub(super) verb: &'static str,
    parameters: Vec<(String, String)>,
    /// The body.
    pub(super) body: &'a Bytes,
    /// The media type of the body, without its parameters.
    pub(super) content_type: &'a str,
    user_agent: &'a str,
}

/// What a path means.
#[derive(Debug)]
pub(super) enum Path {
    /// Objects.
    Resource(Target),
    /// The question what one may do.
    Review,
    /// Anything else, in its segments.
    Words(Vec<String>),
}

/// The objects that a path means.
#[derive(Debug)]
pub(super) struct Target {
    /// The API group; empty for the core.
    pub(super) group: String,
    version: String,
    /// The plural of the kind.
    pub(super) plural: String,
    /// The namespace; empty for all, and for kinds without one.
    pub(super) namespace: String,
    /// The name; empty for a collection.
    pub(super) name: String,
    /// What of the object; empty for all of it.
    pub(super) subresource: String,
}

impl Target {
    /// The kind, if there is one at this path.
    pub(super) fn kind(&self) -> Option<Kind> {
        let kind = Kind::at(&self.group, &self.version, &self.plural)?;
        // An object of a namespace has no path without it.
        let misplaced = kind.is_namespaced() && self.namespace.is_empty() && !self.name.is_empty();
        (!misplaced && (kind.is_namespaced() || self.namespace.is_empty())).then_some(kind)
    }

    /// The namespace, or `None` for all.
    pub(super) fn namespace(&self) -> Option<&str> {
        (!self.namespace.is_empty()).then_some(self.namespace.as_str())
    }
}

impl<'a> Asked<'a> {
    /// Takes a request apart.
    pub(super) fn read(request: &'a Request<Bytes>) -> Self {
        let parameters = parameters(request.uri().query().unwrap_or_default());
        let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let content_type = text(header::CONTENT_TYPE).unwrap_or_default();
        let path = path(request.uri().path());
        let watches = parameters.iter().any(|(name, value)| name == "watch" && is_true(value));
        Self {
            verb: verb(request.method(), &path, watches),
            path,
            parameters,
            body: request.body(),
            content_type: content_type.split(';').next().unwrap_or_default().trim(),
            user_agent: text(header::USER_AGENT).unwrap_or_default(),
        }
    }

    /// The value of a parameter; `None` if it is absent or empty.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(known, value)| known == name && !value.is_empty())?;
        Some(&found.1)
    }

    /// Whether a parameter says yes.
    pub(super) fn is(&self, name: &str) -> bool {
        self.parameter(name).is_some_and(is_true)
    }

    /// The object that is meant, by the path or by a selector: RBAC sees the name that one object is selected by.
    pub(super) fn name(&self) -> String {
        let Path::Resource(target) = &self.path else { return String::new() };
        if !target.name.is_empty() {
            return target.name.clone();
        }
        let selector = self.parameter("fieldSelector").unwrap_or_default();
        selector
            .strip_prefix("metadata.name=")
            .filter(|name| !name.contains([',', '=']))
            .map_or_else(String::new, str::to_owned)
    }

    /// Under which name changes are recorded: as asked, or the beginning of the name of the program.
    pub(super) fn manager(&self) -> &str {
        let program = self.user_agent.split('/').next().filter(|program| !program.is_empty());
        self.parameter("fieldManager").or(program).unwrap_or("unknown")
    }

    /// Whether nothing is to be stored.
    pub(super) fn is_dry_run(&self) -> bool {
        self.parameter("dryRun") == Some("All")
    }
}

fn is_true(value: &str) -> bool {
    matches!(value, "true" | "1" | "t" | "T" | "TRUE" | "True")
}

fn path(path: &str) -> Path {
    let words: Vec<String> =
        path.split('/').filter(|word| !word.is_empty()).map(|word| unescape(word, false)).collect();
    let mut rest = words.iter().map(String::as_str);
    let (group, version) = match rest.next() {
        Some("api") => ("", rest.next()),
        Some("apis") => (rest.next().unwrap_or_default(), rest.next()),
        _ => return Path::Words(words),
    };
    let (Some(version), rest) = (version, rest.collect::<Vec<_>>()) else { return Path::Words(words) };
    let (namespace, rest) = match rest.as_slice() {
        [] => return Path::Words(words),
        ["namespaces", namespace, rest @ ..]
            if !rest.is_empty() && !matches!(rest, ["status" | "finalize"]) =>
        {
            (*namespace, rest)
        }
        all => ("", all),
    };
    let word = |index: usize| rest.get(index).copied().unwrap_or_default().to_owned();
    if group == "authorization.k8s.io" && rest == ["selfsubjectaccessreviews"] {
        return Path::Review;
    }
    Path::Resource(Target {
        group: group.to_owned(),
        version: version.to_owned(),
        plural: word(0),
        namespace: namespace.to_owned(),
        name: word(1),
        subresource: rest.get(2..).unwrap_or_default().join("/"),
    })
}

fn verb(method: &Method, path: &Path, watches: bool) -> &'static str {
    let collection = matches!(path, Path::Resource(target) if target.name.is_empty());
    match method.as_str() {
        "GET" | "HEAD" if collection && watches => "watch",
        "GET" | "HEAD" if collection => "list",
        "GET" | "HEAD" => "get",
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" if collection => "deletecollection",
        "DELETE" => "delete",
        _ => "",
    }
}

fn parameters(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (unescape(name, true), unescape(value, true))
    };
    pairs.map(pair).collect()
}

/// Undoes `%XX`, and in a query `+`. What is no escape stays as it is.
fn unescape(text: &str, in_query: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped =
            digits.filter(|_| *first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (escaped, first) {
            (Some(byte), _) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
                continue;
            }
            (None, b'+') if in_query => bytes.push(b' '),
            (None, byte) => bytes.push(*byte),
        }
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
