# The files of this folder in S3, and a Glue job for each file in submit/.
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

variable "role_arn" {
  description = "Role of the jobs: Glue, the warehouse's bucket, and this one."
  type        = string
}

variable "workers" {
  description = "Workers of each job; nothing: as submit/ has it."
  type        = number
  default     = null
}

locals {
  files = setunion(
    fileset(path.module, "python/*"), fileset(path.module, "jars/*"),
    fileset(path.module, "conf/*"), fileset(path.module, "jobs/*"),
  )
  jobs = { for file in fileset(path.module, "submit/*.json") :
    trimsuffix(basename(file), ".json") => jsondecode(file("${path.module}/${file}"))
  }
}

resource "aws_s3_object" "file" {
  for_each = local.files

  bucket      = var.bucket
  key         = "${var.prefix}/${each.value}"
  source      = "${path.module}/${each.value}"
  source_hash = filemd5("${path.module}/${each.value}")
}

resource "aws_glue_job" "job" {
  for_each   = local.jobs
  depends_on = [aws_s3_object.file]

  name              = each.value.Name
  role_arn          = var.role_arn
  glue_version      = each.value.GlueVersion
  worker_type       = each.value.WorkerType
  number_of_workers = coalesce(var.workers, each.value.NumberOfWorkers)
  timeout           = each.value.Timeout
  max_retries       = each.value.MaxRetries
  default_arguments = each.value.DefaultArguments

  command {
    name            = each.value.Command.Name
    python_version  = each.value.Command.PythonVersion
    script_location = each.value.Command.ScriptLocation
  }

  execution_property {
    max_concurrent_runs = each.value.ExecutionProperty.MaxConcurrentRuns
  }
}
