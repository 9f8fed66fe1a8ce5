//! What `up` gives back: where the two paths begin, and the API.

use crate::{
    aws::Scope,
    config::Config,
    model::{Address, Identities},
};
use serde::Serialize;

/// Where to go from here; what does not exist yet is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outputs {
    /// The page of the provider's side: through the mesh.
    pub blue_url: Option<String>,
    /// The page of the consumer's side: through the private API.
    pub red_url: Option<String>,
    /// The private REST API.
    pub api_id: Option<String>,
    /// Where the API answers, inside the consumer's VPC.
    pub api_url: Option<String>,
}

impl Outputs {
    /// From the identities.
    pub fn of(known: &Identities, scope: &Scope, config: Option<&Config>) -> Self {
        let text = |address: &str, member: &str| {
            let identity = known.raw(&Address::new(address))?;
            identity.get(member)?.as_str().map(String::from)
        };
        let page = |side: &str| {
            let name = text(&format!("{side}/load-balancer/public"), "dns_name")?;
            Some(format!("http://{name}/"))
        };
        let api_id = text("api/rest-api", "id");
        let stage = config.map_or("default", |config| config.api.stage.as_str());
        let api_url = api_id.as_ref().map(|id| {
            format!("https://{id}.execute-api.{}.{}/{stage}", scope.region, domain(scope))
        });
        Self { blue_url: page("provider"), red_url: page("consumer"), api_id, api_url }
    }

    /// For people, with their names.
    pub fn lines(&self) -> Vec<(&'static str, &str)> {
        let all = [
            ("blue", &self.blue_url),
            ("red", &self.red_url),
            ("api", &self.api_id),
            ("api url", &self.api_url),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).collect()
    }

    /// Where the AWS console shows it.
    pub fn console(&self, scope: &Scope) -> Vec<(&'static str, String)> {
        let domain = match scope.caller.partition.as_str() {
            "aws-cn" => "console.amazonaws.cn",
            "aws-us-gov" => "console.amazonaws-us-gov.com",
            _ => "console.aws.amazon.com",
        };
        let region = &scope.region;
        let ecs = format!("https://{region}.{domain}/ecs/v2/clusters?region={region}");
        let mut links = vec![("clusters", ecs)];
        links.extend(self.api_id.as_ref().map(|id| {
            let place = format!("apigateway/main/apis/{id}/resources?api={id}&region={region}");
            ("gateway", format!("https://{region}.{domain}/{place}"))
        }));
        links
    }
}

/// The domain of the partition's endpoints.
pub(super) fn domain(scope: &Scope) -> &'static str {
    if scope.caller.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" }
}
