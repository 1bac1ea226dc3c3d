"""The clouds' sentences, old and new: which steps of the exchange can say each, or which one fault it names.

AWS texts of July 2026 and later collapse the older ones for a missing provider and a wrong audience into one; the
older ones are still quoted everywhere and stay in the table. Sources: the STS API reference, recorded calls of
September 2026, the knowledge-center articles; Google's troubleshooting page for workload identity federation and
measured notes of September 2026; issuers' and SDKs' own messages as quoted in public threads.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from oidc_doctor.model.case import Reading
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.steps import STEPS, Cloud

# AWS, on the wire
COULD_NOT_VALIDATE = (
    "The web identity token provided could not be validated. "
    "See the AssumeRoleWithWebIdentity documentation for requirements."
)
THUMBPRINT_DIFFERS = "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint"
NO_VERIFICATION_KEY = (
    "Couldn't retrieve verification key from your identity provider,  "
    "please reference AssumeRoleWithWebIdentity documentation for requirements"
)
NOT_AUTHORIZED = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
NOT_A_JWT = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
DURATION_OVER_LIMIT = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
MORE_THAN_ONE_AUDIENCE = "Token audience contains more than one audience while authorized party is not present"
INVALID_TIMESTAMP = "Invalid timestamp in token claims."
ROLES_EXCLUDE = "The target role ARN is not present in the roles claim of the identity token"
ROLES_NO_VALID = "The roles claim contains no valid role ARNs"
ROLES_FORMAT = "The roles claim is not in a supported format"
TAGS_FORMAT = "Session tags passed in claim are not in correct format."
PRINCIPAL_TAGS_FORMAT = "principal_tags passed in claim is not in correct format."

# Google, on the wire
INVALID_TARGET = (
    'The target service indicated by the "audience" parameters is invalid. This might either be because the pool '
    "or provider is disabled or deleted or because it doesn't exist."
)
INVALID_AUDIENCE = (
    'Invalid value for "audience". This value should be the full resource name of the Identity Provider. See '
    "https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token for the list of possible formats."
)
CONDITION_REJECTED = "The given credential is rejected by the attribute condition."
NO_SUBJECT = "Could not obtain a value for google.subject from the given credential."
ISSUER_CONNECTION = "Error connecting to the given credential's issuer."
SIGNATURE_UNVERIFIED = "Unable to verify the ID Token signature."
UNPARSABLE = "Unable to parse the ID Token."
SUBJECT_TOO_LONG = (
    "The size of mapped attribute google.subject exceeds the 127 bytes limit. Either modify your attribute mapping "
    "or the incoming assertion to produce a mapped attribute that is less than 127 bytes."
)
IMPERSONATION_DENIED = "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist)."


class _Row(NamedTuple):
    pattern: str  # regular expression; named groups become facts
    cloud: Cloud | None
    steps: str
    kind: Kind | None = None
    proves: bool = True


# The first row that matches a text decides; the more particular rows stand first.
_ROWS: tuple[_Row, ...] = (
    # The workload had no token to send.
    # a runner's environment dump names the variables too
    _Row(
        r"(?i:unable|not inject|fail|missing|could not|error).{0,60}ACTIONS_ID_TOKEN_REQUEST_(URL|TOKEN)"
        r"|ACTIONS_ID_TOKEN_REQUEST_(URL|TOKEN).{0,60}(?i:not set|missing|undefined|not found|empty|unset|not defined)",
        None,
        "obtain",
        Kind.TOKEN_NOT_ISSUED,
    ),
    _Row(r"id-token[`'\"]?:? *(write|permission)", None, "obtain", Kind.TOKEN_NOT_ISSUED),
    _Row(
        r"lifetime too high(?: *\(requested: *(?P<requested>\d+),? max: *(?P<limit>\d+))?",
        None,
        "obtain",
        Kind.TOKEN_LIFETIME_OVER_LIMIT,
    ),
    _Row(
        r"(OIDC|identity) token file is not readable|(WEB_IDENTITY_TOKEN_FILE|OIDC_TOKEN_PATH).{0,60}"
        r"(not set|no such file|not found)|No such file or directory.{0,80}token",
        None,
        "obtain",
        Kind.TOKEN_NOT_ISSUED,
    ),
    _Row(r"need either OIDC config or secret_id|\bsecret_id is required", None, "obtain", Kind.NO_TOKEN_SENT),
    _Row(
        r"Unauthenticated request\. Unauthenticated requests do not have permission",
        "gcp",
        "obtain",
        Kind.NO_TOKEN_SENT,
    ),
    # AWS: the call was not AssumeRoleWithWebIdentity.
    _Row(r"(?<![/-])\b(?i:external[-_ ]?id)\b(?![/-])", "aws", "obtain", Kind.EXTERNAL_ID_UNSUPPORTED),
    _Row(
        r"sts:AssumeRole\b(?!With).{0,60}(own|itself|same role|self)"
        r"|assumed-role/(?P<role>[\w+=,.@-]+)/\S* is not authorized to perform: sts:AssumeRole on resource: "
        r"\S*role/(?:\S*/)?(?P=role)\b",
        "aws",
        "obtain",
        Kind.SELF_ASSUME_NOT_ALLOWED,
    ),
    _Row(r"(?P<call>sts:AssumeRole)\b(?!With)", "aws", "obtain", Kind.NOT_WEB_IDENTITY_FLOW),
    # AWS: writing the policy or provider.
    _Row(
        r"(?P<message>Trust policy with trusted principal .{0,300})",
        "aws",
        "authorise",
        Kind.TRUST_POLICY_WRITE_REFUSED,
    ),
    _Row(
        r"MalformedPolicyDocument.{0,200}AssumeRoleWithWebIdentity"
        r"|(?P<parameter>Session policy) is (not valid|malformed)",
        "aws",
        "request",
        Kind.REQUEST_MALFORMED,
    ),
    _Row(r"MalformedPolicyDocument", "aws", "authorise", Kind.TRUST_POLICY_WRITE_REFUSED),
    # AWS: request.
    _Row(
        r"Request ARN is invalid|at 'roleArn' failed|Invalid ARN|is not a valid ARN",
        "aws",
        "request",
        Kind.ROLE_ARN_MALFORMED,
    ),
    _Row(
        r"at '(?P<parameter>roleSessionName|durationSeconds|policy|webIdentityToken)' failed to satisfy",
        "aws",
        "request",
        Kind.REQUEST_MALFORMED,
    ),
    _Row(
        r"not a Login With Amazon token|Unrecognized OAuth provider|Do not include a provider parameter",
        "aws",
        "request",
        Kind.PROVIDER_ID_SENT,
    ),
    # the STS API also gives this code to expired and revoked tokens
    _Row(r"IDPRejectedClaim", "aws", "request token", Kind.PROVIDER_ID_SENT, proves=False),
    _Row(r"RegionDisabledException|STS is not activated in this region", "aws", "request", Kind.STS_REGION_DISABLED),
    _Row(r"PackedPolicyTooLarge|Packed policy consumes", "aws", "request", Kind.SESSION_POLICY_TOO_LARGE),
    # AWS: token.
    _Row(r"Missing a required claim: *(?P<claim>[\w.]+)", "aws", "token", Kind.CLAIM_MISSING),
    _Row(r"Claim is not allowed to be empty: *(?P<claim>\w+)", "aws", "token", Kind.CLAIM_MALFORMED),
    _Row(
        r"more than one audience while authorized party is not present", "aws", "token", Kind.AUDIENCE_LIST_WITHOUT_AZP
    ),
    _Row(r"Invalid timestamp in token claims", "aws", "token", Kind.CLAIM_MALFORMED),
    _Row(r"Token issued in the future", "aws", "token", Kind.TOKEN_ISSUED_IN_FUTURE),
    _Row(r"Token not yet valid", "aws", "token", Kind.TOKEN_NOT_YET_VALID),
    _Row(
        r"ExpiredTokenException|Token expired: current date/time|Token has expired", "aws", "token", Kind.TOKEN_EXPIRED
    ),
    _Row(r"is not a valid JWT", "aws", "token"),
    _Row(r"Unknown error validating third-party token", "aws", "token", Kind.CLAIM_MALFORMED),
    # AWS: session claims.
    _Row(
        r"(Session tags|principal_tags|transitive_tag_keys) passed in claim",
        "aws",
        "session-claims",
        Kind.TAGS_CLAIM_MALFORMED,
    ),
    _Row(r"not present in the roles claim", "aws", "session-claims", Kind.ROLES_CLAIM_EXCLUDES_ROLE),
    _Row(r"roles claim (contains no valid|is not in a supported)", "aws", "session-claims", Kind.ROLES_CLAIM_MALFORMED),
    # AWS: provider, audience, keys.
    _Row(r"No OpenIDConnect provider found in your account", "aws", "provider"),
    _Row(r"Incorrect token audience", "aws", "audience"),
    _Row(r"web identity token provided could not be validated", "aws", "provider audience"),
    _Row(r"certificate doesn'?t match configured thumbprint", "aws", "keys", Kind.THUMBPRINT_MISMATCH),
    _Row(r"Couldn'?t retrieve verification key", "aws", "keys"),
    _Row(r"IDPCommunicationError", "aws", "keys", Kind.ISSUER_UNREACHABLE, proves=False),
    # AWS: trust policy, duration.
    _Row(r"sts:TagSession", "aws", "authorise", Kind.SESSION_TAGS_NOT_ALLOWED),
    _Row(r"sts:SetSourceIdentity", "aws", "authorise", Kind.SOURCE_IDENTITY_NOT_ALLOWED),
    _Row(r"DurationSeconds exceeds the MaxSessionDuration", "aws", "duration", Kind.SESSION_DURATION_OVER_LIMIT),
    # AWS: after the exchange.
    _Row(
        r"not authorized to perform:? *(?P<permission>(?:s3|ecr|kms|secretsmanager)[\w-]*:\w+)",
        "aws",
        "permission",
        Kind.PERMISSION_MISSING,
    ),
    _Row(r"Not authorized to perform sts:AssumeRoleWithWebIdentity", "aws", "authorise"),
    _Row(
        r"AssumeRoleWithWebIdentity.{0,80}Access ?Denied|Access ?Denied.{0,80}AssumeRoleWithWebIdentity",
        "aws",
        "authorise",
    ),
    _Row(
        r"\bExpiredToken\b|security token included in the request is expired", "aws", "permission", Kind.SESSION_EXPIRED
    ),
    _Row(r"Invalid ?Identity ?Token|Invalid identity token", "aws", "token provider audience keys session-claims"),
    # Google: set-up.
    _Row(r"must reference one of the provider'?s claims", "gcp", "configure", Kind.ATTRIBUTE_CONDITION_REQUIRED),
    _Row(
        r"Org Policy violated for value: *'?(?P<issuer>[^'\s]+)",
        "gcp",
        "configure",
        Kind.ISSUER_FORBIDDEN_BY_ORG_POLICY,
    ),
    _Row(
        r"constraints/iam\.workloadIdentityPoolProviders",
        "gcp",
        "configure",
        Kind.ISSUER_FORBIDDEN_BY_ORG_POLICY,
    ),
    _Row(
        r"spec\.member in body should match|IAM members must have one of the values outlined",
        "gcp",
        "configure impersonate",
        Kind.MEMBER_MALFORMED,
    ),
    _Row(
        r"(?i:workload ?identity ?pool).{0,200}(?i:soft.?deleted|DELETED state|state:? *DELETED)",
        "gcp",
        "configure target",
        Kind.POOL_DELETED,
        proves=False,
    ),
    _Row(
        r"(WorkloadIdentityPool|workload ?identity).{0,80}already exists|\b409\b.{0,80}already exists",
        "gcp",
        "configure target",
    ),
    # Google: exchange.
    _Row(
        r"target service indicated by the \\?\"audience\\?\" parameters is invalid|invalid_target"
        r"|invalid audience/target",
        "gcp",
        "target",
    ),
    _Row(r"Invalid value for \\?\"audience\\?\"", "gcp", "target", Kind.REQUEST_AUDIENCE_MALFORMED),
    _Row(r"The issuer in ID Token (?P<absent>null)", "gcp", "issuer", Kind.CLAIM_MISSING),
    _Row(
        r"The issuer in ID Token (?P<found>\S+) does not match the expected (one in config|ones): *(?P<wanted>\S+)",
        "gcp",
        "issuer",
        Kind.ISSUER_MISMATCH,
    ),
    _Row(r"The issuer in ID Token", "gcp", "issuer", Kind.ISSUER_MISMATCH),
    _Row(r"The audience in ID Token (?P<absent>\[\])", "gcp", "audience", Kind.CLAIM_MISSING),
    _Row(r"The audience in ID Token", "gcp", "audience"),
    _Row(r"ID Token issued at (?P<iat>\S+) is stale", "gcp", "times"),
    _Row(r"Error connecting to the given credential'?s issuer", "gcp", "keys"),
    _Row(r"Unable to verify the ID Token signature", "gcp", "keys", Kind.SIGNATURE_INVALID),
    _Row(r"Unable to parse the ID Token", "gcp", "token", Kind.NOT_A_JWT),
    _Row(r"rejected by the attribute condition", "gcp", "condition"),
    _Row(r"Could not obtain a value for google\.subject", "gcp", "mapping"),
    _Row(r"mapped attribute google\.subject exceeds", "gcp", "mapping", Kind.SUBJECT_OVER_LIMIT),
    _Row(
        r"mapped attribute '?(?P<attribute>[\w.]+)'? must be of type STRING",
        "gcp",
        "mapping",
        Kind.MAPPED_ATTRIBUTE_NOT_STRING,
    ),
    _Row(
        r"current count of \d+ mapped attribute|size of the entire mapped attributes exceeds",
        "gcp",
        "mapping",
        Kind.ATTRIBUTES_OVER_LIMIT,
    ),
    _Row(r"quota_exceeded|throttled due to rate limit", "gcp", "target", Kind.REQUEST_THROTTLED),
    _Row(
        r"(?P<api>IAM Service Account Credentials) API has not been used in project (?P<project>\S+)",
        "gcp",
        "impersonate",
        Kind.API_DISABLED,
    ),
    _Row(
        r"(?P<api>Security Token Service|[A-Z][\w ]{3,40}) API has not been used in project (?P<project>\S+)",
        "gcp",
        "target impersonate",
        Kind.API_DISABLED,
    ),
    _Row(r"(?P<api>iamcredentials\.googleapis\.com).{0,400}SERVICE_DISABLED", "gcp", "impersonate", Kind.API_DISABLED),
    _Row(r"SERVICE_DISABLED.{0,400}(?P<api>iamcredentials\.googleapis\.com)", "gcp", "impersonate", Kind.API_DISABLED),
    _Row(
        r"API \[(?P<api>iamcredentials\.googleapis\.com)\] not enabled on project \[(?P<project>[\w-]+)",
        "gcp",
        "impersonate",
        Kind.API_DISABLED,
    ),
    _Row(
        r"API \[(?P<api>[\w.]+)\] not enabled on project \[(?P<project>[\w-]+)|SERVICE_DISABLED|accessNotConfigured",
        "gcp",
        "target impersonate",
        Kind.API_DISABLED,
    ),
    # Google: impersonation.
    _Row(
        r"required permission to use project (?P<project>[\w-]+)|serviceusage\.services\.use|x-goog-user-project"
        r"|USER_PROJECT_DENIED",
        "gcp",
        "impersonate",
        Kind.QUOTA_PROJECT_PERMISSION,
    ),
    _Row(r"Gaia id not found for email *(?P<service_account>\S+)", "gcp", "impersonate", Kind.SERVICE_ACCOUNT_MISSING),
    _Row(
        r"lifetimes of more than 1 hour|allowServiceAccountCredentialLifetimeExtension",
        "gcp",
        "impersonate",
        Kind.ACCESS_TOKEN_LIFETIME_OVER_LIMIT,
    ),
    _Row(r"access_token_lifetime", "gcp", "impersonate", Kind.ACCESS_TOKEN_LIFETIME_OVER_LIMIT, proves=False),
    _Row(r"ACCESS_TOKEN_SCOPE_INSUFFICIENT", "gcp", "permission", Kind.SCOPE_MISSING),
    _Row(
        r"(?i:credential_source|subject_token_type|token_url|malformed credential|credential configuration|"
        r"unable to (get|retrieve|determine|read) (the )?aws|no aws region|metadata server.{0,40}(aws|169\.254))",
        "gcp",
        "obtain",
        Kind.CREDENTIAL_CONFIG_INVALID,
    ),
    _Row(r"iam\.serviceAccounts\.(getAccessToken|getOpenIdToken)", "gcp", "impersonate"),
    _Row(
        r"impersonated credentials|generateAccessToken|generateIdToken|generate Google Cloud (ID|access) token",
        "gcp",
        "impersonate",
    ),
    _Row(r"Request contains an invalid argument", "gcp", "impersonate", Kind.SCOPE_MISSING, proves=False),
    # Google: after the exchange.
    _Row(
        r"(?P<permission>(?:artifactregistry|storage)\.\w+\.\w+)",
        "gcp",
        "permission",
        Kind.PERMISSION_MISSING,
    ),
    _Row(r"The caller does not have permission|PERMISSION_DENIED", "gcp", "impersonate permission"),
    # AWS, last: words that many services use, or that a runner prints below the cloud's own.
    _Row(
        r"Could not load credentials from any providers|Unable to locate credentials|NoCredentialsError"
        r"|NoCredentialProviders|no valid (providers in chain|credential sources)",
        "aws",
        "obtain",
        Kind.TOKEN_NOT_ISSUED,
        proves=False,
    ),
    _Row(r"An unknown error occurred", "aws", "authorise"),
    _Row(r"\bAccess ?Denied\b", "aws", "permission", Kind.PERMISSION_MISSING, proves=False),
)


def patterns() -> list[str]:
    """The regular expressions of the table: what is made of their words is a cloud's sentence."""
    return [row.pattern for row in _ROWS]


