//! Webhooks: who is told of what, the deliveries that are due, and the log of those that were made.

use super::{Github, Impossible, signature, written};
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// A webhook.
#[derive(Debug, Clone)]
pub struct Hook {
    /// Its id.
    pub id: u64,
    /// The App that it belongs to.
    pub app: Option<u64>,
    /// The repository that it belongs to.
    pub repository: Option<u64>,
    /// Where deliveries go.
    pub url: String,
    /// The key of their signatures.
    pub secret: String,
    /// The events that it is told of.
    pub events: BTreeSet<String>,
    /// Whether anything is delivered.
    pub active: bool,
}

/// One attempt to tell somebody of something.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The id of this attempt.
    pub id: u64,
    /// What it is about, the same for every attempt (`X-GitHub-Delivery`).
    pub guid: String,
    /// The webhook.
    pub hook: u64,
    /// Where it goes.
    pub url: String,
    /// Such as `pull_request`.
    pub event: String,
    /// Such as `labeled`.
    pub action: Option<String>,
    /// The repository that it is about.
    pub repository: u64,
    /// The installation that it is for.
    pub installation: Option<u64>,
    /// What is sent.
    pub body: Bytes,
    /// With which headers.
    pub headers: Vec<(&'static str, String)>,
    /// When it is to be sent.
    pub due: Timestamp,
    /// Whether somebody asked for it again.
    pub redelivery: bool,
    /// How it ended; `None` until then, and 0 if nobody answered.
    pub status: Option<u16>,
}

/// All webhooks and their deliveries.
#[derive(Debug, Default)]
pub(super) struct Post {
    pub(super) hooks: Vec<Hook>,
    /// What was sent, or is on its way.
    log: BTreeMap<u64, Delivery>,
    /// What is not yet sent, in the order in which it is due.
    waiting: BTreeSet<(Timestamp, u64)>,
}

impl Github {
    /// Gives a repository a webhook of its own; the answer is its id.
    pub fn add_repository_hook(&mut self, repository: u64, url: &str, secret: &str, events: &[&str]) -> u64 {
        let id = self.id();
        let (url, secret) = (url.to_owned(), secret.to_owned());
        let events = events.iter().map(|event| (*event).to_owned()).collect();
        let repository = Some(repository);
        self.post.hooks.push(Hook { id, app: None, repository, url, secret, events, active: true });
        id
    }

    /// A webhook, to be changed: turned off, sent elsewhere, signed with another secret.
    pub fn hook_mut(&mut self, id: u64) -> Option<&mut Hook> {
        self.post.hooks.iter_mut().find(|hook| hook.id == id)
    }

    /// Tells everyone who wants to know of an event in a repository.
    pub(super) fn announce(
        &mut self,
        repository: u64,
        event: &str,
        action: Option<&str>,
        sender: u64,
        mut payload: Value,
    ) {
        let Some(known) = self.repositories.get(&repository) else { return };
        if let Some(action) = action {
            payload["action"] = json!(action);
        }
        payload["repository"] = self.repository_shape(known);
        payload["sender"] = self.account_shape(sender);
        if let Some(organization) = self.organization_shape(known.owner) {
            payload["organization"] = organization;
        }
        for hook in self.post.hooks.clone() {
            if !hook.active || !hook.events.contains(event) {
                continue;
            }
            let installation =
                hook.app.and_then(|app| self.installation_for(app, repository)).map(|it| it.id);
            if hook.repository != Some(repository) && installation.is_none() {
                continue;
            }
            let mut payload = payload.clone();
            if let Some(id) = installation {
                payload["installation"] =
                    json!({"id": id, "node_id": super::shape::node("Installation", id)});
            }
            let body = Bytes::from(payload.to_string());
            let (guid, headers) = self.envelope(&hook, event, &body, repository);
            let delivery = Delivery {
                id: 0,
                guid,
                hook: hook.id,
                url: hook.url,
                event: event.to_owned(),
                action: action.map(str::to_owned),
                repository,
                installation,
                body,
                headers,
                due: self.now,
                redelivery: false,
                status: None,
            };
            self.dispatch(delivery);
        }
    }

