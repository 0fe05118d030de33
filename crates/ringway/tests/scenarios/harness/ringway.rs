//! The program as a user runs it: a process of its own, with a configuration and a state folder of its own.

use super::{configuration::configuration, ran::Ran, target::image, wait::until_or};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::{
    cell::RefCell,
    path::Path,
    process::{Child, Command, Stdio},
};
use tempfile::{NamedTempFile, TempDir};

/// Ringway with a configuration and a state folder of its own.
pub(crate) struct Ringway {
    folder: TempDir,
}

impl Ringway {
    /// With the configuration of [`configuration`] and exactly the rights of `deploy/`.
    pub(crate) fn new() -> Self {
        Self::with(&configuration())
    }

    /// As [`Self::new`], but with these deadlines, such as `applied: 10s, rolloutProgress: 5s`.
    pub(crate) fn with_deadlines(deadlines: &str) -> Self {
        let usual = configuration();
        let line = usual.lines().find(|line| line.starts_with("deadlines:")).unwrap();
        Self::with(&usual.replace(line, &format!("deadlines: {{{deadlines}}}")))
    }

    pub(crate) fn with(configuration: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ringway.yaml"), configuration).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringway"));
        command
            .current_dir(self.folder.path())
            .args(arguments)
            .env_remove("RINGWAY_CONFIG")
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::from(self.command(arguments).output().unwrap())
    }

    /// `release start` of service `service` with an image of [`image`].
    pub(crate) fn release(&self, ring: &str, service: &str, tag: &str, tenants: &str) -> Ran {
        self.run(&release_arguments(ring, service, &image(tag), tenants))
    }

    /// Starts what [`Self::release`] runs to its end.
    pub(crate) fn releasing(&self, ring: &str, service: &str, tag: &str, tenants: &str) -> Running {
        self.starting(&release_arguments(ring, service, &image(tag), tenants))
    }

    /// Starts a command that is killed with the test.
    pub(crate) fn starting(&self, arguments: &[&str]) -> Running {
        Running::of(self.command(arguments))
    }

    pub(crate) fn cleanup(&self, ring: &str) -> Ran {
        self.run(&["cleanup", "--ring", ring, "-o", "json"])
    }

    /// Waits until a process owns its state folder, and so drives what others ask for.
    #[track_caller]
    pub(crate) fn until_owned(&self) {
        until_or(
            || "a process owns the state folder".to_owned(),
            || {
                let status = self.run(&["status", "-o", "json"]);
                serde_json::from_str::<Value>(&status.out).is_ok_and(|status| status["driven"] == true)
            },
        );
    }

    /// Waits until `explain` says all `parts` about a tenant, and returns what it says then.
    #[track_caller]
    pub(crate) fn explained(&self, tenant: &str, parts: &[&str]) -> String {
        let last = RefCell::new(String::new());
        until_or(
            || format!("explain {tenant} says {parts:?}, but says:\n{}", last.borrow()),
            || {
                let ran = self.run(&["explain", tenant]);
                *last.borrow_mut() = format!("{}{}", ran.out, ran.err);
                parts.iter().all(|part| ran.out.contains(part))
            },
        );
        last.into_inner()
    }
}

/// A command under way. It is killed with the test, so that none outlives a test that fails.
pub(crate) struct Running {
    child: Option<Child>,
    /// Its standard error.
    said: NamedTempFile,
}

impl Running {
    /// Starts a command.
    pub(crate) fn of(mut command: Command) -> Self {
        let said = NamedTempFile::new().unwrap();
        command.stdout(Stdio::piped()).stderr(said.reopen().unwrap());
        Self { child: Some(command.spawn().unwrap()), said }
    }

    fn said(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.said.path()).unwrap()).into_owned()
    }

    /// Waits until it has said this on standard error.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) {
        until_or(|| format!("it says {text:?}, but says:\n{}", self.said()), || self.said().contains(text));
    }

    /// Where a server listens, once it says so in its log.
    #[track_caller]
    pub(crate) fn address(&self) -> String {
        let said = || {
            let entries = self.said();
            let mut entries = entries.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let entry = entries.find(|entry| entry["message"] == "serving")?;
            Some(entry["address"].as_str()?.to_owned())
        };
        until_or(|| format!("it says where it listens, but says:\n{}", self.said()), || said().is_some());
        said().unwrap()
    }

    /// Waits for its end.
    pub(crate) fn ended(mut self) -> Ran {
        let output = self.child.take().unwrap().wait_with_output().unwrap();
        Ran { err: self.said(), ..Ran::from(output) }
    }

    /// Sends a signal and waits for the end.
    pub(crate) fn ended_by(self, signal: Signal) -> Ran {
        kill_process(Pid::from_child(self.child.as_ref().unwrap()), signal).unwrap();
        self.ended()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// `release start … -o json`.
pub(crate) fn release_arguments<'a>(
    ring: &'a str,
    service: &'a str,
    image: &'a str,
    tenants: &'a str,
) -> Vec<&'a str> {
    let mut arguments = vec!["release", "start", "--ring", ring, "--service", service];
    arguments.extend(["--image", image, "--tenants", tenants, "-o", "json"]);
    arguments
}
