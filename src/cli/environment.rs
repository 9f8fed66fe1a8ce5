//! What the environment's variables may be: one that is empty is absent, and one that is to hold a URL
//! holds one.

use super::{CliError, Exit};
use std::{env, ffi::OsStr, os::unix::process::CommandExt, process::Command};

/// The accounts that are allowed. Of all variables the one that counts though it is empty: a CI job
/// whose value is missing must not get into every account by that.
pub const ALLOWED_ACCOUNTS: &str = "MESHCTL_ALLOWED_ACCOUNTS";

const GIVE_URL: &str = "give a URL such as http://127.0.0.1:4566";

/// Begins the process anew without the variables of AWS's and ours that are empty, where there are any:
/// the SDK takes them for a region, a profile or a URL without a name.
///
/// # Errors
/// When the system refuses.
pub fn drop_empty_variables() -> Result<(), CliError> {
    let empty = env::vars_os().filter(|(name, value)| value.is_empty() && is_read(name));
    let empty: Vec<_> = empty.map(|(name, _)| name).collect();
    if empty.is_empty() {
        return Ok(());
    }
    let mut arguments = env::args_os();
    let own_name = arguments.next().unwrap_or_default();
    let refused = |error: std::io::Error| {
        let message = format!("empty variables of the environment cannot be left out: {error}");
        let names = empty.iter().map(|name| name.to_string_lossy().into_owned());
        CliError::new(Exit::Usage, message)
            .hint(format!("unset {}", names.collect::<Vec<_>>().join(" ")))
    };
    let mut again = Command::new(env::current_exe().map_err(refused)?);
    again.arg0(own_name).args(arguments);
    empty.iter().for_each(|name| {
        again.env_remove(name);
    });
    Err(refused(again.exec()))
}

fn is_read(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name != ALLOWED_ACCOUNTS && (name.starts_with("AWS_") || name.starts_with("MESHCTL_"))
}

/// Refuses a variable for an endpoint that holds no URL.
///
/// # Errors
/// When there is such a one.
pub fn check_endpoints() -> Result<(), CliError> {
    let mut endpoints = env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok().filter(|name| name.starts_with("AWS_ENDPOINT_URL"))?;
        Some((name, value.to_string_lossy().into_owned()))
    });
    endpoints.try_for_each(|(name, value)| check_endpoint(&name, &value))
}

fn check_endpoint(name: &str, value: &str) -> Result<(), CliError> {
    url(value).map(drop).map_err(|_| no_url(name, value))
}

/// What is told of an endpoint that is no URL.
pub fn no_url(name: &str, value: &str) -> CliError {
    CliError::new(Exit::Usage, format!("{name} is {value:?}, which is no URL")).hint(GIVE_URL)
}

/// The endpoint in the SDK's refusal of one that is no URL: how that of a profile is found out, which
/// nothing but the SDK reads.
pub fn endpoint_of_no_url(refusal: &str) -> Option<&str> {
    refusal.split_once("failed to apply endpoint `")?.1.split('`').next()
}

/// Takes the URL of an endpoint, or says what to give.
pub fn url(text: &str) -> Result<String, String> {
    let is_url = |uri: &http::Uri| {
        let web = matches!(uri.scheme_str(), Some("http" | "https"));
        let (host, authority) = (uri.host().unwrap_or_default(), uri.authority());
        let port = uri.port_u16().is_some()
            || authority.is_some_and(|authority| authority.as_str().ends_with(host));
        web && !host.is_empty() && port && uri.query().is_none()
    };
    match text.parse::<http::Uri>() {
        Ok(uri) if is_url(&uri) => Ok(text.into()),
        _ => Err(GIVE_URL.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_a_scheme_a_host_and_a_port_that_can_be() {
        for right in
            ["http://127.0.0.1:4566", "https://aws.example", "http://[::1]:1/", "HTTP://a/b"]
        {
            assert_eq!(url(right), Ok(right.into()));
        }
        for wrong in [
            "",
            " ",
            "nonsense",
            "127.0.0.1:4566",
            "http://",
            "http://:80",
            "http://a:99999",
            "http://a:b",
            "http://a b",
            "ftp://a",
            "file:///a",
            "http:/a",
            "http://a/?b=c",
        ] {
            assert_eq!(url(wrong), Err(GIVE_URL.into()), "{wrong}");
        }
    }

    #[test]
    fn the_guard_counts_though_it_is_empty() {
        for name in ["AWS_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL_EC2", "MESHCTL_LOG"] {
            assert!(is_read(OsStr::new(name)), "{name}");
        }
        for name in ["PATH", "HOME", "TERM", ALLOWED_ACCOUNTS] {
            assert!(!is_read(OsStr::new(name)), "{name}");
        }
    }
}
