"""Redaction that keeps what decisions depend on; see docs/decisions/0009."""

from oidc_doctor.capture.pseudonyms import Cipher
from oidc_doctor.capture.redact_bundle import Redacted, redact_bundle, verify_bundle_token

__all__ = ["Cipher", "Redacted", "redact_bundle", "verify_bundle_token"]
