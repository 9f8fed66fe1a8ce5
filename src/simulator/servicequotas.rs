//! Service Quotas: what an account may have, as far as [`Quotas`] knows it.

use super::{
    account::{Account, Answer, not_built},
    fields::Fields,
    quotas::Quotas,
    wire::{ApiError, Call},
};
use serde_json::{Value, json};

/// One quota of AWS's: its service, its code, its name, and its value.
type Quota = (&'static str, &'static str, &'static str, fn(&Quotas) -> usize);

/// The quotas that are told, by AWS's codes.
const QUOTAS: &[Quota] = &[
    ("AWSCloudMap", "L-0FE3F50E", "Namespaces per Region", |all| all.namespaces),
    ("apigateway", "L-608BDCD4", "VPC links(V2)", |all| all.vpc_links_v2),
    ("apigateway", "L-A4C7274F", "VPC links", |all| all.vpc_links),
    ("appmesh", "L-AC861A39", "Meshes per account", |all| all.meshes),
    ("ec2", "L-0263D0A3", "EC2-VPC Elastic IPs", |all| all.elastic_ips),
    ("elasticloadbalancing", "L-53DA6B97", "Application Load Balancers per Region", |all| {
        all.application_load_balancers
    }),
    ("elasticloadbalancing", "L-69A177A2", "Network Load Balancers per Region", |all| {
        all.network_load_balancers
    }),
    ("elasticloadbalancing", "L-B22855CB", "Target Groups per Region", |all| all.target_groups),
    ("fargate", "L-3032A538", "Fargate On-Demand vCPU resource count", |all| all.fargate_vcpus),
    ("fargate", "L-36FBB829", "Fargate Spot vCPU resource count", |all| all.fargate_spot_vcpus),
    ("vpc", "L-A4707A72", "Internet gateways per Region", |all| all.internet_gateways),
    ("vpc", "L-F678F1CE", "VPCs per Region", |all| all.vpcs),
    ("vpc", "L-FE5A380F", "NAT gateways per Availability Zone", |all| all.nat_gateways_per_zone),
];

/// Does one operation.
pub fn call(account: &mut Account, call: &Call) -> Answer {
    match call.operation {
        "GetServiceQuota" => get(account, call),
        "ListServiceQuotas" => list(account, call),
        _ => Err(not_built(call)),
    }
}

/// `GetServiceQuota`.
fn get(account: &Account, call: &Call) -> Answer {
    let code = call.input.text_or_empty("QuotaCode");
    let found = of(call)?.into_iter().find(|(_, one, ..)| *one == code);
    let found = found.ok_or_else(|| missing("quota"))?;
    Ok(json!({ "Quota": shape(account, call, found) }))
}

/// `ListServiceQuotas`, page by page.
fn list(account: &Account, call: &Call) -> Answer {
    let code = call.input.text("QuotaCode");
    let wanted = |quota: &&Quota| code.is_none_or(|code| quota.1 == code);
    let found: Vec<&Quota> = of(call)?.into_iter().filter(wanted).collect();
    let start = match call.input.text("NextToken") {
        None => 0,
        Some(token) => token.parse().map_err(|_| {
            ApiError::new("InvalidPaginationTokenException", "The pagination token is invalid.")
        })?,
    };
    let size = call.input.int("MaxResults").map_or(100, |size| size as usize);
    let page = found.iter().skip(start).take(size).map(|quota| shape(account, call, quota));
    let next = (found.len() > start + size).then(|| (start + size).to_string());
    Ok(json!({ "Quotas": page.collect::<Vec<_>>(), "NextToken": next }))
}

/// The quotas of the service that is asked for.
fn of(call: &Call) -> Result<Vec<&'static Quota>, ApiError> {
    let service = call.input.text_or_empty("ServiceCode");
    let found: Vec<_> = QUOTAS.iter().filter(|(of, ..)| *of == service).collect();
    if found.is_empty() { Err(missing("service")) } else { Ok(found) }
}

/// `NoSuchResourceException`, in AWS's words.
fn missing(what: &str) -> ApiError {
    let message = format!("The request failed because the specified {what} does not exist.");
    ApiError::new("NoSuchResourceException", message).status(400)
}

fn shape(account: &Account, call: &Call, (service, code, name, value): &Quota) -> Value {
    let arn = format!("arn:aws:servicequotas:{}:{}:{service}/{code}", call.region, account.id);
    json!({
        "ServiceCode": service,
        "QuotaArn": arn,
        "QuotaCode": code,
        "QuotaName": name,
        "Value": value(&account.quotas) as f64,
        "Unit": "None",
        "Adjustable": true,
        "GlobalQuota": false,
        "QuotaAppliedAtLevel": "ACCOUNT",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::{Settings, wire::Service};

    #[test]
    fn a_quota_is_told_by_its_code_as_the_account_has_it() {
        let quotas = Quotas { vpcs: 9, ..Quotas::default() };
        let settings = Settings { quotas: Some(quotas), ..Settings::default() };
        let mut account = Account::new(&settings);
        let mut ask = |operation, input| {
            let (region, access_key) = ("eu-west-1".into(), "KEY".into());
            let (service, request_id) = (Service::ServiceQuotas, "request".into());
            call(&mut account, &Call { service, operation, input, region, access_key, request_id })
        };
        let one = json!({ "ServiceCode": "vpc", "QuotaCode": "L-F678F1CE" });
        let found = ask("GetServiceQuota", one).expect("a quota");
        assert_eq!(found["Quota"]["Value"], 9.0);
        let all = ask("ListServiceQuotas", json!({ "ServiceCode": "vpc" })).expect("quotas");
        assert_eq!(all.list("Quotas").len(), 3);
        let none = json!({ "ServiceCode": "vpc", "QuotaCode": "L-0263D0A3" });
        let error = ask("GetServiceQuota", none).expect_err("a quota of another service");
        assert_eq!(error.code, "NoSuchResourceException");
    }
}
