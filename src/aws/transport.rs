//! What the network did to a request that got no whole answer: one name for each thing that can happen,
//! told from the chain of causes that the HTTP client gives.

use crate::model::Class;
use aws_smithy_runtime_api::client::{
    dns::ResolveDnsError, http::HttpConnectorFuture, orchestrator::HttpResponse,
    result::ConnectorError,
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};
use serde::de::IgnoredAny;
use std::{
    error::Error,
    fmt,
    io::{self, ErrorKind},
    time::Duration,
};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The host's name has no address.
    NoSuchHost,
    /// Nobody listens there.
    Refused,
    /// No way leads there, or a proxy on the way lets nothing through.
    Unreachable,
    /// The encrypted connection could not be made, or was broken off.
    Tls,
    /// The certificate is not to be trusted.
    Untrusted,
    /// The connection was closed or reset before an answer came.
    Closed,
    /// The answer ended in its middle.
    Half,
    /// What came is no HTTP.
    Garbled,
    /// No answer came in time.
    Late,
    /// The request was never sent, and never will be.
    Unfit,
}

impl Fate {
    /// Our code for it, beside AWS's.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoSuchHost => "NoSuchHost",
            Self::Refused => "ConnectionRefused",
            Self::Unreachable => "HostUnreachable",
            Self::Tls => "TlsFailed",
            Self::Untrusted => "UntrustedCertificate",
            Self::Closed => "ConnectionClosed",
            Self::Half | Self::Garbled => "UnreadableAnswer",
            Self::Late => "RequestTimeout",
            Self::Unfit => "NotSent",
        }
    }

    /// What follows: nearly everything passes, and whether a call had an effect is not known.
    pub fn class(self) -> Class {
        match self {
            Self::Untrusted | Self::Unfit => Class::Invalid,
            _ => Class::Transient,
        }
    }
}

/// A request that got no whole answer.
#[derive(Debug)]
pub struct NoAnswer {
    /// What happened to it.
    pub fate: Fate,
    text: String,
    source: Option<ConnectorError>,
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for NoAnswer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|error| error as _)
    }
}

impl NoAnswer {
    fn new(fate: Fate, place: &str, source: Option<ConnectorError>) -> Self {
        let why = source.as_ref().and_then(|error| chain(error).last().map(ToString::to_string));
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        let text = match fate {
            Fate::NoSuchHost => format!("the name of {place} has no address{why}"),
            Fate::Refused => format!("{place} refuses the connection"),
            Fate::Unreachable => format!("{place} cannot be reached{why}"),
            Fate::Tls => format!("the encrypted connection to {place} failed{why}"),
            Fate::Untrusted => format!("the certificate of {place} is not to be trusted{why}"),
            Fate::Closed => format!("{place} closed the connection before it answered"),
            Fate::Half => format!("the answer of {place} ended in its middle"),
            Fate::Garbled => format!("what {place} answers is no HTTP"),
            Fate::Late => format!("{place} did not answer in time"),
            Fate::Unfit => format!("the request to {place} could not be sent{why}"),
        };
        Self { fate, text, source }
    }
}

impl From<NoAnswer> for ConnectorError {
    fn from(error: NoAnswer) -> Self {
        match error.fate {
            Fate::Late => Self::timeout(error.into()),
            Fate::Unfit => Self::user(error.into()),
            _ => Self::io(error.into()),
        }
    }
}

/// Sends a request and reads the whole of its answer, which altogether may take so long. `place` is
/// the URL's scheme and authority.
///
/// # Errors
/// [`NoAnswer`] is in the chain of causes.
pub(super) async fn exchange(
    sending: HttpConnectorFuture,
    place: &str,
    patience: Duration,
    read: bool,
) -> Result<HttpResponse, ConnectorError> {
    let whole = async {
        let response = sending.await.map_err(|error| {
            // Ours already, of a client in a client.
            let known = chain(&error).any(|cause| cause.is::<NoAnswer>());
            if known { error } else { NoAnswer::new(judge(&error), place, Some(error)).into() }
        })?;
        whole(response, place, read).await
    };
    let late = |_| Err(NoAnswer::new(Fate::Late, place, None).into());
    tokio::time::timeout(patience, whole).await.unwrap_or_else(late)
}

/// The answer with its body in memory. Answers of an AWS in this process are there already.
async fn whole(
    mut response: HttpResponse,
    place: &str,
    read: bool,
) -> Result<HttpResponse, ConnectorError> {
    if response.body().bytes().is_some() {
        return Ok(response);
    }
    let half = |source| NoAnswer::new(Fate::Half, place, source);
    let body = ByteStream::new(response.take_body()).collect().await;
    let body = body.map_err(|error| half(Some(ConnectorError::io(error.into()))))?.into_bytes();
    // What stands between us and AWS may have cut it off without a sign.
    let status = response.status().as_u16();
    let cut = if body.is_empty() { read && status == 200 } else { status < 500 && is_cut(&body) };
    if cut {
        return Err(half(None).into());
    }
    *response.body_mut() = SdkBody::from(body);
    Ok(response)
}

