"""All limits on what is read, kept and tried, with their reasons.

A document beyond a cloud's own quota cannot be the cloud's, so it is not judged: it counts as not read, and its effect
is unknown. Our own limits are far beyond what clouds, their tools and people write. Whatever a limit on logs or on work
leaves out is counted and reported. Limits on the wording of a sentence, such as the number of compared values, are
defined next to that sentence: they never affect a decision.
"""

from __future__ import annotations

from typing import NamedTuple


class Limit(NamedTuple):
    """A limit on one kind of input."""

    of: str  # the limited input, as the start of a sentence
    most: int
    unit: str
    source: str

    def exceeded_by(self, found: int | None = None) -> str:
        """Return the message for a larger input: its size, the limit, and that it was not read."""
        size = "" if found is None else f"{found:,} {self.unit}: "
        return f"{size}{self.of} has at most {self.most:,} {self.unit} ({self.source}), so it was not read"


_OURS = "oidc-doctor's bound"
KIB = 1024
MIB = 1024 * KIB

# Tokens
TOKEN = Limit(
    "a compact token",
    64 * KIB,
    "characters without white space",
    f"{_OURS}; AWS STS accepts 20,000, Google's STS 12,288",
)
CLAIMS = Limit("a file of claims", 20_000, "characters without white space", "AWS STS API: no longer token is accepted")

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
OTHER_FILES = Limit("a bundle, its logs excepted,", 20_000, "files and folders", _OURS)
OTHER_BYTES = Limit("an archive without its logs, unpacked,", 128 * MIB, "bytes", _OURS)
HEADERS = Limit("a tar archive's long names and attributes", 4 * MIB, "bytes", _OURS)
POLICIES = Limit("a folder of policies", 500, "files", _OURS)
CERTIFICATES = Limit("issuer/chain.pem", 10, "certificates", _OURS)
EVIDENCE_FILE = Limit("a file that is not a log", 32 * MIB, "bytes", _OURS)
LOG_FILE = Limit("a log file, unpacked", 1024 * MIB, "bytes", _OURS)
ARCHIVE = Limit("an archive, unpacked", 4 * 1024 * MIB, "bytes", _OURS)
MANIFEST = Limit("manifest.json", 50_000, "reads", _OURS)
TARGETS = Limit("a bundle", 500, "targets", _OURS)
TOKENS = Limit("tokens/", 50, "tokens", _OURS)
LISTED = Limit("a list of roles, providers, pools or services", 20_000, "entries", _OURS)
JOB_SUMMARY = Limit("a job summary", MIB, "bytes for each step", "GitHub Docs, Workflow commands: job summaries")
JOB_TOKENS = Limit("a CI job", 10, "tokens", _OURS)
ERROR_TEXT = Limit("an error text", 20_000, "characters", _OURS)
SETUP_OUTPUT = Limit("the output of a set-up script", 20_000, "characters", _OURS)
JSON_DEPTH = Limit("a JSON text", 200, "levels", _OURS)
JSON_STRING = Limit("a text or a name in a JSON file that is not a log", 256 * KIB, "characters", _OURS)
JSON_DIGITS = Limit("a number", 4_300, "digits", "Python, sys.int_info")
PLAN_FILE = Limit("a plan", 256 * MIB, "characters", _OURS)
PLAN_RESOURCES = Limit("a plan", 50_000, "resources", _OURS)
PLAN_REFERENCES = Limit("a value of a plan", 32, "references from module to module", _OURS)
PLAN_UNKNOWN = Limit("a target of a plan", 200, "unknown values that are named", _OURS)
HEALTH_STATE = Limit("the state of health checks", 64 * MIB, "bytes", _OURS)
TOML = Limit("oidc-doctor.toml", 256 * KIB, "characters", _OURS)
EXPECTATIONS = Limit("a file of expectations", 500, "entries", _OURS)
OUTBOX = Limit("the queue of undelivered messages", 5_000, "messages", _OURS)
OUTBOX_DAYS = Limit("a message that is not delivered", 30, "days", _OURS)
TOML_PARTS = Limit("a name in oidc-doctor.toml", 8, "parts", _OURS)
YAML = Limit("a YAML text", 64 * KIB, "characters", _OURS)
TRUSS_SOURCES = Limit("a Truss configuration", 100, "images and sources", _OURS)
YAML_DEPTH = Limit("a YAML text", 50, "levels", _OURS)
YAML_VALUES = Limit("a YAML text", 10_000, "values, aliases written out", _OURS)

# Expressions of Google's Common Expression Language
CEL_DEPTH = Limit("an expression or its value", 128, "levels", _OURS)
CEL_VALUE = Limit("a value that an expression builds", 1_000_000, "characters, bytes or elements", _OURS)
CEL_WORK = Limit(
    "the expressions of an exchange", 20_000, "steps of loops, elements compared and spans of text scanned", _OURS
)
CEL_TRACE = Limit("the trace of an expression's loops", 2_000, "parts", _OURS)
CEL_SHOWN = Limit("traces of expressions in a report", 500_000, "characters for an exchange", _OURS)

