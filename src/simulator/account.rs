//! The account: every service's resources, the clock, and what happens later.

use super::{
    Settings,
    agenda::{Agenda, Event},
    apigateway::ApiGateway,
    apigatewayv2::ApiGatewayV2,
    appmesh::AppMesh,
    cloudwatchlogs::CloudWatchLogs,
    ec2::Ec2,
    ecs::Ecs,
    elasticloadbalancingv2::ElasticLoadBalancingV2,
    iam::Iam,
    inventory::{Inventory, Item},
    latency::Latency,
    quotas::Quotas,
    servicediscovery::ServiceDiscovery,
    wire::{self, ApiError, Call, Service},
};
use rand::{Rng, RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Milliseconds of the account's own time.
pub type Millis = u64;

/// What an operation answers: output members by their names in AWS's model, or AWS's error.
pub type Answer = Result<Value, ApiError>;

/// Everything that an account holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Account {
    /// The twelve digits.
    pub id: String,
    /// Its own time, in milliseconds since 1970.
    pub now: Millis,
    /// Whether every state settles at once.
    pub instant: bool,
    /// Whether every write is seen at once, by every service.
    #[serde(default)]
    pub consistent: bool,
    /// What happens later.
    pub agenda: Agenda,
    /// Limits.
    pub quotas: Quotas,
    /// What will turn out not to work, by ID or ARN: a fault's doing.
    #[serde(default)]
    pub doomed: BTreeSet<String>,
    /// The share of all that takes time that takes five times as long: a fault's doing.
    #[serde(default)]
    pub tails: f64,
    rng: Dice,
    tokens: BTreeMap<String, Remembered>,
    /// Networks.
    pub ec2: Ec2,
    /// Roles.
    pub iam: Iam,
    /// Log groups.
    pub logs: CloudWatchLogs,
    /// Load balancers.
    pub elb: ElasticLoadBalancingV2,
    /// Clusters, services and tasks.
    pub ecs: Ecs,
    /// Namespaces.
    pub servicediscovery: ServiceDiscovery,
    /// Meshes.
    pub appmesh: AppMesh,
    /// REST APIs.
    pub apigateway: ApiGateway,
    /// VPC links V2.
    #[serde(default)]
    pub apigatewayv2: ApiGatewayV2,
    /// What happened by itself in this process, and to what: for measurements.
    #[serde(skip)]
    pub history: Vec<(Millis, String)>,
}

/// The seeded dice, kept with the account so that a reload goes on where it stopped.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Dice {
    seed: u64,
    thrown: u64,
}

/// An answer that was given to a client token.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Remembered {
    input: Value,
    answer: Value,
}

impl Account {
    /// An untouched account.
    pub fn new(settings: &Settings) -> Self {
        Self {
            id: settings.account_id.clone(),
            now: settings.begins_at,
            instant: settings.instant,
            consistent: settings.consistent,
            agenda: Agenda::default(),
            quotas: settings.quotas.clone().unwrap_or_default(),
            doomed: BTreeSet::new(),
            tails: 0.0,
            rng: Dice { seed: settings.seed, thrown: 0 },
            tokens: BTreeMap::new(),
            ec2: Ec2::default(),
            iam: Iam::default(),
            logs: CloudWatchLogs::default(),
            elb: ElasticLoadBalancingV2::default(),
            ecs: Ecs::default(),
            servicediscovery: ServiceDiscovery::default(),
            appmesh: AppMesh { closed: settings.without_app_mesh, ..AppMesh::default() },
            apigateway: ApiGateway::default(),
            apigatewayv2: ApiGatewayV2::default(),
            history: Vec::new(),
        }
    }

    /// Does one operation.
    pub fn call(&mut self, call: &Call) -> Answer {
        match call.service {
            Service::Ec2 => super::ec2::call(self, call),
            Service::Iam => super::iam::call(self, call),
            Service::CloudWatchLogs => super::cloudwatchlogs::call(self, call),
            Service::ServiceQuotas => super::servicequotas::call(self, call),
            Service::Sts => super::sts::call(self, call),
            Service::ElasticLoadBalancingV2 => super::elasticloadbalancingv2::call(self, call),
            Service::Ecs => super::ecs::call(self, call),
            Service::ServiceDiscovery => super::servicediscovery::call(self, call),
            Service::AppMesh => super::appmesh::call(self, call),
            Service::ApiGateway => super::apigateway::call(self, call),
            Service::ApiGatewayV2 => super::apigatewayv2::call(self, call),
        }
    }

