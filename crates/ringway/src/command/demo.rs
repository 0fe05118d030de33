//! `ringway demo`: a pull request and its labels, from the first one to the tenants given back, told as it happens.
//!
//! Only what is around Ringway is simulated: GitHub, Kubernetes, Argo CD and the registry are the model of the `sandbox`
//! crate behind real HTTP servers on this machine. What drives the releases is `ringway serve`, with its files in a
//! temporary folder; the story only does what people do, and looks what becomes of it. Every step has an expected outcome;
//! the exit code is 0 only if all of them came true.

mod document;
mod ending;
mod expected;
mod files;
mod following;
mod github;
mod hands;
mod markdown;
mod names;
mod narrator;
mod pull_request;
mod scene;
mod story;
mod table;
mod tenants;
#[cfg(test)]
mod testing;

use super::OutputFormat;
use crate::{
    clock::{Clock, SystemClock},
    config::Config,
    error::{Outcome, UsageError},
    github::{Client, Credentials, Limits, Settings},
    ledger::Ledger,
    output, owner,
    registry::Secret,
    state::StateFolder,
};
use clap::Args;
use document::Document;
use narrator::{Listener, Narrator};
use scene::Scene;
use std::{net::Ipv4Addr, sync::Arc, time::Duration};
use story::{Story, Told};
use tokio::net::TcpListener;

/// Two cohorts: a tenant of one cannot pull an image, and a tenant of the other is reverted.
const FEWEST: u32 = 2;

/// As many as the default `limits.cohortSize`.
const MOST: u32 = 500;

/// How the demo is run.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// How many tenants the fleet has, from 2 to 500.
    #[arg(long, value_name = "N", default_value_t = 12)]
    pub tenants: u32,
    /// Names, commits and delays follow from it.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Leave the fleet up afterwards, for all the other commands, until Ctrl-C.
    #[arg(long)]
    pub keep: bool,
}

/// Runs the demo.
pub(super) async fn demo(arguments: DemoArguments, format: OutputFormat) -> anyhow::Result<Outcome> {
    let tenants = tenants(arguments.tenants)?;
    let listener = if format == OutputFormat::Text { Listener::Output } else { Listener::Error };
    let mut narrator = Narrator::new(listener);
    let scene = Scene::build(arguments.seed, tenants, narrator.is_paced()).await?;
    narrator.paragraph(&introduction(&scene, &arguments)).await;
    let config = Config::load(&scene.configuration()).map_err(|errors| UsageError(errors.to_string()))?;
    let folder = StateFolder::open(&config.state_folder)?;
    let ownership = folder.own("ringway demo", SystemClock.now())?;
    let http = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let server = http.local_addr()?;
    scene.github(|github| github::tell(github, scene.repository, server));
    let serving = owner::stay_with(config, Some(client(&scene)?), &folder, ownership, http);
    let mut concluded = None;
    let telling = async {
        let told = tell(&scene, &folder, &mut narrator).await?;
        let outcome = conclude(&scene, &narrator, &told, format)?;
        let is_done = outcome == Outcome::Done;
        concluded = Some(outcome);
        let program = ending::program();
        if arguments.keep {
            narrator.block(&format!("\n{}", ending::how_to_use(&program, &scene)?));
            // What ends now is the server.
            std::future::pending::<()>().await;
        } else if is_done {
            narrator.block(&format!("\n{}", ending::what_next(&program)));
        }
        anyhow::Ok(())
    };
    // The server first: when it is told to end, the story has no end. It opens the state before anything is told.
    tokio::select! {
        biased;
        ended = serving => drop(ended?),
        told = telling => told?,
    }
    Ok(concluded.unwrap_or_else(|| {
        eprintln!("the demo was interrupted: its fleet and all its files are gone");
        Outcome::Interrupted
    }))
}

/// GitHub wants a second between two writes, which a story of days within seconds does not have. The one of the demo is
/// content without.
fn client(scene: &Scene) -> anyhow::Result<Client> {
    let (write_gap, writes_per_minute, points_per_minute) = (Duration::ZERO, 10_000, 1_000_000);
    let limits = Limits { write_gap, writes_per_minute, points_per_minute, ..Limits::default() };
    let credentials = Credentials::Token(Secret::new(scene.token.clone()));
    Ok(Client::over_network(
        Settings { api: scene.github_api(), credentials, limits },
        Arc::new(SystemClock),
    )?)
}

/// How many tenants, if the story can be told with so many.
fn tenants(given: u32) -> anyhow::Result<usize> {
    if !(FEWEST..=MOST).contains(&given) {
        let message = format!(
            "--tenants: found {given}; allowed: {FEWEST} to {MOST}. One of them cannot pull an image, and another one, of \
             another cohort, is reverted by hand"
        );
        return Err(UsageError(message).into());
    }
    Ok(usize::try_from(given)?)
}

/// Tells the story of what happens around the server, whose state is in this folder.
async fn tell(scene: &Scene, folder: &StateFolder, narrator: &mut Narrator) -> anyhow::Result<Told> {
    let (hands, ledger) = (scene.hands().await?, Ledger::open_read_only(&folder.ledger())?);
    let mut told = Told::default();
    let mut story = Story { scene, ledger: &ledger, hands: &hands, narrator, told: &mut told };
    if let Err(error) = story.tell().await {
        story.differs(format!("the story could not go on: {error:#}"));
    }
    Ok(told)
}

fn introduction(scene: &Scene, arguments: &DemoArguments) -> String {
    let forgotten = if arguments.keep { "stays until Ctrl-C" } else { "is removed at the end" };
    format!(
        "A GitHub and a fleet of {} tenants, simulated in this process: pull requests and builds, a Kubernetes API with \
         Argo CD's and the workload controllers' behaviour, and a registry (seed {}). What drives the releases is what \
         `ringway serve` is for a real fleet, told by webhooks, over HTTP, with its configuration and its state in {}, \
         which {forgotten}. Only GitHub's limits for a second and a minute are waived: days pass within seconds here.",
        scene.tenants.len(),
        arguments.seed,
        scene.folder().display()
    )
}

/// Prints what came out of the story.
fn conclude(
    scene: &Scene,
    narrator: &Narrator,
    told: &Told,
    format: OutputFormat,
) -> anyhow::Result<Outcome> {
    let ok = told.differences.is_empty();
    narrator.heading("What became of everyone");
    narrator.block(&table::table(&scene.tenants, &told.steps));
    let sentence = if ok {
        "Everything went as told.".to_owned()
    } else {
        format!("Not everything went as told:\n  {}", told.differences.join("\n  "))
    };
    narrator.block(&format!("\n{sentence}"));
    if format != OutputFormat::Text {
        let runs: Vec<_> = told.steps.iter().flat_map(|step| &step.runs).collect();
        output::print(format, &Document::new(ok, &told.about(scene), &runs), String::new)?;
    }
    Ok(if ok { Outcome::Done } else { Outcome::FoundProblems })
}

#[cfg(test)]
mod tests {
    use super::tenants;

    #[test]
    fn a_fleet_that_is_too_small_or_too_large_is_refused_with_the_limits() {
        assert_eq!([2, 12, 500].map(|given| tenants(given).ok()), [Some(2), Some(12), Some(500)]);
        for given in [0, 1, 501] {
            let error = tenants(given).unwrap_err().to_string();
            assert!(error.contains(&format!("found {given}; allowed: 2 to 500")), "{error}");
        }
    }
}
