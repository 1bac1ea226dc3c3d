"""AssumeRoleWithWebIdentity, as AWS STS decides."""
