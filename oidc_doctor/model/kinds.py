"""Every kind of refusal of a step, with its facts: one row per kind."""

from __future__ import annotations

import enum
from typing import Self

SEEN_ONLY = True
CONCLUDES = True


class Kind(enum.StrEnum):
    """The kinds of refusal: a closed list, with one cause check for each.

    A row is the name (the value, and the name of the cause check), the steps at which the kind can occur as
    `cloud:step`, and SEEN_ONLY where only an observed error can show the kind, so that no configuration excludes it.
    CONCLUDES marks kinds whose words state evidence, so that a suspicion casts doubt on their conclusion alone.
    `steps` also lists the steps that a check has to examine before it may report "passed".
    """

    steps: tuple[tuple[str, str], ...]  # (cloud, step id)
    seen_only: bool
    concludes: bool

    def __new__(cls, name: str, steps: str = "", seen_only: bool = False, concludes: bool = False) -> Self:
        """Create one row of the table."""
        kind = str.__new__(cls, name)
        kind._value_ = name
        kind.steps = tuple((cloud, step) for cloud, _, step in (place.partition(":") for place in steps.split()))
        kind.seen_only = seen_only
        kind.concludes = concludes
        return kind

    def step_in(self, cloud: str) -> str:
        """Return the only step of `cloud` at which this kind occurs; raises ValueError for none or several."""
        (step,) = (step for place, step in self.steps if place == cloud)
        return step

    # token
    NOT_A_JWT = "not-a-jwt", "aws:token gcp:token"
    HEADER_UNSUPPORTED = "header-unsupported", "aws:token gcp:token"
    TOKEN_OVER_SIZE_LIMIT = "token-over-size-limit", "aws:request gcp:token"
    TOKEN_EXPIRED = "token-expired", "aws:token gcp:times"
    TOKEN_NOT_YET_VALID = "token-not-yet-valid", "aws:token"
    TOKEN_ISSUED_IN_FUTURE = "token-issued-in-future", "aws:token gcp:times"
    TOKEN_STALE = "token-stale", "gcp:times"
    CLAIM_MISSING = "claim-missing", "aws:token gcp:issuer gcp:audience gcp:times"
    CLAIM_MALFORMED = "claim-malformed", "aws:token gcp:issuer gcp:audience gcp:times"
    AUDIENCE_LIST_WITHOUT_AZP = "audience-list-without-azp", "aws:token"
    ALGORITHM_UNSUPPORTED = "algorithm-unsupported", "aws:token gcp:token"
    WRONG_TOKEN_PRESENTED = "wrong-token-presented", "aws:authorise gcp:issuer"
    TOKEN_LIFETIME_OVER_LIMIT = "token-lifetime-over-limit", "aws:obtain gcp:obtain", SEEN_ONLY
    TOKEN_NOT_ISSUED = "token-not-issued", "aws:obtain gcp:obtain", SEEN_ONLY
    NO_TOKEN_SENT = "no-token-sent", "aws:obtain gcp:obtain", SEEN_ONLY
    TOKEN_FILE_UNREADABLE = "token-file-unreadable", "aws:obtain gcp:obtain", SEEN_ONLY
    INVISIBLE_CHARACTER_IN_VALUE = "invisible-character-in-value", "aws:audience aws:authorise gcp:audience gcp:issuer"
    PLACEHOLDER_LEFT_IN = "placeholder-left-in", "aws:audience aws:authorise gcp:audience gcp:issuer"
    # issuer
    ISSUER_UNREACHABLE = "issuer-unreachable", "aws:keys gcp:keys", SEEN_ONLY
    DISCOVERY_INVALID = "discovery-invalid", "aws:keys gcp:keys"
    JWKS_UNREACHABLE = "jwks-unreachable", "aws:keys gcp:keys", SEEN_ONLY
    KEY_ID_UNKNOWN = "key-id-unknown", "aws:keys gcp:keys"
    KEY_UNUSABLE = "key-unusable", "aws:keys gcp:keys"
    SIGNATURE_INVALID = "signature-invalid", "aws:keys gcp:keys"
    ISSUER_URL_DIFFERS = "issuer-url-differs", "aws:keys gcp:keys"
    CERTIFICATE_UNTRUSTED = "certificate-untrusted", "aws:keys gcp:keys", SEEN_ONLY
    THUMBPRINT_MISMATCH = "thumbprint-mismatch", "aws:keys", SEEN_ONLY
    # aws
    REQUEST_MALFORMED = "request-malformed", "aws:request"
    PROVIDER_ID_SENT = "provider-id-sent", "aws:request"
    ROLE_ARN_MALFORMED = "role-arn-malformed", "aws:request"
    ROLE_MISSING = "role-missing", "aws:authorise"
    SESSION_POLICY_TOO_LARGE = "session-policy-too-large", "aws:request", SEEN_ONLY
    STS_REGION_DISABLED = "sts-region-disabled", "aws:request", SEEN_ONLY
    ENDPOINT_PARTITION_DIFFERS = "endpoint-partition-differs", "aws:request aws:provider aws:authorise"
    NOT_WEB_IDENTITY_FLOW = "not-web-identity-flow", "aws:obtain", SEEN_ONLY
    SELF_ASSUME_NOT_ALLOWED = "self-assume-not-allowed", "aws:permission", SEEN_ONLY
    EXTERNAL_ID_UNSUPPORTED = "external-id-unsupported", "aws:obtain aws:authorise"
    PROVIDER_MISSING = "provider-missing", "aws:provider"
    PROVIDER_IN_OTHER_ACCOUNT = "provider-in-other-account", "aws:provider aws:authorise"
    PROVIDER_URL_DIFFERS = "provider-url-differs", "aws:provider"
    CLIENT_ID_LIST_EMPTY = "client-id-list-empty", "aws:audience", False, CONCLUDES
    AUDIENCE_NOT_REGISTERED = "audience-not-registered", "aws:audience"
    AZP_DECIDES_AUDIENCE = "azp-decides-audience", "aws:audience"
    NO_ALLOW_STATEMENT = "no-allow-statement", "aws:authorise"
    WILDCARD_UNDER_STRING_EQUALS = "wildcard-under-string-equals", "aws:authorise"
    SUBJECT_CASE_DIFFERS = "subject-case-differs", "aws:authorise"
    SUBJECT_FORMAT_CHANGED = "subject-format-changed", "aws:authorise"
    SUBJECT_FORM_DIFFERS = "subject-form-differs", "aws:authorise"
    SUBJECT_SEGMENT_DIFFERS = "subject-segment-differs", "aws:authorise"
    AUDIENCE_CONDITION_DIFFERS = "audience-condition-differs", "aws:authorise"
    PRINCIPAL_DIFFERS = "principal-differs", "aws:authorise"
    ACTION_DIFFERS = "action-differs", "aws:authorise"
    CONDITION_KEY_MISSPELLED = "condition-key-misspelled", "aws:authorise"
    CONDITION_KEY_NOT_PROVIDED = "condition-key-not-provided", "aws:authorise"
    SESSION_TAG_MISSING = "session-tag-missing", "aws:authorise"
    CONDITION_VALUE_DIFFERS = "condition-value-differs", "aws:authorise"
    CONDITION_OPERATOR_MISUSED = "condition-operator-misused", "aws:authorise"
    POLICY_VARIABLE_UNRESOLVED = "policy-variable-unresolved", "aws:authorise"
    EXPLICIT_DENY = "explicit-deny", "aws:authorise"
    TRUST_POLICY_UNREADABLE = "trust-policy-unreadable", "aws:authorise", False, CONCLUDES
    TAGS_CLAIM_MALFORMED = "tags-claim-malformed", "aws:session-claims"
    SESSION_TAGS_NOT_ALLOWED = "session-tags-not-allowed", "aws:authorise"
    SOURCE_IDENTITY_NOT_ALLOWED = "source-identity-not-allowed", "aws:authorise"
    ROLES_CLAIM_MALFORMED = "roles-claim-malformed", "aws:session-claims"
    ROLES_CLAIM_EXCLUDES_ROLE = "roles-claim-excludes-role", "aws:session-claims"
    SESSION_DURATION_OVER_LIMIT = "session-duration-over-limit", "aws:duration"
    TRUST_POLICY_WRITE_REFUSED = "trust-policy-write-refused", "aws:authorise", SEEN_ONLY
    PROVIDER_WRITE_REFUSED = "provider-write-refused", "aws:provider gcp:configure", SEEN_ONLY
    ENDPOINT_POLICY_DENIES_EXCHANGE = "endpoint-policy-denies-exchange", "aws:authorise", SEEN_ONLY
    PROPAGATION_DELAY = "propagation-delay", "aws:authorise gcp:impersonate", SEEN_ONLY
    OUTSIDE_THE_TRUST_POLICY = "outside-the-trust-policy", "aws:authorise", SEEN_ONLY, CONCLUDES
    # gcp
    REQUEST_AUDIENCE_MALFORMED = "request-audience-malformed", "gcp:target"
    PROJECT_ID_FOR_NUMBER = "project-id-for-number", "gcp:target"
    PROJECT_NUMBER_DIFFERS = "project-number-differs", "gcp:target"
    PROVIDER_NOT_FOUND = "provider-not-found", "gcp:target"
    PROVIDER_DISABLED = "provider-disabled", "gcp:target"
    PROVIDER_DELETED = "provider-deleted", "gcp:target"
    PROVIDER_KIND_DIFFERS = "provider-kind-differs", "gcp:target"
    POOL_DISABLED = "pool-disabled", "gcp:target"
    POOL_DELETED = "pool-deleted", "gcp:target"
    WORKLOAD_POOL_MISSING = "workload-pool-missing", "gcp:configure gcp:target"
    ISSUER_MISMATCH = "issuer-mismatch", "gcp:issuer"
    ISSUER_FORBIDDEN_BY_ORG_POLICY = "issuer-forbidden-by-org-policy", "gcp:configure", SEEN_ONLY
    ATTRIBUTE_CONDITION_REQUIRED = "attribute-condition-required", "gcp:configure", SEEN_ONLY
    AUDIENCE_NOT_ALLOWED = "audience-not-allowed", "gcp:audience"
    ALLOWED_AUDIENCES_EMPTY = "allowed-audiences-empty", "gcp:audience"
    ATTRIBUTE_CONDITION_FALSE = "attribute-condition-false", "gcp:condition"
    CONDITION_CLAIM_MISSING = "condition-claim-missing", "gcp:condition"
    WILDCARD_IN_CEL = "wildcard-in-cel", "gcp:condition"
    EXPRESSION_INVALID = "expression-invalid", "gcp:condition gcp:mapping"
    MAPPING_MISSING_SUBJECT = "mapping-missing-subject", "gcp:mapping"
    MAPPING_CLAIM_MISSING = "mapping-claim-missing", "gcp:mapping"
    MAPPED_ATTRIBUTE_NOT_STRING = "mapped-attribute-not-string", "gcp:mapping"
    SUBJECT_OVER_LIMIT = "subject-over-limit", "gcp:mapping"
    ATTRIBUTES_OVER_LIMIT = "attributes-over-limit", "gcp:mapping"
    MAPPING_CONSTANT = "mapping-constant", "gcp:condition gcp:impersonate gcp:permission"
    MAPPING_KEY_INVALID = "mapping-key-invalid", "gcp:configure gcp:mapping"
    MAPPING_MISSING_ATTRIBUTE = "mapping-missing-attribute", "gcp:condition gcp:impersonate gcp:permission"
    IMPERSONATION_BINDING_MISSING = "impersonation-binding-missing", "gcp:impersonate"
    IMPERSONATION_NOT_CONFIGURED = "impersonation-not-configured", "gcp:impersonate gcp:permission"
    BINDING_CONDITION_FALSE = "binding-condition-false", "gcp:impersonate gcp:permission"
    MEMBER_MALFORMED = "member-malformed", "gcp:impersonate gcp:permission"
    WILDCARD_IN_MEMBER = "wildcard-in-member", "gcp:impersonate gcp:permission"
    BINDING_NAMES_DELETED_PRINCIPAL = "binding-names-deleted-principal", "gcp:impersonate gcp:permission"
    MEMBER_POOL_DIFFERS = "member-pool-differs", "gcp:impersonate gcp:permission"
    MEMBER_PROJECT_ID_FOR_NUMBER = "member-project-id-for-number", "gcp:impersonate gcp:permission"
    MEMBER_SUBJECT_DIFFERS = "member-subject-differs", "gcp:impersonate gcp:permission"
    MEMBER_ATTRIBUTE_DIFFERS = "member-attribute-differs", "gcp:impersonate gcp:permission"
    ROLE_GRANTED_ON_WRONG_RESOURCE = "role-granted-on-wrong-resource", "gcp:impersonate"
    SERVICE_ACCOUNT_MISSING = "service-account-missing", "gcp:impersonate"
    SERVICE_ACCOUNT_DIFFERS = "service-account-differs", "gcp:impersonate"
    SERVICE_ACCOUNT_DISABLED = "service-account-disabled", "gcp:impersonate"
    API_DISABLED = "api-disabled", "gcp:target gcp:impersonate"
    QUOTA_PROJECT_PERMISSION = "quota-project-permission", "gcp:impersonate gcp:permission", SEEN_ONLY
    CREDENTIAL_CONFIG_INVALID = "credential-config-invalid", "gcp:obtain"
    ACCESS_TOKEN_LIFETIME_OVER_LIMIT = "access-token-lifetime-over-limit", "gcp:impersonate"
    SCOPE_MISSING = "scope-missing", "gcp:impersonate"
    REQUEST_THROTTLED = (
        "request-throttled",
        "aws:request aws:permission gcp:target gcp:impersonate gcp:permission",
        SEEN_ONLY,
    )
    OUTSIDE_THE_ALLOW_POLICY = "outside-the-allow-policy", "gcp:impersonate", SEEN_ONLY, CONCLUDES
    # access
    PERMISSION_MISSING = "permission-missing", "aws:permission gcp:permission"
    SESSION_EXPIRED = "session-expired", "aws:permission gcp:permission", SEEN_ONLY
    SOURCE_NOT_SERVED = "source-not-served", "aws:permission gcp:permission"
    TRUSS_KEY_INVALID = "truss-key-invalid", "aws:obtain gcp:obtain"
    TRUSS_VERSION_TOO_OLD = "truss-version-too-old", "aws:obtain gcp:obtain"
    RUNTIME_OIDC_DISABLED = "runtime-oidc-disabled", "aws:obtain gcp:obtain"
    AUTH_METHOD_DIFFERS_FROM_TRUST = "auth-method-differs-from-trust", "aws:obtain aws:authorise"
    AUTH_METHOD_FOR_OTHER_CLOUD = "auth-method-for-other-cloud", "aws:permission gcp:permission"
    REGISTRY_DIFFERS_FROM_IMAGE = "registry-differs-from-image", "aws:permission gcp:permission"
    ECR_REGION_DIFFERS = "ecr-region-differs", "aws:permission"
    SECOND_HOP_REFUSED = "second-hop-refused", "aws:permission", SEEN_ONLY
    SESSION_CREDENTIALS_INVALID = (
        "session-credentials-invalid",
        "aws:permission gcp:impersonate gcp:permission",
        SEEN_ONLY,
    )
    CLIENT_CLOCK_WRONG = "client-clock-wrong", "aws:permission", SEEN_ONLY
    NO_CREDENTIALS_SENT = "no-credentials-sent", "aws:permission gcp:permission", SEEN_ONLY
    OBJECT_MISSING_SHOWN_AS_DENIED = "object-missing-shown-as-denied", "aws:permission gcp:permission", SEEN_ONLY
    ACCESS_DENIED_BY_IDENTITY_POLICY = "access-denied-by-identity-policy", "aws:permission"
    ACCESS_DENIED_BY_RESOURCE_POLICY = "access-denied-by-resource-policy", "aws:permission"
    ACCESS_DENIED_BY_BOUNDARY = "access-denied-by-boundary", "aws:permission gcp:impersonate gcp:permission"
    ACCESS_DENIED_BY_SESSION_POLICY = "access-denied-by-session-policy", "aws:permission"
    ACCESS_DENIED_BY_ORGANIZATION_POLICY = (
        "access-denied-by-organization-policy",
        "aws:authorise aws:permission",
        SEEN_ONLY,
    )
    ACCESS_DENIED_BY_ENDPOINT_POLICY = "access-denied-by-endpoint-policy", "aws:permission", SEEN_ONLY
    ACCESS_DENIED_BY_DENY_POLICY = "access-denied-by-deny-policy", "gcp:impersonate gcp:permission", SEEN_ONLY
    ACCESS_CONDITION_NOT_MET = "access-condition-not-met", "aws:permission"
    KMS_DECRYPT_MISSING = "kms-decrypt-missing", "aws:permission gcp:permission"
    REQUESTER_PAYS = "requester-pays", "gcp:permission", SEEN_ONLY
    SERVICE_PERIMETER = "service-perimeter", "gcp:target gcp:impersonate gcp:permission", SEEN_ONLY
    # any
    SETUP_INCOMPLETE = (
        "setup-incomplete",
        "aws:provider aws:authorise aws:permission gcp:target gcp:impersonate gcp:permission",
        False,
        CONCLUDES,
    )
    ENDPOINT_UNREACHABLE = (
        "endpoint-unreachable",
        "aws:obtain aws:request aws:permission gcp:obtain gcp:target gcp:impersonate gcp:permission",
        SEEN_ONLY,
    )
    EVIDENCE_CONTRADICTS = (
        "evidence-contradicts",
        (
            "aws:token aws:provider aws:audience aws:keys aws:authorise "
            "gcp:target gcp:token gcp:issuer gcp:audience gcp:keys gcp:condition gcp:mapping gcp:impersonate"
        ),
        False,
        CONCLUDES,
    )
    REFUSED_UNEXPLAINED = "refused-unexplained", "", SEEN_ONLY, CONCLUDES
