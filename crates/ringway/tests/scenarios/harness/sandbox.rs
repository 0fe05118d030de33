//! The sandbox as a target: a fleet of its own for each test, in this process.

use super::{
    administrator::Administrator,
    kubeconfig::{Copied, Identity},
    relay::Relay,
    requests::RUNTIME,
    target::Part,
    wait::until,
};
use jiff::Timestamp;
use sandbox::{
    Model, argocd, fleet,
    kubernetes::{ADMINISTRATOR, Account, Denial, Rule},
    oci::{self, Push},
    serve::{Listeners, Sandbox, kubeconfig},
};
use serde_json::Value;
use std::{net::SocketAddr, sync::OnceLock};
use tempfile::TempDir;

/// Real time: a test must see what happens in between although the machine is busy.
const PACE: f64 = 1.0;

/// The one account of the private registry.
const READER: (&str, &str) = ("reader", "reader-password");

/// The tokens of those who are not the administrator.
const RINGWAY: &str = "ringway";
const STRANGER: &str = "no-rights";

/// A sandbox that ends with the test.
pub(crate) struct Target {
    sandbox: Sandbox,
    administrator: Administrator,
    /// The way that Ringway takes to the API server.
    way: Relay,
    registries: [SocketAddr; 2],
    folder: TempDir,
    resident: OnceLock<()>,
}

impl Target {
    pub(crate) fn begin() -> Self {
        // Tasks of the sandbox belong to the harness, also when a test has a runtime of its own.
        let _runtime = RUNTIME.enter();
        let listeners = Listeners::bind(2).unwrap();
        let registries = [0, 1].map(|index| listeners.registry(index).unwrap());
        let mut model = Model::new(1, now());
        prepare(&mut model, registries.map(|registry| registry.to_string()));
        let sandbox = Sandbox::start(listeners, model, PACE);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("administrator");
        std::fs::write(&file, kubeconfig(sandbox.api(), ADMINISTRATOR, &["testbed"])).unwrap();
        let administrator = Administrator::new(file.to_str().unwrap());
        let way = Relay::to(sandbox.api());
        Self { sandbox, administrator, way, registries, folder, resident: OnceLock::new() }
    }

    pub(crate) fn administrator(&self) -> Administrator {
        self.administrator.clone()
    }

    pub(crate) fn kubeconfig(&self, whose: Identity) -> String {
        let (file, token) = match whose {
            Identity::Administrator => ("administrator", ADMINISTRATOR),
            Identity::Ringway => ("ringway", RINGWAY),
            Identity::Stranger => ("no-rights", STRANGER),
            Identity::Expired => ("expired", "of-yesterday"),
        };
        let file = self.folder.path().join(file);
        std::fs::write(&file, kubeconfig(self.way.address(), token, &["testbed"])).unwrap();
        file.to_str().unwrap().to_owned()
    }

    /// See [`super::patience`].
    pub(crate) fn patience(&self) -> u64 {
        8
    }

    pub(crate) fn registry(&self) -> String {
        self.registries[0].to_string()
    }

    pub(crate) fn private_registry(&self) -> String {
        self.registries[1].to_string()
    }

    /// The user and the password of the registry that wants an account.
    pub(crate) fn reader(&self) -> (String, String) {
        (READER.0.to_owned(), READER.1.to_owned())
    }

    pub(crate) fn fleet_repository(&self) -> String {
        fleet::REPOSITORY.to_owned()
    }

    /// Pushes to both registries, as the testbed's two show the same images.
    #[track_caller]
    pub(crate) fn push(&self, repository: &str, tag: &str, options: &[&str]) -> String {
        let push = push_options(options);
        let pushed = self.registries.map(|registry| {
            let host = registry.to_string();
            self.sandbox.with(|model| model.registries.push(&host, repository, tag, &push))
        });
        pushed[0].clone()
    }

