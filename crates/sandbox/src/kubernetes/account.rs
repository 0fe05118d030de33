//! Who asks, and what they may do: Kubernetes' role-based rights, without the objects that hold them.

use super::{
    Api, Reply,
    path::{Asked, Path},
    status::Refusal,
};
use bytes::Bytes;
use http::{Request, StatusCode, header};
use serde_json::{Value, json};
use std::sync::Arc;

/// Everything: in a [`Rule`], for groups, resources or verbs.
const ALL: &str = "*";

/// Who may do everything.
const MASTERS: &str = "system:masters";

/// Somebody whom the API server knows.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// Such as `system:serviceaccount:ringway:ringway`.
    pub name: String,
    /// Such as `system:authenticated`.
    pub groups: Vec<String>,
    /// What they may do.
    pub rules: Vec<Rule>,
}

/// What one may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// API groups, `*` for all.
    pub groups: Vec<String>,
    /// Resources in their plural, `*` for all.
    pub resources: Vec<String>,
    /// Verbs, `*` for all.
    pub verbs: Vec<String>,
    /// The only objects it is about; empty for all.
    pub names: Vec<String>,
    /// The only namespaces it is about; empty for the whole cluster.
    pub namespaces: Vec<String>,
}

impl Rule {
    /// To do `verbs` to `resources` of a group, in one namespace or in the whole cluster.
    pub fn new(group: &str, resources: &[&str], verbs: &[&str], namespace: Option<&str>) -> Self {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Self {
            groups: vec![group.to_owned()],
            resources: owned(resources),
            verbs: owned(verbs),
            names: Vec::new(),
            namespaces: namespace.map(str::to_owned).into_iter().collect(),
        }
    }

    /// The same for one object only.
    #[must_use]
    pub fn only(mut self, name: &str) -> Self {
        self.names.push(name.to_owned());
        self
    }

    fn allows(&self, right: &Right<'_>) -> bool {
        let has = |all: &[String], one: &str| all.iter().any(|known| known == one || known == ALL);
        let among = |all: &[String], one: &str| all.is_empty() || all.iter().any(|known| known == one);
        has(&self.groups, right.group)
            && has(&self.resources, right.resource)
            && has(&self.verbs, right.verb)
            && among(&self.names, right.name)
            && among(&self.namespaces, right.namespace)
    }
}

/// What somebody wants to do.
struct Right<'a> {
    verb: &'a str,
    group: &'a str,
    resource: &'a str,
    namespace: &'a str,
    name: &'a str,
}

impl Account {
    /// Whoever may do everything.
    pub fn administrator() -> Self {
        Self { name: "admin".to_owned(), groups: vec![MASTERS.to_owned()], rules: Vec::new() }
    }

    /// Somebody with these rights and no others.
    pub fn new(name: impl Into<String>, rules: Vec<Rule>) -> Self {
        Self { name: name.into(), groups: vec!["system:authenticated".to_owned()], rules }
    }

    /// The ServiceAccount of Ringway with exactly the rights that `deploy/` ships: the testbed's
    /// `the_rights_of_deploy_are_enough_and_others_are_named`. The admission policy is in this model as well.
    pub fn ringway() -> Self {
        let argocd = Some("argocd");
        let rules = vec![
            Rule::new("argoproj.io", &["applications"], &["get", "list", "watch", "patch"], argocd),
            Rule::new("argoproj.io", &["applicationsets"], &["get"], argocd),
            Rule::new("", &["configmaps"], &["get"], argocd).only("argocd-cm"),
            Rule::new("apps", &["statefulsets", "deployments", "replicasets"], &["list", "watch"], None),
            Rule::new("", &["pods"], &["list", "watch"], None),
        ];
        Self::new(super::admission::RINGWAY, rules)
    }

    fn anonymous() -> Self {
        let groups = vec!["system:unauthenticated".to_owned()];
        Self { name: "system:anonymous".to_owned(), groups, rules: Vec::new() }
    }

    fn may(&self, right: &Right<'_>) -> bool {
        self.groups.iter().any(|group| group == MASTERS) || self.rules.iter().any(|rule| rule.allows(right))
    }

    /// Refuses what this account has no right to.
    pub(super) fn check(&self, asked: &Asked<'_>) -> Result<(), Refusal> {
        let anonymous = self.name == "system:anonymous";
        match &asked.path {
            // Kubernetes' roles system:basic-user, system:discovery and system:public-info-viewer.
            Path::Review if !anonymous => Ok(()),
            Path::Review => {
                let what = r#"create resource "selfsubjectaccessreviews" in API group "authorization.k8s.io" at the cluster scope"#;
                let (group, plural) = ("authorization.k8s.io", "selfsubjectaccessreviews");
                Err(Refusal::missing_right(group, plural, "", &self.name, what))
            }
            Path::Words(words) => {
                let first = words.first().map_or("", String::as_str);
                if !anonymous || matches!(first, "version" | "healthz" | "livez" | "readyz") {
                    return Ok(());
                }
                let what = format!("{} path {:?}", asked.verb, format!("/{}", words.join("/")));
                Err(Refusal::missing_right("", "", "", &self.name, &what))
            }
            Path::Resource(target) => {
                let name = asked.name();
                let resource = match target.subresource.as_str() {
                    "" => target.plural.clone(),
                    subresource => format!("{}/{subresource}", target.plural),
                };
                let right = Right {
                    verb: asked.verb,
                    group: &target.group,
                    resource: &resource,
                    namespace: &target.namespace,
                    name: &name,
                };
                if self.may(&right) {
                    return Ok(());
                }
                let place = match target.namespace() {
                    Some(namespace) => format!("in the namespace {namespace:?}"),
                    None => "at the cluster scope".to_owned(),
                };
                let what =
                    format!("{} resource {resource:?} in API group {:?} {place}", asked.verb, target.group);
                Err(Refusal::missing_right(&target.group, &target.plural, &name, &self.name, &what))
            }
        }
    }

    /// Answers the question what this account may do.
    pub(super) fn review(&self, asked: &Asked<'_>) -> Result<Reply, Refusal> {
        if asked.verb != "create" {
            return Err(Refusal::method_not_allowed());
        }
        let mut review: Value = serde_json::from_slice(asked.body)
            .map_err(|error| Refusal::bad_request(format!("the object provided is unrecognized: {error}")))?;
        let attributes = &review["spec"]["resourceAttributes"];
        let text = |name: &str| attributes[name].as_str().unwrap_or_default();
        let resource = match text("subresource") {
            "" => text("resource").to_owned(),
            subresource => format!("{}/{subresource}", text("resource")),
        };
        let right = Right {
            verb: text("verb"),
            group: text("group"),
            resource: &resource,
            namespace: text("namespace"),
            name: text("name"),
        };
        let allowed = self.may(&right);
        review["kind"] = json!("SelfSubjectAccessReview");
        review["apiVersion"] = json!("authorization.k8s.io/v1");
        review["metadata"] = json!({});
        review["status"] = json!({ "allowed": allowed });
        Ok(Reply::Json(StatusCode::CREATED, review.to_string().into_bytes(), Vec::new()))
    }
}

impl Api {
    /// Whose token a request carries.
    pub(super) fn account(&self, request: &Request<Bytes>) -> Result<Arc<Account>, Refusal> {
        let Some(value) = request.headers().get(header::AUTHORIZATION) else {
            return Ok(Arc::new(Account::anonymous()));
        };
        let token = value.to_str().ok().and_then(|value| value.strip_prefix("Bearer "));
        token.and_then(|token| self.accounts.get(token.trim())).cloned().ok_or_else(Refusal::unauthorized)
    }
}
