//! Names, accounts, and tags.

use super::is_plain;
use crate::{
    config::{
        Config,
        findings::{Findings, join, quoted},
    },
    model::tags::NAME,
};
use std::collections::BTreeMap;

/// Tags that resources may have is 50; ours and those that AWS's services add need room.
const TAGS: usize = 40;

/// Where API Gateway's console and `TestInvokeMethod` call a method: integrations and access policies
/// see this stage, and no deployment stands behind it.
const CONSOLE_STAGE: &str = "test-invoke-stage";

pub(super) fn check(config: &Config, findings: &mut Findings) {
    if let Some((problem, remedy)) = stack_fault(&config.stack) {
        findings.refuse("stack", problem, remedy);
    }
    account(config, findings);
    tags(config, findings);
    mesh(config, findings);
    let stage = &config.api.stage;
    let word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if stage == CONSOLE_STAGE {
        let problem = "is the stage of API Gateway's own test calls";
        findings.refuse("api.stage", problem, "give the stage another name");
    }
    if stage.is_empty() || stage.len() > 128 || !stage.chars().all(word) {
        let remedy = "use 1 to 128 letters, digits, hyphens, and underscores";
        findings.refuse("api.stage", "cannot name a stage", remedy);
    }
}

/// What is wrong with a stack's name, and what to do about it.
pub fn stack_fault(stack: &str) -> Option<(&'static str, &'static str)> {
    let other = "let it begin with another word";
    if !is_plain(stack) || !(2..=32).contains(&stack.len()) {
        Some((
            "cannot be in the name of every resource",
            "use 2 to 32 small letters, digits, and hyphens, a letter first and no hyphen last",
        ))
    } else if stack == "internal" || stack.starts_with("internal-") {
        Some(("makes names that AWS refuses for load balancers", other))
    } else if stack == "sg" || stack.starts_with("sg-") {
        Some(("makes names that AWS refuses for security groups", other))
    } else {
        None
    }
}

fn account(config: &Config, findings: &mut Findings) {
    for (index, account) in config.allowed_accounts.iter().enumerate() {
        if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            let remedy = "give its 12 digits, in quotes and without hyphens";
            let path = format!("allowed_accounts[{index}]");
            findings.refuse(&path, "is not an AWS account", remedy);
        }
    }
    if let Some((problem, remedy)) = config.region.as_deref().and_then(region_fault) {
        findings.refuse("region", problem, remedy);
    }
    if let Some(boundary) = &config.permissions_boundary
        && !is_policy(boundary)
    {
        let remedy = "give one such as \"arn:aws:iam::111122223333:policy/meshctl-boundary\"";
        findings.refuse("permissions_boundary", "is not the ARN of an IAM policy", remedy);
    }
}

/// Whether a text has the form of a policy's ARN.
fn is_policy(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", _, "iam", "", account, policy]
        if !account.is_empty() && policy.strip_prefix("policy/").is_some_and(|name| !name.is_empty()))
}

/// What is wrong with a region, and what to do about it.
pub fn region_fault(region: &str) -> Option<(&'static str, &'static str)> {
    let fault = ("is not an AWS region", "give its code, such as \"eu-west-1\"");
    (!is_region(region)).then_some(fault)
}

/// Whether a text has a region's form. AWS adds regions, so there is no list of them here.
fn is_region(region: &str) -> bool {
    let parts: Vec<&str> = region.split('-').collect();
    let [partition, middle @ .., number] = parts.as_slice() else { return false };
    let letters = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    (2..=4).contains(&partition.len())
        && letters(partition)
        && !middle.is_empty()
        && middle.iter().all(letters)
        && (1..=2).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

fn tags(config: &Config, findings: &mut Findings) {
    // IAM takes keys that differ by case only for one, and refuses the role: the other services do not.
    let mut before: BTreeMap<String, &str> = BTreeMap::new();
    for (key, value) in &config.tags {
        let path = join("tags", key);
        let lower = key.to_lowercase();
        let twin = before.insert(lower.clone(), key);
        if lower.starts_with("aws:") {
            findings.refuse_key(&path, "has a prefix that is AWS's own", "choose another key");
        } else if lower.starts_with("meshctl:") || key == NAME {
            let remedy = "choose another key: meshctl finds its resources by this one";
            findings.refuse_key(&path, "is a tag that meshctl sets", remedy);
        } else if lower == NAME.to_lowercase() {
            let problem = format!("is `{NAME}` to IAM, which knows no case, and meshctl sets that");
            findings.refuse_key(&path, problem, "choose another key");
        } else if let Some(twin) = twin {
            let problem = format!("is {} to IAM, which knows no case", quoted(twin));
            findings.refuse_key(&path, problem, "keep one of the two");
        } else if !(1..=128).contains(&key.chars().count()) {
            findings.refuse_key(&path, "is not 1 to 128 characters long", "choose another key");
        } else if value.chars().count() > 256 {
            findings.refuse_key(&path, "has more than 256 characters", "shorten its value");
        } else if !key.chars().chain(value.chars()).all(may_tag) {
            let remedy = "use letters, digits, spaces, and + - = . _ : / @";
            findings.refuse(&path, "has characters that not all of AWS takes in tags", remedy);
        }
    }
    if config.tags.len() > TAGS {
        let problem = format!("has {} tags", config.tags.len());
        findings.refuse_key("tags", problem, format!("keep {TAGS}: AWS allows 50, with its own"));
    }
}

fn may_tag(c: char) -> bool {
    c.is_alphanumeric() || " +-=._:/@".contains(c)
}

fn mesh(config: &Config, findings: &mut Findings) {
    if let Some(namespace) = &config.mesh.namespace
        && (namespace.len() > 253 || !namespace.split('.').all(is_label))
    {
        findings.refuse(
            "mesh.namespace",
            "is not a DNS name",
            "use words of small letters, digits, and inner hyphens with dots between them, such \
             as \"shop.local\"",
        );
    }
    let image = &config.mesh.envoy_image;
    if !is_image(&image.replace("{region}", "eu-west-1")) {
        let remedy = "give registry/repository:tag; only {region} is filled in";
        findings.refuse("mesh.envoy_image", "is not an image", remedy);
    }
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Whether ECS would take a text as an image's name.
pub(super) fn is_image(image: &str) -> bool {
    let may = |b: u8| b.is_ascii_alphanumeric() || b"-_.:/@".contains(&b);
    (1..=255).contains(&image.len()) && image.bytes().all(may) && !image.contains("//")
}
