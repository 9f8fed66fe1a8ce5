//! The SDK's clients, one per service, made when first used.

use super::{
    calls::CallLog,
    error::unsigned,
    pace::{ATTEMPT, Paced},
};
use crate::model::Error;
use aws_config::{BehaviorVersion, Region, SdkConfig, profile::ProfileFileCredentialsProvider};
use aws_credential_types::{Credentials, provider::ProvideCredentials};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use std::{cell::OnceCell, env, rc::Rc, time::Duration};

/// Where AWS is.
#[derive(Clone, Debug, Default)]
pub struct Endpoint {
    /// The region, if a flag or the configuration names one.
    pub region: Option<String>,
    /// The profile, if a flag names one.
    pub profile: Option<String>,
    /// One URL for all services.
    pub url: Option<String>,
    /// An AWS inside this process, instead of a network.
    pub in_process: Option<SharedHttpClient>,
    /// How long one attempt of a call may take, if not as long as AWS may need. Wall time.
    pub patience: Option<Duration>,
}

/// The clients of all services that the stack is made of.
#[derive(Clone)]
pub struct Clients(Rc<Inner>);

struct Inner {
    config: SdkConfig,
    log: CallLog,
    is_url_given: bool,
    is_imitation: bool,
    profile: Option<String>,
    ec2: OnceCell<aws_sdk_ec2::Client>,
    elb: OnceCell<aws_sdk_elasticloadbalancingv2::Client>,
    ecs: OnceCell<aws_sdk_ecs::Client>,
    servicediscovery: OnceCell<aws_sdk_servicediscovery::Client>,
    appmesh: OnceCell<aws_sdk_appmesh::Client>,
    apigateway: OnceCell<aws_sdk_apigateway::Client>,
    apigatewayv2: OnceCell<aws_sdk_apigatewayv2::Client>,
    iam: OnceCell<aws_sdk_iam::Client>,
    logs: OnceCell<aws_sdk_cloudwatchlogs::Client>,
    servicequotas: OnceCell<aws_sdk_servicequotas::Client>,
    sts: OnceCell<aws_sdk_sts::Client>,
}

