//! The settings of how Ringway runs.

use super::{Setting, setting};

/// Limits, deadlines, the server, registries and the state.
pub(super) const OPERATION: &[Setting] = &[
    setting("limits", "mapping", "all defaults", "How much may happen at once."),
    setting(
        "limits.tenantsPerInstance",
        "1 to 1000",
        "`20`",
        "Tenants under way at the same time on one Argo CD instance, over all releases. More waits for its turn. One release or cleanup has at most 100 of them, unless `--max-parallel` says otherwise.",
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
        "Where it answers health checks (`/healthz`, `/readyz`) and Prometheus (`/metrics`), and, with `github.webhookSecrets`, takes deliveries of GitHub (`/webhooks/github`). Whoever reaches it can read figures, and change nothing without a signature.",
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