    /// A tenant that tests only look at.
    pub(crate) fn resident(&self) -> &'static str {
        let name = "alpha";
        self.resident.get_or_init(|| {
            self.create(name, &[]);
            self.settle(&[name]);
        });
        name
    }

    #[track_caller]
    pub(crate) fn create(&self, name: &str, options: &[&str]) {
        let options = fleet::Options::parse(options).unwrap();
        until("there is room for the tenant", || {
            self.sandbox.with(|model| fleet::create(model, name, &options))
        });
    }

    #[track_caller]
    pub(crate) fn manifest(&self, name: &str, options: &[&str]) -> Value {
        fleet::manifest(name, &fleet::Options::parse(options).unwrap())
    }

    #[track_caller]
    pub(crate) fn settle(&self, names: &[&str]) {
        let settled = |name: &&str| self.sandbox.with(|model| fleet::is_settled(model, name));
        until("the tenants are synced and healthy", || names.iter().all(settled));
    }

    #[track_caller]
    pub(crate) fn delete(&self, name: &str) {
        self.forget(name);
        until("the tenant is gone", || self.sandbox.with(|model| fleet::is_gone(model, name)));
    }

    /// Asks for the deletion of a tenant.
    pub(crate) fn forget(&self, name: &str) {
        self.sandbox.with(|model| fleet::delete(model, name));
    }

    /// The HTTP status of each patch of an Application that Ringway sent under a name, from the API server's own log.
    pub(crate) fn answers_to_patches(&self, application: &str, manager: &str) -> Vec<u64> {
        let ringway = Account::ringway().name;
        self.sandbox.with(|model| {
            let sent = model.api.audit().filter(|sent| {
                sent.account == ringway
                    && sent.verb == "patch"
                    && sent.resource == "applications.argoproj.io"
                    && sent.name == application
                    && sent.manager == manager
            });
            sent.map(|sent| sent.code.into()).collect()
        })
    }

    /// How often Ringway has asked for something in a namespace, from the API server's own log.
    pub(crate) fn requests_in(&self, namespace: &str) -> usize {
        let ringway = Account::ringway().name;
        self.sandbox.with(|model| {
            let sent = model.api.audit();
            sent.filter(|sent| sent.account == ringway && sent.namespace == namespace).count()
        })
    }

    pub(crate) fn take_away(&self, part: Part) {
        match part {
            Part::ApiServer => self.way.close(),
            Part::ApplicationController => self.sandbox.with(argocd::fault::stop),
        }
    }

    pub(crate) fn bring_back(&self, part: Part) {
        match part {
            Part::ApiServer => self.way.reopen(),
            Part::ApplicationController => self.sandbox.with(argocd::fault::start),
        }
    }

    /// Changes the manifest of a tenant in the git repository of its parent Application.
    pub(crate) fn change_in_git(&self, tenant: &str, change: impl FnOnce(&mut Value)) {
        self.sandbox.with(|model| fleet::change_in_git(model, tenant, change));
    }

    /// Makes an account that may do this to the Applications and nothing else; the answer is its kubeconfig, whose
    /// current context is called `context`.
    pub(crate) fn account_for_applications(&self, name: &str, verbs: &[&str], context: &str) -> Copied {
        let rule = Rule::new("argoproj.io", &["applications"], verbs, Some("argocd"));
        let account = Account::new(format!("system:serviceaccount:argocd:{name}"), vec![rule]);
        self.sandbox.with(|model| model.api.grant(name, account));
        Copied::new(&kubeconfig(self.way.address(), name, &[context]))
    }

    pub(crate) fn remove_account(&self, name: &str) {
        self.sandbox.with(|model| model.api.revoke(name));
    }

    /// Lets the API server refuse every change of one Application by Ringway.
    pub(crate) fn freeze(&self, application: &str) {
        let denial = Denial {
            policy: format!("deny-{application}"),
            account: Account::ringway().name,
            application: application.to_owned(),
            message: "this Application is frozen".to_owned(),
        };
        self.sandbox.with(|model| model.api.deny(denial));
    }

    pub(crate) fn thaw(&self, application: &str) {
        self.sandbox.with(|model| model.api.permit(&format!("deny-{application}")));
    }
}

/// The wall clock: the sandbox has to agree with Ringway about what time it is.
#[allow(clippy::disallowed_methods, reason = "the sandbox runs next to a program that reads the same clock")]
fn now() -> Timestamp {
    Timestamp::now()
}

/// What is on the testbed when it is up: accounts, charts, images.
fn prepare(model: &mut Model, registries: [String; 2]) {
    model.api.grant(RINGWAY, Account::ringway());
    model.api.grant(STRANGER, Account::new("system:serviceaccount:testbed:no-rights", Vec::new()));
    model.argocd.repositories.publish_fleet(&registries[0]);
    for host in &registries {
        fleet::push_all(model, host);
    }
    let reader = oci::Account { user: READER.0.to_owned(), password: READER.1.to_owned() };
    model.registries.at(&registries[1]).access = oci::Access::Password(reader);
}

/// The options of `testbed/push`.
fn push_options(options: &[&str]) -> Push {
    let mut push = Push::default();
    let mut options = options.iter();
    while let Some(option) = options.next() {
        let mut value = || *options.next().unwrap();
        match *option {
            "--variant" => push.variant = value().parse().unwrap(),
            "--single" => push.single = true,
            "--absent" => push.absent.push(value().to_owned()),
            other => panic!("no option of a push: {other}"),
        }
    }
    push
}