# Keys
KEYS_OF_TYPE = Limit("a key set that AWS reads", 100, "keys of one type", "AWS, IAM User Guide, OIDC providers")

# Logs
LOG_VALUE = Limit("a value in a log file", 16 * MIB, "characters", f"{_OURS}; an event has at most 512 KiB")
LOG_FAULTS = Limit("faults of a log file, and its values that are not records", 10_000, "faults", _OURS)
LOG_BARREN = Limit("characters of a log file without a record", 32 * MIB, "in a row", _OURS)
LOG_BLOCK = Limit("a line or block of a log file that is kept at once", 8 * MIB, "bytes", _OURS)
ATTEMPTS = Limit("logs: attempts that are kept one by one", 2_000_000, "attempts", _OURS)
ALIKE_ATTEMPTS = Limit("an extract: attempts alike in one period, at its begin and at its end", 20, "attempts", _OURS)
SCANNED = Limit("what a log engine scans for a run, without --max-bytes", 100_000_000_000, "bytes", _OURS)
EXTRACT = Limit("an extract of an engine's or an archive's logs", 200_000, "records", _OURS)
TABLE_LOCATIONS = Limit("the estimate of a query: partitions", 20_000, "partitions", _OURS)
INSIGHTS_QUERIES = Limit("a log group: queries of one reading", 400, "queries", _OURS)
TABLE_LISTINGS = Limit("the estimate of a query: listings of objects", 3_000, "requests", _OURS)
EXTRACT_BYTES = Limit("an extract of an archive's logs, packed", 64 * MIB, "bytes", _OURS)
ATTEMPT_KINDS = Limit("logs: attempts that differ in more than time", 20_000, "kinds", _OURS)
IDENTITIES = Limit("logs: subjects and their claims", 100_000, "identities", _OURS)
CIRCUMSTANCES = Limit("logs: callers, Regions and user agents", 100_000, "circumstances", _OURS)
WRITES = Limit("logs: writes of the targets' configuration", 5_000, "writes", _OURS)
WRITTEN = Limit("logs: the records of those writes", 64 * MIB, "characters", _OURS)
DENIED_CALLS = Limit("logs: refused calls of sessions", 1_000_000, "calls", _OURS)
DENIED_CALL_KINDS = Limit("logs: refused calls that differ in more than time", 5_000, "kinds", _OURS)

# The work for an answer
REVISIONS = Limit("replay: configurations of one target", 400, "configurations, the newest", _OURS)
DECISIONS = Limit(
    "replay: decisions on all attempts",
    60_000,
    "decisions of a trust policy; others count tenfold",
    _OURS,
)
FAMILIES = Limit("outages: families of subjects", 400, "families, the newest", _OURS)
COMPARED = Limit(
    "outages: families of subjects times the values of the trust policies",
    30_000,
    "comparisons, the newest families",
    _OURS,
)
STRANGERS = Limit(
    "weaknesses: evaluations of synthetic subjects, times the values of the policy or the steps of the expressions",
    100_000,
    "comparisons or steps for an exchange",
    _OURS,
)
WIDENED = Limit(
    "weaknesses: tokens tried on the configurations before a change", 3_000, "evaluations for a report", _OURS
)
EXPECTED_STRANGERS = Limit(
    "expectations: tokens of strangers, times 100 and the values of the policy or the characters of the expressions",
    600_000,
    "comparisons for a target",
    _OURS,
)
EXPLAINED = Limit(
    "a report: attempts whose cause is named, times the values of the trust policies",
    40_000,
    "comparisons, the newest attempts",
    _OURS,
)
CLAUSES = Limit(
    "a refusal by a trust policy: unmet conditions, and parts that IAM would not store, that are named",
    40,
    "of each",
    _OURS,
)
PROPOSED = Limit(
    "a changed document: logged workloads that are judged before and after it", 1_000, "workloads, the newest", _OURS
)
SURVEYED = Limit(
    "--account: tokens, times the roles and providers of the account", 10_000, "roles and providers", _OURS
)
ROWS = Limit("a report: attempts, alike ones in one row", 500, "rows, the newest", _OURS)
FIXED_EXCHANGES = Limit("edits: refused exchanges for which they are proposed", 8, "exchanges", _OURS)
FIX_CANDIDATES = Limit("edits: candidates that are proven for an exchange", 60, "candidates", _OURS)
FIX_FAULTS = Limit("edits: faults that one edit fixes together", 4, "faults", _OURS)
FIX_WORK = Limit(
    "edits: evaluations, times the characters of the trust policy, or of the provider's expressions and the members",
    2_000_000,
    "characters for an exchange",
    _OURS,
)
FIXES_WORK = Limit(
    "edits: evaluations for all exchanges, times the same characters",
    8_000_000,
    "characters for a report",
    _OURS,
)
FIX_SUBJECTS = Limit("edits: logged subjects that an edit is tried on", 200, "subjects", _OURS)

LIMITS = tuple(value for value in list(globals().values()) if isinstance(value, Limit))
