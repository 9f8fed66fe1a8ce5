//! Where Envoy's image is kept: AWS has a registry of its own in some regions.

use super::Mesh;

/// The account whose registry serves most regions.
const USUAL: &str = "840364872350";

impl Mesh {
    /// Envoy's image for a region. An image that does not mention `{region}` is taken as it is.
    ///
    /// App Mesh's image is in another account's registry in the regions that need opting in, and
    /// under another domain in China, so the default is right everywhere.
    pub fn envoy_image_in(&self, region: &str) -> String {
        let usual = format!("{USUAL}.dkr.ecr.{{region}}.amazonaws.com/");
        match self.envoy_image.strip_prefix(&usual) {
            Some(image) => {
                let account = registry_account(region);
                let china = if region.starts_with("cn-") { ".cn" } else { "" };
                format!("{account}.dkr.ecr.{region}.amazonaws.com{china}/{image}")
            }
            None => self.envoy_image.replace("{region}", region),
        }
    }
}

/// The account that publishes App Mesh's Envoy image in a region.
pub(super) fn registry_account(region: &str) -> &'static str {
    match region {
        "af-south-1" => "924023996002",
        "ap-east-1" => "856666278305",
        "ap-southeast-3" => "909464085924",
        "cn-north-1" => "919366029133",
        "cn-northwest-1" => "919830735681",
        "eu-south-1" => "422531588944",
        "il-central-1" => "564877687649",
        "me-south-1" => "772975370895",
        _ => USUAL,
    }
}
