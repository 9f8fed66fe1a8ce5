terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

locals {
  endpoint = var.endpoint == "" ? null : var.endpoint
  emulated = local.endpoint != null
}

provider "aws" {
  region      = var.region
  max_retries = var.max_retries

  skip_metadata_api_check     = local.emulated
  skip_region_validation      = local.emulated
  skip_credentials_validation = local.emulated

  default_tags {
    tags = {
      Project = var.project
    }
  }

  endpoints {
    apigateway       = local.endpoint
    appmesh          = local.endpoint
    ec2              = local.endpoint
    ecs              = local.endpoint
    elbv2            = local.endpoint
    iam              = local.endpoint
    logs             = local.endpoint
    servicediscovery = local.endpoint
    sts              = local.endpoint
  }
}
