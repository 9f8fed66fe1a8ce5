//! API Gateway V2, of which REST APIs use the VPC links.

pub mod vpc_link;

#[cfg(test)]
mod tests;
