# A service on Fargate Spot: what Terraform says of capacity providers.

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

variable "base" {
  description = "How many tasks run on Fargate before the others run on Fargate Spot."
  type        = number
  default     = 1
}

provider "aws" {
  region      = "us-east-1"
  max_retries = var.max_retries

  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_credentials_validation = true

  endpoints {
    ec2 = var.endpoint
    ecs = var.endpoint
    iam = var.endpoint
    sts = var.endpoint
  }
}

data "aws_availability_zones" "here" {
  state = "available"
}

resource "aws_vpc" "this" {
  cidr_block = "10.0.0.0/24"
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id
}

resource "aws_default_route_table" "this" {
  default_route_table_id = aws_vpc.this.default_route_table_id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.this.id
  }
}

resource "aws_subnet" "this" {
  vpc_id            = aws_vpc.this.id
  cidr_block        = "10.0.0.0/25"
  availability_zone = data.aws_availability_zones.here.names[0]
}

resource "aws_ecs_cluster" "this" {
  name = "spot"
}

resource "aws_ecs_cluster_capacity_providers" "this" {
  cluster_name       = aws_ecs_cluster.this.name
  capacity_providers = ["FARGATE", "FARGATE_SPOT"]
}

resource "aws_ecs_task_definition" "this" {
  family                   = "spot"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  container_definitions    = jsonencode([{ name = "app", image = "public.ecr.aws/app:1" }])
}

resource "aws_ecs_service" "this" {
  name                  = "spot"
  cluster               = aws_ecs_cluster.this.arn
  task_definition       = aws_ecs_task_definition.this.arn
  desired_count         = 3
  force_new_deployment  = true
  wait_for_steady_state = true

  capacity_provider_strategy {
    capacity_provider = "FARGATE"
    base              = var.base
  }

  capacity_provider_strategy {
    capacity_provider = "FARGATE_SPOT"
    weight            = 1
  }

  network_configuration {
    subnets          = [aws_subnet.this.id]
    assign_public_ip = true
  }

  depends_on = [aws_ecs_cluster_capacity_providers.this, aws_default_route_table.this]
}
