//! What became of every tenant in every step, in one table.

use super::story::Step;
use release::{proof::Proof, report::TenantReport, verdict::TenantVerdict};
use std::fmt::Write;

/// More rows than this are not read: then only those are shown that differ from most.
const ROWS: usize = 24;

/// The table: a row for each tenant, a column for each step.
pub(super) fn table(tenants: &[String], steps: &[Step]) -> String {
    let rows: Vec<Vec<String>> =
        tenants.iter().map(|tenant| steps.iter().map(|step| cell(step, tenant)).collect()).collect();
    let usual = usual(&rows);
    let is_shown = |row: &Vec<String>| tenants.len() <= ROWS || usual != Some(row);
    let widths: Vec<usize> = (0..steps.len())
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column)).map(String::len);
            let heading = steps.get(column).map_or(0, |step| step.heading.len());
            cells.max().unwrap_or(0).max(heading)
        })
        .collect();
    let names = tenants.iter().map(String::len).max().unwrap_or(0);
    let mut table = String::new();
    let mut line = |name: &str, cells: &mut dyn Iterator<Item = &str>| {
        let mut line = format!("{name:names$}");
        for (cell, width) in cells.zip(&widths) {
            let _ = write!(line, "  {cell:width$}");
        }
        let _ = writeln!(table, "{}", line.trim_end());
    };
    line("", &mut steps.iter().map(|step| step.heading.as_str()));
    for (tenant, row) in tenants.iter().zip(&rows).filter(|(_, row)| is_shown(row)) {
        line(tenant, &mut row.iter().map(String::as_str));
    }
    let hidden = rows.iter().filter(|row| !is_shown(row)).count();
    if let Some(usual) = usual.filter(|_| hidden > 0) {
        line(&format!("{hidden} others"), &mut usual.iter().map(String::as_str));
    }
    table
}

fn cell(step: &Step, tenant: &str) -> String {
    let mut tenants = step.runs.iter().flat_map(|run| &run.report.tenants);
    tenants.find(|report| report.tenant == tenant).map_or_else(|| "-".to_owned(), state)
}

fn state(tenant: &TenantReport) -> String {
    let code = tenant.problem.as_ref().map(|problem| problem.code.as_str());
    match (tenant.verdict, code) {
        (Some(TenantVerdict::Success), _) if tenant.proof == Proof::DigestVerified => "proven".to_owned(),
        (Some(TenantVerdict::Success), _) => tenant.proof.to_string(),
        (Some(TenantVerdict::Failed), Some(code)) => code.to_owned(),
        (Some(verdict), _) => verdict.to_string(),
        (None, _) => "not ended".to_owned(),
    }
}

/// The row that most tenants have.
fn usual(rows: &[Vec<String>]) -> Option<&Vec<String>> {
    rows.iter().max_by_key(|row| rows.iter().filter(|other| other == row).count())
}

#[cfg(test)]
mod tests {
    use super::{super::testing, ROWS, Step, table};
    use release::{proof::Proof, verdict::TenantVerdict};

    fn steps(names: &[String]) -> Vec<Step> {
        let proven =
            |name: &String| testing::tenant(name, TenantVerdict::Success, Proof::DigestVerified, None);
        let first: Vec<_> = names.iter().map(proven).collect();
        let mut second = first.clone();
        second[1] = testing::tenant(&names[1], TenantVerdict::Failed, Proof::Applied, Some("image_pull"));
        second[0] = testing::tenant(&names[0], TenantVerdict::Refused, Proof::None, Some("claimed"));
        let third = vec![testing::tenant(&names[1], TenantVerdict::Success, Proof::RolledOut, None)];
        ["1 release", "2 fix", "3 cleanup"]
            .map(str::to_owned)
            .into_iter()
            .zip([first, second, third])
            .map(|(heading, tenants)| Step { heading, runs: vec![testing::ended(testing::report(&tenants))] })
            .collect()
    }

    #[test]
    fn every_tenant_has_a_row_and_every_step_a_column() {
        let names = ["alder-bank", "birch-rail", "coral-foods"].map(str::to_owned);
        insta::assert_snapshot!(table(&names, &steps(&names)), @r"
                     1 release  2 fix       3 cleanup
        alder-bank   proven     refused     -
        birch-rail   proven     image_pull  rolled_out
        coral-foods  proven     proven      -
        ");
    }

    #[test]
    fn of_many_tenants_only_those_are_shown_that_differ() {
        let names: Vec<String> = (0..=ROWS).map(|number| format!("tenant-{number:02}")).collect();
        insta::assert_snapshot!(table(&names, &steps(&names)), @r"
                   1 release  2 fix       3 cleanup
        tenant-00  proven     refused     -
        tenant-01  proven     image_pull  rolled_out
        23 others  proven     proven      -
        ");
    }
}
