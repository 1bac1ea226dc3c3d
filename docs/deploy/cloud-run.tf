# Every hour an execution of a Cloud Run job. Its state is in a bucket of Cloud Storage.

variable "project" {
  type = string
}

variable "organization" {
  description = "The number of the organization"
  type        = string
}

variable "region" {
  type = string
}

variable "image" {
  description = "The image of Containerfile, in Artifact Registry"
  type        = string
}

# Who runs: the job's service account may read what oidc-doctor reads, and write its state.

locals {
  role = yamldecode(file("${path.module}/gcp-role.yaml"))
}

resource "google_service_account" "job" {
  project    = var.project
  account_id = "oidc-doctor"
}

resource "google_organization_iam_custom_role" "reads" {
  org_id      = var.organization
  role_id     = "oidcDoctor"
  title       = local.role.title
  description = local.role.description
  permissions = local.role.includedPermissions
}

resource "google_organization_iam_member" "reads" {
  org_id = var.organization
  role   = google_organization_iam_custom_role.reads.id
  member = google_service_account.job.member
}

resource "google_storage_bucket_iam_member" "state" {
  bucket = google_storage_bucket.state.name
  role   = "roles/storage.objectUser"
  member = google_service_account.job.member
}

# Where the state is.

resource "google_storage_bucket" "state" {
  project                     = var.project
  name                        = "${var.project}-oidc-doctor-state"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
}

# What runs. The time limit is below the time between two runs: a mounted bucket has no locks.

resource "google_cloud_run_v2_job" "health" {
  project  = var.project
  name     = "oidc-doctor-health"
  location = var.region
  template {
    task_count = 1
    template {
      service_account       = google_service_account.job.email
      execution_environment = "EXECUTION_ENVIRONMENT_GEN2"
      max_retries           = 0
      timeout               = "1800s"
      containers {
        image = var.image
        args = [
          "health",
          "--config=/etc/oidc-doctor/oidc-doctor.toml",
          "--state=/state/health.json",
        ]
        resources {
          limits = { cpu = "1", memory = "1Gi" }
        }
        volume_mounts {
          name       = "state"
          mount_path = "/state"
        }
      }
      volumes {
        name = "state"
        gcs {
          bucket        = google_storage_bucket.state.name
          mount_options = ["uid=65532", "gid=65532"]
        }
      }
    }
  }
}

# When it runs.

resource "google_service_account" "schedule" {
  project    = var.project
  account_id = "oidc-doctor-schedule"
}

resource "google_cloud_run_v2_job_iam_member" "schedule" {
  project  = var.project
  location = var.region
  name     = google_cloud_run_v2_job.health.name
  role     = "roles/run.invoker"
  member   = google_service_account.schedule.member
}

resource "google_cloud_scheduler_job" "health" {
  project  = var.project
  region   = var.region
  name     = "oidc-doctor-health"
  schedule = "17 * * * *"
  http_target {
    http_method = "POST"
    uri         = "https://run.googleapis.com/v2/${google_cloud_run_v2_job.health.id}:run"
    oauth_token {
      service_account_email = google_service_account.schedule.email
    }
  }
}
