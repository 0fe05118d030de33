//! `ringway demo`: the main job on a simulated fleet, told as it happens.
//!
//! Only the fleet is simulated: Kubernetes, Argo CD and the registry are the model of the `sandbox` crate behind real HTTP
//! servers on this machine. What drives the releases is what drives them elsewhere, with its files in a temporary folder.
//! Every step has an expected outcome; the exit code is 0 only if all of them came true.

mod document;
mod ending;
mod expected;
mod files;
mod following;
mod hands;
mod names;
mod narrator;
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
    output, owner,
    state::StateFolder,
};
use clap::Args;
use document::Document;
use narrator::{Listener, Narrator};
use scene::Scene;
use story::{Story, Told};

/// One tenant cannot pull an image, and another one is reverted.
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
    narrator.paragraph(&introduction(&scene, arguments.seed, arguments.keep)).await;
    let mut told = Told::default();
    if tell(&scene, &mut narrator, &mut told).await? == Outcome::Interrupted {
        eprintln!("the demo was interrupted: its fleet and all its files are gone");
        return Ok(Outcome::Interrupted);
    }
    let outcome = conclude(&scene, &narrator, &told, format)?;
    if arguments.keep {
        narrator.block(&format!("\n{}", ending::how_to_use(&ending::program(), &scene)));
        owner::interrupted().await?;
    } else if outcome == Outcome::Done {
        narrator.block(&format!("\n{}", ending::what_next(&ending::program())));
    }
    Ok(outcome)
}

/// How many tenants, if the story can be told with so many.
fn tenants(given: u32) -> anyhow::Result<usize> {
    if !(FEWEST..=MOST).contains(&given) {
        let message = format!(
            "--tenants: found {given}; allowed: {FEWEST} to {MOST}. One of them cannot pull an image, and another one is \
             reverted by hand"
        );
        return Err(UsageError(message).into());
    }
    Ok(usize::try_from(given)?)
}

/// Tells the story as the owner of the state folder, as any command that drives releases.
async fn tell(scene: &Scene, narrator: &mut Narrator, told: &mut Told) -> anyhow::Result<Outcome> {
    let config = Config::load(&scene.configuration()).map_err(|errors| UsageError(errors.to_string()))?;
    let folder = StateFolder::open(&config.state_folder)?;
    let hands = scene.hands().await?;
    let ownership = folder.own("ringway demo", SystemClock.now())?;
    owner::drive(config, &folder, ownership, async |owner| {
        let mut story = Story {
            scene,
            owner: &owner,
            folder: &folder,
            hands: &hands,
            narrator: &mut *narrator,
            told: &mut *told,
        };
        if let Err(error) = story.tell().await {
            story.differs(format!("the story could not go on: {error:#}"));
        }
        Ok(Outcome::Done)
    })
    .await
}

fn introduction(scene: &Scene, seed: u64, keep: bool) -> String {
    let forgotten = if keep { "stays until Ctrl-C" } else { "is removed at the end" };
    format!(
        "A fleet of {} tenants, simulated in this process: a Kubernetes API with Argo CD's and the workload controllers' \
         behaviour, and a registry (seed {seed}). What drives the releases is the same code as for a real fleet, over \
         HTTP, with its configuration and its state in {}, which {forgotten}.",
        scene.tenants.len(),
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
        let reports: Vec<_> = told.steps.iter().map(|step| &step.report).collect();
        output::print(format, &Document::new(ok, &reports), String::new)?;
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
