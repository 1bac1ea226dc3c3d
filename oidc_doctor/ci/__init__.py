"""A failing CI job: where its platform keeps the OIDC token, and how the platform shows what was found."""
