//! Every setting, described once.
//!
//! The reader takes the names that are allowed from here, and `docs/configuration.md` has exactly these rows.

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
pub(super) const SETTINGS: &[Setting] = &[
    setting("argocd", "mapping", "required", "Where Applications are."),
    setting(
        "argocd.instances",
        "list, at least one",
        "required",
        "The Argo CD instances. All of them are searched for a tenant's Applications.",
    ),
    setting(
        "argocd.instances[].name",
        "DNS label",
        "required",
        "The name in texts and in the ledger. Do not change it while overrides exist: the ledger finds them by it.",
    ),
    setting(
        "argocd.instances[].context",
        "text",
        "the current context; without a kubeconfig file, the pod's service account",
        "The kubeconfig context of the cluster that Argo CD runs in.",
    ),
    setting(
        "argocd.instances[].kubeconfig",
        "path",
        "`KUBECONFIG`, then `~/.kube/config`",
        "The kubeconfig file that has the context.",
    ),
    setting(
        "argocd.instances[].namespaces",
        "list of namespaces",
        "`[argocd]`",
        "The namespaces that Applications are in.",
    ),
    setting(
        "tenantClusters",
        "mapping",
        "`access: sameCluster`",
        "How the clusters that tenants run in are reached, to prove each pod.",
    ),
    setting(
        "tenantClusters.access",
        "`sameCluster`, `contexts` or `none`",
        "`sameCluster`",
        "`sameCluster`: tenants run in the cluster of their Argo CD instance. `contexts`: each tenant has a kubeconfig context. `none`: they cannot be reached, and tenants are proven only to what Argo CD says.",
    ),
    setting(
        "tenantClusters.context",
        "text with `{tenant}`",
        "required with `access: contexts`",
        "The name of a tenant's kubeconfig context.",
    ),
    setting(
        "tenantClusters.kubeconfig",
        "path",
        "`KUBECONFIG`, then `~/.kube/config`",
        "The kubeconfig file that has the contexts; only with `access: contexts`.",
    ),
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
        "The folder that has the files. A label with the value `x` means the file `x.json` in it.",
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
    setting(
        "services",
        "mapping from name to service, at least one",
        "required",
        "What can be released. A name has at most 63 lower-case letters, digits, `-` and `.`, because it becomes part of an annotation.",
    ),
    setting(
        "services.<name>.verify",
        "`cluster` or `argocd`",
        "`cluster`; `argocd` with `access: none`",
        "How far a tenant is proven: down to the digest of every pod, or only to what Argo CD applied.",
    ),
    setting(
        "services.<name>.images",
        "mapping from name to image, at least one",
        "required",
        "The images that are built from one commit of the service.",
    ),
    setting(
        "services.<name>.images.<name>.repositories",
        "list of repositories, at least one",
        "required",
        "The repositories that the image may come from, with the registry's host and without a tag. `*` stands for any characters but a slash, not in the host. Any other repository is refused.",
    ),
    setting(
        "services.<name>.images.<name>.platforms",
        "list of platforms",
        "`[linux/amd64]`",
        "The platforms that the image must exist for before anything is written.",
    ),
    setting(
        "services.<name>.applications",
        "list, at least one",
        "required",
        "The Applications of a tenant that run the service.",
    ),
    setting(
        "services.<name>.applications[].name",
        "text with `{tenant}`",
        "this or `selector`",
        "The name of the Application.",
    ),
    setting(
        "services.<name>.applications[].selector",
        "label selector with `{tenant}`",
        "this or `name`",
        "The labels of the Applications, as `kubectl get --selector` takes them. At least one must match.",
    ),
    setting(
        "services.<name>.applications[].source",
        "mapping",
        "the only source",
        "Which source of the Application is overridden. What is given must be equal, and exactly one source may match.",
    ),
    setting("services.<name>.applications[].source.repoURL", "text", "any", "The `repoURL` of the source."),
    setting("services.<name>.applications[].source.chart", "text", "any", "The `chart` of the source."),
    setting("services.<name>.applications[].source.path", "text", "any", "The `path` of the source."),
    setting(
        "services.<name>.applications[].overrides",
        "list, at least one",
        "required",
        "The places where an image is set in the Application. All of them are written in one patch.",
    ),
    setting(
        "services.<name>.applications[].overrides[].image",
        "name of an image of the service",
        "required",
        "Which image is set here.",
    ),
    setting(
        "services.<name>.applications[].overrides[].strategy",
        "`parameters` or `valuesObject`",
        "`parameters`",
        "`parameters`: entries of `helm.parameters`, which win over all values and change none. `valuesObject`: nested paths in `helm.valuesObject`.",
    ),
    setting(
        "services.<name>.applications[].overrides[].existing",
        "`refuse` or `replace`",
        "`refuse`",
        "What happens to a value that stands there and is not Ringway's: the tenant is refused, or the value is replaced and put back afterwards.",
    ),
    setting(
        "services.<name>.applications[].overrides[].values",
        "mapping",
        "required",
        "Which values of the chart hold the image: `repository` and `tag`, or `reference`. A dot inside a key is written `\\.`.",
    ),
    setting(
        "services.<name>.applications[].overrides[].values.repository",
        "path of a value",
        "required without `reference`",
        "Where the repository stands, such as `atlas.image.repository`.",
    ),
    setting(
        "services.<name>.applications[].overrides[].values.tag",
        "path of a value",
        "required without `reference`",
        "Where the tag stands.",
    ),
    setting(
        "services.<name>.applications[].overrides[].values.reference",
        "path of a value",
        "required without `repository` and `tag`",
        "Where repository and tag stand as one text.",
    ),
    setting(
        "services.<name>.applications[].overrides[].workloads",
        "list, at least one",
        "required",
        "The workloads that run the image and prove it.",
    ),
    setting(
        "services.<name>.applications[].overrides[].workloads[].kind",
        "`StatefulSet` or `Deployment`",
        "required",
        "What it is.",
    ),
    setting(
        "services.<name>.applications[].overrides[].workloads[].name",
        "text, may have `{tenant}`",
        "required",
        "Its name, in the namespace that the Application deploys to.",
    ),
    setting(
        "services.<name>.applications[].overrides[].workloads[].container",
        "DNS label",
        "required",
        "The container that runs the image.",
    ),
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
    setting("limits", "mapping", "all defaults", "How much may happen at once."),
    setting(
        "limits.tenantsPerInstance",
        "1 to 1000",
        "`20`",
        "Tenants under way at the same time on one Argo CD instance, over all releases. More waits for its turn.",
    ),
    setting(
        "limits.cohortSize",
        "1 to 10000",
        "`500`",
        "Tenants in one release. A larger cohort is refused.",
    ),
    setting(
        "limits.applicationSizeBytes",
        "100000 to 10000000",
        "`1300000`",
        "Bytes that an Application may have after the patch. etcd refuses objects above 1.5 MiB by default, and Argo CD still has to write its status.",
    ),
    setting(
        "limits.allOrNothing",
        "`true` or `false`",
        "`false`",
        "Whether one refused tenant refuses the whole release. Otherwise it is left out and the rest goes on.",
    ),
    setting(
        "deadlines",
        "mapping",
        "all defaults",
        "How long a tenant may take. A change holds for releases that begin after it.",
    ),
    setting("deadlines.observed", "duration", "`5m`", "From the patch until Argo CD has compared it."),
    setting(
        "deadlines.applied",
        "duration",
        "`1h`",
        "From then until Argo CD has applied the workloads. The clock stands still while a sync window is closed.",
    ),
    setting("deadlines.window", "duration", "`24h`", "The longest that a closed sync window is waited for."),
    setting(
        "deadlines.rolloutProgress",
        "duration",
        "`15m`",
        "The longest time without another finished pod.",
    ),
    setting(
        "deadlines.rolloutTotal",
        "duration",
        "`2h`",
        "The longest time for a whole rollout. Not shorter than `rolloutProgress`.",
    ),
    setting("server", "mapping", "all defaults", "What `ringway serve` does."),
    setting(
        "server.listen",
        "IP address with a port",
        "`127.0.0.1:8080`",
        "Where it answers health checks (`/healthz`, `/readyz`) and Prometheus (`/metrics`). Whoever reaches it can read figures, and change nothing.",
    ),
    setting(
        "registries",
        "list",
        "none: anonymous HTTPS",
        "Registries that need credentials or speak HTTP. Others need no entry.",
    ),
    setting(
        "registries[].host",
        "host, or host:port",
        "required",
        "The registry, as image references write it.",
    ),
    setting(
        "registries[].address",
        "loopback address with a port",
        "the host",
        "Where the registry is reached instead: a tunnel or a mirror on this machine that speaks HTTP. Only with `insecure: true`.",
    ),
    setting(
        "registries[].insecure",
        "`true` or `false`",
        "`false`",
        "Whether to speak HTTP without encryption. Only for `localhost` and loopback addresses.",
    ),
    setting(
        "registries[].credentials",
        "mapping",
        "anonymous",
        "Where the credentials are. They are never written into this file.",
    ),
    setting(
        "registries[].credentials.username",
        "text",
        "required with `passwordFile` and `passwordEnvironment`",
        "The user.",
    ),
    setting(
        "registries[].credentials.passwordFile",
        "path",
        "one of the three",
        "A file whose content is the password or token.",
    ),
    setting(
        "registries[].credentials.passwordEnvironment",
        "name of a variable",
        "one of the three",
        "An environment variable whose value is the password or token.",
    ),
    setting(
        "registries[].credentials.dockerConfigFile",
        "path",
        "one of the three",
        "A file as `docker login` writes it, with user and password.",
    ),
    setting(
        "stateFolder",
        "path",
        "`$XDG_STATE_HOME/ringway`, else `~/.local/state/ringway`",
        "The folder of the ledger and the journals, on a local disk. One process owns it at a time.",
    ),
];

/// The names allowed in the mapping at `path`, in order; empty for a place that is not a mapping of settings.
pub(super) fn fields(path: &str) -> impl Iterator<Item = &'static str> {
    SETTINGS.iter().filter_map(move |setting| match setting.path.rsplit_once('.') {
        Some((parent, name)) if parent == path => Some(name),
        None if path.is_empty() => Some(setting.path),
        _ => None,
    })
}

/// What the value at `path` looks like.
pub(super) fn form(path: &str) -> &'static str {
    SETTINGS.iter().find(|setting| setting.path == path).map_or("a value", |setting| setting.form)
}

/// Whether a text that was written in the place of `path` may be a secret.
pub(super) fn is_about_a_secret(path: &str) -> bool {
    ["github", "github.app", "github.token", "github.webhookSecrets", "github.webhookSecrets[]"]
        .contains(&path)
        || path == "registries[].credentials"
}
