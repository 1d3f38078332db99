//! What can go wrong between us and an API server, in words and with a stable code. Credentials never
//! come in here: an error holds what the server said and what it showed, cleaned.

use serde_json::Value;

use super::tls::TlsFault;
use crate::plan::clean;
use crate::plan::code::ProblemCode;

/// The API did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// 401: it does not know who we are.
    #[error("the API does not accept our credentials: {0}")]
    Unauthorized(String),
    /// 403: it knows us and says no.
    #[error("the API refuses this to us: {0}")]
    Forbidden(String),
    /// 404: there is no such object or path.
    #[error("not found: {0}")]
    NotFound(String),
    /// 409: the object exists or was changed meanwhile, or has another uid.
    #[error("conflict: {0}")]
    Conflict(String),
    /// 422 or 400: the object is not valid there.
    #[error("the API finds the object invalid: {message}")]
    Invalid {
        /// The server's sentence.
        message: String,
        /// Field and complaint, as far as the server lists them.
        causes: Vec<(String, String)>,
    },
    /// No TCP connection: refused, no route, name unknown, or cut off in between.
    #[error("the API cannot be reached: {0}")]
    Unreachable(String),
    /// TLS did not come up.
    #[error("no secure connection to the API: {0}")]
    Tls(TlsFault),
    /// No answer in time.
    #[error("the API did not answer in time ({0})")]
    Timeout(String),
    /// Somebody stopped before it answered.
    #[error("it was stopped before the API answered")]
    Stopped,
    /// Something answers, but not as an API server does.
    #[error("this is not a Kubernetes API: {0}")]
    NotKubernetes(String),
    /// Any other refusal: 410, 415, 429, 5xx.
    #[error("the API answers {status}: {message}")]
    Server {
        /// HTTP status.
        status: u16,
        /// The server's sentence.
        message: String,
    },
    /// Our own CA, certificate or key cannot be used.
    #[error("our credential cannot be used: {0}")]
    Credential(String),
    /// The manifest is not one we can send: no kind, no name, a kind with no known path.
    #[error("the manifest cannot be sent: {0}")]
    Manifest(String),
}

impl ApiError {
    /// The stable code of the case.
    pub fn code(&self) -> ProblemCode {
        match self {
            Self::Unreachable(_) => ProblemCode::Api01,
            // It is told as stopped, never as a problem.
            Self::Timeout(_) | Self::Stopped => ProblemCode::Api02,
            Self::Tls(_) => ProblemCode::Api03,
            Self::NotKubernetes(_) => ProblemCode::Api04,
            Self::Unauthorized(_) => ProblemCode::Api05,
            Self::Forbidden(_) => ProblemCode::Api06,
            Self::NotFound(_) => ProblemCode::Api07,
            Self::Conflict(_) => ProblemCode::Api08,
            Self::Invalid { .. } => ProblemCode::Api09,
            Self::Server { .. } => ProblemCode::Api10,
            Self::Credential(_) => ProblemCode::Api11,
            Self::Manifest(_) => ProblemCode::Api12,
        }
    }

    /// The asked service address belongs to another service already.
    pub fn address_taken(&self) -> bool {
        self.says_of_cluster_ip("already allocated")
    }

    /// The asked service address is outside the server's service range.
    pub fn address_outside_range(&self) -> bool {
        // 1.2: "not in the valid range"; later: "The range of valid IPs is ...".
        self.says_of_cluster_ip("not in the valid range") || self.says_of_cluster_ip("range of valid IPs")
    }

    fn says_of_cluster_ip(&self, words: &str) -> bool {
        let Self::Invalid { causes, .. } = self else { return false };
        causes.iter().any(|(field, why)| field.starts_with("spec.clusterIP") && why.contains(words))
    }

    /// Reads an answer that is not 2xx: a `Status` object, or plain text as 1.2 sends for 401.
    pub(super) fn from_answer(status: u16, body: &[u8]) -> Self {
        let object = serde_json::from_slice::<Value>(body).ok();
        let said = object.as_ref().filter(|o| o.get("kind").and_then(Value::as_str) == Some("Status"));
        let words = said.and_then(|o| o.get("message")).and_then(Value::as_str).map(clean::words);
        let html = body.trim_ascii_start().starts_with(b"<");
        let message = words.unwrap_or_else(|| clean::short(&String::from_utf8_lossy(body), 200));
        match status {
            401 => Self::Unauthorized(message),
            403 => Self::Forbidden(message),
            404 if said.is_none() && object.is_none() && html => {
                Self::NotKubernetes("a web page, 404".into())
            }
            404 => Self::NotFound(message),
            409 => Self::Conflict(message),
            400 | 422 => Self::Invalid { message, causes: causes(said) },
            300..400 => Self::NotKubernetes(format!("it answers {status} and sends us elsewhere")),
            _ => Self::Server { status, message },
        }
    }
}

fn causes(said: Option<&Value>) -> Vec<(String, String)> {
    let list = said.and_then(|o| o.pointer("/details/causes")).and_then(Value::as_array);
    let word = |cause: &Value, field: &str| {
        clean::words(cause.get(field).and_then(Value::as_str).unwrap_or_default())
    };
    list.into_iter().flatten().map(|cause| (word(cause, "field"), word(cause, "message"))).collect()
}

#[cfg(test)]
mod tests {
    use super::ApiError;
    use crate::plan::code::ProblemCode;

    #[test]
    fn plain_text_of_an_old_server_is_kept() {
        assert_eq!(
            ApiError::from_answer(401, b"Unauthorized\n"),
            ApiError::Unauthorized("Unauthorized".into())
        );
    }

    #[test]
    fn a_web_page_is_no_api() {
        assert_eq!(ApiError::from_answer(404, b"<html>").code(), ProblemCode::Api04);
        assert_eq!(ApiError::from_answer(302, b"").code(), ProblemCode::Api04);
        assert_eq!(ApiError::from_answer(415, b"{}").code(), ProblemCode::Api10);
    }
}
