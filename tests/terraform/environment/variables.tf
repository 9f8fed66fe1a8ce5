variable "project" {
  description = "Prefix of every name and value of the Project tag."
  type        = string
  default     = "servicemesh-demo"
}

variable "region" {
  type    = string
  default = "us-east-1"
}

variable "endpoint" {
  description = "Where the simulator answers; empty means AWS itself."
  type        = string
  default     = ""
}

variable "max_retries" {
  type    = number
  default = 25
}

# --- network ---------------------------------------------------------------

variable "provider_cidr" {
  type    = string
  default = "10.0.100.0/22"
}

variable "consumer_cidr" {
  type    = string
  default = "10.0.104.0/22"
}

variable "az_count" {
  description = "Availability zones used in each VPC."
  type        = number
  default     = 2

  validation {
    condition     = var.az_count >= 2 && var.az_count <= 6
    error_message = "Application load balancers need two zones or more; six is the most any region has."
  }
}

variable "nat_per_az" {
  description = "true: one NAT gateway in each zone. false: one in each VPC."
  type        = bool
  default     = true
}

# --- mesh and services -----------------------------------------------------

variable "services" {
  description = "Backends in the mesh, in order of their network load balancer port (3001 and up)."
  type = list(object({
    name = string
    path = optional(string, "/")
  }))
  default = [
    { name = "nodejs" },
    { name = "crystal", path = "/crystal/" },
  ]
}

variable "generated_services" {
  description = "How many more backends to add, named svc001, svc002, ..."
  type        = number
  default     = 0
}

variable "desired_count" {
  description = "Tasks for each ECS service."
  type        = number
  default     = 2
}

variable "route_weight" {
  description = "Weight of the virtual node in its route; relative, so any weight sends it everything."
  type        = number
  default     = 1
}

variable "image_prefix" {
  description = "What comes before the service's name in its image reference, with the registry if there is one."
  type        = string
  default     = "ecsdemo-"
}

variable "envoy_image" {
  description = "Full reference of the App Mesh Envoy image; on AWS it must include the regional registry."
  type        = string
  default     = "aws-appmesh-envoy:v1.29.12.1-prod"
}

variable "task_cpu" {
  type    = number
  default = 256
}

variable "task_memory" {
  type    = number
  default = 512
}

variable "log_retention_days" {
  type    = number
  default = 1
}

variable "stage_name" {
  type    = string
  default = "default"
}
