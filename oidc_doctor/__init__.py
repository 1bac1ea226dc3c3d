"""Tell people exactly why a cloud refused their workload's OIDC token."""

__version__ = "0.1.0"
