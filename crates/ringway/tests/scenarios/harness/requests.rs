//! Where the harness itself runs what is asynchronous, so that tests with and without a runtime of their own can use it.

use std::sync::{LazyLock, mpsc};
use tokio::runtime::{Builder, Runtime};

/// Shared by all tests; it lasts as long as the process.
pub(crate) static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());

/// Does it, and waits for it without a look at any other runtime.
pub(crate) fn wait_for<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    RUNTIME.spawn(async move { drop(sender.send(work.await)) });
    receiver.recv().unwrap()
}
