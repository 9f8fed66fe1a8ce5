//! Elastic IP addresses.

use super::{
    Tag,
    describe::Describe,
    done, id, missing,
    network_interface::{Association, public_ip, public_name},
    shape, tags, unknown as no_such,
};
use crate::simulator::{
    account::{Account, Answer},
    fields::Fields,
    wire::{ApiError, Call},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// An Elastic IP address as EC2 describes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Address {
    /// `eipalloc-…`
    pub allocation_id: String,
    /// The address.
    pub public_ip: String,
    /// `vpc`.
    pub domain: String,
    /// `amazon`.
    pub public_ipv4_pool: String,
    /// The region.
    pub network_border_group: String,
    /// While a network interface has it.
    pub association_id: Option<String>,
    /// The network interface.
    pub network_interface_id: Option<String>,
    /// The account that the network interface belongs to.
    pub network_interface_owner_id: Option<String>,
    /// The network interface's own address.
    pub private_ip_address: Option<String>,
    /// Tags.
    pub tags: Vec<Tag>,
}

/// `AllocateAddress`.
pub fn allocate(account: &mut Account, call: &Call) -> Answer {
    if account.ec2.addresses.len() >= account.quotas.elastic_ips {
        let message = "The maximum number of addresses has been reached.";
        return Err(ApiError::new("AddressLimitExceeded", message));
    }
    let allocation_id = id(account, "eipalloc");
    let address = Address {
        allocation_id: allocation_id.clone(),
        public_ip: public_ip(account),
        domain: "vpc".into(),
        public_ipv4_pool: "amazon".into(),
        network_border_group: call.region.clone(),
        association_id: None,
        network_interface_id: None,
        network_interface_owner_id: None,
        private_ip_address: None,
        tags: tags::specified(&call.input, "elastic-ip"),
    };
    let answer = json!({
        "AllocationId": allocation_id,
        "PublicIp": address.public_ip,
        "Domain": address.domain,
        "PublicIpv4Pool": address.public_ipv4_pool,
        "NetworkBorderGroup": address.network_border_group,
    });
    let (made, visible) = (account.now, account.visible_at());
    account.ec2.addresses.insert(allocation_id, address, made, visible);
    Ok(answer)
}

/// `DescribeAddresses`: no pages.
pub fn describe(account: &mut Account, call: &Call) -> Answer {
    let by_ip = call.input.get("PublicIps").is_some();
    let describe = Describe {
        list: "Addresses",
        ids: if by_ip { "PublicIps" } else { "AllocationIds" },
        id: if by_ip { "PublicIp" } else { "AllocationId" },
        unknown: |id| if id.starts_with("eipalloc") { unknown(id) } else { unknown_ip(id) },
        filters: "Filters",
        special: &[],
    };
    describe.answer(&call.input, account.ec2.addresses.visible(account.now).map(shape))
}

/// `DescribeAddressesAttribute`: no address has a name of its own here.
pub fn describe_attribute(account: &mut Account, call: &Call) -> Answer {
    for allocation_id in call.input.texts("AllocationIds") {
        find(account, allocation_id)?;
    }
    Ok(json!({ "Addresses": [] }))
}

/// `DisassociateAddress`: only services associate addresses here, and they alone take them back.
pub fn disassociate(account: &mut Account, call: &Call) -> Answer {
    let id = call.input.text_or_empty("AssociationId");
    let mut all = account.ec2.addresses.visible(account.now);
    if all.any(|address| address.association_id.as_deref() == Some(id)) {
        return Err(not_permitted());
    }
    Err(no_such("InvalidAssociationID.NotFound", "association ID", id))
}

/// `ReleaseAddress`: refused while a network interface has it.
pub fn release(account: &mut Account, call: &Call) -> Answer {
    let allocation_id = call.input.text("AllocationId").ok_or_else(|| missing("AllocationId"))?;
    let address = find(account, allocation_id)?;
    if address.association_id.is_some() {
        let message = format!("Address {} is in use.", address.public_ip);
        return Err(ApiError::new("InvalidIPAddress.InUse", message));
    }
    let allocation_id = address.allocation_id.clone();
    account.ec2.addresses.remove(&allocation_id);
    done()
}

/// Gives an address to a network interface: its ID and its own address.
pub(super) fn associate(
    account: &mut Account,
    allocation_id: &str,
    (interface_id, private_ip): (&str, &str),
) -> Result<Association, ApiError> {
    let association_id = id(account, "eipassoc");
    let owner = account.id.clone();
    let address = account.ec2.addresses.known_mut(allocation_id);
    let address = address.ok_or_else(|| unknown(allocation_id))?;
    if address.association_id.is_some() {
        let message = format!("Elastic IP address {allocation_id} is already associated");
        return Err(ApiError::new("Resource.AlreadyAssociated", message));
    }
    address.association_id = Some(association_id.clone());
    address.network_interface_id = Some(interface_id.into());
    address.network_interface_owner_id = Some(owner.clone());
    address.private_ip_address = Some(private_ip.into());
    Ok(Association {
        public_ip: address.public_ip.clone(),
        public_dns_name: public_name(&address.public_ip),
        ip_owner_id: owner,
        allocation_id: Some(allocation_id.into()),
        association_id: Some(association_id),
    })
}

/// Takes it back.
pub(super) fn set_free(account: &mut Account, allocation_id: &str) {
    if let Some(address) = account.ec2.addresses.known_mut(allocation_id) {
        address.association_id = None;
        address.network_interface_id = None;
        address.network_interface_owner_id = None;
        address.private_ip_address = None;
    }
}

/// An address that calls can name by now.
pub fn find<'a>(account: &'a Account, id: &str) -> Result<&'a Address, ApiError> {
    account.ec2.addresses.get(id, account.now).ok_or_else(|| unknown(id))
}

fn not_permitted() -> ApiError {
    let message = "You do not have permission to access the specified resource.";
    ApiError::new("AuthFailure", message)
}

fn unknown(id: &str) -> ApiError {
    no_such("InvalidAllocationID.NotFound", "allocation ID", id)
}

fn unknown_ip(ip: &str) -> ApiError {
    ApiError::new("InvalidAddress.NotFound", format!("Address '{ip}' not found."))
}
