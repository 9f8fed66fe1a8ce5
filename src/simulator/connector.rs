//! The simulator as an HTTP connector: an SDK request in, AWS's answer out.

use super::{
    Account, Answer, Inventory, SeenCall, Settings,
    account::Millis,
    appmesh::Silence,
    authorizer::{Allowed, Authorizer},
    calls::Calls,
    clock::AccountClock,
    faults::{Fault, Moment, Rule, codes, doom, past::Past, vanish},
    latency::Latency,
    rates::Buckets,
    store::{Store, StoreError},
    wire::{self, ApiError, Call, Service},
};
use crate::aws::calls::is_read;
use aws_smithy_runtime_api::{
    client::{
        http::{
            HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector,
            http_client_fn,
        },
        orchestrator::HttpRequest,
        result::ConnectorError,
    },
    http::Response as SdkResponse,
};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// An AWS account that answers requests.
#[derive(Clone, Debug)]
pub struct Simulator(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    clock: AccountClock,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    account: Account,
    store: Option<Store>,
    rules: Vec<Rule>,
    past: Past,
    buckets: Option<Buckets>,
    expired: BTreeSet<String>,
    authorizer: Option<Authorizer>,
    calls: Calls,
    struck: BTreeMap<&'static str, u64>,
    count: u64,
}

/// Why a request got no answer.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    /// It never arrived.
    #[error("connection reset before the request was read")]
    Request,
    /// It had its effect.
    #[error("connection reset before the answer was sent")]
    Answer,
    /// Nobody takes connections there.
    #[error("tcp connect error: Connection refused (os error 111)")]
    Connection,
    /// The host has no address.
    #[error("dns error: failed to lookup address information: Name or service not known")]
    Name,
}

impl Simulator {
    /// An account in memory.
    pub fn seeded(seed: u64) -> Self {
        let settings = Settings { seed, ..Settings::default() };
        Self::of(Account::new(&settings), None, &settings)
    }

    /// An account as set, read from its directory when it was kept there before.
    ///
    /// # Errors
    /// When the directory cannot be read, or holds something else.
    pub fn open(settings: &Settings) -> Result<Self, StoreError> {
        match &settings.directory {
            None => Ok(Self::of(Account::new(settings), None, settings)),
            Some(directory) => {
                let (store, account) = Store::open(directory, settings)?;
                Ok(Self::of(account, Some(store), settings))
            }
        }
    }

    /// An account as it was at some moment, in memory.
    pub fn holding(account: Account) -> Self {
        Self::of(account, None, &Settings::default())
    }

    fn of(account: Account, store: Option<Store>, settings: &Settings) -> Self {
        let clock = AccountClock::starting_at(account.now, settings.speed);
        let inner = Inner {
            account,
            store,
            rules: Vec::new(),
            past: Past::default(),
            // Where nothing takes any time, no bucket would ever fill.
            buckets: (settings.rates && !settings.instant).then(Buckets::default),
            expired: BTreeSet::new(),
            authorizer: None,
            calls: Calls::default(),
            struck: BTreeMap::new(),
            count: 0,
        };
        Self(Arc::new(Shared { clock, inner: Mutex::new(inner) }))
    }

    /// For the SDK's clients.
    pub fn http_client(&self) -> SharedHttpClient {
        let connector = SharedHttpConnector::new(self.clone());
        http_client_fn(move |_settings, _components| connector.clone())
    }

    /// Adds a fault.
    pub fn fault(&self, rule: Rule) {
        let now = self.0.clock.now();
        let mut inner = self.lock();
        inner.account.advance(now);
        inner.rules.push(rule);
        inner.look_back();
    }

    /// Ends all faults. Credentials are good again.
    pub fn calm(&self) {
        let mut inner = self.lock();
        inner.rules.clear();
        inner.expired.clear();
        inner.look_back();
    }

    /// From now on only these IAM actions may be used, on these resources; forgets what was used
    /// before.
    pub fn allow_only(&self, allowed: impl IntoIterator<Item = Allowed>) {
        let allowed: BTreeSet<Allowed> = allowed.into_iter().collect();
        let mut inner = self.lock();
        inner.account.iam.allowed = Some(allowed.clone());
        inner.authorizer = Some(Authorizer::allowing(allowed));
    }

