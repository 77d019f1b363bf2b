# The files of this folder in S3, and a cluster that runs each file in submit/ as a step and ends.
terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.80"
    }
  }
}

variable "bucket" {
  description = "Bucket of the package."
  type        = string
}

variable "prefix" {
  description = "Where it lies in the bucket."
  type        = string
}

variable "release_label" {
  description = "Release of EMR that the package is made for."
  type        = string
}

variable "service_role_arn" {
  description = "Role of EMR itself."
  type        = string
}

variable "instance_profile_arn" {
  description = "Role of the machines, and so of the jobs: Glue, the warehouse's bucket, and this one."
  type        = string
}

variable "subnet_id" {
  description = "Where the machines stand."
  type        = string
}

variable "instance_type" {
  description = "Kind of the machines."
  type        = string
  default     = "m6i.xlarge"
}

variable "workers" {
  description = "Machines beside the first."
  type        = number
  default     = 2
}

locals {
  files = setunion(
    fileset(path.module, "python/*"), fileset(path.module, "jars/*"),
    fileset(path.module, "conf/*"), fileset(path.module, "jobs/*"),
  )
  steps = flatten([for file in sort(fileset(path.module, "submit/*.json")) : jsondecode(file("${path.module}/${file}"))])
}

resource "aws_s3_object" "file" {
  for_each = local.files

  bucket      = var.bucket
  key         = "${var.prefix}/${each.value}"
  source      = "${path.module}/${each.value}"
  source_hash = filemd5("${path.module}/${each.value}")
}

resource "aws_emr_cluster" "lakehouse" {
  depends_on = [aws_s3_object.file]

  name          = "lakehouse"
  release_label = var.release_label
  applications  = ["Spark"]
  service_role  = var.service_role_arn
  log_uri       = "s3://${var.bucket}/${var.prefix}/logs/"

  configurations_json = jsonencode([
    { Classification = "iceberg-defaults", Properties = { "iceberg.enabled" = "true" } },
  ])

  ec2_attributes {
    instance_profile = var.instance_profile_arn
    subnet_id        = var.subnet_id
  }

  master_instance_group {
    instance_type = var.instance_type
  }

  core_instance_group {
    instance_type  = var.instance_type
    instance_count = var.workers
  }

  dynamic "step" {
    for_each = local.steps
    content {
      name              = step.value.Name
      action_on_failure = step.value.ActionOnFailure
      hadoop_jar_step {
        jar  = step.value.Jar
        args = step.value.Args
      }
    }
  }
}