/// Whether a document of JSON or XML lacks its end. Of anything else it cannot be told.
fn is_cut(body: &[u8]) -> bool {
    let text = body.trim_ascii();
    match text.first() {
        Some(b'{' | b'[') => serde_json::from_slice::<IgnoredAny>(text).is_err(),
        Some(b'<') => !has_end(text),
        _ => false,
    }
}

/// Whether the first element of an XML document is closed at the document's end. The readers of the
/// SDK take what there is of a list for all of it.
fn has_end(text: &[u8]) -> bool {
    let mut rest = text;
    // What stands before the first element: `<?xml …?>`, `<!DOCTYPE …>`.
    while rest.starts_with(b"<?") || rest.starts_with(b"<!") {
        let Some(end) = rest.iter().position(|byte| *byte == b'>') else { return false };
        rest = rest[end + 1..].trim_ascii_start();
    }
    let Some(name) = rest.strip_prefix(b"<") else { return false };
    let end = name.iter().position(|byte| byte.is_ascii_whitespace() || b"/>".contains(byte));
    let Some(end) = end else { return false };
    if name[..end].eq_ignore_ascii_case(b"html") {
        // A page of a proxy's, which nobody reads; many have no end.
        return true;
    }
    let closing = [b"</", &name[..end], b">"].concat();
    let is_empty = || rest.ends_with(b"/>") && !rest[1..].contains(&b'<');
    rest.ends_with(&closing) || is_empty()
}

/// What happened, by everything that the client says of it.
fn judge(error: &ConnectorError) -> Fate {
    let says = |part: &str| chain(error).any(|cause| cause.to_string().contains(part));
    if chain(error).any(|cause| cause.is::<ResolveDnsError>()) || says("dns error") {
        return Fate::NoSuchHost;
    }
    if says("invalid peer certificate") {
        return Fate::Untrusted;
    }
    if says("connect timeout") {
        return Fate::Unreachable;
    }
    let last_io = chain(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).last();
    match last_io.map(innermost) {
        Some(ErrorKind::ConnectionRefused) => return Fate::Refused,
        Some(ErrorKind::TimedOut) => return Fate::Late,
        Some(ErrorKind::InvalidData) => return Fate::Tls,
        Some(
            ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::NotConnected
            | ErrorKind::UnexpectedEof,
        ) => return Fate::Closed,
        // The HTTP client's own word for where it failed; its type is not for others.
        _ if says("(Connect)") => return Fate::Unreachable,
        Some(_) => return Fate::Closed,
        None => {}
    }
    let hyper = chain(error).find_map(|cause| cause.downcast_ref::<hyper::Error>());
    match hyper {
        _ if error.is_timeout() => Fate::Late,
        Some(hyper) if hyper.is_timeout() => Fate::Late,
        Some(hyper) if hyper.is_user() => Fate::Unfit,
        Some(hyper) if hyper.is_parse() => Fate::Garbled,
        // Cancelled, closed, or ended in the middle of a message.
        Some(_) => Fate::Closed,
        None if error.is_io() || error.as_other().is_some() => Fate::Closed,
        None => Fate::Unfit,
    }
}

/// The kind of an error that may be wrapped in others of its type, which name themselves `Other`.
fn innermost(error: &io::Error) -> ErrorKind {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<io::Error>());
    inner.map_or(error.kind(), innermost)
}

/// An error and its causes, from the outside in.
pub(super) fn chain<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_without_its_end_is_cut() {
        let xml = "<?xml version=\"1.0\"?>\n<A x=\"y\"><item><a>1</a></item><item/></A>";
        assert!(!is_cut(xml.as_bytes()));
        assert!(!is_cut(b"<?xml version='1.0'?><A/>"));
        assert!(!is_cut(b"{\"a\": [1, 2]}\n"));
        for end in 1..xml.len() {
            assert!(is_cut(&xml.as_bytes()[..end]), "{}", &xml[..end]);
        }
        assert!(is_cut(b"{\"a\": [1, 2]"));
        // What is neither is for others to judge, and so is a page for people.
        assert!(!is_cut(b"not found"));
        assert!(!is_cut(b"<!DOCTYPE html><html><body><hr>nginx"));
    }

    #[test]
    fn a_certificate_that_is_not_trusted_does_not_pass() {
        let why = io::Error::new(ErrorKind::InvalidData, "invalid peer certificate: UnknownIssuer");
        let error = ConnectorError::io(io::Error::other(why).into());
        assert_eq!(judge(&error), Fate::Untrusted);
        assert_eq!(judge(&error).class(), Class::Invalid);
    }

    #[test]
    fn what_the_system_says_of_a_connection_decides() {
        let judged =
            |kind: ErrorKind| judge(&ConnectorError::other(io::Error::from(kind).into(), None));
        assert_eq!(judged(ErrorKind::ConnectionReset), Fate::Closed);
        assert_eq!(judged(ErrorKind::BrokenPipe), Fate::Closed);
        assert_eq!(judged(ErrorKind::UnexpectedEof), Fate::Closed);
        assert_eq!(judged(ErrorKind::ConnectionRefused), Fate::Refused);
        assert_eq!(judged(ErrorKind::TimedOut), Fate::Late);
        let unfit = ConnectorError::user("no such scheme".into());
        assert_eq!(judge(&unfit), Fate::Unfit);
    }
}
