//! The tenants of the story: not all alike, as in a real fleet.

use sandbox::{
    Model,
    fleet::{self, Options},
};
use serde_json::json;

/// The namespace that a tenant deploys to.
pub(super) fn namespace(tenant: &str) -> String {
    format!("tenant-{tenant}")
}

/// Makes the tenants. `reverted` is one in whose Application people have set parameters before.
pub(super) fn create(model: &mut Model, tenants: &[String], reverted: &str) -> anyhow::Result<()> {
    for (index, tenant) in tenants.iter().enumerate() {
        let options = if tenant == reverted { with_parameters() } else { habits(index) };
        anyhow::ensure!(fleet::create(model, tenant, &options), "tenant {tenant} cannot be made");
    }
    Ok(())
}

/// Some tenants are as the chart is, some have values of their own, and some parameters.
fn habits(index: usize) -> Options {
    match index % 3 {
        0 => Options::default(),
        1 => Options { values_object: Some(json!({"atlas": {"cpu": "200m"}})), ..Options::default() },
        _ => with_parameters(),
    }
}

fn with_parameters() -> Options {
    Options { set: vec![("heracles.replicas".to_owned(), "1".to_owned())], ..Options::default() }
}
