//! API Gateway account: the one role that every REST API of the account and region logs through.
//! Actions: apigateway:GET and apigateway:PATCH on /account, apigateway:GET on /restapis,
//! iam:PassRole.

use super::{all_apis, patch};
use crate::resources::{access::pass_role, iam::role::Role, prelude::*};
use aws_sdk_apigateway::types::Op;

/// The role that was set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccountRole {
    /// Its ARN.
    pub role_arn: String,
}

/// The account's role for logs, set where there is none. It is shared: another's is never
/// overwritten, and ours stays while others may log through it.
#[derive(Serialize)]
pub struct Account {
    /// API Gateway tries the role at once, and refuses one that IAM has not spread yet.
    pub role: Ready<Role>,
}

impl Account {
    /// Where it stands: there is one, and AWS keeps no tags on it.
    pub const ADDRESS: &'static str = "api/account";
}

impl Resource for Account {
    const KIND: Kind = Kind("AWS::ApiGateway::Account");
    const TAGGED: bool = false;
    type Needs = Ready<Role>;
    type Out = AccountRole;
    type Live = AccountRole;

    fn needs(&self) -> Ready<Role> {
        self.role.clone()
    }

    async fn create(&self, cx: &Cx, role: &Values<Self>) -> Result<AccountRole> {
        let out = AccountRole { role_arn: role.arn.clone() };
        match current(cx).await? {
            Some(arn) if arn == role.arn => return Ok(out),
            Some(arn) if !is_ours(cx, &arn) => {
                let hint = "leave the role to its owner: the stack's API can log through it";
                return Err(
                    Error::stranger(format!("the account's CloudWatch role {arn}")).hint(hint)
                );
            }
            _ => {}
        }
        set(cx, &role.arn).await?;
        Ok(out)
    }

    fn drift(&self, live: &AccountRole, role: &Values<Self>) -> Drift {
        Drift::none().fixed("role_arn", &role.arn, &live.role_arn)
    }

    fn permissions() -> Vec<Permission> {
        vec![
            Permission::find("apigateway:GET").on(&["/account", "/restapis"]),
            Permission::make("apigateway:PATCH").on(&["/account"]),
            pass_role("apigateway.amazonaws.com"),
            Permission::remove("apigateway:PATCH").on(&["/account"]),
        ]
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<AccountRole>>> {
        let ours = current(cx).await?.filter(|arn| is_ours(cx, arn));
        let address = Address::new(Self::ADDRESS);
        let found = ours.map(|role_arn| Found::untagged(address, AccountRole { role_arn }));
        Ok(found.into_iter().collect())
    }

    async fn read(cx: &Cx, out: &AccountRole) -> Result<Option<AccountRole>> {
        let role_arn = current(cx).await?;
        Ok(role_arn.filter(|arn| *arn == out.role_arn).map(|role_arn| AccountRole { role_arn }))
    }

    async fn delete(cx: &Cx, out: &AccountRole) -> Result<()> {
        if current(cx).await?.as_ref() != Some(&out.role_arn) {
            return Ok(());
        }
        let stack = &cx.scope().stack;
        let all = all_apis(cx).await?;
        let ours = |tags: &Tags| tags.get(tags::STACK) == Some(stack);
        match all.iter().filter(|api| !ours(&tags_in(api.tags()))).count() {
            0 => set(cx, "").await,
            others => {
                let apis = if others == 1 { "API" } else { "APIs" };
                let message = format!(
                    "the account's CloudWatch role stays: {others} other REST {apis} may log \
                     through it"
                );
                Err(Error::new(Class::Kept, message))
            }
        }
    }

    fn id(out: &AccountRole) -> String {
        out.role_arn.clone()
    }
}

/// The role that the account has.
async fn current(cx: &Cx) -> Result<Option<String>> {
    let account = cx.apigateway().get_account().send().await.op("apigateway:GetAccount")?;
    Ok(account.cloudwatch_role_arn.filter(|arn| !arn.is_empty()))
}

/// Sets the role; an empty one takes it away.
async fn set(cx: &Cx, role_arn: &str) -> Result<()> {
    let call = cx.apigateway().update_account();
    let call = call.patch_operations(patch(Op::Replace, "/cloudwatchRoleArn", role_arn));
    call.send().await.op("apigateway:UpdateAccount").map(drop)
}

/// Whether a role is one of this stack's, by its path.
fn is_ours(cx: &Cx, role_arn: &str) -> bool {
    role_arn.contains(&format!(":role/meshctl/{}/", cx.scope().stack))
}
