"""Plans of Terraform and OpenTofu, read as evidence: what the trust will be once the plan is applied."""
