//! Credentials that are missing or over, an AWS that does not answer: what to do about them, by name.

use super::{CliError, Exit, environment};
use crate::{
    aws::{
        Clients,
        error::{LOGIN_EXPIRED, NO_CREDENTIALS, NO_PROFILE, SSO_EXPIRED},
    },
    model::{Class, Error},
};

/// Why it is not known whose credentials these are.
pub(super) async fn nobody(clients: &Clients, error: Error) -> CliError {
    if let Some(url) = environment::endpoint_of_no_url(&error.to_string()) {
        return environment::no_url("the profile's endpoint_url", url);
    }
    if error.class == Class::Credentials {
        let fault = clients.profile_fault().await;
        // Of a profile without credentials the SDK tells what became of other sources instead.
        let says_more = |fault: &Error| {
            error.code == NO_CREDENTIALS || [NO_PROFILE, NO_CREDENTIALS].contains(&&*fault.code)
        };
        return refused(clients, fault.filter(says_more).unwrap_or(error));
    }
    if error.class == Class::Transient || error.code == "UntrustedCertificate" {
        let region = clients.region().unwrap_or_default();
        let hint = match &error.hint {
            Some(hint) => hint.clone(),
            None if clients.is_url_given() => "check --endpoint-url and AWS_ENDPOINT_URL".into(),
            None => format!("check the network, a proxy, and the region, {region:?}"),
        };
        let message = format!("AWS cannot be reached: {}", error.message);
        return CliError::new(Exit::Failed, message).hint(hint);
    }
    let remedy = error.remedy();
    let message = format!("AWS does not say whose credentials these are: {error}");
    let refusal = CliError::new(Exit::Refused, message);
    remedy.into_iter().fold(refusal, CliError::hint)
}

/// Why there is no region: perhaps because the profile that would name it is not there.
pub(super) async fn no_region(clients: &Clients) -> CliError {
    match clients.profile_fault().await {
        Some(fault) if fault.code == NO_PROFILE => refused(clients, fault),
        _ => CliError::new(Exit::Usage, "no AWS region is set")
            .hint("give --region, set AWS_REGION, or add region to the configuration"),
    }
}

/// Credentials that cannot be used, in one sentence with the profile's name.
pub(super) fn refused(clients: &Clients, error: Error) -> CliError {
    let profile = clients.profile();
    let of_profile = profile.map(|name| format!(" of profile {name:?}")).unwrap_or_default();
    let (exit, message) = match &*error.code {
        NO_PROFILE => {
            (Exit::Usage, format!("there is no profile {:?}", profile.unwrap_or("default")))
        }
        NO_CREDENTIALS if profile.is_some() => {
            (Exit::Refused, format!("there are no credentials{of_profile}"))
        }
        NO_CREDENTIALS => (Exit::Refused, "there are no AWS credentials".into()),
        SSO_EXPIRED => (Exit::Refused, format!("the SSO session{of_profile} is over")),
        LOGIN_EXPIRED => (Exit::Refused, format!("the session{of_profile} is over")),
        "CredentialsFailed" => {
            (Exit::Refused, format!("the credentials{of_profile} cannot be had: {}", error.message))
        }
        _ => (Exit::Refused, format!("AWS does not take the credentials{of_profile}: {error}")),
    };
    let remedy = match &*error.code {
        NO_PROFILE => Some(
            "check --profile and AWS_PROFILE; `aws configure list-profiles` shows those that there \
             are"
            .into(),
        ),
        NO_CREDENTIALS => Some(
            "sign in, or set AWS_PROFILE or AWS_ACCESS_KEY_ID; --local needs no AWS account".into(),
        ),
        _ => signing_in(&error, profile).or_else(|| error.remedy()),
    };
    remedy.into_iter().fold(CliError::new(exit, message), CliError::hint)
}

/// How to sign in again with this profile, where that is the remedy.
pub(super) fn signing_in(error: &Error, profile: Option<&str>) -> Option<String> {
    let command = match &*error.code {
        SSO_EXPIRED => "aws sso login",
        LOGIN_EXPIRED => "aws login",
        _ => return None,
    };
    let flag = profile.map(|name| format!(" --profile {name}")).unwrap_or_default();
    Some(format!("run `{command}{flag}`, then the command again: it goes on from here"))
}
