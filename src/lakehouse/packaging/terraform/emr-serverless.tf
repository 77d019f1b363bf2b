# The files of this folder in S3, and an application of EMR Serverless; a job run of it is not a resource: see `submit`.
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

variable "role_arn" {
  description = "Role of the jobs: Glue, the warehouse's bucket, and this one."
  type        = string
}

variable "subnet_ids" {
  description = "Where it runs, if it has to reach Kafka; without them it reaches S3 and Glue of its own region alone."
  type        = list(string)
  default     = []
}

variable "security_group_ids" {
  description = "What it may reach there."
  type        = list(string)
  default     = []
}

locals {
  files = setunion(
    fileset(path.module, "python/*"), fileset(path.module, "jars/*"),
    fileset(path.module, "conf/*"), fileset(path.module, "jobs/*"),
  )
}

resource "aws_s3_object" "file" {
  for_each = local.files

  bucket      = var.bucket
  key         = "${var.prefix}/${each.value}"
  source      = "${path.module}/${each.value}"
  source_hash = filemd5("${path.module}/${each.value}")
}

resource "aws_emrserverless_application" "lakehouse" {
  name          = "lakehouse"
  release_label = var.release_label
  type          = "spark"

  dynamic "network_configuration" {
    for_each = length(var.subnet_ids) > 0 ? [1] : []
    content {
      subnet_ids         = var.subnet_ids
      security_group_ids = var.security_group_ids
    }
  }
}

output "submit" {
  description = "One command for each job."
  value = { for file in fileset(path.module, "submit/*.json") : trimsuffix(basename(file), ".json") =>
    join(" ", [
      "aws emr-serverless start-job-run --application-id ${aws_emrserverless_application.lakehouse.id}",
      "--execution-role-arn ${var.role_arn} --cli-input-json file://${path.module}/${file}",
    ])
  }
}
