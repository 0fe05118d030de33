//! The sandbox as seen from the measuring process: a process of its own that can be asked.

use crate::{
    figures::Requests,
    served::{Beginning, Question, RING_IMAGE, RING_TAG, RINGWAY, Size},
    truth::Report,
};
use sandbox::{kubernetes::ADMINISTRATOR, serve::kubeconfig};
use serde::de::DeserializeOwned;
use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::Mutex,
    time::Duration,
};
use tempfile::TempDir;

/// A fleet in another process, which ends with this.
pub(crate) struct Fleet {
    process: Child,
    talk: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    pub(crate) beginning: Beginning,
    folder: TempDir,
}

impl Fleet {
    /// Starts it and waits until it is settled.
    pub(crate) fn start(size: Size) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .arg("--serve")
            .args(["--tenants", &size.tenants.to_string(), "--operations", &size.operations.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut answers = BufReader::new(process.stdout.take().unwrap());
        let beginning: Beginning = read(&mut answers);
        let folder = tempfile::tempdir().unwrap();
        for (name, token) in [("administrator", ADMINISTRATOR), ("ringway", RINGWAY)] {
            std::fs::write(folder.path().join(name), kubeconfig(beginning.api, token, &["fleet"])).unwrap();
        }
        let talk = Mutex::new((process.stdin.take().unwrap(), answers));
        Self { process, talk, beginning, folder }
    }

    pub(crate) fn tenants(&self) -> &[String] {
        &self.beginning.tenants
    }

    /// What is released.
    pub(crate) fn ring_image(&self) -> String {
        format!("{}/{RING_IMAGE}:{RING_TAG}", self.beginning.registry)
    }

    pub(crate) fn registry(&self) -> String {
        self.beginning.registry.to_string()
    }

    pub(crate) fn administrator(&self) -> PathBuf {
        self.folder.path().join("administrator")
    }

    pub(crate) fn ringway(&self) -> PathBuf {
        self.folder.path().join("ringway")
    }

    pub(crate) fn expect(&self, image: &str) {
        self.ask(&Question::Expect(image.to_owned()))
    }

    pub(crate) fn ready(&self) -> Report {
        self.ask(&Question::Ready)
    }

    pub(crate) fn requests(&self) -> Requests {
        self.ask(&Question::Requests)
    }

    /// What the process has used so far.
    pub(crate) fn cpu(&self) -> Duration {
        cpu(Path::new(&format!("/proc/{}/stat", self.process.id())))
    }

    /// Asks it anything.
    pub(crate) fn ask<T: DeserializeOwned>(&self, question: &Question) -> T {
        let mut talk = self.talk.lock().unwrap();
        writeln!(talk.0, "{}", serde_json::to_string(question).unwrap()).unwrap();
        read(&mut talk.1)
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        // It has nothing to lose, and a run that was broken off must not leave it behind.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn read<T: DeserializeOwned>(answers: &mut impl BufRead) -> T {
    let mut line = String::new();
    answers.read_line(&mut line).unwrap();
    serde_json::from_str(&line).expect("the process of the sandbox has said why it ended")
}

/// User and system time, in ticks of which Linux has a hundred per second for programs (`proc(5)`).
fn cpu(stat: &Path) -> Duration {
    let stat = std::fs::read_to_string(stat).unwrap();
    // The name in parentheses may contain spaces.
    let after_name = stat.rsplit_once(')').unwrap().1;
    let ticks: u64 =
        after_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    Duration::from_millis(10 * ticks)
}