def spoken(text: str) -> tuple[tuple[int, int], list[tuple[int, int]]]:
    """The span of the sentence that decides how `text` is read, and the spans of the facts in it."""
    for pattern, _ in _compiled():
        found = pattern.search(text[:_LONGEST])
        if found:
            return found.span(), [found.span(name) for name in found.re.groupindex if found[name]]
    return (0, 0), []


@cache
def _compiled() -> tuple[tuple[re.Pattern[str], _Row], ...]:
    return tuple((re.compile(row.pattern, re.DOTALL), row) for row in _ROWS)


# A sentence is long, a log dump is longer: what was pasted beyond this is not searched.
_LONGEST = 20_000


def read_error(text: str, source: str = "") -> Reading | None:
    """What an observed error says; None where the sentence is not known. The text may be anybody's."""
    text = text[:_LONGEST]
    for pattern, row in _compiled():
        found = pattern.search(text)
        if not found:
            continue
        facts = {name: value for name, value in found.groupdict().items() if value}
        missing: frozenset[str] = frozenset()
        kind = row.kind
        if facts.pop("absent", None):
            # Google prints null for an absent issuer and [] for an absent audience
            facts["claim"] = "iss" if "issuer" in row.steps else "aud"
        if kind is Kind.CLAIM_MISSING:
            missing = frozenset({facts["claim"]})
        elif facts.get("iat") == "null":
            # Google prints null where the token has no iat
            kind, missing = Kind.CLAIM_MISSING, frozenset({"iat"})
            facts = {"claim": "iat", "claims": "iat"}
        return Reading(
            row.cloud,
            frozenset(row.steps.split()),
            text,
            kind,
            facts,
            missing,
            proves=row.proves,
            source=source,
        )
    return None


