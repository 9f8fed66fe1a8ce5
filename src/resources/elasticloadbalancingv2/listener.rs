//! Listener: one port of a load balancer, and where its traffic goes. Actions:
//! elasticloadbalancing:CreateListener, elasticloadbalancing:DescribeListeners,
//! elasticloadbalancing:ModifyListener, elasticloadbalancing:DeleteListener,
//! elasticloadbalancing:DescribeLoadBalancers, elasticloadbalancing:DescribeTags,
//! elasticloadbalancing:AddTags, elasticloadbalancing:RemoveTags.

use super::{
    ARNS, LOAD_BALANCERS, PAGE,
    load_balancer::LoadBalancer,
    tagging,
    target_group::{TargetGroup, TargetGroupId},
};
use crate::resources::prelude::*;
use aws_sdk_elasticloadbalancingv2::types::{self as elb, Action, ActionTypeEnum, ProtocolEnum};
use futures_util::future::try_join_all;
use std::collections::BTreeSet;

/// How the account knows a listener.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListenerId {
    /// `arn:aws:elasticloadbalancing:…:listener/…`
    pub arn: String,
}

needs! {
    /// What a listener connects.
    ListenerNeeds gives ListenerValues {
        /// `CreateListener` takes one that is still `provisioning`.
        load_balancer: Created<LoadBalancer>,
        /// On one load balancer at most.
        target_group: Created<TargetGroup>,
    }
}

/// A port that forwards to a target group. Creating is idempotent by port and settings.
#[derive(Serialize)]
pub struct Listener {
    /// What it connects.
    pub needs: ListenerNeeds,
    /// `HTTP` or `TCP`.
    pub protocol: String,
    /// The port that clients use.
    pub port: i32,
}

/// The listener, and the tags that its description does not show.
pub struct LiveListener {
    described: elb::Listener,
    tags: Option<Tags>,
}

impl Resource for Listener {
    const KIND: Kind = Kind("AWS::ElasticLoadBalancingV2::Listener");
    type Needs = ListenerNeeds;
    type Out = ListenerId;
    type Live = LiveListener;

    fn needs(&self) -> ListenerNeeds {
        self.needs.clone()
    }

    async fn create(&self, cx: &Cx, needs: &ListenerValues) -> Result<ListenerId> {
        const OP: &str = "elasticloadbalancing:CreateListener";
        let call = cx.elb().create_listener().load_balancer_arn(&needs.load_balancer.arn);
        let call = call.protocol(ProtocolEnum::from(&*self.protocol)).port(self.port);
        let call = call.default_actions(forward(&needs.target_group));
        let made = call.set_tags(Some(tagging::wanted(cx))).send().await.op(OP)?;
        let arn = made.listeners().first().and_then(|listener| listener.listener_arn());
        Ok(ListenerId { arn: arn.answered(OP, "ListenerArn")?.into() })
    }

    fn drift(&self, live: &LiveListener, needs: &ListenerValues) -> Drift {
        let described = &live.described;
        let protocol = described.protocol().map(|it| it.as_str());
        Drift::none()
            .fixed("load_balancer_arn", &needs.load_balancer.arn, described.load_balancer_arn())
            .mutable("protocol", &self.protocol, protocol)
            .mutable("port", self.port, described.port())
            .mutable("default_actions", [&needs.target_group.arn], live.forwards_to())
    }

    async fn update(
        &self,
        cx: &Cx,
        id: &ListenerId,
        drift: &Drift,
        needs: &ListenerValues,
    ) -> Result<()> {
        if drift.is_empty() {
            return Ok(());
        }
        let call = cx.elb().modify_listener().listener_arn(&id.arn);
        let call = call.protocol(ProtocolEnum::from(&*self.protocol)).port(self.port);
        let call = call.default_actions(forward(&needs.target_group));
        call.send().await.op("elasticloadbalancing:ModifyListener").map(drop)
    }

    fn permissions() -> Vec<Permission> {
        let listeners = &["listener/app/{short}-*/*/*", "listener/net/{short}-*/*/*"];
        let mut all = tagging::permissions(listeners);
        all.extend([
            Permission::find("elasticloadbalancing:DescribeListeners"),
            Permission::find("elasticloadbalancing:DescribeLoadBalancers"),
            Permission::make("elasticloadbalancing:CreateListener").on(&LOAD_BALANCERS).tagging(),
            Permission::make("elasticloadbalancing:ModifyListener").on(listeners).tagged(),
            Permission::remove("elasticloadbalancing:DeleteListener").on(listeners).tagged(),
        ]);
        all
    }

