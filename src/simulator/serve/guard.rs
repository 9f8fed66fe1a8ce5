//! Who may ask: programs of this machine, and no web page that a browser of this machine shows.
//!
//! A page of a stranger can make a browser send requests to loopback. It can give its own name to a
//! loopback address (DNS rebinding), which `Host` tells, or ask across origins, which `Origin` and
//! `Sec-Fetch-Site` tell: browsers set all three, and no page can change them. SDKs send the host of
//! their endpoint URL, and neither of the others.

use crate::simulator::wire::ApiError;
use http::{HeaderMap, Uri, header, uri::Authority};
use std::net::IpAddr;

/// Which names a request may call the simulator by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// `localhost` and what ends in it, 127.0.0.0/8 and `::1`.
    Loopback,
    /// Any: other machines were asked in, and only they know what they call this one.
    Any,
}

/// Refuses what no program of this machine sends.
///
/// # Errors
/// With what it says of itself and must not.
pub fn admit(names: Names, address: &Uri, headers: &HeaderMap) -> Result<(), ApiError> {
    if names == Names::Loopback {
        named_as_loopback(address, headers)?;
    }
    let refused = |why: String| Err(ApiError::new("OriginNotAllowed", why).status(403));
    let origins = headers.get_all(header::ORIGIN).iter();
    let mut origins = origins.map(|origin| origin.to_str().unwrap_or_default()).peekable();
    let asked_across = origins.peek().is_none()
        && headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site");
    if let Some(origin) = origins.find(|origin| !is_loopback_origin(origin)) {
        return refused(format!(
            "The simulator takes no requests of web pages, and this one comes from the page of \
             '{origin}'."
        ));
    }
    if asked_across {
        return refused("The simulator takes no requests of web pages of other sites.".into());
    }
    Ok(())
}

fn named_as_loopback(address: &Uri, headers: &HeaderMap) -> Result<(), ApiError> {
    let hosts = headers.get_all(header::HOST).iter();
    let hosts = hosts.map(|host| host.to_str().ok().and_then(|host| host.parse().ok()));
    let named: Vec<Option<Authority>> =
        hosts.chain(address.authority().map(|authority| Some(authority.clone()))).collect();
    let other = named.iter().find(|name| !name.as_ref().is_some_and(|it| is_loopback(it.host())));
    let why = match (named.is_empty(), other) {
        (false, None) => return Ok(()),
        (true, _) => "the request names no host".into(),
        (_, Some(Some(other))) => format!("the request is for '{other}'"),
        (_, Some(None)) => "the request's host is no name".into(),
    };
    let message = format!(
        "The simulator answers to localhost, *.localhost, 127.0.0.0/8 and [::1] only, and {why}."
    );
    Err(ApiError::new("HostNotAllowed", message).status(403))
}

fn is_loopback_origin(origin: &str) -> bool {
    let address = origin.split_once("://").map(|(_, address)| address);
    let authority = address.and_then(|address| address.parse::<Authority>().ok());
    authority.is_some_and(|authority| is_loopback(authority.host()))
}

/// Whether a name can only lead to this machine (RFC 6761, section 6.3).
fn is_loopback(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return address.to_canonical().is_loopback();
    }
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_cannot_lead_elsewhere_are_loopback() {
        for host in ["localhost", "LOCALHOST.", "bucket.localhost", "127.0.0.1", "127.9.8.7"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["[::1]", "[::ffff:127.0.0.1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["localhost.evil.test", "evil-localhost", "127.0.0.1.nip.io", "10.0.0.1"] {
            assert!(!is_loopback(host), "{host}");
        }
        for host in ["0.0.0.0", "[::2]", "", "ec2.eu-west-1.amazonaws.com"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
