//! API resource: one part of the API's paths. Actions: apigateway:POST, apigateway:GET,
//! apigateway:PATCH and apigateway:DELETE on /restapis/*/resources.

use super::{
    Resources, WITHIN_APIS, our_apis, patch,
    rest_api::{RestApi, RestApiId},
    turn,
};
use crate::resources::prelude::*;
use aws_sdk_apigateway::types::{self as apigateway, Op};

/// The API and the resource in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResourceId {
    /// The API.
    pub api: String,
    /// Six to ten letters and digits.
    pub id: String,
}

/// A path below the API's root. The name is taken once per parent, so a lost answer is found.
#[derive(Serialize)]
pub struct Resource {
    /// Its API.
    pub api: Created<RestApi>,
    /// Such as `nodejs`.
    pub path_part: String,
}

/// Where a resource stands: AWS keeps no tags on it.
pub fn address(api: &Address, path_part: &str) -> Address {
    api.child(format_args!("resource/{path_part}"))
}

impl crate::resources::Resource for Resource {
    const KIND: Kind = Kind("AWS::ApiGateway::Resource");
    const TAGGED: bool = false;
    type Needs = Created<RestApi>;
    type Out = ResourceId;
    type Live = apigateway::Resource;

    fn needs(&self) -> Created<RestApi> {
        self.api.clone()
    }

    async fn create(&self, cx: &Cx, api: &RestApiId) -> Result<ResourceId> {
        const OP: &str = "apigateway:CreateResource";
        let _turn = turn(&api.id).await;
        let call = cx.apigateway().create_resource().rest_api_id(&api.id);
        let call = call.parent_id(&api.root_resource_id).path_part(&self.path_part);
        let made = call.send().await.op(OP)?;
        Ok(ResourceId { api: api.id.clone(), id: made.id().answered(OP, "id")?.into() })
    }

    fn drift(&self, live: &apigateway::Resource, api: &RestApiId) -> Drift {
        Drift::none().fixed("parent_id", &api.root_resource_id, live.parent_id()).mutable(
            "path_part",
            &self.path_part,
            live.path_part(),
        )
    }

    async fn update(&self, cx: &Cx, out: &ResourceId, _: &Drift, _: &RestApiId) -> Result<()> {
        let _turn = turn(&out.api).await;
        let call = cx.apigateway().update_resource().rest_api_id(&out.api).resource_id(&out.id);
        let call = call.patch_operations(patch(Op::Replace, "/pathPart", &self.path_part));
        call.send().await.op("apigateway:UpdateResource").map(drop)
    }

    fn permissions() -> Vec<Permission> {
        vec![
            Permission::find("apigateway:GET").on(&["/restapis", WITHIN_APIS]),
            Permission::make("apigateway:POST").on(&[WITHIN_APIS]),
            Permission::make("apigateway:PATCH").on(&[WITHIN_APIS]),
            Permission::remove("apigateway:DELETE").on(&[WITHIN_APIS]),
        ]
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<ResourceId>>> {
        let mut found = Vec::new();
        for api in our_apis(cx).await? {
            let all = cx.load::<Resources>(api.out.id.clone()).await?.unwrap_or_default();
            found.extend(all.iter().filter_map(|resource| {
                let out = ResourceId { api: api.out.id.clone(), id: resource.id()?.into() };
                let address = address(&api.address, resource.path_part()?);
                Some(Found::untagged(address, out))
            }));
        }
        Ok(found)
    }

    async fn read(cx: &Cx, out: &ResourceId) -> Result<Option<apigateway::Resource>> {
        let all = cx.load::<Resources>(out.api.clone()).await?.unwrap_or_default();
        Ok(all.iter().find(|resource| resource.id() == Some(&out.id)).cloned())
    }

    async fn delete(cx: &Cx, out: &ResourceId) -> Result<()> {
        let _turn = turn(&out.api).await;
        let call = cx.apigateway().delete_resource().rest_api_id(&out.api).resource_id(&out.id);
        call.send().await.op("apigateway:DeleteResource").or_absent().map(drop)
    }

    fn id(out: &ResourceId) -> String {
        out.id.clone()
    }
}
