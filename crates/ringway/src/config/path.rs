//! Where the configuration is, and what the paths in it mean.

use super::Config;
use std::path::{Path, PathBuf};

/// The name of the configuration file in the folders where it is looked for.
const FILE_NAME: &str = "ringway.yaml";

/// The environment variables that paths depend on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EnvironmentPaths {
    /// `RINGWAY_CONFIG`: the configuration file.
    pub config: Option<PathBuf>,
    /// `HOME`.
    pub home: Option<PathBuf>,
    /// `XDG_CONFIG_HOME`, by default `~/.config`.
    pub config_home: Option<PathBuf>,
    /// `XDG_STATE_HOME`, by default `~/.local/state`.
    pub state_home: Option<PathBuf>,
}

impl EnvironmentPaths {
    /// Those of this process.
    pub fn of_process() -> Self {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        // The XDG base directory specification wants relative paths ignored.
        let absolute = |name| variable(name).filter(|path| path.is_absolute());
        Self {
            config: variable("RINGWAY_CONFIG"),
            home: absolute("HOME"),
            config_home: absolute("XDG_CONFIG_HOME"),
            state_home: absolute("XDG_STATE_HOME"),
        }
    }

    /// The configuration file; see [`Config::find`].
    pub fn find(&self, explicit: Option<&Path>, folder: &Path) -> PathBuf {
        if let Some(path) = explicit.or(self.config.as_deref()) {
            return path.to_owned();
        }
        let here = folder.join(FILE_NAME);
        let in_home = self.user_file().filter(|path| !here.is_file() && path.is_file());
        in_home.unwrap_or(here)
    }

    /// The configuration file of the user.
    fn user_file(&self) -> Option<PathBuf> {
        let folder = self.config_home.clone().or_else(|| Some(self.home.as_ref()?.join(".config")))?;
        Some(folder.join("ringway").join(FILE_NAME))
    }

    /// Where the state is when the configuration does not say it.
    pub(super) fn state_folder(&self) -> Option<PathBuf> {
        let folder = self.state_home.clone().or_else(|| Some(self.home.as_ref()?.join(".local/state")))?;
        Some(folder.join("ringway"))
    }

    /// What `text` means in a file that lies in `folder`: `~/` is the home, other relative paths begin at the folder.
    pub(super) fn resolve(&self, text: &str, folder: &Path) -> Result<PathBuf, String> {
        if text.contains('\0') {
            return Err("a path cannot contain a zero byte".to_owned());
        }
        match text.strip_prefix("~/") {
            Some(rest) => match &self.home {
                Some(home) => Ok(home.join(rest)),
                None => Err("begins with ~/ but HOME is not set; write the whole path".to_owned()),
            },
            None => Ok(folder.join(text)),
        }
    }
}

impl Config {
    /// The file to read: the one that was asked for, `RINGWAY_CONFIG`, `./ringway.yaml`, or
    /// `~/.config/ringway/ringway.yaml`. If none of the last two exists, `./ringway.yaml`, which [`Config::load`] then
    /// reports as missing.
    pub fn find(explicit: Option<&Path>) -> PathBuf {
        EnvironmentPaths::of_process().find(explicit, Path::new(""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_file_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let (here, home) = (folder.path().join("here"), folder.path().join("home"));
        std::fs::create_dir_all(home.join(".config/ringway")).unwrap();
        std::fs::create_dir_all(&here).unwrap();
        let mut paths = EnvironmentPaths { home: Some(home.clone()), ..EnvironmentPaths::default() };

        assert_eq!(paths.find(None, &here), here.join("ringway.yaml"), "none exists");
        let user = home.join(".config/ringway/ringway.yaml");
        std::fs::write(&user, "").unwrap();
        assert_eq!(paths.find(None, &here), user);
        std::fs::write(here.join("ringway.yaml"), "").unwrap();
        assert_eq!(paths.find(None, &here), here.join("ringway.yaml"));
        paths.config = Some("from-environment".into());
        assert_eq!(paths.find(None, &here), Path::new("from-environment"));
        assert_eq!(paths.find(Some(Path::new("flag")), &here), Path::new("flag"));
    }

    #[test]
    fn relative_paths_begin_at_the_file() {
        let paths = EnvironmentPaths { home: Some("/home/a".into()), ..EnvironmentPaths::default() };
        let resolve = |text| paths.resolve(text, Path::new("/etc/ringway")).unwrap();
        assert_eq!(resolve("state"), Path::new("/etc/ringway/state"));
        assert_eq!(resolve("/var/state"), Path::new("/var/state"));
        assert_eq!(resolve("~/state"), Path::new("/home/a/state"));
        assert!(EnvironmentPaths::default().resolve("~/state", Path::new("/")).is_err());
    }
}