    /// Lets time pass until `now`: everything due happens, in order.
    pub fn advance(&mut self, now: Millis) {
        while let Some((due, event)) = self.agenda.next(now) {
            self.now = self.now.max(due);
            let text = self.describe(&event);
            self.history.push((self.now, text));
            match event {
                Event::Ec2(event) => super::ec2::happen(self, event),
                Event::ElasticLoadBalancingV2(event) => {
                    super::elasticloadbalancingv2::happen(self, event);
                }
                Event::Ecs(event) => super::ecs::happen(self, event),
                Event::ServiceDiscovery(event) => super::servicediscovery::happen(self, event),
                Event::ApiGateway(event) => super::apigateway::happen(self, event),
                Event::ApiGatewayV2(event) => super::apigatewayv2::happen(self, event),
            }
        }
        self.now = self.now.max(now);
    }

    /// An event with what it is about: whose network interface, which service's task.
    fn describe(&self, event: &Event) -> String {
        let about = match event {
            Event::Ec2(super::ec2::Event::InterfaceGone(id)) => {
                self.ec2.network_interfaces.known(id).map(|it| it.description.as_str())
            }
            Event::Ecs(super::ecs::Event::Task { task, .. }) => {
                self.ecs.tasks.known(task).map(|it| it.service.as_str())
            }
            _ => None,
        };
        format!("{event:?} {}", about.unwrap_or_default())
    }

    /// Plans an event after a latency that is drawn from the table.
    pub fn after(&mut self, latency: Latency, event: Event) {
        let delay = self.draw(latency);
        self.in_millis(delay, event);
    }

    /// Plans an event.
    pub fn in_millis(&mut self, delay: Millis, event: Event) {
        self.agenda.add(self.now + delay, event);
    }

    /// A latency from the table: log-normal through its median and 99th percentile.
    pub fn draw(&mut self, latency: Latency) -> Millis {
        if self.instant || self.consistent && latency == Latency::RolePropagation {
            return 0;
        }
        let (uniform, angle): (f64, f64) = (self.roll(), self.roll());
        let slow = self.tails > 0.0 && self.roll() < self.tails;
        latency.sample(uniform, angle) * if slow { 5 } else { 1 }
    }

    /// When something made now can first be seen: reads lag behind creates now and then.
    pub fn visible_at(&mut self) -> Millis {
        if self.consistent {
            return self.now;
        }
        let lag = self.draw(Latency::Visible);
        // Most creates are seen at once; the table's figures are of the ones that are not.
        let seen_at_once = self.roll() < 0.9;
        if seen_at_once { self.now } else { self.now + lag }
    }

    /// A number from 0 to 1.
    pub fn roll(&mut self) -> f64 {
        self.dice().random()
    }

    /// Lower-case hexadecimal digits.
    pub fn hex(&mut self, digits: usize) -> String {
        let mut dice = self.dice();
        (0..digits).map(|_| char::from_digit(dice.random_range(0..16), 16).unwrap_or('0')).collect()
    }

    /// Lower-case letters and digits.
    pub fn alphanumeric(&mut self, length: usize) -> String {
        let mut dice = self.dice();
        let digit = |value| char::from_digit(value, 36).unwrap_or('a');
        (0..length).map(|_| digit(dice.random_range(0..36))).collect()
    }

    fn dice(&mut self) -> impl Rng + use<> {
        self.rng.thrown += 1;
        Xoshiro256PlusPlus::seed_from_u64(
            self.rng.seed.wrapping_mul(0x9E37_79B9).wrapping_add(self.rng.thrown),
        )
    }

    /// Answers a repeated client token as before.
    ///
    /// # Errors
    /// `mismatch` when the token came with other parameters before.
    pub fn once(
        &mut self,
        call: &Call,
        token: Option<&str>,
        mismatch: impl FnOnce() -> ApiError,
        work: impl FnOnce(&mut Self) -> Answer,
    ) -> Answer {
        let Some(token) = token else { return work(self) };
        let key = format!("{}:{}:{token}", call.service.prefix(), call.operation);
        if let Some(before) = self.tokens.get(&key) {
            return if before.input == call.input {
                Ok(before.answer.clone())
            } else {
                Err(mismatch())
            };
        }
        let answer = work(self)?;
        let remembered = Remembered { input: call.input.clone(), answer: answer.clone() };
        self.tokens.insert(key, remembered);
        Ok(answer)
    }

    /// What exists, and what is left of what existed.
    pub fn inventory(&self) -> Inventory {
        let mut items: Vec<Item> = Vec::new();
        items.extend(self.ec2.inventory());
        items.extend(self.iam.inventory());
        items.extend(self.logs.inventory());
        items.extend(self.elb.inventory());
        items.extend(self.ecs.inventory());
        items.extend(self.servicediscovery.inventory());
        items.extend(self.appmesh.inventory());
        items.extend(self.apigatewayv2.inventory());
        items.extend(self.apigateway.inventory(|arn| super::iam::exists(self, arn)));
        Inventory::of(items)
    }
}

/// The honest answer to an operation that this simulator does not have.
pub fn not_built(call: &Call) -> ApiError {
    wire::not_built(call.service, call.operation)
}
