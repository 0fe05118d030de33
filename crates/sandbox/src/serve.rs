//! HTTP around the model, for programs that want a real connection.
//!
//! Here is nothing that the model could decide. A request is answered by the model as it is at that moment; between
//! requests a task moves the model's time along the clock of tokio. The wall clock is not read: when the model begins is
//! the caller's choice, and a test with paused time gets a model with paused time.

mod answer;
mod clock;
mod deliver;
mod driver;
mod kubeconfig;
mod record;

pub use kubeconfig::kubeconfig;
pub use record::Recorder;

use crate::Model;
use clock::Clock;
use driver::Shared;
use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
};
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::watch,
    task::JoinHandle,
};

/// How many connections may wait to be accepted: a fleet opens thousands at once, and one that finds no place tries again
/// only after a second.
const BACKLOG: u32 = 4096;

/// The ports of a sandbox, open before the model is made, so that names of images in it can contain them.
#[derive(Debug)]
pub struct Listeners {
    api: Listener,
    registries: Vec<Listener>,
    github: Option<Listener>,
}

#[derive(Debug)]
struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    /// The registry's host in the model.
    host: String,
}

impl Listener {
    fn bind() -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let socket = socket.listen(BACKLOG)?;
        let address = socket.local_addr()?;
        Ok(Self { socket, address, host: address.to_string() })
    }
}

impl Listeners {
    /// Opens a port of this machine for the Kubernetes API, and one for each of so many registries. Only within a
    /// runtime of tokio.
    ///
    /// # Errors
    ///
    /// When the system has no port left.
    pub fn bind(registries: usize) -> io::Result<Self> {
        let api = Listener::bind()?;
        let registries = (0..registries).map(|_| Listener::bind()).collect::<io::Result<_>>()?;
        Ok(Self { api, registries, github: None })
    }

    /// Opens a port for GitHub's API too; the answer is where it is. The model's GitHub then gives this as its own address.
    ///
    /// # Errors
    ///
    /// When the system has no port left.
    pub fn bind_github(&mut self) -> io::Result<SocketAddr> {
        let listener = Listener::bind()?;
        Ok(self.github.insert(listener).address)
    }

    /// Where the Kubernetes API is.
    pub fn api(&self) -> SocketAddr {
        self.api.address
    }

    /// Where a registry is, the first being 0: as a text, the registry's host in the model and in names of images.
    pub fn registry(&self, index: usize) -> Option<SocketAddr> {
        self.registries.get(index).map(|listener| listener.address)
    }

    /// Lets the port of a registry, the first being 0, stand for another host of the model than its own address. For
    /// programs that reach a registry at another address than its name says.
    pub fn stands_for(&mut self, index: usize, host: &str) {
        if let Some(listener) = self.registries.get_mut(index) {
            host.clone_into(&mut listener.host);
        }
    }
}

/// A model that lives: its time passes, and programs can talk to it. It ends when it is dropped.
#[derive(Debug)]
pub struct Sandbox {
    shared: Arc<Shared>,
    api: SocketAddr,
    registries: Vec<SocketAddr>,
    github: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Sandbox {
    /// Starts the model's time, `pace` times as fast as that of tokio, and answers on all ports.
    pub fn start(listeners: Listeners, mut model: Model, pace: f64) -> Self {
        let github = listeners.github.as_ref().map(|listener| listener.address);
        if let Some(address) = github {
            model.github.api = format!("http://{address}");
        }
        let (stop, stopped) = watch::channel(false);
        let clock = Clock::start(model.now(), pace);
        let shared = Arc::new(Shared::new(model, clock));
        let mut tasks = vec![tokio::spawn(driver::drive(shared.clone(), stopped.clone()))];
        let (api, registries) = (listeners.api(), listeners.registries.iter().map(|it| it.address).collect());
        tasks.push(tokio::spawn(answer::kubernetes(listeners.api.socket, shared.clone(), stopped.clone())));
        for Listener { socket, host, .. } in listeners.registries {
            tasks.push(tokio::spawn(answer::registry(socket, host, shared.clone(), stopped.clone())));
        }
        if let Some(Listener { socket, .. }) = listeners.github {
            tasks.push(tokio::spawn(answer::github(socket, shared.clone(), stopped.clone())));
            tasks.push(tokio::spawn(deliver::deliver(shared.clone(), stopped.clone())));
        }
        Self { shared, api, registries, github, stop, tasks }
    }

    /// Where the Kubernetes API is.
    pub fn api(&self) -> SocketAddr {
        self.api
    }

    /// Where a registry is, the first being 0.
    pub fn registry(&self, index: usize) -> Option<SocketAddr> {
        self.registries.get(index).copied()
    }

    /// Where GitHub's API is, if it has a port.
    pub fn github(&self) -> Option<SocketAddr> {
        self.github
    }

    /// Writes down from now on what is said to and by GitHub, in a file of its own in a folder ([`Recorder`]). Asked for
    /// once more, nothing changes.
    ///
    /// # Errors
    ///
    /// When the folder or the file cannot be made.
    pub fn record_github(&self, folder: &Path) -> io::Result<()> {
        if self.shared.recorder.get().is_none() {
            // Somebody else was faster: then there is a file already.
            drop(self.shared.recorder.set(Recorder::new(folder)?));
        }
        Ok(())
    }

    /// Looks at the model of this moment, or changes it.
    pub fn with<T>(&self, change: impl FnOnce(&mut Model) -> T) -> T {
        self.shared.with(change)
    }

    /// Ends all watches and connections, and waits until they are gone.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        for task in std::mem::take(&mut self.tasks) {
            // A task that panicked has said so, and there is nothing left of it to wait for.
            drop(task.await);
        }
    }
}

#[cfg(test)]
mod tests;
