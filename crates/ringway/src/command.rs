//! The command line: what can be asked for, one file per verb.
//!
//! Commands print results on standard output and everything else on standard error, so that a pipe gets results alone.

use crate::{
    config::{Config, cohort},
    error::{Outcome, UsageError},
    ledger::Ledger,
    state::StateFolder,
};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

pub mod audit;
pub mod backup;
pub mod cleanup;
pub mod config_check;
pub mod demo;
pub mod doctor;
pub mod explain;
pub mod freeze;
pub mod overrides;
pub mod plan;
pub mod release;
pub mod serve;
pub mod status;

/// Puts images on tenants of an Argo CD fleet, proves that they run, and takes them back.
#[derive(Debug, Parser)]
#[command(name = "ringway", version, arg_required_else_help = true)]
pub struct CommandLine {
    /// The configuration file [default: $RINGWAY_CONFIG, ./ringway.yaml, ~/.config/ringway/ringway.yaml].
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// How results are printed.
    #[arg(short, long, global = true, value_enum, default_value_t = OutputFormat::Text)]
    pub output: OutputFormat,
    /// Log what is done to standard error (RUST_LOG says more precisely).
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// How the log is written.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// For people: tables, progress on a terminal, plain lines in a pipe.
    Text,
    /// One JSON document on standard output.
    Json,
    /// One YAML document on standard output.
    Yaml,
}

/// How the log is written, to standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object per line.
    Json,
}

/// What can be asked for.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Drive releases until told to end: answer other commands, health checks and Prometheus.
    Serve(serve::ServeArguments),
    /// Show everything that lives: rings, what is under way, what each tenant waits for, what is frozen.
    Status,
    /// Put an image on tenants, or look at what was put there.
    #[command(subcommand)]
    Release(ReleaseCommand),
    /// Take overrides back and prove that the tenants run what remains.
    Cleanup(CleanupArguments),
    /// Show per tenant what a release would change, or why it would be refused. Writes nothing.
    Plan(PlanArguments),
    /// Say why a tenant is not done yet, with evidence.
    Explain(ExplainArguments),
    /// Look at what Ringway has written into Applications.
    #[command(subcommand)]
    Override(OverrideCommand),
    /// Let no release begin, or let them begin again.
    #[command(subcommand)]
    Freeze(freeze::FreezeCommand),
    /// Show who asked for what, when, and what became of it.
    Audit(audit::AuditArguments),
    /// Write the whole state into one file.
    Backup(BackupArguments),
    /// Check configuration, reachability, rights and versions, and say how to mend what is wrong.
    Doctor,
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Show the main job on a simulated fleet within a minute. Needs no cluster and no configuration.
    Demo(demo::DemoArguments),
}

/// What can be done with releases.
#[derive(Debug, Subcommand)]
pub enum ReleaseCommand {
    /// Begin a release, or go on with the same one, and wait for its verdict.
    Start(StartArguments),
    /// List releases and cleanups, newest first.
    List(ListArguments),
    /// Show a release or a cleanup, tenant by tenant.
    Show(ShowArguments),
    /// Follow a release or a cleanup until it ends.
    Watch(RunArguments),
    /// Start nothing new, let patches under way end, keep what was done.
    Cancel(RunArguments),
}

/// What a release is made of.
#[derive(Debug, Clone, Args)]
pub struct ReleaseArguments {
    /// The ring: a branch `ring-*`, or a name of your own.
    #[arg(long, value_name = "NAME")]
    pub ring: String,
    /// The service, by its name in the configuration.
    #[arg(long, value_name = "SERVICE")]
    pub service: String,
    /// The image, as `registry/path:tag`; `NAME=registry/path:tag` for a service with several.
    #[arg(long = "image", value_name = "REF", required = true)]
    pub images: Vec<String>,
    /// The tenants, separated by commas.
    #[arg(long, value_name = "A,B", required_unless_present = "cohort", conflicts_with = "cohort")]
    pub tenants: Option<String>,
    /// A cohort file: {"tenants":[{"name":"…"},…]}.
    #[arg(long, value_name = "FILE")]
    pub cohort: Option<PathBuf>,
    /// Refuse the whole cohort if one tenant is refused.
    #[arg(long)]
    pub all_or_nothing: bool,
}

/// Begin a release.
#[derive(Debug, Args)]
pub struct StartArguments {
    /// What to release.
    #[command(flatten)]
    pub release: ReleaseArguments,
    /// At most so many tenants at once, instead of 100; the configuration's `tenantsPerInstance` holds as well.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub max_parallel: Option<u16>,
}

/// Show what a release would do.
#[derive(Debug, Args)]
pub struct PlanArguments {
    /// What would be released.
    #[command(flatten)]
    pub release: ReleaseArguments,
    /// Also send each patch to the API server as a dry run.
    #[arg(long)]
    pub server_check: bool,
}

/// List releases and cleanups.
#[derive(Debug, Args)]
pub struct ListArguments {
    /// Only those of this ring.
    #[arg(long, value_name = "NAME")]
    pub ring: Option<String>,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: u32,
}

/// One release or cleanup.
#[derive(Debug, Args)]
pub struct RunArguments {
    /// Its id, as printed by `release start` and `release list`.
    #[arg(value_name = "ID")]
    pub id: String,
}

/// What to show of a release or a cleanup.
#[derive(Debug, Args)]
pub struct ShowArguments {
    /// Its id, as printed by `release start` and `release list`.
    #[arg(value_name = "ID")]
    pub id: String,
    /// Every record of the journal instead, in words.
    #[arg(long)]
    pub journal: bool,
}

