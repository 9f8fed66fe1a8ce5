//! The table of keys, in the order of the documentation.

use super::Change::{InPlace, Nothing, Replacement};
use super::Default::{Otherwise, Required, Value};
use super::Kind::{Block, Blocks, Choice, OneOf, Port, Text, Texts, Whole};
use super::{Change, Default, Key, Kind};

/// What CloudWatch Logs accepts as a retention.
const RETENTION: &[i64] = &[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

/// Fargate's CPU sizes without the smallest, which is too small for a container and its Envoy.
const CPU: &[i64] = &[512, 1024, 2048, 4096, 8192, 16384];

const CAPACITY: Kind = Choice(&["fargate", "fargate-spot"]);

const TASKS: Change = InPlace("a new task definition; tasks are replaced a few at a time");
const SUBNETS: Change = Replacement("the changed subnets and what stands in them");
const HEALTH: Change =
    InPlace("target group and, with App Mesh, virtual node; a new task definition");

const fn key(
    path: &'static str,
    kind: Kind,
    default: Default,
    change: Change,
    does: &'static str,
) -> Key {
    Key { path, kind, default, does, change }
}

/// Every key that a file may have.
pub const KEYS: &[Key] = &[
    key(
        "stack",
        Text,
        Value("\"servicemesh-demo\""),
        Replacement("it is another stack; take the old one down under its old name"),
        "The environment's name, in every resource's name and tags. Small letters, digits, and \
         hyphens; 2 to 32 characters",
    ),
    key(
        "region",
        Text,
        Otherwise("`--region`, or the AWS profile's"),
        Replacement("it is another stack; take the old one down in its old region"),
        "The AWS region",
    ),
    key(
        "allowed_accounts",
        Texts,
        Value("[]"),
        Nothing("it is looked at before every run"),
        "The AWS accounts (12 digits, in quotes) in which anything may be changed; empty \
         admits all",
    ),
    key(
        "ttl",
        Text,
        Otherwise("no end"),
        InPlace("tags; the time counts from the run that first sees the key's new value"),
        "How long the environment may live, such as `4h` or `2d`: then `meshctl reap` removes \
         it. `up --ttl` outranks it",
    ),
    key(
        "permissions_boundary",
        Text,
        Otherwise("roles without one"),
        InPlace("roles; without the key they keep the one that they have"),
        "The ARN of an IAM policy that becomes the permissions boundary of every role of the \
         environment, such as the one that `meshctl policy boundary` prints",
    ),
    key(
        "log_retention_days",
        OneOf(RETENTION),
        Value("1"),
        InPlace("log groups; older entries disappear"),
        "How long CloudWatch keeps logs",
    ),
    key(
        "capacity",
        CAPACITY,
        Value("\"fargate\""),
        InPlace("tasks are replaced a few at a time; clusters may use both kinds from then on"),
        "What the tasks run on: Fargate, or Fargate Spot, which is cheaper, which AWS may stop with \
         two minutes' notice, and of which there may be none; see `docs/performance.md`",
    ),
    key(
        "tags.*",
        Text,
        Otherwise("no tags beyond `Name` and `meshctl:…`"),
        InPlace("tags; running tasks keep theirs until they are replaced"),
        "A tag on everything that can carry one; at most 40, no two that differ by case only, and none \
         called `name` in any case, for IAM takes such keys for one",
    ),
    key(
        "network.availability_zones",
        Whole(2, 3),
        Value("2"),
        InPlace("subnets, gateways, and routes come or go; load balancers and services follow"),
        "How many availability zones each VPC spans. A load balancer needs two",
    ),
    key(
        "network.nat",
        Choice(&["per-az", "single", "none"]),
        Value("\"per-az\""),
        InPlace(
            "gateways and their addresses come or go; connections through them break. To or from \
             `none`, tasks are replaced a few at a time, in their other subnets",
        ),
        "NAT gateways: one in each zone of a VPC, one for the VPC, or none. Each takes an Elastic \
         IP, of which an account has 5 by default. With `none`, tasks run in the public subnets, \
         each with a public address, and still only the load balancers and the VPC reach them",
    ),
    key(
        "network.allowed_cidrs",
        Blocks,
        Value("[\"0.0.0.0/0\"]"),
        InPlace("rules of the load balancers' security groups"),
        "Who may reach the public load balancers; at most 60 blocks, which is what a security group takes",
    ),
    key(
        "network.provider.cidr",
        Block,
        Value("\"10.0.96.0/20\""),
        Replacement("the VPC and everything in it"),
        "The block of the VPC with the mesh, /16 to /28; none of 0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, and \
         224.0.0.0/4",
    ),
    key(
        "network.provider.public",
        Blocks,
        Value("[\"10.0.104.0/24\", \"10.0.105.0/24\", \"10.0.106.0/24\"]"),
        SUBNETS,
        "Its public subnets by zone, at least as many as zones, /27 or larger. Without a default \
         when `cidr` is not the default",
    ),
    key(
        "network.provider.private",
        Blocks,
        Value("[\"10.0.100.0/24\", \"10.0.101.0/24\", \"10.0.102.0/24\"]"),
        SUBNETS,
        "Its private subnets, likewise. The demo's images tell zones a, b, and c by the third \
         octet being 100, 101, or 102",
    ),
    key(
        "network.consumer.cidr",
        Block,
        Value("\"10.1.96.0/20\""),
        Replacement("the VPC and everything in it"),
        "The block of the VPC with the API's consumer; it may not overlap the provider's",
    ),
    key(
        "network.consumer.public",
        Blocks,
        Value("[\"10.1.104.0/24\", \"10.1.105.0/24\", \"10.1.106.0/24\"]"),
        SUBNETS,
        "Its public subnets, likewise",
    ),
    key(
        "network.consumer.private",
        Blocks,
        Value("[\"10.1.100.0/24\", \"10.1.101.0/24\", \"10.1.102.0/24\"]"),
        SUBNETS,
        "Its private subnets, likewise; here /28 will do, no load balancer stands in them",
    ),
    key(
        "mesh.kind",
        Choice(&["auto", "app-mesh", "service-connect"]),
        Value("\"auto\""),
        InPlace("new task definitions; services move one after the other while the others answer"),
        "What carries the mesh: App Mesh, which AWS ended on 30 September 2026, or ECS Service \
         Connect. `auto` takes App Mesh where it answers the account and Service Connect where it \
         does not, and stays with its choice; see `docs/mesh.md`",
    ),
    key(
        "mesh.namespace",
        Text,
        Otherwise("the stack's name and `.local`"),
        Replacement("namespace, Cloud Map services, and virtual services; tasks are replaced"),
        "The private DNS namespace in which services find each other",
    ),
    key(
        "mesh.envoy_image",
        Text,
        Value("\"840364872350.dkr.ecr.{region}.amazonaws.com/aws-appmesh-envoy:v1.34.13.3-prod\""),
        TASKS,
        "Envoy's image for App Mesh. `{region}` stands for the region; where AWS keeps the image in another \
         account, that one is put in for the default's",
    ),
    key(
        "api.vpc_link",
        Choice(&["v1", "v2"]),
        Value("\"v1\""),
        InPlace("a link of the other version is made, the API moves to it, and the old one goes"),
        "How the API reaches into the provider's VPC: by an endpoint service on the internal load \
         balancer, which must be active first, or by network interfaces beside it, which takes \
         minutes less",
    ),
    key(
        "api.load_balancer",
        Choice(&["network", "application"]),
        Value("\"network\""),
        Replacement(
            "the internal load balancer; the ECS services that the API reaches are made anew",
        ),
        "What stands behind the link: a network load balancer, which passes connections on, or an \
         application load balancer, which sees requests and checks the services' health by HTTP. Only a \
         link of version 2 reaches an application load balancer",
    ),
    key(
        "api.stage",
        Text,
        Value("\"default\""),
        Replacement("the stage; every URL of the API changes, the consumer's tasks are replaced"),
        "The stage's name, which is the first segment of the API's paths; not `test-invoke-stage`, which is \
         API Gateway's own",
    ),
    key(
        "api.timeout_ms",
        Whole(50, 29000),
        Value("29000"),
        InPlace("the API is deployed again"),
        "How long the API waits for a service",
    ),
    key(
        "service.name",
        Text,
        Required,
        Replacement("it is another service"),
        "Its name in the mesh, in the API, and in AWS. Small letters, digits, and hyphens; at most \
         63 characters, and under Service Connect 127 with a dot and the namespace",
    ),
    key("service.image", Text, Required, TASKS, "The container's image"),
    key(
        "service.port",
        Port,
        Value("3000"),
        Replacement("the target group; tasks are replaced"),
        "The port on which the container listens",
    ),
    key(
        "service.mesh_port",
        Port,
        Otherwise("80 for the public service; every other needs one of its own"),
        InPlace("router or client alias, listener, and API; tasks that call it are replaced"),
        "The port on which others in the mesh, and the API, reach it",
    ),
    key(
        "service.path",
        Text,
        Value("\"/\""),
        InPlace("the API is deployed again; tasks that call it are replaced"),
        "Where callers send their requests",
    ),
    key(
        "service.health_path",
        Text,
        Value("\"/health\""),
        HEALTH,
        "Where health checks send theirs",
    ),
    key(
        "service.expose",
        Choice(&["public", "api", "mesh"]),
        Value("\"mesh\""),
        Replacement("its target group, listener, and path in the API come or go"),
        "Who can reach it. `public`: the world, on the provider's load balancer and, as a copy \
         without a mesh, on the consumer's; exactly one service is. `api`: the consumer, under the \
         service's name in the private API; at most 50 services are, each a listener of the internal \
         load balancer. `mesh`: only the mesh",
    ),
    key(
        "service.desired",
        Whole(0, 100),
        Value("2"),
        InPlace("tasks come or go"),
        "How many tasks run",
    ),
    key(
        "service.cpu",
        OneOf(CPU),
        Value("512"),
        TASKS,
        "The task's CPU units, 1024 to a vCPU, shared with the mesh's proxy",
    ),
    key(
        "service.memory",
        Whole(1024, 122_880),
        Value("1024"),
        TASKS,
        "The task's memory in MiB, shared with the mesh's proxy; Fargate sells certain sizes with each `cpu`",
    ),
    key(
        "service.capacity",
        CAPACITY,
        Otherwise("`capacity`"),
        InPlace("as with `capacity`"),
        "What its tasks run on, where it is not as the others",
    ),
    key(
        "service.backends",
        Texts,
        Value("[]"),
        InPlace("with App Mesh, virtual node; a new task definition"),
        "The services that it calls. Each is told to it as `{NAME}_URL`; App Mesh lets nothing else \
         out of the mesh",
    ),
    key(
        "service.environment.*",
        Text,
        Otherwise("only the back-ends' URLs"),
        TASKS,
        "A variable of the container's environment, which has room for 56 KiB in all as JSON, the \
         back-ends' URLs among it",
    ),
    key(
        "service.weights.*",
        Whole(0, 100),
        Otherwise("the service itself, with weight 1"),
        InPlace("the route"),
        "A service that answers its callers, and with what weight; at most 10, 1 to 100 in all. Only \
         App Mesh has weights",
    ),
    key(
        "service.health.interval_seconds",
        Whole(5, 300),
        Otherwise("`5`; `6` for the public service"),
        HEALTH,
        "Time between two health checks",
    ),
    key(
        "service.health.timeout_seconds",
        Whole(2, 60),
        Otherwise("`2`; `5` for the public service, or what its interval leaves room for"),
        HEALTH,
        "How long an answer may take; less than the interval",
    ),
    key(
        "service.health.healthy",
        Whole(2, 10),
        Value("2"),
        HEALTH,
        "Good answers in a row that make a task healthy",
    ),
    key(
        "service.health.unhealthy",
        Whole(2, 10),
        Otherwise("`2`; `3` for the public service"),
        HEALTH,
        "Bad answers in a row that make it unhealthy",
    ),
];
