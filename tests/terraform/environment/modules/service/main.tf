# One ECS service on Fargate behind a load balancer listener, optionally a
# member of the mesh (Envoy sidecar, virtual node/router/route, Cloud Map).

variable "name" { type = string }
variable "side" { type = string }
variable "region" { type = string }
variable "vpc_id" { type = string }
variable "vpc_cidr" { type = string }
variable "subnets" { type = list(string) }
variable "cluster" { type = string }
variable "desired_count" { type = number }
variable "cpu" { type = number }
variable "memory" { type = number }
variable "image" { type = string }
variable "environment" { type = map(string) }
variable "execution_role_arn" { type = string }
variable "log_retention_days" { type = number }

# Apart, not one object: whatever reads a field of an object waits for all of
# it, and a load balancer takes its time.
variable "load_balancer_arn" { type = string }
variable "listener_port" { type = number }
variable "http" { type = bool }

variable "mesh" {
  description = "null for a service outside the mesh."
  type = object({
    name          = string
    namespace_id  = string
    namespace     = string
    task_role_arn = string
    envoy_image   = string
    backends      = list(string)
    route_weight  = number
  })
  default = null
}

locals {
  port      = 3000
  in_mesh   = var.mesh != null
  meshed    = local.in_mesh ? 1 : 0
  container = "${var.name}-${var.side}"

  probe = {
    startPeriod = 120
    interval    = 60
    timeout     = 5
    retries     = 3
  }

  app = merge(
    {
      name         = local.container
      image        = var.image
      essential    = true
      startTimeout = 120
      stopTimeout  = 5
      environment  = [for k in sort(keys(var.environment)) : { name = k, value = var.environment[k] }]
      portMappings = [{ containerPort = local.port, hostPort = local.port, protocol = "tcp" }]
      healthCheck = merge(local.probe, {
        command = ["CMD-SHELL", "curl -fsS http://127.0.0.1:${local.port}/health || exit 1"]
      })
      linuxParameters = { initProcessEnabled = true }
      logConfiguration = {
        logDriver = "awslogs"
        options = {
          "awslogs-group"         = aws_cloudwatch_log_group.app.name
          "awslogs-region"        = var.region
          "awslogs-stream-prefix" = var.name
        }
      }
    },
    local.in_mesh ? { dependsOn = [{ containerName = "envoy", condition = "HEALTHY" }] } : {},
  )

  envoy = local.in_mesh ? [{
    name      = "envoy"
    image     = var.mesh.envoy_image
    essential = true
    user      = "1337"
    memory    = 128
    environment = [
      { name = "APPMESH_RESOURCE_ARN", value = aws_appmesh_virtual_node.this[0].arn },
      { name = "ENVOY_LOG_LEVEL", value = "info" },
    ]
    healthCheck = merge(local.probe, {
      command = ["CMD-SHELL", "curl -s http://127.0.0.1:9901/server_info | grep -q '\"state\": \"LIVE\"'"]
    })
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        "awslogs-group"         = aws_cloudwatch_log_group.envoy[0].name
        "awslogs-region"        = var.region
        "awslogs-stream-prefix" = var.name
      }
    }
  }] : []
}

# --- network access and load balancing -------------------------------------

resource "aws_security_group" "this" {
  name        = local.container
  description = "Task port of ${local.container}, from inside the VPC"
  vpc_id      = var.vpc_id

  ingress {
    protocol    = "tcp"
    from_port   = local.port
    to_port     = local.port
    cidr_blocks = [var.vpc_cidr]
  }

  egress {
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }

  tags = { Name = local.container }
}

resource "aws_lb_target_group" "this" {
  name        = local.container
  target_type = "ip"
  port        = local.port
  protocol    = var.http ? "HTTP" : "TCP"
  vpc_id      = var.vpc_id

  health_check {
    protocol            = var.http ? "HTTP" : "TCP"
    path                = var.http ? "/health" : null
    interval            = var.http ? 60 : 30
    timeout             = var.http ? 5 : null
    healthy_threshold   = 3
    unhealthy_threshold = 3
  }
}

resource "aws_lb_listener" "this" {
  load_balancer_arn = var.load_balancer_arn
  port              = var.listener_port
  protocol          = var.http ? "HTTP" : "TCP"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this.arn
  }
}

# --- logs ------------------------------------------------------------------

resource "aws_cloudwatch_log_group" "app" {
  name              = "service-${var.side}-${var.name}"
  retention_in_days = var.log_retention_days
}

