"""Redaction that keeps what decisions depend on; see docs/decisions/0009."""

from oidc_doctor.redact.bundle import Redacted, redact_bundle, verify_bundle_token
from oidc_doctor.redact.words import Cipher

__all__ = ["Cipher", "Redacted", "redact_bundle", "verify_bundle_token"]
