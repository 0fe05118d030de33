//! Figures in Prometheus' text format. Only what is cheap and true; counts of runs come from the ledger, so they
//! survive a restart.

use crate::{cluster::Requests, ledger::Figures, rings};
use jiff::Timestamp;
use release::report::RunKind;
use std::{fmt::Write, io};

/// One page of figures.
pub(super) fn text(
    figures: &Figures,
    requests: &Requests,
    deliveries: &[(&str, bool, u64)],
    rings: Option<&rings::Figures>,
    sizes: &[(&str, io::Result<u64>)],
    now: Timestamp,
) -> String {
    let mut page = Page::default();
    page.family("build_info", "gauge", "The version of the program.");
    page.sample("build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1_u32);
    runs(&mut page, figures);
    page.family(
        "oldest_unfinished_run_age_seconds",
        "gauge",
        "Since the oldest run began that has not ended; 0 without one.",
    );
    page.sample("oldest_unfinished_run_age_seconds", &[], seconds_since(figures.oldest_unfinished, now));
    page.family("tenants_under_way", "gauge", "Tenants that are worked on now, by Argo CD instance.");
    for (instance, held, _) in &figures.places {
        page.sample("tenants_under_way", &[("instance", instance)], *held);
    }
    page.family("tenants_waiting", "gauge", "Tenants that wait for a place (limits.tenantsPerInstance).");
    for (instance, _, waiting) in &figures.places {
        page.sample("tenants_waiting", &[("instance", instance)], *waiting);
    }
    page.family("claims", "gauge", "Applications that a ring has claimed.");
    page.sample("claims", &[], figures.claims);
    page.family("freezes", "gauge", "Freezes that stand: nothing new starts of what they are about.");
    page.sample("freezes", &[], figures.freezes);
    page.family(
        "api_requests_total",
        "counter",
        "Requests to Kubernetes API servers by what came back, since the process began.",
    );
    for (answered, count) in requests.counts() {
        page.sample("api_requests_total", &[("answer", answered.as_str())], count);
    }
    inbox(&mut page, figures, deliveries, now);
    if let Some(rings) = rings {
        github(&mut page, rings, now);
    }
    page.family("file_bytes", "gauge", "The size of what grows in the state folder.");
    for (file, size) in sizes {
        // A file that is not there yet has no size.
        if let Ok(size) = size {
            page.sample("file_bytes", &[("file", file)], *size);
        }
    }
    page.0
}

fn inbox(page: &mut Page, figures: &Figures, deliveries: &[(&str, bool, u64)], now: Timestamp) {
    page.family(
        "webhook_deliveries_total",
        "counter",
        "Deliveries of GitHub by what became of them, since the process began.",
    );
    for (outcome, verified, count) in deliveries {
        let verified = if *verified { "yes" } else { "no" };
        page.sample("webhook_deliveries_total", &[("outcome", outcome), ("verified", verified)], *count);
    }
    page.family("webhooks_unprocessed", "gauge", "Deliveries that were stored and not looked into yet.");
    page.sample("webhooks_unprocessed", &[], figures.unprocessed);
    page.family(
        "oldest_unprocessed_webhook_age_seconds",
        "gauge",
        "Since the oldest of them came; 0 without one.",
    );
    let age = seconds_since(figures.oldest_unprocessed, now);
    page.sample("oldest_unprocessed_webhook_age_seconds", &[], age);
}

fn github(page: &mut Page, rings: &rings::Figures, now: Timestamp) {
    let figures = &rings.github;
    page.family(
        "github_requests_total",
        "counter",
        "Requests to GitHub by what came back, since the process began.",
    );
    for (answered, count) in figures.answers {
        page.sample("github_requests_total", &[("answer", answered.as_str())], count);
    }
    page.family(
        "github_content_requests_total",
        "counter",
        "Those of them that create or change comments, checks and statuses.",
    );
    page.sample("github_content_requests_total", &[], figures.content);
    page.family(
        "github_requests_remaining",
        "gauge",
        "How many more the newest answer allows until GitHub counts the primary limit anew.",
    );
    // Before the first answer it is not known.
    if let Some(remaining) = figures.remaining {
        page.sample("github_requests_remaining", &[], remaining);
    }
    page.family(
        "github_limited_seconds",
        "gauge",
        "For how long nothing is asked because of a limit; else 0.",
    );
    let limited = figures.limited_until.map_or(0, |until| until.duration_since(now).as_secs().max(0));
    page.sample("github_limited_seconds", &[], limited.unsigned_abs());
    page.family(
        "last_complete_sweep_timestamp_seconds",
        "gauge",
        "When the last sweep ended that could read everything; 0 before the first.",
    );
    let swept = rings.last_complete_sweep.map_or(0, |at| at.as_second().max(0));
    page.sample("last_complete_sweep_timestamp_seconds", &[], swept.unsigned_abs());
}

/// 0 for what never was, and for what a clock that was set back has in the future.
fn seconds_since(then: Option<Timestamp>, now: Timestamp) -> u64 {
    then.map_or(0, |then| now.duration_since(then).as_secs().max(0).unsigned_abs())
}

fn runs(page: &mut Page, figures: &Figures) {
    let of = |kind: RunKind, only_open: bool| -> u32 {
        let counted =
            figures.runs.iter().filter(|(of, verdict, _)| *of == kind && (!only_open || verdict.is_none()));
        counted.map(|(_, _, count)| count).sum()
    };
    let kinds = [RunKind::Release, RunKind::Cleanup];
    page.family("runs_begun_total", "counter", "Releases and cleanups ever begun.");
    for kind in kinds {
        page.sample("runs_begun_total", &[("kind", kind.as_str())], of(kind, false));
    }
    page.family("runs_ended_total", "counter", "Those that have ended, by verdict.");
    for (kind, verdict, count) in &figures.runs {
        if let Some(verdict) = verdict {
            page.sample(
                "runs_ended_total",
                &[("kind", kind.as_str()), ("verdict", verdict.as_str())],
                *count,
            );
        }
    }
    page.family("runs_unfinished", "gauge", "Those that have not ended.");
    for kind in kinds {
        page.sample("runs_unfinished", &[("kind", kind.as_str())], of(kind, true));
    }
}

/// The text so far.
#[derive(Default)]
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, about: &str) {
        // A `String` takes everything: this cannot fail.
        let _ = writeln!(self.0, "# HELP ringway_{name} {about}\n# TYPE ringway_{name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Into<u64>) {
        let labels: Vec<String> =
            labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.0, "ringway_{name}{labels} {}", value.into());
    }
}

