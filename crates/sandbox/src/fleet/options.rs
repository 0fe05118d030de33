//! The options of `testbed/tenant create`.

use serde_json::Value;

/// Who keeps an Application as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// An ApplicationSet, `NAME-set`.
    ApplicationSet,
    /// A parent Application, `NAME-parent`.
    Application,
}

/// How a tenant is made.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// `umbrella`, `single`, `dotted`, `minimal` or `plain`.
    pub chart: String,
    /// `helm.parameters`: names and values.
    pub set: Vec<(String, String)>,
    /// `helm.valuesObject`
    pub values_object: Option<Value>,
    /// `helm.values`
    pub values: Option<String>,
    /// With a second source that holds a file of values.
    pub multi_source: bool,
    /// Without automated sync.
    pub manual_sync: bool,
    /// Whether Argo CD puts back what others change in the cluster.
    pub self_heal: bool,
    /// An AppProject.
    pub project: String,
    /// `syncPolicy.syncOptions`, besides `CreateNamespace=true`.
    pub sync_options: Vec<String>,
    /// Annotations of the Application.
    pub annotations: Vec<(String, String)>,
    /// Labels of the Application.
    pub labels: Vec<(String, String)>,
    /// Who keeps it as it is.
    pub owner: Option<Owner>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            chart: "umbrella".to_owned(),
            set: Vec::new(),
            values_object: None,
            values: None,
            multi_source: false,
            manual_sync: false,
            self_heal: false,
            project: "default".to_owned(),
            sync_options: Vec::new(),
            annotations: Vec::new(),
            labels: Vec::new(),
            owner: None,
        }
    }
}

const CHARTS: [&str; 5] = ["umbrella", "single", "dotted", "minimal", "plain"];

impl Options {
    /// Reads the options of a command line. `--wait` is taken and means nothing: who made the tenant waits.
    ///
    /// # Errors
    /// Which option cannot be used.
    pub fn parse(arguments: &[&str]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            if options.switch(argument) {
                continue;
            }
            let (name, value) = match argument.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (*argument, arguments.next().copied()),
            };
            let value = value.ok_or_else(|| format!("{name} needs a value"))?;
            options.set_option(name, value)?;
        }
        Ok(options)
    }

    fn switch(&mut self, name: &str) -> bool {
        match name {
            "--multi-source" => self.multi_source = true,
            "--manual-sync" => self.manual_sync = true,
            "--self-heal" => self.self_heal = true,
            "--wait" => {}
            _ => return false,
        }
        true
    }

    fn set_option(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "--chart" if CHARTS.contains(&value) => value.clone_into(&mut self.chart),
            "--set" => self.set.push(pair(value).unwrap_or_else(|| (value.to_owned(), String::new()))),
            "--values-object" => {
                let object = serde_json::from_str(value);
                self.values_object =
                    Some(object.map_err(|error| format!("{name} {value} is no JSON: {error}"))?);
            }
            "--values" => self.values = Some(value.to_owned()),
            "--project" => value.clone_into(&mut self.project),
            "--sync-option" => self.sync_options.push(value.to_owned()),
            "--annotation" => self.annotations.push(pair(value).ok_or_else(|| format!("{name} {value}"))?),
            "--label" => self.labels.push(pair(value).ok_or_else(|| format!("{name} {value}"))?),
            "--owner" if value == "applicationset" => self.owner = Some(Owner::ApplicationSet),
            "--owner" if value == "application" => self.owner = Some(Owner::Application),
            _ => return Err(format!("there is no option {name} {value}")),
        }
        Ok(())
    }
}

fn pair(text: &str) -> Option<(String, String)> {
    text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
}
