//! The settings of what is released, and of where it runs.

use super::{Setting, setting};

/// Where Applications are, and the clusters that tenants run in.
pub(super) const ARGOCD: &[Setting] = &[
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
];

/// What can be released.
pub(super) const SERVICES: &[Setting] = &[
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
];
