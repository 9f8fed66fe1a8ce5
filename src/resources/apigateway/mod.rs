//! REST APIs. Tags come back in listings, which have no filter: a search lists the account's APIs
//! once, for all kinds that live inside one.

pub mod account;
pub mod deployment;
pub mod method;
mod policy;
pub mod resource;
pub mod rest_api;
pub mod stage;
pub mod vpc_link;

use crate::resources::prelude::*;
use aws_sdk_apigateway::types::{self as apigateway, Op, PatchOperation};
use std::{cell::RefCell, collections::HashMap, rc::Rc, sync::Arc};
use tokio::sync::{Mutex, OwnedMutexGuard};

/// The most that one page of a listing holds.
const PAGE: i32 = 500;

thread_local! {
    static WRITERS: RefCell<HashMap<String, Arc<Mutex<()>>>> = RefCell::default();
}

/// Waits for this API's turn to be written to: of two writes that overlap AWS refuses one with a
/// `ConflictException`. Held across the calls of one create, update or delete.
async fn turn(api: &str) -> OwnedMutexGuard<()> {
    let writer = WRITERS.with_borrow_mut(|all| all.entry(api.into()).or_default().clone());
    writer.lock_owned().await
}

/// One step of an update. A `/` inside a part of the path is written `~1`.
fn patch(op: Op, path: impl Into<String>, value: impl Into<String>) -> PatchOperation {
    PatchOperation::builder().op(op).path(path).value(value).build()
}

/// What stands at a path such as `/restapis/{id}`. The ARNs of this service name no account.
pub(super) fn arn(cx: &Cx, path: &str) -> String {
    let scope = cx.scope();
    format!("arn:{}:apigateway:{}::{path}", scope.caller.partition, scope.region)
}

/// Adds, overwrites and removes tags of what stands at a path such as `/restapis/{id}`. The ARNs of
/// this service name no account.
async fn retag(cx: &Cx, path: &str, changes: &TagChanges) -> Result<()> {
    let arn = arn(cx, path);
    if !changes.set.is_empty() {
        let tags = changes.set.clone().into_iter().collect();
        let call = cx.apigateway().tag_resource().resource_arn(&arn).set_tags(Some(tags));
        call.send().await.op("apigateway:TagResource")?;
    }
    if !changes.remove.is_empty() {
        let keys = changes.remove.clone();
        let call = cx.apigateway().untag_resource().resource_arn(&arn).set_tag_keys(Some(keys));
        call.send().await.op("apigateway:UntagResource")?;
    }
    Ok(())
}

/// All that is inside REST APIs, in permissions: their IDs are AWS's, so a stack's cannot be told apart.
const WITHIN_APIS: &str = "/restapis/*";

/// What tags need of IAM, in a creating call and later.
fn tag_permissions() -> Vec<Permission> {
    let verbs = ["apigateway:PUT", "apigateway:DELETE"];
    verbs.map(|verb| Permission::make(verb).on(&["/tags/*"])).to_vec()
}

/// All REST APIs of the account and region.
async fn all_apis(cx: &Cx) -> Result<Rc<Vec<apigateway::RestApi>>> {
    Ok(cx.load::<AllApis>(()).await?.unwrap_or_default())
}

/// The stack's REST APIs, each with its address.
async fn our_apis(cx: &Cx) -> Result<Vec<Found<rest_api::RestApiId>>> {
    let all = all_apis(cx).await?;
    let ours = all.iter().filter_map(|api| {
        let id = api.id()?.into();
        let root_resource_id = api.root_resource_id()?.into();
        let endpoints = api.endpoint_configuration().map(|it| it.vpc_endpoint_ids());
        let endpoints = endpoints.unwrap_or_default().iter().cloned();
        let out = rest_api::RestApiId { id, root_resource_id };
        Some(cx.owned(tags_in(api.tags()), out)?.standing_on(endpoints))
    });
    Ok(ours.collect())
}

/// `GetRestApis`, for all searches at once.
struct AllApis;

impl Batch for AllApis {
    type Key = ();
    type Value = Vec<apigateway::RestApi>;
    const MAX: usize = 1;

    async fn fetch(cx: &Cx, _: Vec<()>) -> Result<BTreeMap<(), Vec<apigateway::RestApi>>> {
        let pages = cx.apigateway().get_rest_apis().limit(PAGE).into_paginator().items();
        let all = pages.send().try_collect().await.op("apigateway:GetRestApis")?;
        Ok(BTreeMap::from([((), all)]))
    }
}

/// `GetResources` of one API with its methods, for all resources and methods at once.
struct Resources;

impl Batch for Resources {
    type Key = String;
    type Value = Vec<apigateway::Resource>;
    const MAX: usize = 1;

    async fn fetch(
        cx: &Cx,
        apis: Vec<String>,
    ) -> Result<BTreeMap<String, Vec<apigateway::Resource>>> {
        let mut found = BTreeMap::new();
        for api in apis {
            let call = cx.apigateway().get_resources().rest_api_id(&api).embed("methods");
            let pages = call.limit(PAGE).into_paginator().items();
            let all = pages.send().try_collect().await.op("apigateway:GetResources");
            found.extend(all.or_absent()?.map(|all| (api, all)));
        }
        Ok(found)
    }
}

/// `GetStages` of one API, for its stages and its deployment.
struct Stages;

impl Batch for Stages {
    type Key = String;
    type Value = Vec<apigateway::Stage>;
    const MAX: usize = 1;

    async fn fetch(cx: &Cx, apis: Vec<String>) -> Result<BTreeMap<String, Vec<apigateway::Stage>>> {
        let mut found = BTreeMap::new();
        for api in apis {
            let answer = cx.apigateway().get_stages().rest_api_id(&api).send().await;
            let answer = answer.op("apigateway:GetStages").or_absent()?;
            found.extend(answer.map(|answer| (api, answer.item.unwrap_or_default())));
        }
        Ok(found)
    }
}
