"""The bounds on what is read, in one table: how much, and why that much.

What is beyond a cloud's own quota cannot be the cloud's document, so nothing is judged from it: the evidence counts as
not read, and what it would decide is unknown. The bounds that are ours are far beyond what the clouds, their tools and
people write. Bounds on the work for one question, such as the values that an explanation compares, stand beside that
question: they cut words, and never a decision.
"""

from __future__ import annotations

from typing import NamedTuple


class Limit(NamedTuple):
    """The most of one thing that is read."""

    of: str  # the thing that is bounded, as a sentence begins
    most: int
    unit: str
    source: str

    def exceeded_by(self, found: int | None = None) -> str:
        """Return the line for what is larger: the size, the bound, and that it was not read."""
        size = "" if found is None else f"{found:,} {self.unit}: "
        return f"{size}{self.of} has at most {self.most:,} {self.unit} ({self.source}), so it was not read"


_OURS = "oidc-doctor's bound"
KIB = 1024
MIB = 1024 * KIB

# Tokens
TOKEN = Limit(
    "a compact token", 64 * KIB, "characters without white space", f"{_OURS}; AWS STS takes 20,000, Google's STS 12,288"
)
CLAIMS = Limit(
    "a file of claims", 20_000, "characters without white space", "AWS STS API: no token that is longer is taken"
)

# AWS
TRUST_POLICY = Limit("a role's trust policy", 8_192, "characters without white space", "AWS, IAM quotas")
POLICY = Limit("a policy of AWS", 32_768, "characters without white space", "AWS KMS quotas: key policies, the longest")
CLIENT_IDS = Limit("a ClientIDList", 100, "entries", "AWS, IAM quotas")

# Google Cloud
CONDITION = Limit("an attribute condition", 4_096, "characters", "Google Cloud, IAM API, providers")
MAPPING_EXPRESSION = Limit("an attribute's expression", 2_048, "characters", "Google Cloud, IAM API, providers")
CUSTOM_ATTRIBUTES = Limit("an attribute mapping", 50, "custom attributes", "Google Cloud, IAM API, providers")
AUDIENCES = Limit("allowedAudiences", 10, "entries", "Google Cloud, IAM API, providers")
MEMBERS = Limit("an allow policy", 1_500, "members in all bindings", "Google Cloud, IAM quotas")

# Files
FILES = Limit("a bundle", 200_000, "files", _OURS)
EVIDENCE_FILE = Limit("a file that is no log", 32 * MIB, "bytes", _OURS)
LOG_FILE = Limit("a log file, unpacked", 1024 * MIB, "bytes", _OURS)
ARCHIVE = Limit("an archive, unpacked", 4 * 1024 * MIB, "bytes", _OURS)
TARGETS = Limit("a bundle", 100, "targets", _OURS)
TOKENS = Limit("tokens/", 50, "tokens", _OURS)
ERROR_TEXT = Limit("an error text", 20_000, "characters", _OURS)
JSON_DEPTH = Limit("a JSON text", 200, "levels", _OURS)
JSON_DIGITS = Limit("a number", 4_300, "digits", "Python, sys.int_info")
TOML = Limit("oidc-doctor.toml", 64 * KIB, "characters", _OURS)
TOML_PARTS = Limit("a name in oidc-doctor.toml", 8, "parts", _OURS)
YAML = Limit("a YAML text", 256 * KIB, "characters", _OURS)
YAML_VALUES = Limit("a YAML text", 20_000, "values, aliases written out", _OURS)

LIMITS = tuple(value for value in list(globals().values()) if isinstance(value, Limit))