/// The value of a label (<https://prometheus.io/docs/instrumenting/exposition_formats/#comments-help-text-and-type-information>).
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::github::{self, Answered};
    use release::verdict::ReleaseVerdict;

    fn figures() -> Figures {
        Figures {
            runs: vec![
                (RunKind::Cleanup, Some(ReleaseVerdict::Success), 2),
                (RunKind::Release, None, 1),
                (RunKind::Release, Some(ReleaseVerdict::PartialSuccess), 3),
            ],
            oldest_unfinished: Some("2026-11-23T10:00:00Z".parse().unwrap()),
            places: vec![("eu\"rope\\\n".into(), 20, 4)],
            claims: 24,
            freezes: 1,
            unprocessed: 3,
            oldest_unprocessed: Some("2026-11-23T10:01:00Z".parse().unwrap()),
        }
    }

    fn page(figures: &Figures) -> String {
        let sizes = [("journal", Ok(4096)), ("ledger", Err(io::ErrorKind::NotFound.into()))];
        let deliveries = [("stored", true, 7), ("wrong_signature", false, 2)];
        let now = "2026-11-23T10:01:30Z".parse().unwrap();
        text(figures, &Requests::default(), &deliveries, Some(&of_rings()), &sizes, now)
    }

    fn of_rings() -> rings::Figures {
        let mut answers = Answered::ALL.map(|answered| (answered, 0));
        answers[0].1 = 12;
        let limited_until = Some("2026-11-23T10:02:31Z".parse().unwrap());
        let github = github::Figures { answers, content: 5, remaining: Some(4988), limited_until };
        rings::Figures { github, last_complete_sweep: Some("2026-11-23T10:00:00Z".parse().unwrap()) }
    }

    #[test]
    fn figures_are_what_prometheus_reads() {
        let page = page(&figures());
        for line in [
            "ringway_runs_begun_total{kind=\"release\"} 4",
            "ringway_runs_begun_total{kind=\"cleanup\"} 2",
            "ringway_runs_ended_total{kind=\"release\",verdict=\"partial_success\"} 3",
            "ringway_runs_unfinished{kind=\"release\"} 1",
            "ringway_runs_unfinished{kind=\"cleanup\"} 0",
            "ringway_oldest_unfinished_run_age_seconds 90",
            "ringway_tenants_under_way{instance=\"eu\\\"rope\\\\\\n\"} 20",
            "ringway_tenants_waiting{instance=\"eu\\\"rope\\\\\\n\"} 4",
            "ringway_claims 24",
            "ringway_freezes 1",
            "ringway_webhook_deliveries_total{outcome=\"stored\",verified=\"yes\"} 7",
            "ringway_webhook_deliveries_total{outcome=\"wrong_signature\",verified=\"no\"} 2",
            "ringway_webhooks_unprocessed 3",
            "ringway_oldest_unprocessed_webhook_age_seconds 30",
            "ringway_api_requests_total{answer=\"success\"} 0",
            "ringway_github_requests_total{answer=\"success\"} 12",
            "ringway_github_requests_total{answer=\"not_modified\"} 0",
            "ringway_github_content_requests_total 5",
            "ringway_github_requests_remaining 4988",
            "ringway_github_limited_seconds 61",
            "ringway_last_complete_sweep_timestamp_seconds 1795428000",
            "ringway_file_bytes{file=\"journal\"} 4096",
        ] {
            assert!(page.lines().any(|known| known == line), "{line}\n{page}");
        }
        assert!(!page.contains("file=\"ledger\""), "a file that is not there has no size");
    }

    #[test]
    fn every_sample_belongs_to_the_family_above_it() {
        let page = page(&figures());
        let mut family = "";
        for line in page.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                family = rest.split(' ').next().unwrap();
            } else if !line.starts_with('#') {
                assert_eq!(line.split(['{', ' ']).next(), Some(family), "{line}");
            }
        }
        assert!(page.ends_with('\n'));
    }

    #[test]
    fn what_is_not_known_of_github_yet_is_not_shown() {
        let mut rings = of_rings();
        (rings.github.remaining, rings.github.limited_until, rings.last_complete_sweep) = (None, None, None);
        let now = "2026-11-23T10:01:30Z".parse().unwrap();
        let shown = |rings| text(&figures(), &Requests::default(), &[], rings, &[], now);
        let page = shown(Some(&rings));
        assert!(!page.contains("\nringway_github_requests_remaining"), "{page}");
        for line in ["ringway_github_limited_seconds 0", "ringway_last_complete_sweep_timestamp_seconds 0"] {
            assert!(page.lines().any(|known| known == line), "{line}\n{page}");
        }
        let alone = shown(None);
        assert!(!alone.contains("github_requests") && !alone.contains("sweep"), "{alone}");
    }

    #[test]
    fn without_a_run_nothing_is_old() {
        let page = page(&Figures::default());
        assert!(page.contains("ringway_oldest_unfinished_run_age_seconds 0\n"), "{page}");
    }
}
