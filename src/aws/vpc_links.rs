//! The VPC links of API Gateway V2: the SDK has no paginator for them.

use super::{Clients, OpResult};
use crate::model::Result;
use aws_sdk_apigatewayv2::types::VpcLink;

/// All of the account and region: at most ten by default.
///
/// # Errors
/// When the listing is refused.
pub async fn vpc_links(clients: &Clients) -> Result<Vec<VpcLink>> {
    let (mut all, mut next) = (Vec::new(), None);
    loop {
        let call = clients.apigatewayv2().get_vpc_links().set_next_token(next);
        let page = call.send().await.op("apigatewayv2:GetVpcLinks")?;
        all.extend(page.items.unwrap_or_default());
        next = page.next_token.filter(|token| !token.is_empty());
        if next.is_none() {
            return Ok(all);
        }
    }
}
