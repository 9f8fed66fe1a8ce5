data "aws_partition" "current" {}
data "aws_caller_identity" "current" {}

data "aws_availability_zones" "here" {
  state = "available"
}

locals {
  zones     = slice(data.aws_availability_zones.here.names, 0, var.az_count)
  namespace = "${var.project}.local"
  arn       = "arn:${data.aws_partition.current.partition}"

  backend_list = concat(
    [for s in var.services : { name = s.name, path = s.path }],
    [for n in range(var.generated_services) : { name = format("svc%03d", n + 1), path = "/" }],
  )
  backends = { for i, s in local.backend_list : s.name => { port = 3001 + i, path = s.path } }

  sides = {
    provider = var.provider_cidr
    consumer = var.consumer_cidr
  }
}

# --- both VPCs: network, public load balancer, cluster ---------------------

module "network" {
  source   = "./modules/network"
  for_each = local.sides

  name       = "${var.project}-${each.key}"
  cidr       = each.value
  zones      = local.zones
  nat_per_az = var.nat_per_az
}

resource "aws_security_group" "alb" {
  for_each    = local.sides
  name        = "${var.project}-${each.key}-alb"
  description = "HTTP from anywhere to the public load balancer"
  vpc_id      = module.network[each.key].vpc_id

  ingress {
    protocol    = "tcp"
    from_port   = 80
    to_port     = 80
    cidr_blocks = ["0.0.0.0/0"]
  }

  egress {
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }

  tags = { Name = "${var.project}-${each.key}-alb" }
}

resource "aws_lb" "public" {
  for_each           = local.sides
  name               = "service-${each.key}-alb"
  load_balancer_type = "application"
  internal           = false
  subnets            = module.network[each.key].public_subnets
  security_groups    = [aws_security_group.alb[each.key].id]
}

resource "aws_ecs_cluster" "this" {
  for_each = local.sides
  name     = "service-${each.key}-cluster"
}

# --- roles -----------------------------------------------------------------

data "aws_iam_policy_document" "tasks" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "execution" {
  name               = "${var.project}-execution"
  assume_role_policy = data.aws_iam_policy_document.tasks.json
}