    /// The id of what is told, and the headers (<https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers>).
    fn envelope(
        &mut self,
        hook: &Hook,
        event: &str,
        body: &[u8],
        repository: u64,
    ) -> (String, Vec<(&'static str, String)>) {
        let digits = self.digits();
        let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
        let guid = format!("{}-{}-11f0-8{}-{}", part(0, 8), part(8, 12), part(12, 15), part(15, 27));
        let (target, target_kind) = match hook.app {
            Some(app) => (app, "integration"),
            None => (repository, "repository"),
        };
        let headers = vec![
            ("Content-Type", "application/json".to_owned()),
            ("User-Agent", format!("GitHub-Hookshot/{}", part(27, 34))),
            ("X-GitHub-Delivery", guid.clone()),
            ("X-GitHub-Event", event.to_owned()),
            ("X-GitHub-Hook-ID", hook.id.to_string()),
            ("X-GitHub-Hook-Installation-Target-ID", target.to_string()),
            ("X-GitHub-Hook-Installation-Target-Type", target_kind.to_owned()),
            ("X-Hub-Signature-256", signature(hook.secret.as_bytes(), body)),
        ];
        (guid, headers)
    }

    /// Sends something on its way, with what may go wrong there.
    fn dispatch(&mut self, delivery: Delivery) {
        let faults = self.delivery_faults;
        let copies = if self.random.chance(faults.doubled) { 2 } else { 1 };
        for _ in 0..copies {
            let lost = self.random.chance(faults.lost);
            let late =
                if self.random.chance(faults.late) { self.within(faults.latest) } else { Duration::ZERO };
            let mut delivery = delivery.clone();
            delivery.id = self.id();
            delivery.due = self.now.saturating_add(late).unwrap_or(Timestamp::MAX);
            if lost {
                delivery.status = Some(0);
            } else {
                self.post.waiting.insert((delivery.due, delivery.id));
            }
            self.post.log.insert(delivery.id, delivery);
        }
    }

    fn within(&mut self, longest: Duration) -> Duration {
        let longest = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.random.below(longest))
    }

    /// When the next delivery is due.
    pub fn next_delivery(&self) -> Option<Timestamp> {
        self.post.waiting.first().map(|(due, _)| *due)
    }

    /// Takes the deliveries that are due. Whoever takes them sends them, and says by [`Github::delivered`] how it went.
    pub fn take_due_deliveries(&mut self) -> Vec<Delivery> {
        let mut due = Vec::new();
        while let Some(place) = self.post.waiting.first().copied().filter(|(at, _)| *at <= self.now) {
            self.post.waiting.remove(&place);
            due.extend(self.post.log.get(&place.1).cloned());
        }
        due
    }

    /// How a delivery ended: with the status of the answer, or with none. GitHub never tries again by itself
    /// (<https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries>).
    pub fn delivered(&mut self, id: u64, status: Option<u16>) {
        if let Some(delivery) = self.post.log.get_mut(&id) {
            delivery.status = Some(status.unwrap_or(0));
        }
    }

    /// The log of all deliveries, oldest first.
    pub fn deliveries(&self) -> impl DoubleEndedIterator<Item = &Delivery> {
        self.post.log.values()
    }

    /// Delivers something once more, under the same GUID and with the same body; the answer is the id of the attempt
    /// (<https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks>).
    ///
    /// # Errors
    ///
    /// When there is no such delivery.
    pub fn redeliver(&mut self, id: u64) -> Result<u64, Impossible> {
        let known = self.post.log.get(&id).cloned();
        let mut delivery =
            known.ok_or_else(|| Impossible(format!("there is no delivery {id} to make again")))?;
        delivery.id = self.id();
        (delivery.redelivery, delivery.status, delivery.due) = (true, None, self.now);
        let again = delivery.id;
        self.post.waiting.insert((delivery.due, again));
        self.post.log.insert(again, delivery);
        Ok(again)
    }

    /// A delivery as `GET /app/hook/deliveries` lists it.
    pub(super) fn delivery_shape(delivery: &Delivery) -> Value {
        let code = delivery.status.unwrap_or(0);
        let status = match code {
            0 => "failed to connect to host".to_owned(),
            200..300 => "OK".to_owned(),
            _ => format!("Invalid HTTP Response: {code}"),
        };
        json!({
            "id": delivery.id,
            "guid": delivery.guid,
            "delivered_at": written(delivery.due),
            "redelivery": delivery.redelivery,
            "duration": 0.1,
            "status": status,
            "status_code": code,
            "event": delivery.event,
            "action": delivery.action,
            "installation_id": delivery.installation,
            "repository_id": delivery.repository,
            "throttled_at": null,
        })
    }

    /// The webhook of an App.
    pub(super) fn app_hook(&self, app: u64) -> Option<&Hook> {
        self.post.hooks.iter().find(|hook| hook.app == Some(app))
    }
}