/// What to take back.
#[derive(Debug, Args)]
pub struct CleanupArguments {
    /// Which overrides.
    #[command(flatten)]
    pub selection: CleanupSelection,
    /// Take back also what an open pull request has.
    #[arg(long)]
    pub allow_open: bool,
    /// Only say what would be taken back.
    #[arg(long)]
    pub dry_run: bool,
    /// At most so many tenants at once, instead of 100; the configuration's `tenantsPerInstance` holds as well.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub max_parallel: Option<u16>,
}

/// Which overrides are taken back.
#[derive(Debug, Clone, Default, Args)]
#[group(required = true, multiple = true)]
pub struct CleanupSelection {
    /// Everything of this ring.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["release", "tenants", "pull_request", "cohort"])]
    pub ring: Option<String>,
    /// Everything that this release wrote last.
    #[arg(long, value_name = "ID", conflicts_with_all = ["tenants", "pull_request", "cohort"])]
    pub release: Option<String>,
    /// Everything of these tenants, whatever the ring; with --pull-request, only what its ring has in them.
    #[arg(long, value_name = "A,B", conflicts_with = "cohort")]
    pub tenants: Option<String>,
    /// What the ring of this pull request has of its service.
    #[arg(long, value_name = "[OWNER/REPOSITORY#]N")]
    pub pull_request: Option<String>,
    /// What was released last for this label, such as cohort:github:path:first.
    #[arg(long, value_name = "LABEL")]
    pub cohort: Option<String>,
}

/// Whose state to explain.
#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// The tenant.
    #[arg(value_name = "TENANT")]
    pub tenant: String,
}

/// What can be asked about overrides.
#[derive(Debug, Subcommand)]
pub enum OverrideCommand {
    /// List what the ledger says is written where, and for whom.
    List,
    /// Find annotations of Ringway in the fleet that the ledger does not know.
    Orphans,
}

/// Where to write the state.
#[derive(Debug, Args)]
pub struct BackupArguments {
    /// The file; it must not exist.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// What can be done with the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check the configuration and name everything that is wrong with it.
    Check,
}

/// Does what the command line asks for.
///
/// # Errors
/// Those of the command; `error::exit_code` turns them into the exit code.
pub async fn run(line: CommandLine) -> anyhow::Result<Outcome> {
    let file = Config::find(line.config.as_deref());
    // Looked at by whoever needs it: the demo brings its own.
    let config = Config::load(&file).map_err(|errors| UsageError(errors.to_string()));
    let output = line.output;
    match line.command {
        Command::Serve(arguments) => serve::serve(config?, &arguments).await,
        Command::Status => status::status(&config?, output),
        Command::Freeze(command) => freeze::freeze(&config?, command, output).await,
        Command::Audit(arguments) => audit::audit(&config?, &arguments, output),
        Command::Release(ReleaseCommand::Start(arguments)) => {
            release::start(config?, arguments, output).await
        }
        Command::Release(ReleaseCommand::List(arguments)) => release::list(&config?, &arguments, output),
        Command::Release(ReleaseCommand::Show(arguments)) => release::show(&config?, &arguments, output),
        Command::Release(ReleaseCommand::Watch(arguments)) => {
            release::watch(&config?, &arguments.id, output).await
        }
        Command::Release(ReleaseCommand::Cancel(arguments)) => {
            release::cancel(config?, arguments.id, output).await
        }
        Command::Cleanup(arguments) => cleanup::cleanup(config?, arguments, output).await,
        Command::Plan(arguments) => plan::plan(config?, arguments, output).await,
        Command::Explain(arguments) => explain::explain(&config?, &arguments.tenant, output),
        Command::Override(OverrideCommand::List) => overrides::list(&config?, output),
        Command::Override(OverrideCommand::Orphans) => overrides::orphans(config?, output).await,
        Command::Backup(arguments) => backup::backup(&config?, &arguments.file, output),
        Command::Doctor => doctor::doctor(config?, output).await,
        Command::Config(ConfigCommand::Check) => config_check::check(&config?, output),
        Command::Demo(arguments) => demo::demo(arguments, output).await,
    }
}

/// The ledger for looking at it, whoever writes to it. `None` if nothing was ever recorded.
fn ledger(config: &Config) -> anyhow::Result<Option<Ledger>> {
    let folder = StateFolder::open(&config.state_folder)?;
    if !folder.ledger().exists() {
        return Ok(None);
    }
    Ok(Some(Ledger::open_read_only(&folder.ledger())?))
}

/// The tenants of a release, and the name of the cohort if they came from a file.
fn tenants(config: &Config, arguments: &ReleaseArguments) -> anyhow::Result<(Vec<String>, Option<String>)> {
    let limit = config.limits.cohort_size;
    let usage = |error: cohort::CohortError| UsageError(format!("{:#}", anyhow::Error::from(error)));
    match (&arguments.cohort, &arguments.tenants) {
        (Some(file), _) => {
            let cohort = cohort::load(file, limit).map_err(usage)?;
            Ok((cohort.tenants, Some(cohort.name)))
        }
        (None, Some(list)) => Ok((cohort::parse_tenants(list, limit).map_err(usage)?.tenants, None)),
        (None, None) => Err(UsageError("say which tenants: --tenants or --cohort".to_owned()).into()),
    }
}