resource "aws_iam_role_policy_attachment" "execution" {
  role       = aws_iam_role.execution.name
  policy_arn = "${local.arn}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}

resource "aws_iam_role" "task" {
  name               = "${var.project}-task"
  assume_role_policy = data.aws_iam_policy_document.tasks.json
}

data "aws_iam_policy_document" "envoy" {
  statement {
    actions   = ["appmesh:StreamAggregatedResources"]
    resources = ["${local.arn}:appmesh:${var.region}:${data.aws_caller_identity.current.account_id}:mesh/${var.project}/virtualNode/*"]
  }
}

resource "aws_iam_role_policy" "envoy" {
  name   = "envoy"
  role   = aws_iam_role.task.id
  policy = data.aws_iam_policy_document.envoy.json
}

# --- provider side: mesh, namespace, internal load balancer, services ------

resource "aws_appmesh_mesh" "this" {
  name = var.project

  spec {
    egress_filter {
      type = "DROP_ALL"
    }
  }
}

resource "aws_service_discovery_private_dns_namespace" "this" {
  name        = local.namespace
  description = "Names of the services in the mesh"
  vpc         = module.network["provider"].vpc_id
}

resource "aws_lb" "internal" {
  name               = "service-provider-nlb"
  load_balancer_type = "network"
  internal           = true
  subnets            = module.network["provider"].private_subnets
}

locals {
  mesh = {
    name          = aws_appmesh_mesh.this.name
    namespace     = aws_service_discovery_private_dns_namespace.this.name
    namespace_id  = aws_service_discovery_private_dns_namespace.this.id
    task_role_arn = aws_iam_role.task.arn
    envoy_image   = var.envoy_image
    route_weight  = var.route_weight
  }
}

module "backend" {
  source   = "./modules/service"
  for_each = local.backends

  name               = each.key
  side               = "provider"
  region             = var.region
  vpc_id             = module.network["provider"].vpc_id
  vpc_cidr           = module.network["provider"].cidr
  subnets            = module.network["provider"].task_subnets
  cluster            = aws_ecs_cluster.this["provider"].arn
  desired_count      = var.desired_count
  cpu                = var.task_cpu
  memory             = var.task_memory
  image              = "${var.image_prefix}${each.key}"
  environment        = {}
  execution_role_arn = aws_iam_role.execution.arn
  log_retention_days = var.log_retention_days
  mesh               = merge(local.mesh, { backends = [] })

  load_balancer_arn = aws_lb.internal.arn
  listener_port     = each.value.port
  http              = false
}

# The frontend of the mesh calls its backends by their virtual service names.
module "frontend_provider" {
  source = "./modules/service"

  name               = "frontend"
  side               = "provider"
  region             = var.region
  vpc_id             = module.network["provider"].vpc_id
  vpc_cidr           = module.network["provider"].cidr
  subnets            = module.network["provider"].task_subnets
  cluster            = aws_ecs_cluster.this["provider"].arn
  desired_count      = var.desired_count
  cpu                = var.task_cpu
  memory             = var.task_memory
  image              = "${var.image_prefix}frontend"
  execution_role_arn = aws_iam_role.execution.arn
  log_retention_days = var.log_retention_days
  mesh               = merge(local.mesh, { backends = [for name in keys(local.backends) : "${name}.${local.namespace}"] })

  environment = {
    for name, b in local.backends :
    "${upper(name)}_URL" => "http://${name}.${local.namespace}:${b.port}${b.path}"
  }

  load_balancer_arn = aws_lb.public["provider"].arn
  listener_port     = 80
  http              = true
}

# --- consumer side: endpoint, API, frontend outside the mesh ---------------

resource "aws_security_group" "endpoint" {
  name        = "${var.project}-endpoint"
  description = "Web traffic from the consumer VPC to the API endpoint"
  vpc_id      = module.network["consumer"].vpc_id

  dynamic "ingress" {
    for_each = [80, 443]

    content {
      protocol    = "tcp"
      from_port   = ingress.value
      to_port     = ingress.value
      cidr_blocks = [module.network["consumer"].cidr]
    }
  }

  tags = { Name = "${var.project}-endpoint" }
}

resource "aws_vpc_endpoint" "api" {
  vpc_id              = module.network["consumer"].vpc_id
  service_name        = "com.amazonaws.${var.region}.execute-api"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = module.network["consumer"].private_subnets
  security_group_ids  = [aws_security_group.endpoint.id]
  tags                = { Name = "${var.project}-api" }
}

module "api" {
  source = "./modules/api"

  name               = var.project
  stage_name         = var.stage_name
  partition          = data.aws_partition.current.partition
  vpc_endpoint_id    = aws_vpc_endpoint.api.id
  nlb_arn            = aws_lb.internal.arn
  nlb_dns            = aws_lb.internal.dns_name
  backends           = local.backends
  log_retention_days = var.log_retention_days
}

module "frontend_consumer" {
  source = "./modules/service"

  name               = "frontend"
  side               = "consumer"
  region             = var.region
  vpc_id             = module.network["consumer"].vpc_id
  vpc_cidr           = module.network["consumer"].cidr
  subnets            = module.network["consumer"].task_subnets
  cluster            = aws_ecs_cluster.this["consumer"].arn
  desired_count      = var.desired_count
  cpu                = var.task_cpu
  memory             = var.task_memory
  image              = "${var.image_prefix}frontend"
  execution_role_arn = aws_iam_role.execution.arn
  log_retention_days = var.log_retention_days

  environment = {
    for name, b in local.backends :
    "${upper(name)}_URL" => "https://${module.api.id}.execute-api.${var.region}.${data.aws_partition.current.dns_suffix}/${var.stage_name}/${name}"
  }

  load_balancer_arn = aws_lb.public["consumer"].arn
  listener_port     = 80
  http              = true
}
