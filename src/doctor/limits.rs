//! What Service Quotas says of an account's limits: one listing for a service of which several are
//! needed, one question for a single one.

use super::{
    facts::{Asked, within},
    quotas::Quota,
};
use crate::{
    aws::{Answered, Cx, OpResult},
    model::{Class, Error, Result},
};
use futures_util::future::join_all;
use std::collections::BTreeMap;
use tokio::time::Instant;

/// Asks for these quotas, service by service, all at once.
pub async fn ask(
    cx: &Cx,
    until: Instant,
    quotas: impl IntoIterator<Item = &'static Quota>,
) -> BTreeMap<&'static str, Asked<f64>> {
    let mut services: BTreeMap<&str, Vec<&'static str>> = BTreeMap::new();
    for quota in quotas {
        services.entry(quota.service).or_default().push(quota.code);
    }
    let asked = services.into_iter().map(async |(service, codes)| {
        let told = within(until, true, async {
            match codes.as_slice() {
                [code] => one(cx, service, code).await,
                _ => all(cx, service).await,
            }
        });
        let told = told.await;
        let limit = |code: &'static str| match &told {
            Asked::Known(values) => values.get(code).copied().map_or(
                Asked::Unknown(Error::new(Class::Missing, "Service Quotas does not list it")),
                Asked::Known,
            ),
            Asked::Unknown(why) => Asked::Unknown(why.clone()),
            Asked::Not => Asked::Not,
        };
        codes.iter().map(|code| (*code, limit(code))).collect::<Vec<_>>()
    });
    join_all(asked).await.into_iter().flatten().collect()
}

async fn one(cx: &Cx, service: &str, code: &str) -> Result<BTreeMap<String, f64>> {
    const OP: &str = "servicequotas:GetServiceQuota";
    let call = cx.servicequotas().get_service_quota().service_code(service).quota_code(code);
    let answer = call.send().await.op(OP)?;
    let value = answer.quota().and_then(|quota| quota.value()).answered(OP, "Value")?;
    Ok(BTreeMap::from([(code.to_owned(), value)]))
}

async fn all(cx: &Cx, service: &str) -> Result<BTreeMap<String, f64>> {
    let call = cx.servicequotas().list_service_quotas().service_code(service).max_results(100);
    let pages = call.into_paginator().items().send();
    let found: Vec<_> = pages.try_collect().await.op("servicequotas:ListServiceQuotas")?;
    let values = found.into_iter().filter_map(|quota| Some((quota.quota_code?, quota.value?)));
    Ok(values.collect())
}
