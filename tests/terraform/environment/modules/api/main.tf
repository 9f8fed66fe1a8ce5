# A private REST API in front of the network load balancer, reachable only
# through one interface endpoint.

variable "name" { type = string }
variable "stage_name" { type = string }
variable "partition" { type = string }
variable "vpc_endpoint_id" { type = string }
variable "nlb_arn" { type = string }
variable "nlb_dns" { type = string }
variable "log_retention_days" { type = number }

variable "backends" {
  type = map(object({
    port = number
    path = string
  }))
}

resource "aws_cloudwatch_log_group" "access" {
  name              = "service-consumer-api"
  retention_in_days = var.log_retention_days
}

# API Gateway makes this group by itself when it is missing, and leaves it behind.
resource "aws_cloudwatch_log_group" "execution" {
  name              = "API-Gateway-Execution-Logs_${aws_api_gateway_rest_api.this.id}/${var.stage_name}"
  retention_in_days = var.log_retention_days
}

# API Gateway writes logs through one role for the account and region.
data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["apigateway.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "logs" {
  name               = "${var.name}-apigateway-logs"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.logs.name
  policy_arn = "arn:${var.partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
}

resource "aws_api_gateway_account" "this" {
  cloudwatch_role_arn = aws_iam_role.logs.arn
  reset_on_delete     = true
  depends_on          = [aws_iam_role_policy_attachment.logs]
}

resource "aws_api_gateway_vpc_link" "this" {
  name        = "${var.name}-vpclink"
  description = "Way from the API to the services behind the network load balancer"
  target_arns = [var.nlb_arn]
}

# AWS puts the ARN in place of `execute-api:/*`, which every later plan would show as a change.
data "aws_iam_policy_document" "invoke" {
  statement {
    effect    = "Allow"
    actions   = ["execute-api:Invoke"]
    resources = ["${aws_api_gateway_rest_api.this.execution_arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }

  statement {
    effect    = "Deny"
    actions   = ["execute-api:Invoke"]
    resources = ["${aws_api_gateway_rest_api.this.execution_arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "StringNotEquals"
      variable = "aws:SourceVpce"
      values   = [var.vpc_endpoint_id]
    }
  }
}

resource "aws_api_gateway_rest_api" "this" {
  name        = "${var.name}-api"
  description = "Backends of the mesh, for callers in the consumer VPC"

  endpoint_configuration {
    types            = ["PRIVATE"]
    vpc_endpoint_ids = [var.vpc_endpoint_id]
  }
}

resource "aws_api_gateway_rest_api_policy" "this" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  policy      = data.aws_iam_policy_document.invoke.json
}

resource "aws_api_gateway_resource" "backend" {
  for_each    = var.backends
  rest_api_id = aws_api_gateway_rest_api.this.id
  parent_id   = aws_api_gateway_rest_api.this.root_resource_id
  path_part   = each.key
}

resource "aws_api_gateway_method" "get" {
  for_each       = var.backends
  rest_api_id    = aws_api_gateway_rest_api.this.id
  resource_id    = aws_api_gateway_resource.backend[each.key].id
  http_method    = "GET"
  authorization  = "NONE"
  operation_name = each.key
}

resource "aws_api_gateway_method_response" "ok" {
  for_each    = var.backends
  rest_api_id = aws_api_gateway_rest_api.this.id
  resource_id = aws_api_gateway_resource.backend[each.key].id
  http_method = aws_api_gateway_method.get[each.key].http_method
  status_code = "200"
}

resource "aws_api_gateway_integration" "nlb" {
  for_each                = var.backends
  rest_api_id             = aws_api_gateway_rest_api.this.id
  resource_id             = aws_api_gateway_resource.backend[each.key].id
  http_method             = aws_api_gateway_method.get[each.key].http_method
  type                    = "HTTP"
  integration_http_method = "GET"
  connection_type         = "VPC_LINK"
  connection_id           = aws_api_gateway_vpc_link.this.id
  timeout_milliseconds    = 29000
  uri                     = "http://${var.nlb_dns}:${each.value.port}${each.value.path}"
}

resource "aws_api_gateway_integration_response" "ok" {
  for_each    = var.backends
  rest_api_id = aws_api_gateway_rest_api.this.id
  resource_id = aws_api_gateway_resource.backend[each.key].id
  http_method = aws_api_gateway_method.get[each.key].http_method
  status_code = aws_api_gateway_method_response.ok[each.key].status_code
  depends_on  = [aws_api_gateway_integration.nlb]
}

resource "aws_api_gateway_deployment" "this" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  description = "All backends"

  triggers = {
    contents = sha256(jsonencode([
      var.backends,
      var.nlb_dns,
      data.aws_iam_policy_document.invoke.json,
    ]))
  }

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [
    aws_api_gateway_rest_api_policy.this,
    aws_api_gateway_integration_response.ok,
  ]
}

resource "aws_api_gateway_stage" "this" {
  rest_api_id          = aws_api_gateway_rest_api.this.id
  deployment_id        = aws_api_gateway_deployment.this.id
  stage_name           = var.stage_name
  description          = "Where the consumer's frontend calls the backends"
  xray_tracing_enabled = true

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format = jsonencode({
      id       = "$context.requestId"
      time     = "$context.requestTime"
      caller   = "$context.identity.sourceIp"
      method   = "$context.httpMethod"
      path     = "$context.resourcePath"
      status   = "$context.status"
      duration = "$context.responseLatency"
    })
  }

  depends_on = [
    aws_api_gateway_account.this,
    aws_cloudwatch_log_group.execution,
  ]
}

resource "aws_api_gateway_method_settings" "all" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  stage_name  = aws_api_gateway_stage.this.stage_name
  method_path = "*/*"

  settings {
    metrics_enabled    = true
    logging_level      = "INFO"
    data_trace_enabled = true
    caching_enabled    = false
  }
}

output "id" { value = aws_api_gateway_rest_api.this.id }
output "stage" { value = aws_api_gateway_stage.this.stage_name }
