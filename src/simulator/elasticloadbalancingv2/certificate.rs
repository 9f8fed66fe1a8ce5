//! Certificates of listeners. The simulator has no ACM: a certificate is there when its ARN is one that
//! this account can have in this region.

use super::{describe::page, done, invalid, listener};
use crate::simulator::{
    account::{Account, Answer},
    fields::Fields,
    wire::{ApiError, Call},
};
use serde_json::{Value, json};

/// Refuses certificates that cannot be this account's.
///
/// # Errors
/// `CertificateNotFound`.
pub fn check(account: &Account, region: &str, certificates: &[Value]) -> Result<(), ApiError> {
    let own = [
        format!("arn:aws:acm:{region}:{}:certificate/", account.id),
        format!("arn:aws:iam::{}:server-certificate/", account.id),
    ];
    let is_own =
        |arn: &&str| own.iter().any(|start| arn.len() > start.len() && arn.starts_with(start));
    let mut arns =
        certificates.iter().map(|certificate| certificate.text_or_empty("CertificateArn"));
    match arns.find(|arn| !is_own(arn)) {
        None => Ok(()),
        Some(arn) => {
            let message = format!("Certificate '{arn}' not found");
            Err(ApiError::new("CertificateNotFound", message))
        }
    }
}

/// `DescribeListenerCertificates`: the default one first.
pub fn describe(account: &mut Account, call: &Call) -> Answer {
    let listener = listener::find(account, call.input.text_or_empty("ListenerArn"))?;
    let shape = |certificate: &Value, default: bool| json!({ "CertificateArn": certificate["CertificateArn"], "IsDefault": default });
    let default = listener.certificates.iter().map(|certificate| shape(certificate, true));
    let more = listener
        .more_certificates
        .iter()
        .map(|arn| json!({ "CertificateArn": arn, "IsDefault": false }));
    page("Certificates", default.chain(more).collect(), &call.input)
}

/// `AddListenerCertificates`: beside the default one.
pub fn add(account: &mut Account, call: &Call) -> Answer {
    let arn = secured(account, call)?;
    let given = call.input.list("Certificates");
    check(account, &call.region, given)?;
    let listener = listener::find_mut(account, &arn)?;
    for certificate in given {
        listener.more_certificates.insert(certificate.text_or_empty("CertificateArn").to_owned());
    }
    let shown = listener
        .more_certificates
        .iter()
        .map(|arn| json!({ "CertificateArn": arn, "IsDefault": false }));
    Ok(json!({ "Certificates": shown.collect::<Vec<_>>() }))
}

/// `RemoveListenerCertificates`: never the default one.
pub fn remove(account: &mut Account, call: &Call) -> Answer {
    let arn = secured(account, call)?;
    let listener = listener::find_mut(account, &arn)?;
    for certificate in call.input.list("Certificates") {
        let arn = certificate.text_or_empty("CertificateArn");
        if listener.certificates.iter().any(|default| default.text("CertificateArn") == Some(arn)) {
            let message = "Default certificate cannot be removed from a listener";
            return Err(ApiError::new("OperationNotPermitted", message));
        }
        listener.more_certificates.remove(arn);
    }
    done()
}

/// The listener that a call names, when it has certificates.
fn secured(account: &Account, call: &Call) -> Result<String, ApiError> {
    let listener = listener::find(account, call.input.text_or_empty("ListenerArn"))?;
    if listener.ssl_policy.is_none() {
        let message =
            format!("A certificate cannot be specified for {} listeners", listener.protocol);
        return Err(invalid(message));
    }
    Ok(listener.listener_arn.clone())
}
