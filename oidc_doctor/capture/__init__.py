"""Redacted copies of evidence bundles that keep the diagnosis; see docs/decisions/0009."""

from oidc_doctor.capture.redact_bundle import Redacted, redact_bundle

__all__ = ["Redacted", "redact_bundle"]
