# A VPC as the public module terraform-aws-modules/vpc makes it: what the VPC was born with is managed
# (network ACL, security group, route table), public and private subnets, one NAT gateway for all, gateway
# endpoints for S3 and DynamoDB, and an interface endpoint.

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

variable "endpoint" {
  description = "Where the simulator answers."
  type        = string
}

variable "max_retries" {
  type    = number
  default = 25
}

variable "guarded" {
  description = "Whether the private subnets get a network ACL of their own."
  type        = bool
  default     = false
}

provider "aws" {
  region      = "us-east-1"
  max_retries = var.max_retries

  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_credentials_validation = true

  endpoints {
    ec2 = var.endpoint
    sts = var.endpoint
  }
}

locals {
  name    = "shop"
  zones   = ["us-east-1a", "us-east-1b"]
  public  = ["10.0.0.0/24", "10.0.1.0/24"]
  private = ["10.0.10.0/24", "10.0.11.0/24"]
  tags    = { Terraform = "true" }
}

resource "aws_vpc" "this" {
  cidr_block           = "10.0.0.0/16"
  enable_dns_hostnames = true
  enable_dns_support   = true
  tags                 = merge({ Name = local.name }, local.tags)
}

resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id
  tags   = merge({ Name = "${local.name}-default" }, local.tags)
}

resource "aws_default_network_acl" "this" {
  default_network_acl_id = aws_vpc.this.default_network_acl_id

  # The module sets no subnets, and leaves alone those that AWS puts there.
  subnet_ids = null

  dynamic "ingress" {
    for_each = [
      { rule_no = 100, cidr_block = "0.0.0.0/0", ipv6_cidr_block = null },
      { rule_no = 101, cidr_block = null, ipv6_cidr_block = "::/0" },
    ]

    content {
      action          = "allow"
      cidr_block      = ingress.value.cidr_block
      from_port       = 0
      ipv6_cidr_block = ingress.value.ipv6_cidr_block
      protocol        = "-1"
      rule_no         = ingress.value.rule_no
      to_port         = 0
    }
  }

  dynamic "egress" {
    for_each = [
      { rule_no = 100, cidr_block = "0.0.0.0/0", ipv6_cidr_block = null },
      { rule_no = 101, cidr_block = null, ipv6_cidr_block = "::/0" },
    ]

    content {
      action          = "allow"
      cidr_block      = egress.value.cidr_block
      from_port       = 0
      ipv6_cidr_block = egress.value.ipv6_cidr_block
      protocol        = "-1"
      rule_no         = egress.value.rule_no
      to_port         = 0
    }
  }

  tags = merge({ Name = "${local.name}-default" }, local.tags)

  lifecycle {
    ignore_changes = [subnet_ids]
  }
}

resource "aws_default_route_table" "default" {
  default_route_table_id = aws_vpc.this.default_route_table_id

  timeouts {
    create = "5m"
    update = "5m"
  }

  tags = merge({ Name = "${local.name}-default" }, local.tags)
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id
  tags   = merge({ Name = local.name }, local.tags)
}

resource "aws_subnet" "public" {
  count             = length(local.public)
  availability_zone = local.zones[count.index]
  cidr_block        = local.public[count.index]
  vpc_id            = aws_vpc.this.id

  enable_resource_name_dns_a_record_on_launch = false
  private_dns_hostname_type_on_launch         = null
  map_public_ip_on_launch                     = true

  tags = merge({ Name = "${local.name}-public-${local.zones[count.index]}" }, local.tags)
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.this.id
  tags   = merge({ Name = "${local.name}-public" }, local.tags)
}

resource "aws_route_table_association" "public" {
  count          = length(local.public)
  subnet_id      = aws_subnet.public[count.index].id
  route_table_id = aws_route_table.public.id
}

resource "aws_route" "public_internet_gateway" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this.id

  timeouts {
    create = "5m"
  }
}

resource "aws_subnet" "private" {
  count             = length(local.private)
  availability_zone = local.zones[count.index]
  cidr_block        = local.private[count.index]
  vpc_id            = aws_vpc.this.id
  tags              = merge({ Name = "${local.name}-private-${local.zones[count.index]}" }, local.tags)
}

resource "aws_route_table" "private" {
  vpc_id = aws_vpc.this.id
  tags   = merge({ Name = "${local.name}-private" }, local.tags)
}

resource "aws_route_table_association" "private" {
  count          = length(local.private)
  subnet_id      = aws_subnet.private[count.index].id
  route_table_id = aws_route_table.private.id
}

resource "aws_eip" "nat" {
  domain     = "vpc"
  tags       = merge({ Name = local.name }, local.tags)
  depends_on = [aws_internet_gateway.this]
}

resource "aws_nat_gateway" "this" {
  allocation_id = aws_eip.nat.id
  subnet_id     = aws_subnet.public[0].id
  tags          = merge({ Name = local.name }, local.tags)
  depends_on    = [aws_internet_gateway.this]
}

resource "aws_route" "private_nat_gateway" {
  route_table_id         = aws_route_table.private.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this.id
}

data "aws_vpc_endpoint_service" "gateway" {
  for_each     = toset(["s3", "dynamodb"])
  service      = each.key
  service_type = "Gateway"
}

resource "aws_vpc_endpoint" "gateway" {
  for_each          = data.aws_vpc_endpoint_service.gateway
  vpc_id            = aws_vpc.this.id
  service_name      = each.value.service_name
  vpc_endpoint_type = "Gateway"
  route_table_ids   = each.key == "s3" ? [aws_route_table.private.id, aws_route_table.public.id] : null
  tags              = merge({ Name = "${local.name}-${each.key}" }, local.tags)
}

resource "aws_vpc_endpoint_route_table_association" "dynamodb" {
  vpc_endpoint_id = aws_vpc_endpoint.gateway["dynamodb"].id
  route_table_id  = aws_route_table.private.id
}

resource "aws_security_group" "endpoints" {
  name   = "${local.name}-endpoints"
  vpc_id = aws_vpc.this.id
}

# What reaches S3 through its gateway endpoint may leave.
resource "aws_vpc_security_group_egress_rule" "s3" {
  security_group_id = aws_security_group.endpoints.id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  prefix_list_id    = data.aws_ec2_managed_prefix_list.s3.id
}

data "aws_ec2_managed_prefix_list" "s3" {
  name = "com.amazonaws.us-east-1.s3"
}

resource "aws_vpc_endpoint" "secrets" {
  vpc_id              = aws_vpc.this.id
  service_name        = "com.amazonaws.us-east-1.secretsmanager"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = aws_subnet.private[*].id
  security_group_ids  = [aws_security_group.endpoints.id]
  private_dns_enabled = true
}

resource "aws_network_acl" "private" {
  count      = var.guarded ? 1 : 0
  vpc_id     = aws_vpc.this.id
  subnet_ids = aws_subnet.private[*].id
  tags       = merge({ Name = "${local.name}-private" }, local.tags)
}

resource "aws_network_acl_rule" "private" {
  for_each = var.guarded ? { inbound = false, outbound = true } : {}

  network_acl_id = aws_network_acl.private[0].id
  egress         = each.value
  rule_number    = 100
  rule_action    = "allow"
  protocol       = "tcp"
  from_port      = 1024
  to_port        = 65535
  cidr_block     = "10.0.0.0/16"
}