resource "aws_cloudwatch_log_group" "envoy" {
  count             = local.meshed
  name              = "service-${var.side}-envoy-${var.name}"
  retention_in_days = var.log_retention_days
}

# --- mesh ------------------------------------------------------------------

resource "aws_service_discovery_service" "this" {
  count       = local.meshed
  name        = var.name
  description = "Address records of ${var.name}"

  dns_config {
    namespace_id   = var.mesh.namespace_id
    routing_policy = "MULTIVALUE"

    dns_records {
      type = "A"
      ttl  = 5
    }
  }

  health_check_custom_config {
    failure_threshold = 1
  }
}

resource "aws_appmesh_virtual_node" "this" {
  count     = local.meshed
  name      = "${var.name}-ecs"
  mesh_name = var.mesh.name

  spec {
    dynamic "backend" {
      for_each = toset(var.mesh.backends)

      content {
        virtual_service {
          virtual_service_name = backend.value
        }
      }
    }

    listener {
      port_mapping {
        port     = local.port
        protocol = "http"
      }

      health_check {
        protocol            = "http"
        path                = "/health"
        port                = local.port
        interval_millis     = 60000
        timeout_millis      = 5000
        healthy_threshold   = 3
        unhealthy_threshold = 3
      }
    }

    logging {
      access_log {
        file {
          path = "/dev/stdout"
        }
      }
    }

    service_discovery {
      aws_cloud_map {
        namespace_name = var.mesh.namespace
        service_name   = aws_service_discovery_service.this[0].name
      }
    }
  }
}

resource "aws_appmesh_virtual_router" "this" {
  count     = local.meshed
  name      = "${var.name}-router"
  mesh_name = var.mesh.name

  spec {
    listener {
      port_mapping {
        port     = var.listener_port
        protocol = "http"
      }
    }
  }
}

resource "aws_appmesh_route" "this" {
  count               = local.meshed
  name                = var.name
  mesh_name           = var.mesh.name
  virtual_router_name = aws_appmesh_virtual_router.this[0].name

  spec {
    priority = 10

    http_route {
      match {
        prefix = "/"
      }

      action {
        weighted_target {
          virtual_node = aws_appmesh_virtual_node.this[0].name
          weight       = var.mesh.route_weight
        }
      }
    }
  }
}

resource "aws_appmesh_virtual_service" "this" {
  count     = local.meshed
  name      = "${var.name}.${var.mesh.namespace}"
  mesh_name = var.mesh.name

  spec {
    provider {
      virtual_router {
        virtual_router_name = aws_appmesh_virtual_router.this[0].name
      }
    }
  }
}

# --- task and service ------------------------------------------------------

resource "aws_ecs_task_definition" "this" {
  family                   = local.container
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  execution_role_arn       = var.execution_role_arn
  task_role_arn            = try(var.mesh.task_role_arn, null)
  container_definitions    = jsonencode(concat([local.app], local.envoy))

  dynamic "proxy_configuration" {
    for_each = range(local.meshed)

    content {
      type           = "APPMESH"
      container_name = "envoy"
      properties = {
        AppPorts         = local.port
        EgressIgnoredIPs = "169.254.170.2,169.254.169.254"
        IgnoredUID       = "1337"
        ProxyEgressPort  = 15001
        ProxyIngressPort = 15000
      }
    }
  }
}

resource "aws_ecs_service" "this" {
  name                               = var.name
  cluster                            = var.cluster
  task_definition                    = aws_ecs_task_definition.this.arn
  launch_type                        = "FARGATE"
  desired_count                      = var.desired_count
  deployment_maximum_percent         = 100
  deployment_minimum_healthy_percent = 0

  network_configuration {
    subnets          = var.subnets
    security_groups  = [aws_security_group.this.id]
    assign_public_ip = false
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.this.arn
    container_name   = local.container
    container_port   = local.port
  }

  dynamic "service_registries" {
    for_each = aws_service_discovery_service.this

    content {
      registry_arn = service_registries.value.arn
    }
  }

  # The target group must hang on a listener, and Envoy must find its route,
  # before the first task starts.
  depends_on = [
    aws_lb_listener.this,
    aws_appmesh_route.this,
    aws_appmesh_virtual_service.this,
  ]
}

output "service" { value = aws_ecs_service.this.id }
output "listener_arn" { value = aws_lb_listener.this.arn }