def before(cloud: Cloud, steps: frozenset[str]) -> frozenset[str]:
    """The steps that an error of `steps` shows to have passed: those before the earliest of them."""
    order = [step.id for step in STEPS[cloud]]
    named = [order.index(step) for step in steps if step in order]
    return frozenset(order[: min(named)]) if named else frozenset()


# How SDKs and tools wrap what a cloud answered; the first that fits tells code and message.
_WRAPPED = (
    r'"error": *"(?P<code>\w+)", *"error_description": *"(?P<message>(?:[^"\\]|\\.)*)"',
    r"<Code>(?P<code>\w+)</Code>\s*<Message>(?P<message>[^<]+)",
    r"An error occurred \((?P<code>\w+)\)(?: when calling the \w+ operation)?[^:\n]*: (?P<message>[^\n]+)",
    r"api error (?P<code>\w+): (?P<message>[^\n]+)",
    r"Could not assume role with OIDC: (?P<message>[^\n]+)",
    r"Error code (?P<code>\w+): (?P<message>[^'\n]+)",
    r"(?:^|[\s.,])(?P<code>[A-Z]\w*(?:Exception|Error|Denied|Token|Claim|TooLarge|Failure)): (?P<message>[^\n]+)",
)
_AFTER = re.compile(r" \(Service: \w+, Status Code.*$")
_LONGEST_MESSAGE = 300


def on_the_wire(text: str) -> tuple[str, str]:
    """Code and message of an observed error without what an SDK put around them; the code may be empty."""
    text = text[:_LONGEST]
    for pattern in _WRAPPED:
        found = re.search(pattern, text)
        if found:
            message = _AFTER.sub("", found["message"].strip()).replace('\\"', '"')
            return found.groupdict().get("code") or "", message[:_LONGEST_MESSAGE]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    known = next((line for line in lines if read_error(line) is not None), lines[0] if lines else "")
    return "", known[:_LONGEST_MESSAGE]
