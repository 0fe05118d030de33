//! What is to come out of each step, and in which sentence a difference is told.

use release::{
    proof::Proof,
    report::{RunReport, TenantReport},
    verdict::{ReleaseVerdict, TenantVerdict},
};
use std::collections::BTreeMap;

/// How one tenant is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ending {
    verdict: TenantVerdict,
    proof: Proof,
    /// The code of the problem.
    reason: Option<&'static str>,
}

/// Every pod runs one of the digests.
pub(super) const PROVEN: Ending =
    Ending { verdict: TenantVerdict::Success, proof: Proof::DigestVerified, reason: None };

/// Another ring has it.
pub(super) const CLAIMED: Ending =
    Ending { verdict: TenantVerdict::Refused, proof: Proof::None, reason: Some("claimed") };

/// It was applied, and then this was in the way.
pub(super) const fn failed(reason: &'static str) -> Ending {
    Ending { verdict: TenantVerdict::Failed, proof: Proof::Applied, reason: Some(reason) }
}

/// How a run is to end: all its tenants in one way, but for some.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    tenants: BTreeMap<String, Ending>,
}

impl Expected {
    /// All tenants end like this.
    pub(super) fn all(tenants: &[String], ending: Ending) -> Self {
        Self { tenants: tenants.iter().map(|tenant| (tenant.clone(), ending)).collect() }
    }

    /// But one like that.
    #[must_use]
    pub(super) fn but(mut self, tenant: &str, ending: Ending) -> Self {
        self.tenants.insert(tenant.to_owned(), ending);
        self
    }

    /// What is different, in a sentence each.
    pub(super) fn differences(&self, report: &RunReport) -> Vec<String> {
        let what = format!("{} {}", report.kind.as_str(), report.id);
        let mut differences = Vec::new();
        let verdicts: Vec<TenantVerdict> = self.tenants.values().map(|ending| ending.verdict).collect();
        let verdict = ReleaseVerdict::fold(&verdicts, None);
        if report.verdict != Some(verdict) {
            let found = report.verdict.map_or("no verdict", ReleaseVerdict::as_str);
            differences.push(format!("{what} should end with {verdict}, and ended with {found}"));
        }
        let found: BTreeMap<&str, &TenantReport> =
            report.tenants.iter().map(|tenant| (tenant.tenant.as_str(), tenant)).collect();
        for (name, wanted) in &self.tenants {
            match found.get(name.as_str()) {
                None => differences.push(format!("{what} should have tenant {name}, and has not")),
                Some(tenant) if !wanted.is(tenant) => differences.push(format!(
                    "tenant {name} of {what} should be {}, and is {}",
                    say(Some(wanted.verdict), wanted.proof, wanted.reason, None),
                    found_in(tenant)
                )),
                Some(_) => {}
            }
        }
        for name in found.keys().filter(|name| !self.tenants.contains_key(**name)) {
            differences.push(format!("{what} should not have tenant {name}"));
        }
        differences
    }
}

impl Ending {
    fn is(self, tenant: &TenantReport) -> bool {
        let reason = tenant.problem.as_ref().map(|problem| problem.code.as_str());
        (tenant.verdict, tenant.proof, reason) == (Some(self.verdict), self.proof, self.reason)
    }
}

fn found_in(tenant: &TenantReport) -> String {
    let problem = tenant.problem.as_ref();
    let (reason, message) =
        (problem.map(|problem| problem.code.as_str()), problem.map(|problem| problem.message.as_str()));
    say(tenant.verdict, tenant.proof, reason, message)
}

fn say(verdict: Option<TenantVerdict>, proof: Proof, reason: Option<&str>, message: Option<&str>) -> String {
    let mut text = format!("{} with proof {proof}", verdict.map_or("without verdict", TenantVerdict::as_str));
    for (part, before) in [(reason, ", "), (message, ": ")] {
        if let Some(part) = part {
            text.push_str(before);
            text.push_str(part);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{super::testing, CLAIMED, Expected, PROVEN, failed};
    use release::{proof::Proof, verdict::TenantVerdict};

    #[test]
    fn what_went_as_told_has_no_differences() {
        let names = ["a", "b"].map(str::to_owned);
        let expected = Expected::all(&names, PROVEN).but("b", failed("image_pull"));
        let report = testing::report(&[
            testing::tenant("a", TenantVerdict::Success, Proof::DigestVerified, None),
            testing::tenant("b", TenantVerdict::Failed, Proof::Applied, Some("image_pull")),
        ]);
        assert_eq!(expected.differences(&report), Vec::<String>::new());
    }

    #[test]
    fn every_difference_is_a_sentence_of_its_own() {
        let names = ["a", "b", "c"].map(str::to_owned);
        let expected = Expected::all(&names, PROVEN).but("b", CLAIMED);
        let report = testing::report(&[
            testing::tenant("a", TenantVerdict::Success, Proof::RolledOut, None),
            testing::tenant("b", TenantVerdict::Failed, Proof::Applied, Some("crash_loop")),
            testing::tenant("d", TenantVerdict::Success, Proof::DigestVerified, None),
        ]);
        insta::assert_snapshot!(expected.differences(&report).join("\n"), @r"
        tenant a of release r-20261123-001 should be success with proof digest_verified, and is success with proof rolled_out
        tenant b of release r-20261123-001 should be refused with proof none, claimed, and is failed with proof applied, crash_loop: it is crash_loop
        release r-20261123-001 should have tenant c, and has not
        release r-20261123-001 should not have tenant d
        ");
    }
}
