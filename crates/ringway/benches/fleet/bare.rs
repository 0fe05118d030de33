//! The limit: one patch per Application, all at once, and watching until the last pod is ready. No look before, no
//! record of what was there, no reason when something goes wrong.

use crate::{Fleet, client, figures::Run};
use futures_util::future::join_all;
use http::Request;
use kube::Client;
use serde_json::{Value, json};
use tokio::time::Instant;

pub(crate) async fn release(fleet: &Fleet, image: &str) -> Run {
    let (repository, tag) = image.rsplit_once(':').unwrap();
    let parameter = |name: &str, value: &str| json!({"name": name, "value": value, "forceString": true});
    let parameters = [parameter("image.repository", repository), parameter("image.tag", tag)];
    patch_and_watch(fleet, image, &json!({"parameters": parameters})).await
}

pub(crate) async fn cleanup(fleet: &Fleet) -> Run {
    patch_and_watch(fleet, &fleet.base, &Value::Null).await
}

async fn patch_and_watch(fleet: &Fleet, image: &str, helm: &Value) -> Run {
    let patch = json!({"spec": {"source": {"helm": helm}}}).to_string().into_bytes();
    fleet.observer.expect(image);
    // As for Ringway, opening the connections is part of the work.
    let client = client().await;
    let began = Instant::now();
    join_all(fleet.tenants.iter().map(|tenant| send(&client, tenant, &patch))).await;
    let ready = fleet.observer.all_ready().await;
    Run { wall: began.elapsed(), ready, program: None }
}

async fn send(client: &Client, tenant: &str, patch: &[u8]) {
    let request =
        Request::patch(format!("/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/{tenant}"))
            .header("content-type", "application/merge-patch+json")
            .body(patch.to_vec())
            .unwrap();
    client.request_text(request).await.unwrap();
}
