//! A way to the API server that a test can close, as if the API server were gone.

use super::requests::RUNTIME;
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Mutex,
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpSocket, TcpStream},
    task::{JoinHandle, JoinSet},
};

/// A port that leads to another one, unless it is closed: then whoever comes is refused, and connections are cut.
pub(crate) struct Relay {
    address: SocketAddr,
    to: SocketAddr,
    open: Mutex<Option<JoinHandle<()>>>,
}

impl Relay {
    pub(crate) fn to(to: SocketAddr) -> Self {
        let listener = listen((Ipv4Addr::LOCALHOST, 0).into());
        let relay = Self { address: listener.local_addr().unwrap(), to, open: Mutex::new(None) };
        relay.serve(listener);
        relay
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    fn serve(&self, listener: TcpListener) {
        *self.open.lock().unwrap() = Some(RUNTIME.spawn(pass_on(listener, self.to)));
    }

    pub(crate) fn close(&self) {
        let Some(task) = self.open.lock().unwrap().take() else { return };
        task.abort();
        // Until the port is given back, which happens on another thread.
        drop(super::requests::wait_for(task));
    }

    pub(crate) fn reopen(&self) {
        self.serve(listen(self.address));
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        if let Some(task) = self.open.lock().unwrap().take() {
            task.abort();
        }
    }
}

fn listen(address: SocketAddr) -> TcpListener {
    let _runtime = RUNTIME.enter();
    let socket = TcpSocket::new_v4().unwrap();
    // Connections of before may still be closing.
    socket.set_reuseaddr(true).unwrap();
    socket.bind(address).unwrap();
    socket.listen(1024).unwrap()
}

/// Ends, with all connections, when its task is aborted.
async fn pass_on(listener: TcpListener, to: SocketAddr) {
    let mut connections = JoinSet::new();
    while let Ok((mut here, _)) = listener.accept().await {
        connections.spawn(async move {
            if let Ok(mut there) = TcpStream::connect(to).await {
                drop((here.set_nodelay(true), there.set_nodelay(true)));
                drop(copy_bidirectional(&mut here, &mut there).await);
            }
        });
    }
}