macro_rules! clients {
    ($($(#[$doc:meta])* $name:ident: $krate:ident, $prefix:literal, $service:literal;)+) => {
        impl Clients {
            $($(#[$doc])*
            pub fn $name(&self) -> &$krate::Client {
                self.0.$name.get_or_init(|| {
                    let mut config = $krate::config::Builder::from(&self.0.config)
                        .interceptor(self.0.log.interceptor($prefix));
                    if let Some(url) = self.url_of($service) {
                        config = config.endpoint_url(url);
                    }
                    $krate::Client::from_conf(config.build())
                })
            })+
        }
    };
}

clients! {
    /// EC2: networks.
    ec2: aws_sdk_ec2, "ec2", "EC2";
    /// Elastic Load Balancing v2.
    elb: aws_sdk_elasticloadbalancingv2, "elasticloadbalancing", "ELASTIC_LOAD_BALANCING_V2";
    /// ECS.
    ecs: aws_sdk_ecs, "ecs", "ECS";
    /// Cloud Map.
    servicediscovery: aws_sdk_servicediscovery, "servicediscovery", "SERVICEDISCOVERY";
    /// App Mesh.
    appmesh: aws_sdk_appmesh, "appmesh", "APP_MESH";
    /// API Gateway, REST APIs.
    apigateway: aws_sdk_apigateway, "apigateway", "API_GATEWAY";
    /// API Gateway V2: VPC links.
    apigatewayv2: aws_sdk_apigatewayv2, "apigatewayv2", "APIGATEWAYV2";
    /// IAM.
    iam: aws_sdk_iam, "iam", "IAM";
    /// CloudWatch Logs.
    logs: aws_sdk_cloudwatchlogs, "logs", "CLOUDWATCH_LOGS";
    /// Service Quotas.
    servicequotas: aws_sdk_servicequotas, "servicequotas", "SERVICE_QUOTAS";
    /// STS.
    sts: aws_sdk_sts, "sts", "STS";
}

impl Clients {
    /// Reads the SDK's usual sources (environment, profiles) under what `endpoint` says.
    ///
    /// The SDK's own retries are off: its jitter is unseeded, it repeats creates that have no
    /// token, and it hides calls from the record.
    pub async fn load(endpoint: &Endpoint, log: CallLog) -> Self {
        let patience = endpoint.patience.unwrap_or(ATTEMPT);
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(RetryConfig::disabled())
            .http_client(Paced::before(endpoint.in_process.clone(), patience));
        if let Some(region) = &endpoint.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(profile) = &endpoint.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(url) = &endpoint.url {
            loader = loader.endpoint_url(url);
        }
        if endpoint.in_process.is_some() {
            let region = endpoint.region.clone().unwrap_or_else(|| "us-east-1".into());
            loader = loader
                .region(Region::new(region))
                .credentials_provider(Credentials::from_keys("LOCAL", "local", None))
                .empty_test_environment();
        }
        let config = loader.load().await;
        let config = config
            .into_builder()
            .stalled_stream_protection(
                aws_config::stalled_stream_protection::StalledStreamProtectionConfig::disabled(),
            )
            .build();
        Self::new(config, log, endpoint)
    }

    fn new(config: SdkConfig, log: CallLog, endpoint: &Endpoint) -> Self {
        let is_url_given = endpoint.url.is_some();
        Self(Rc::new(Inner {
            config,
            log,
            is_url_given,
            is_imitation: is_url_given || endpoint.in_process.is_some(),
            profile: profile(endpoint),
            ec2: OnceCell::new(),
            elb: OnceCell::new(),
            ecs: OnceCell::new(),
            servicediscovery: OnceCell::new(),
            appmesh: OnceCell::new(),
            apigateway: OnceCell::new(),
            apigatewayv2: OnceCell::new(),
            iam: OnceCell::new(),
            logs: OnceCell::new(),
            servicequotas: OnceCell::new(),
            sts: OnceCell::new(),
        }))
    }

    /// The URL that the environment has for one service, where a URL for all was given: the SDK
    /// would let that one outrank it, and then no service could be elsewhere.
    fn url_of(&self, service: &str) -> Option<String> {
        let name = format!("AWS_ENDPOINT_URL_{service}");
        self.0.is_url_given.then(|| std::env::var(name).ok()).flatten()
    }

    /// The region that all of them talk to, when one is known.
    pub fn region(&self) -> Option<String> {
        self.0.config.region().map(|region| region.to_string())
    }

    /// Whether it is something else than AWS that answers.
    pub fn is_imitation(&self) -> bool {
        self.0.is_imitation
    }

    /// Whether one URL for all services was given by a flag.
    pub fn is_url_given(&self) -> bool {
        self.0.is_url_given
    }

    /// What is wrong with the profile that was named, asked of it alone: among other sources of
    /// credentials the SDK passes it over in silence.
    pub async fn profile_fault(&self) -> Option<Error> {
        let provider = ProfileFileCredentialsProvider::builder().profile_name(self.profile()?);
        let fault = provider.build().provide_credentials().await.err()?;
        Some(unsigned(&fault))
    }

    /// The profile that was named for them, by a flag or in the environment.
    pub fn profile(&self) -> Option<&str> {
        self.0.profile.as_deref()
    }

    /// The record of their calls.
    pub fn log(&self) -> &CallLog {
        &self.0.log
    }
}

/// The profile that somebody named; an empty variable names none.
fn profile(endpoint: &Endpoint) -> Option<String> {
    if endpoint.in_process.is_some() {
        return None;
    }
    let given = || env::var("AWS_PROFILE").ok().filter(|name| !name.is_empty());
    endpoint.profile.clone().or_else(given)
}
