//! Gives a name to what an API server answered, or to why it did not answer.

use super::{ClusterError, ClusterErrorKind, Source};
use crate::cluster::request::Call;
use http::{HeaderMap, StatusCode};
use kube::core::Status;
use rustls::{AlertDescription, CertificateError};
use std::{io, time::Duration};

/// How many characters of the beginning and of the end of a message go into a text. A message about a field that is not
/// valid can quote the whole object before it says what is wrong.
const BEGINNING: usize = 120;
const ENDING: usize = 380;

/// The error that an answer with a status other than 2xx stands for.
pub(in crate::cluster) fn from_response(
    call: &Call,
    code: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> ClusterError {
    let retry_after =
        headers.get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let retry_after = retry_after.map(Duration::from_secs);
    let kind = match serde_json::from_slice::<Status>(body) {
        Ok(mut status) if !status.is_success() && (status.is_failure() || status.code != 0) => {
            status.code = code.as_u16();
            from_status(call, &status, retry_after)
        }
        _ => from_code(call, code, shorten(&String::from_utf8_lossy(body)), retry_after),
    };
    call.error(kind, None)
}

/// The error that a `Status` in a watch stands for.
pub(in crate::cluster) fn from_body(call: &Call, status: &Status) -> ClusterError {
    call.error(from_status(call, status, None), None)
}

fn from_status(call: &Call, status: &Status, retry_after: Option<Duration>) -> ClusterErrorKind {
    let details = status.details.as_ref();
    let asked = details.map(|details| details.retry_after_seconds).filter(|seconds| *seconds > 0);
    let retry_after = retry_after.or(asked.map(|seconds| Duration::from_secs(seconds.into())));
    let has_causes = details.is_some_and(|details| !details.causes.is_empty());
    let message = shorten(&status.message);
    match status.code {
        // etcd's own limit; it comes as an internal error although asking again never helps.
        _ if message.contains("request is too large") => ClusterErrorKind::Rejected { message },
        // An unknown kind is answered without naming an object.
        404 if details.is_none_or(|details| details.name.is_empty() && details.kind.is_empty()) => {
            absent(call)
        }
        // A `test` that fails and a schema that is violated differ by the causes alone.
        422 if !has_causes => ClusterErrorKind::GuardFailed,
        400 | 413 | 422 => ClusterErrorKind::Rejected { message },
        // Admission refuses with 403 too, but it is no right that is missing.
        403 if message.contains("denied the request") || message.contains("denied request") => {
            ClusterErrorKind::Rejected { message }
        }
        code => match StatusCode::from_u16(code) {
            Ok(code) => from_code(call, code, message, retry_after),
            Err(_) => ClusterErrorKind::Unexpected { status: code, message },
        },
    }
}

fn from_code(
    call: &Call,
    code: StatusCode,
    message: String,
    retry_after: Option<Duration>,
) -> ClusterErrorKind {
    let status = code.as_u16();
    match code {
        StatusCode::NOT_FOUND if message.starts_with("404 page not found") => absent(call),
        StatusCode::NOT_FOUND => ClusterErrorKind::NotFound,
        StatusCode::UNAUTHORIZED => ClusterErrorKind::Unauthorized,
        StatusCode::FORBIDDEN => ClusterErrorKind::Denied {
            verb: call.verb.to_owned(),
            resource: call.resource.to_owned(),
            namespace: call.namespace.clone(),
        },
        StatusCode::CONFLICT => ClusterErrorKind::Conflict,
        StatusCode::GONE => ClusterErrorKind::Gone,
        StatusCode::TOO_MANY_REQUESTS => ClusterErrorKind::Throttled { retry_after },
        code if code.is_server_error() => ClusterErrorKind::Unavailable { status, message, retry_after },
        _ => ClusterErrorKind::Unexpected { status, message },
    }
}

fn absent(call: &Call) -> ClusterErrorKind {
    ClusterErrorKind::CrdAbsent { resource: call.resource.to_owned() }
}

fn shorten(message: &str) -> String {
    let length = message.chars().count();
    if length <= BEGINNING + ENDING {
        return message.to_owned();
    }
    let beginning: String = message.chars().take(BEGINNING).collect();
    let ending: String = message.chars().skip(length - ENDING).collect();
    format!("{beginning} … {ending}")
}

/// The error that no answer at all stands for.
pub(in crate::cluster) fn from_transport(call: &Call, error: kube::Error) -> ClusterError {
    let source: Source = match error {
        kube::Error::Service(source) => source,
        kube::Error::HyperError(source) => Box::new(source),
        kube::Error::Auth(source) => {
            let kind = ClusterErrorKind::Connection(super::ConnectionProblem::Credentials);
            return call.error(kind, Some(Box::new(source)));
        }
        other => Box::new(other),
    };
    // kube boxes its own errors once more on the way through a response body.
    let source = match source.downcast::<kube::Error>() {
        Ok(nested) => return from_transport(call, *nested),
        Err(source) => source,
    };
    let kind = transport_kind(source.as_ref());
    call.error(kind, Some(source))
}

fn transport_kind(error: &(dyn std::error::Error + 'static)) -> ClusterErrorKind {
    let unreachable = |reason: &str| ClusterErrorKind::Unreachable { reason: reason.to_owned() };
    let mut below = Some(error);
    while let Some(error) = below {
        if let Some(problem) = error.downcast_ref::<rustls::Error>() {
            return tls_kind(problem);
        }
        if error.downcast_ref::<kube::client::AuthError>().is_some() {
            return ClusterErrorKind::Connection(super::ConnectionProblem::Credentials);
        }
        if let Some(problem) = error.downcast_ref::<io::Error>() {
            // The error inside an io::Error is not its source, but the error itself.
            if let Some(inner) = problem.get_ref() {
                below = Some(inner);
                continue;
            }
            return match problem.kind() {
                io::ErrorKind::ConnectionRefused => unreachable("the connection is refused"),
                io::ErrorKind::TimedOut => unreachable("no connection in time"),
                _ => unreachable("there is no connection, or it broke"),
            };
        }
        if error.to_string() == "dns error" {
            return unreachable("the name of the API server cannot be resolved");
        }
        below = error.source();
    }
    unreachable("there is no connection, or it broke")
}

fn tls_kind(error: &rustls::Error) -> ClusterErrorKind {
    let reason = match error {
        rustls::Error::InvalidCertificate(problem) => match problem {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "the certificate of the API server has expired"
            }
            CertificateError::UnknownIssuer => {
                "the certificate of the API server is signed by nobody that we trust"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "the certificate of the API server is for another name"
            }
            _ => "the certificate of the API server is not valid",
        },
        rustls::Error::AlertReceived(
            AlertDescription::CertificateExpired
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateRequired
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateRevoked
            | AlertDescription::UnknownCA,
        ) => "the API server does not accept our client certificate",
        _ => return ClusterErrorKind::Unreachable { reason: "the TLS connection failed".to_owned() },
    };
    ClusterErrorKind::Certificate { reason: reason.to_owned() }
}
