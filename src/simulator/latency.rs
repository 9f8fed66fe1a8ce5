//! How long AWS takes: the only table of it, with sources. Figures in seconds; each is drawn from a
//! log-normal distribution through its median and its 99th percentile.

use super::account::Millis;

/// What takes its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Latency {
    /// One API call.
    Call,
    /// Until a read shows what was just created, when it does not at once.
    Visible,
    /// VPC and subnet, `pending` to `available`.
    Vpc,
    /// NAT gateway, `pending` to `available`.
    NatGatewayUp,
    /// NAT gateway, `deleting` to `deleted`.
    NatGatewayDown,
    /// Interface endpoint, `pending` to `available`.
    VpcEndpointUp,
    /// Interface endpoint, until it and its network interfaces are gone.
    VpcEndpointDown,
    /// Application load balancer, `provisioning` to `active`.
    AlbUp,
    /// Network load balancer, `provisioning` to `active`.
    NlbUp,
    /// A deleted load balancer's network interfaces.
    LoadBalancerInterfaces,
    /// A deleted listener's hold on its target group.
    TargetGroupRelease,
    /// Private DNS namespace, either way.
    Namespace,
    /// Service Connect endpoint, until its Cloud Map service is there.
    EndpointUp,
    /// Service Connect endpoint, until its Cloud Map service is gone.
    EndpointDown,
    /// Until ECS has deregistered a stopped task's instance from Cloud Map.
    InstanceDeregistration,
    /// ECS cluster with capacity providers.
    Cluster,
    /// Task: network interface.
    TaskProvisioning,
    /// Task: image pull and start of the containers.
    TaskPulling,
    /// Task: until its network interface is gone.
    TaskDeprovisioning,
    /// Service: from a healthy last task to a completed deployment.
    DeploymentSettling,
    /// ECS tries again after it could not place a task.
    TaskRetry,
    /// VPC link V1, `PENDING` to `AVAILABLE`.
    VpcLinkUp,
    /// VPC link V1, `DELETING` until gone.
    VpcLinkDown,
    /// VPC link V2, `PENDING` to `AVAILABLE`.
    VpcLinkV2Up,
    /// VPC link V2, `DELETING` until it and its network interfaces are gone.
    VpcLinkV2Down,
    /// Until other services can assume a new role.
    RolePropagation,
    /// A new target's first passing check, beyond the interval: registration.
    TargetRegistration,
}

impl Latency {
    /// Median and 99th percentile, in seconds. E: an estimate, no published figure.
    pub const fn seconds(self) -> (f64, f64) {
        match self {
            Self::Call => (0.06, 0.4),
            Self::Visible => (0.8, 3.0),
            Self::Vpc => (1.0, 3.0),                       // E
            Self::NatGatewayUp => (95.0, 140.0),           // stack runs of 98 to 138 s
            Self::NatGatewayDown => (70.0, 180.0),         // E
            Self::VpcEndpointUp => (75.0, 180.0),          // E
            Self::VpcEndpointDown => (90.0, 300.0),        // E
            Self::AlbUp => (120.0, 180.0),                 // 90 to 180 s measured
            Self::NlbUp => (150.0, 190.0),                 // E; Terraform's acceptance tests
            Self::LoadBalancerInterfaces => (90.0, 300.0), // Terraform waits up to 35 min with IPAM
            Self::TargetGroupRelease => (1.0, 10.0),       // Terraform retries 2 min
            Self::Namespace => (40.0, 70.0),               // E; Terraform waits up to 5 min
            Self::EndpointUp => (3.0, 12.0),               // E
            Self::EndpointDown => (60.0, 240.0),           // minutes; a deployer waits 5.5 min
            Self::InstanceDeregistration => (15.0, 90.0),  // E
            Self::Cluster => (3.0, 8.0),                   // E
            Self::TaskProvisioning => (14.0, 25.0),        // 10 to 20 s
            Self::TaskPulling => (18.0, 60.0),             // 10 to 60 s by image size
            Self::TaskDeprovisioning => (15.0, 60.0),      // E
            Self::DeploymentSettling => (4.0, 12.0),       // E
            Self::TaskRetry => (20.0, 60.0),               // tens of seconds
            Self::VpcLinkUp => (180.0, 240.0),             // API Gateway guide: 2 to 4 min
            Self::VpcLinkDown => (90.0, 180.0),            // E
            Self::VpcLinkV2Up => (90.0, 180.0),            // E; "a few minutes" for its interfaces
            Self::VpcLinkV2Down => (60.0, 180.0),          // E
            Self::RolePropagation => (8.0, 40.0),          // 5 to 15 s typically, up to 2 min
            Self::TargetRegistration => (4.0, 20.0),       // E
        }
    }

    /// One draw, from two uniform numbers (Box-Muller).
    pub(super) fn sample(self, uniform: f64, angle: f64) -> Millis {
        let (median, tail) = self.seconds();
        // The 99th percentile of the standard normal distribution.
        let sigma = (tail / median).ln() / 2.326;
        let normal = (-2.0 * (1.0 - uniform).ln()).sqrt() * (std::f64::consts::TAU * angle).cos();
        let seconds = median * (sigma * normal.clamp(-2.6, 2.6)).exp();
        (seconds * 1000.0).round() as Millis
    }
}
