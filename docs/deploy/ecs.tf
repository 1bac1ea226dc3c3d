# Every hour a task of ECS on Fargate. Its state is on EFS.

variable "image" {
  description = "The image of Containerfile, in ECR"
  type        = string
}

variable "cluster_arn" {
  type = string
}

variable "vpc_id" {
  type = string
}

variable "subnet_ids" {
  description = "Private subnets with a way to the internet, each in another Availability Zone"
  type        = list(string)
}

data "aws_region" "here" {}

# Who runs: the task's role may read what oidc-doctor reads, and write its state.

resource "aws_iam_role" "task" {
  name               = "OidcDoctor"
  assume_role_policy = data.aws_iam_policy_document.tasks.json
}

resource "aws_iam_role_policy" "reads" {
  name   = "oidc-doctor-reads"
  role   = aws_iam_role.task.id
  policy = file("${path.module}/aws-policy.json")
}

resource "aws_iam_role_policy" "state" {
  name = "oidc-doctor-state"
  role = aws_iam_role.task.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]
      Resource = aws_efs_file_system.state.arn
      Condition = {
        StringEquals = { "elasticfilesystem:AccessPointArn" = aws_efs_access_point.state.arn }
      }
    }]
  })
}

# Who starts the container: pulls the image and writes the log.

resource "aws_iam_role" "execution" {
  name               = "OidcDoctorExecution"
  assume_role_policy = data.aws_iam_policy_document.tasks.json
}

resource "aws_iam_role_policy_attachment" "execution" {
  role       = aws_iam_role.execution.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}

data "aws_iam_policy_document" "tasks" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
  }
}

# Where the state is.

resource "aws_efs_file_system" "state" {
  encrypted = true
}

resource "aws_efs_access_point" "state" {
  file_system_id = aws_efs_file_system.state.id
  posix_user {
    uid = 65532
    gid = 65532
  }
  root_directory {
    path = "/oidc-doctor"
    creation_info {
      owner_uid   = 65532
      owner_gid   = 65532
      permissions = "0700"
    }
  }
}

resource "aws_efs_mount_target" "state" {
  for_each        = toset(var.subnet_ids)
  file_system_id  = aws_efs_file_system.state.id
  subnet_id       = each.value
  security_groups = [aws_security_group.state.id]
}

resource "aws_security_group" "task" {
  name   = "oidc-doctor"
  vpc_id = var.vpc_id
  egress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
  egress {
    from_port       = 2049
    to_port         = 2049
    protocol        = "tcp"
    security_groups = [aws_security_group.state.id]
  }
}

resource "aws_security_group" "state" {
  name   = "oidc-doctor-state"
  vpc_id = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "state" {
  security_group_id            = aws_security_group.state.id
  referenced_security_group_id = aws_security_group.task.id
  ip_protocol                  = "tcp"
  from_port                    = 2049
  to_port                      = 2049
}

# What runs.

resource "aws_cloudwatch_log_group" "health" {
  name              = "/oidc-doctor/health"
  retention_in_days = 30
}

locals {
  command = [
    "health",
    "--config=/etc/oidc-doctor/oidc-doctor.toml",
    "--state=/state/health.json",
    "--lock-timeout=600",
  ]
}

resource "aws_ecs_task_definition" "health" {
  family                   = "oidc-doctor-health"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 512
  memory                   = 1024
  task_role_arn            = aws_iam_role.task.arn
  execution_role_arn       = aws_iam_role.execution.arn
  container_definitions = jsonencode([{
    name                   = "oidc-doctor"
    image                  = var.image
    essential              = true
    readonlyRootFilesystem = true
    command                = local.command
    mountPoints            = [{ sourceVolume = "state", containerPath = "/state" }]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        "awslogs-group"         = aws_cloudwatch_log_group.health.name
        "awslogs-region"        = data.aws_region.here.id
        "awslogs-stream-prefix" = "health"
      }
    }
  }])
  volume {
    name = "state"
    efs_volume_configuration {
      file_system_id     = aws_efs_file_system.state.id
      transit_encryption = "ENABLED"
      authorization_config {
        access_point_id = aws_efs_access_point.state.id
        iam             = "ENABLED"
      }
    }
  }
}

# When it runs.

resource "aws_scheduler_schedule" "health" {
  name                = "oidc-doctor-health"
  schedule_expression = "rate(1 hour)"
  flexible_time_window {
    mode                      = "FLEXIBLE"
    maximum_window_in_minutes = 10
  }
  target {
    arn      = var.cluster_arn
    role_arn = aws_iam_role.schedule.arn
    ecs_parameters {
      task_definition_arn = aws_ecs_task_definition.health.arn
      launch_type         = "FARGATE"
      network_configuration {
        subnets         = var.subnet_ids
        security_groups = [aws_security_group.task.id]
      }
    }
    retry_policy {
      maximum_retry_attempts = 0
    }
  }
}

resource "aws_iam_role" "schedule" {
  name = "OidcDoctorSchedule"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "scheduler.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "schedule" {
  name = "run-oidc-doctor"
  role = aws_iam_role.schedule.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "ecs:RunTask", Resource = aws_ecs_task_definition.health.arn },
      { Effect = "Allow", Action = "iam:PassRole", Resource = [aws_iam_role.task.arn, aws_iam_role.execution.arn] },
    ]
  })
}