    async fn search(cx: &Cx) -> Result<Vec<Found<ListenerId>>> {
        let ours = LoadBalancer::search(cx).await?;
        let all = ours.iter().map(|found| on_load_balancer(cx, &found.out.arn));
        let all = try_join_all(all).await?.into_iter().flatten();
        let listeners = all.filter_map(|listener| {
            let actions = listener.default_actions().iter();
            let groups = actions.filter_map(|action| action.target_group_arn());
            let on = groups.chain(listener.load_balancer_arn()).map(String::from).collect();
            let arn = listener.listener_arn?;
            Some((arn.clone(), ListenerId { arn }, on))
        });
        tagging::owned(cx, listeners.collect()).await
    }

    async fn read(cx: &Cx, id: &ListenerId) -> Result<Option<LiveListener>> {
        let Some(found) = cx.load::<Listeners>(id.arn.clone()).await? else { return Ok(None) };
        let tags = tagging::tags_if_asked(cx, &id.arn).await?;
        Ok(Some(LiveListener { described: (*found).clone(), tags }))
    }

    fn tags(live: &LiveListener) -> Option<Tags> {
        live.tags.clone()
    }

    async fn retag(cx: &Cx, id: &ListenerId, changes: &TagChanges) -> Result<()> {
        tagging::retag(cx, &id.arn, changes).await
    }

    async fn delete(cx: &Cx, id: &ListenerId) -> Result<()> {
        let call = cx.elb().delete_listener().listener_arn(&id.arn);
        call.send().await.op("elasticloadbalancing:DeleteListener").or_absent().map(drop)
    }

    fn id(id: &ListenerId) -> String {
        id.arn.split_once(":listener/").map_or(&*id.arn, |(_, path)| path).into()
    }
}

impl LiveListener {
    /// The target groups of all its actions; another action than a forward shows as its type.
    fn forwards_to(&self) -> Vec<String> {
        let mut targets = BTreeSet::new();
        for action in self.described.default_actions() {
            let kind = action.r#type();
            if kind != Some(&ActionTypeEnum::Forward) {
                targets.insert(kind.map_or("", |kind| kind.as_str()).to_owned());
            }
            targets.extend(action.target_group_arn().map(str::to_owned));
            let weighted = action.forward_config().map_or(&[][..], |it| it.target_groups());
            targets.extend(weighted.iter().filter_map(|it| it.target_group_arn.clone()));
        }
        targets.into_iter().collect()
    }
}

fn forward(target_group: &TargetGroupId) -> Action {
    Action::builder().r#type(ActionTypeEnum::Forward).target_group_arn(&target_group.arn).build()
}

/// `DescribeListeners`, for all who ask at once.
struct Listeners;

impl Batch for Listeners {
    type Key = String;
    type Value = elb::Listener;
    const MAX: usize = ARNS;

    async fn fetch(cx: &Cx, arns: Vec<String>) -> Result<BTreeMap<String, elb::Listener>> {
        let alone = arns.len() == 1;
        let call = cx.elb().describe_listeners().set_listener_arns(Some(arns.clone()));
        let found = call.send().await.op("elasticloadbalancing:DescribeListeners");
        let found = match found.or_absent()? {
            Some(found) => found.listeners.unwrap_or_default(),
            None if alone => Vec::new(),
            // One unknown ARN fails the call for all; a load balancer shows all that it has.
            None => {
                let parents: BTreeSet<String> = arns.iter().filter_map(|arn| parent(arn)).collect();
                let all = parents.iter().map(|parent| on_load_balancer(cx, parent));
                try_join_all(all).await?.into_iter().flatten().collect()
            }
        };
        let found = found.into_iter().filter_map(|it| Some((it.listener_arn()?.into(), it)));
        Ok(found.filter(|(arn, _)| arns.contains(arn)).collect())
    }
}

/// The ARN of a listener's load balancer, which is in the listener's own.
fn parent(arn: &str) -> Option<String> {
    let (parent, _) = arn.rsplit_once('/')?;
    Some(parent.replacen(":listener/", ":loadbalancer/", 1))
}

/// The listeners of a load balancer; none when it is gone.
async fn on_load_balancer(cx: &Cx, arn: &str) -> Result<Vec<elb::Listener>> {
    let call = cx.elb().describe_listeners().load_balancer_arn(arn).page_size(PAGE);
    let all = call.into_paginator().items().send().try_collect().await;
    Ok(all.op("elasticloadbalancing:DescribeListeners").or_absent()?.unwrap_or_default())
}
