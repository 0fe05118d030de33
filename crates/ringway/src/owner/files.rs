//! How many files and connections the process may have open at once.
//!
//! A tenant under way holds up to four connections, one per watch, and with the usual soft limit of 1,024 there is room for
//! 240 of them. The hard limit is what the system really means to allow, so the soft one is raised towards it.

use crate::config::Config;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Room for 16,000 tenants at once. Not more: what the process starts (credential plugins) inherits it, and some programs
/// close every number up to it.
const PLENTY: u64 = 65_536;

/// Connections of a tenant under way.
const OF_A_TENANT: u64 = 4;

/// State, log, sockets, and the connections of looks at whole cohorts.
const OF_OUR_OWN: u64 = 64;

/// Raises the soft limit of open files as far as the process may, and says so if that is less than the configuration may
/// need.
pub(super) fn allow_many(config: &Config) {
    let before = getrlimit(Resource::Nofile);
    // What cannot be raised stays as it is, which is looked at next.
    if let Err(error) = setrlimit(Resource::Nofile, raised(before)) {
        tracing::debug!(%error, "the limit of open files cannot be raised");
    }
    let needed = needed(config);
    if let Some(limit) = getrlimit(Resource::Nofile).current.filter(|limit| *limit < needed) {
        tracing::warn!(
            limit,
            needed,
            "too few files and connections may be open at once for as many tenants as limits.tenantsPerInstance allows: \
             raise the hard limit of open files (`ulimit -H -n`, `LimitNOFILE=`), or lower limits.tenantsPerInstance"
        );
    }
}

/// The limits with the soft one raised; it is never lowered.
fn raised(limits: Rlimit) -> Rlimit {
    let most = limits.maximum.map_or(PLENTY, |maximum| maximum.min(PLENTY));
    Rlimit { current: limits.current.map(|current| current.max(most)), ..limits }
}

/// How many files are open when every place for a tenant is taken.
fn needed(config: &Config) -> u64 {
    let instances = u64::try_from(config.argocd.len()).unwrap_or(u64::MAX);
    let tenants = instances.saturating_mul(u64::from(config.limits.tenants_per_instance));
    tenants.saturating_mul(OF_A_TENANT).saturating_add(OF_OUR_OWN)
}

#[cfg(test)]
mod tests {
    use super::{PLENTY, raised};
    use rustix::process::Rlimit;

    #[test]
    fn the_soft_limit_is_raised_to_the_hard_one_or_to_plenty_and_never_lowered() {
        let limits = |current, maximum| Rlimit { current, maximum };
        assert_eq!(raised(limits(Some(1_024), Some(4_096))), limits(Some(4_096), Some(4_096)));
        assert_eq!(raised(limits(Some(1_024), Some(524_288))), limits(Some(PLENTY), Some(524_288)));
        assert_eq!(raised(limits(Some(1_024), None)), limits(Some(PLENTY), None));
        assert_eq!(raised(limits(Some(100_000), None)), limits(Some(100_000), None));
        assert_eq!(raised(limits(None, None)), limits(None, None));
    }
}
