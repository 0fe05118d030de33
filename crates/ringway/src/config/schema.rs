//! Every setting, described once.
//!
//! The reader takes the names that are allowed from here, and `docs/configuration.md` has exactly these rows.

mod fleet;
mod operation;
mod pull_requests;

/// One setting.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting {
    /// Its path: `[]` stands for an entry of a list, `<name>` for a name that the user chooses.
    pub(super) path: &'static str,
    /// What its value looks like.
    pub(super) form: &'static str,
    /// What holds without it, or `required`.
    #[cfg_attr(not(test), expect(dead_code, reason = "the reference in docs/ is checked against it"))]
    pub(super) default: &'static str,
    /// What it is for.
    #[cfg_attr(not(test), expect(dead_code, reason = "the reference in docs/ is checked against it"))]
    pub(super) about: &'static str,
}

const fn setting(
    path: &'static str,
    form: &'static str,
    default: &'static str,
    about: &'static str,
) -> Setting {
    Setting { path, form, default, about }
}

/// All settings, in the order of the example and the reference.
pub(super) fn settings() -> impl Iterator<Item = &'static Setting> {
    [fleet::ARGOCD, pull_requests::GITHUB, fleet::SERVICES, pull_requests::RINGS, operation::OPERATION]
        .into_iter()
        .flatten()
}

/// The names allowed in the mapping at `path`, in order; empty for a place that is not a mapping of settings.
pub(super) fn fields(path: &str) -> impl Iterator<Item = &'static str> {
    settings().filter_map(move |setting| match setting.path.rsplit_once('.') {
        Some((parent, name)) if parent == path => Some(name),
        None if path.is_empty() => Some(setting.path),
        _ => None,
    })
}

/// What the value at `path` looks like.
pub(super) fn form(path: &str) -> &'static str {
    settings().find(|setting| setting.path == path).map_or("a value", |setting| setting.form)
}

/// Whether a text that was written in the place of `path` may be a secret.
pub(super) fn is_about_a_secret(path: &str) -> bool {
    ["github", "github.app", "github.token", "github.webhookSecrets", "github.webhookSecrets[]"]
        .contains(&path)
        || path == "registries[].credentials"
}