    /// Everything may be used again. Returns the actions that were used since it was otherwise.
    pub fn allow_everything(&self) -> BTreeSet<String> {
        let mut inner = self.lock();
        inner.account.iam.allowed = None;
        let authorizer = inner.authorizer.take();
        authorizer.map(|authorizer| authorizer.used().clone()).unwrap_or_default()
    }

    /// What the account holds now.
    pub fn inventory(&self) -> Inventory {
        let now = self.0.clock.now();
        let mut inner = self.lock();
        inner.account.advance(now);
        inner.account.inventory()
    }

    /// The calls that it has seen, refused ones too: the last hundred thousand.
    pub fn calls(&self) -> Vec<SeenCall> {
        self.lock().calls.list()
    }

    /// How often each fault has struck, by its name.
    pub fn struck(&self) -> BTreeMap<&'static str, u64> {
        self.lock().struck.clone()
    }

    /// Reaches into the account, behind the clients' backs: for tests.
    pub fn behind<T>(&self, work: impl FnOnce(&mut Account) -> T) -> T {
        let now = self.0.clock.now();
        let mut inner = self.lock();
        inner.account.advance(now);
        let done = work(&mut inner.account);
        inner.remember();
        done
    }

    /// Answers one request, in the account's time.
    ///
    /// # Errors
    /// When a fault loses the request or its answer.
    pub async fn answer(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, Lost> {
        let request_id = self.lock().next_request_id();
        let call = match wire::decode(&request, request_id) {
            Ok(call) => call,
            Err(refusal) => {
                let status = refusal.status().as_u16();
                self.lock().note(self.0.clock.now(), wire::asked(&request), status);
                return Ok(*refusal);
            }
        };
        if let Some(silence) = self.lock().silence(&call) {
            return silence;
        }
        let (travel, fault) = self.lock().travel(&call);
        self.0.clock.sleep(travel).await;
        let result = self.lock().serve(&call, fault.as_ref(), self.0.clock.now());
        if let Some(Fault::Slow(seconds)) = fault {
            self.0.clock.sleep((seconds * 1000.0) as u64).await;
        }
        result
    }

    /// Refuses a request that shall not reach an operation.
    pub(super) fn refuse(
        &self,
        request: &http::Request<Bytes>,
        error: ApiError,
    ) -> http::Response<Bytes> {
        let mut inner = self.lock();
        let request_id = inner.next_request_id();
        let refusal = wire::refuse(request, error, &request_id);
        inner.note(self.0.clock.now(), wire::asked(request), refusal.status().as_u16());
        refusal
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn next_request_id(&mut self) -> String {
        self.count += 1;
        format!("{:08x}-0000-4000-8000-{:012x}", self.count, self.count)
    }

    /// What becomes of a call to a host that keeps silent.
    fn silence(&mut self, call: &Call) -> Option<Result<http::Response<Bytes>, Lost>> {
        let silence = self.account.appmesh.silence.filter(|_| call.service == Service::AppMesh)?;
        Some(match silence {
            Silence::NoConnection => Err(Lost::Connection),
            Silence::NoName => Err(Lost::Name),
            Silence::Unavailable => {
                let refusal = codes::unavailable(call.service);
                Ok(wire::encode(call, Err(&refusal)))
            }
        })
    }

    /// How long the call is under way, and whether it fails.
    fn travel(&mut self, call: &Call) -> (u64, Option<Fault>) {
        let operation = action(call);
        let roll = self.account.roll();
        let rule = self.rules.iter_mut().find_map(|rule| {
            let strikes = rule.strikes(&operation, roll);
            strikes.then(|| rule.fault.clone())
        });
        if let Some(fault) = &rule {
            *self.struck.entry(fault.name()).or_default() += 1;
        }
        (self.account.draw(Latency::Call), rule)
    }

    fn serve(
        &mut self,
        call: &Call,
        fault: Option<&Fault>,
        now: u64,
    ) -> Result<http::Response<Bytes>, Lost> {
        let happened = self.account.history.len();
        self.account.advance(now);
        if fault == Some(&Fault::LoseRequest) {
            self.note(self.account.now, action(call), 0);
            return Err(Lost::Request);
        }
        let answer = match self.refusal(call, fault) {
            Some(error) => Err(error),
            None => self.effect(call, fault),
        };
        // An instant account settles before anyone can look.
        self.account.advance(now);
        if !is_read(call.operation) || matches!(fault, Some(Fault::Vanish(_))) {
            self.keep();
            self.remember();
        } else if self.account.history.len() > happened {
            // What a read shows to have come up must be up for the next process too.
            self.keep();
        }
        let response = wire::encode(call, answer.as_ref());
        if fault == Some(&Fault::LoseAnswer) {
            self.note(self.account.now, action(call), 0);
            return Err(Lost::Answer);
        }
        self.note(self.account.now, action(call), response.status().as_u16());
        Ok(response)
    }

    /// What a fault refuses the call with, before it has any effect.
    fn refusal(&mut self, call: &Call, fault: Option<&Fault>) -> Option<ApiError> {
        if fault == Some(&Fault::ExpireCredentials) {
            self.expired.insert(call.access_key.clone());
        }
        if self.expired.contains(&call.access_key) {
            return Some(codes::expired(call.service));
        }
        if let Some(error) = self.too_fast(call) {
            return Some(error);
        }
        if let Some(authorizer) = &mut self.authorizer
            && let Err(error) = authorizer.judge(&self.account, call)
        {
            return Some(error);
        }
        match fault? {
            Fault::Throttle => Some(codes::throttled(call.service)),
            Fault::InternalError => Some(codes::internal(call.service)),
            Fault::Unavailable => Some(codes::unavailable(call.service)),
            Fault::Refuse { code, message, status } => {
                Some(ApiError::new(code, message.clone()).status(*status))
            }
            _ => None,
        }
    }

    /// Refuses a call for which there is no token.
    fn too_fast(&mut self, call: &Call) -> Option<ApiError> {
        let buckets = self.buckets.as_mut()?;
        let members = call.input.as_object()?;
        let early = buckets.take(&action(call), !members.is_empty(), self.account.now).err()?;
        let mut refusal = codes::throttled(call.service);
        if matches!(call.service, Service::ApiGateway | Service::ApiGatewayV2) {
            refusal.retry_after = Some(early.div_ceil(1000) as u32);
        }
        Some(refusal)
    }

    /// Does what is asked, with what a fault does to it on the way.
    fn effect(&mut self, call: &Call, fault: Option<&Fault>) -> Answer {
        match fault {
            Some(Fault::StaleRead(seconds)) => match self.past.ago(*seconds, self.account.now) {
                Some(mut then) => then.call(call),
                None => self.account.call(call),
            },
            Some(Fault::Vanish(Moment::Before)) => {
                vanish::before(&mut self.account, call);
                self.account.call(call)
            }
            Some(Fault::Vanish(Moment::After)) => {
                let there = self.account.inventory();
                let answer = self.account.call(call)?;
                vanish::after(&mut self.account, call, &there, &answer);
                Ok(answer)
            }
            Some(Fault::Fail) => {
                let answer = self.account.call(call)?;
                doom::doom(&mut self.account, call, &answer);
                Ok(answer)
            }
            _ => self.account.call(call),
        }
    }

    fn look_back(&mut self) {
        self.past.look_back(&self.rules, &self.account);
    }

    fn remember(&mut self) {
        self.past.keep(&self.account);
    }

    fn note(&mut self, at: Millis, operation: String, status: u16) {
        tracing::debug!(operation, status, "answered");
        self.calls.add(SeenCall { at, operation, status });
    }

    fn keep(&mut self) {
        if let Some(store) = &mut self.store
            && let Err(error) = store.save(&self.account)
        {
            // The client must not see what the next process would not.
            tracing::error!(%error, "the simulated account could not be kept");
        }
    }
}

fn action(call: &Call) -> String {
    format!("{}:{}", call.service.prefix(), call.operation)
}

impl HttpConnector for Simulator {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let simulator = self.clone();
        HttpConnectorFuture::new(async move {
            let request = plain(request)?;
            let response = simulator.answer(request).await;
            let response = response.map_err(|lost| ConnectorError::io(lost.into()))?;
            SdkResponse::try_from(response.map(SdkBody::from))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// The SDK's request with its body in memory, as all of ours are.
fn plain(request: HttpRequest) -> Result<http::Request<Bytes>, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let (parts, body) = request.into_parts();
    let bytes = body.bytes().map(Bytes::copy_from_slice).unwrap_or_default();
    Ok(http::Request::from_parts(parts, bytes))
}
