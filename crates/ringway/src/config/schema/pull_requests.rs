//! The settings of how pull requests drive releases.

use super::{Setting, setting};

/// How GitHub is reached, and where cohorts are kept.
pub(super) const GITHUB: &[Setting] = &[
    setting(
        "github",
        "mapping",
        "no pull request drives anything",
        "How GitHub is reached, whose pull requests drive services.",
    ),
    setting(
        "github.api",
        "address",
        "`https://api.github.com`",
        "The address of the API: `https://HOST/api/v3` of a GitHub Enterprise Server. `http://` only to `localhost` and loopback addresses.",
    ),
    setting(
        "github.app",
        "mapping",
        "this or `token`",
        "The GitHub App that Ringway is: it writes check runs.",
    ),
    setting("github.app.id", "whole number", "required", "The id of the App, from its settings on GitHub."),
    setting(
        "github.app.installation",
        "whole number",
        "the one that has the repository",
        "The installation of the App.",
    ),
    setting(
        "github.app.privateKeyFile",
        "path",
        "this or `privateKeyEnvironment`",
        "A file whose content is the private key of the App, as GitHub gives it (PEM).",
    ),
    setting(
        "github.app.privateKeyEnvironment",
        "name of a variable",
        "this or `privateKeyFile`",
        "An environment variable whose value is the private key.",
    ),
    setting(
        "github.token",
        "mapping",
        "this or `app`",
        "The token of a user that Ringway is: it writes commit statuses.",
    ),
    setting("github.token.file", "path", "this or `environment`", "A file whose content is the token."),
    setting(
        "github.token.environment",
        "name of a variable",
        "this or `file`",
        "An environment variable whose value is the token.",
    ),
    setting(
        "github.webhookSecrets",
        "list of at most two",
        "none: no deliveries are taken",
        "The secrets that deliveries to `/webhooks/github` are signed with. Two while they are changed. Without one, only the sweep finds what has changed.",
    ),
    setting(
        "github.webhookSecrets[].file",
        "path",
        "this or `environment`",
        "A file whose content is the secret.",
    ),
    setting(
        "github.webhookSecrets[].environment",
        "name of a variable",
        "this or `file`",
        "An environment variable whose value is the secret.",
    ),
    setting(
        "github.sweep",
        "10s to 1h",
        "`2m`",
        "How often every pull request that matters is looked at without being told.",
    ),
    setting(
        "mode",
        "`act` or `observe`",
        "`act`",
        "`observe`: pull requests are told what would be done, and nothing is written to any tenant. It wins over the mode of a service, and does not hold for releases from the command line.",
    ),
    setting(
        "cohorts",
        "mapping from name to source, at least one",
        "no labels",
        "Where cohorts are kept. The name is the second part of a label `cohort:<source>:<key>:<value>`: 1 to 30 letters, digits, `-`, `_` and `.`",
    ),
    setting(
        "cohorts.<name>.kind",
        "`github`, `file` or `argocd`",
        "required",
        "`github`: files in a repository. `file`: files on this machine. `argocd`: labels of Applications.",
    ),
    setting(
        "cohorts.<name>.repository",
        "owner/name",
        "required with `github`",
        "The repository that has the files.",
    ),
    setting(
        "cohorts.<name>.ref",
        "branch, tag or commit",
        "`main`",
        "What is read of the repository; only with `github`. The commit is recorded.",
    ),
    setting(
        "cohorts.<name>.folder",
        "folder",
        "`cohorts` with `github`; required with `file`",
        "The folder that has the files. The label `cohort:<name>:path:x` means the file `x.json` in it.",
    ),
    setting(
        "cohorts.<name>.selector",
        "label selector with `{value}`",
        "required with `argocd`",
        "The labels of the Applications, as `kubectl get --selector` takes them. `{key}` and `{value}` stand for the last parts of the label.",
    ),
    setting(
        "cohorts.<name>.tenantLabel",
        "key of a label",
        "required with `argocd`",
        "The label of these Applications that names their tenant.",
    ),
];

/// How pull requests drive a service.
pub(super) const RINGS: &[Setting] = &[
    setting(
        "services.<name>.rings",
        "mapping",
        "no pull request drives it",
        "How pull requests drive the service. Needs `github` and `cohorts`.",
    ),
    setting(
        "services.<name>.rings.repository",
        "owner/name",
        "required",
        "The repository whose pull requests these are. No other service may have it. The base of a ring's pull request is its default branch.",
    ),
    setting(
        "services.<name>.rings.branches",
        "name with `*`",
        "`ring-*`",
        "Which branches are rings. `*` stands for any characters.",
    ),
    setting(
        "services.<name>.rings.build",
        "mapping",
        "only the images count",
        "The build that must have succeeded for the head commit.",
    ),
    setting(
        "services.<name>.rings.build.workflow",
        "file name",
        "required",
        "The file of the workflow in `.github/workflows`, such as `maven.yml`.",
    ),
    setting(
        "services.<name>.rings.build.job",
        "text",
        "the whole run",
        "The job in it that must have succeeded, by its name. Skipped is not succeeded.",
    ),
    setting(
        "services.<name>.rings.images",
        "mapping from image to its name, all images of the service",
        "required",
        "What the images of a commit are called.",
    ),
    setting(
        "services.<name>.rings.images.<name>.repository",
        "repository, may have placeholders",
        "required",
        "The repository, which the image's `repositories` must allow. `{branch}`, `{sha}` and `{sha7}` stand for the branch, the commit and its first seven digits.",
    ),
    setting(
        "services.<name>.rings.images.<name>.tag",
        "tag with `{sha}` or `{sha7}`",
        "required",
        "The tag.",
    ),
    setting(
        "services.<name>.rings.onMerge",
        "`keep` or `cleanup`",
        "`keep`",
        "What happens to tenants when the pull request is merged. `keep`: they keep the image until somebody takes it back. `cleanup`: they go back at once, to the old default image until the new one is out.",
    ),
    setting(
        "services.<name>.rings.grace",
        "0s to 168h",
        "`10m`",
        "How long tenants keep the image after their label was removed.",
    ),
    setting("services.<name>.rings.mode", "`act` or `observe`", "`act`", "As `mode`, for this service."),
    setting(
        "services.<name>.rings.cohortLimit",
        "1 to 10000",
        "`250`, or `limits.cohortSize` if that is less",
        "Tenants in one cohort. A larger one is refused. Not more than `limits.cohortSize`.",
    ),
    setting(
        "services.<name>.rings.authority",
        "list",
        "write access",
        "Who may set which labels. The first entry that matches counts; without one, write access to the repository is needed.",
    ),
    setting(
        "services.<name>.rings.authority[].cohorts",
        "source:key:value with `*`",
        "required",
        "Which labels: their last three parts. `*` stands for any characters.",
    ),
    setting(
        "services.<name>.rings.authority[].permission",
        "`write`, `maintain` or `admin`",
        "this or `team`",
        "What whoever sets the label needs in the repository, at least.",
    ),
    setting(
        "services.<name>.rings.authority[].team",
        "organisation/team",
        "this or `permission`",
        "The team that whoever sets the label must be in, with write access as well.",
    ),
];
