"""Every way in which a step can refuse, and the steps that each of them concerns."""

from __future__ import annotations

import enum
from collections.abc import Mapping


class Kind(enum.StrEnum):
    """Every way in which a step can refuse: a closed list, one cause check each, the value is the cause's name."""

    # token
    NOT_A_JWT = "not-a-jwt"
    HEADER_UNSUPPORTED = "header-unsupported"
    TOKEN_OVER_SIZE_LIMIT = "token-over-size-limit"
    TOKEN_EXPIRED = "token-expired"
    TOKEN_NOT_YET_VALID = "token-not-yet-valid"
    TOKEN_ISSUED_IN_FUTURE = "token-issued-in-future"
    TOKEN_STALE = "token-stale"
    CLAIM_MISSING = "claim-missing"
    CLAIM_MALFORMED = "claim-malformed"
    AUDIENCE_LIST_WITHOUT_AZP = "audience-list-without-azp"
    ALGORITHM_UNSUPPORTED = "algorithm-unsupported"
    WRONG_TOKEN_PRESENTED = "wrong-token-presented"
    TOKEN_LIFETIME_OVER_LIMIT = "token-lifetime-over-limit"
    TOKEN_NOT_ISSUED = "token-not-issued"
    NO_TOKEN_SENT = "no-token-sent"
    INVISIBLE_CHARACTER_IN_VALUE = "invisible-character-in-value"
    PLACEHOLDER_LEFT_IN = "placeholder-left-in"
    # issuer
    ISSUER_UNREACHABLE = "issuer-unreachable"
    DISCOVERY_INVALID = "discovery-invalid"
    JWKS_UNREACHABLE = "jwks-unreachable"
    KEY_ID_UNKNOWN = "key-id-unknown"
    KEY_UNUSABLE = "key-unusable"
    SIGNATURE_INVALID = "signature-invalid"
    ISSUER_URL_DIFFERS = "issuer-url-differs"
    CERTIFICATE_UNTRUSTED = "certificate-untrusted"
    THUMBPRINT_MISMATCH = "thumbprint-mismatch"
    # aws
    REQUEST_MALFORMED = "request-malformed"
    PROVIDER_ID_SENT = "provider-id-sent"
    ROLE_ARN_MALFORMED = "role-arn-malformed"
    ROLE_MISSING = "role-missing"
    SESSION_POLICY_TOO_LARGE = "session-policy-too-large"
    STS_REGION_DISABLED = "sts-region-disabled"
    NOT_WEB_IDENTITY_FLOW = "not-web-identity-flow"
    SELF_ASSUME_NOT_ALLOWED = "self-assume-not-allowed"
    EXTERNAL_ID_UNSUPPORTED = "external-id-unsupported"
    PROVIDER_MISSING = "provider-missing"
    PROVIDER_IN_OTHER_ACCOUNT = "provider-in-other-account"
    PROVIDER_URL_DIFFERS = "provider-url-differs"
    CLIENT_ID_LIST_EMPTY = "client-id-list-empty"
    AUDIENCE_NOT_REGISTERED = "audience-not-registered"
    AZP_DECIDES_AUDIENCE = "azp-decides-audience"
    NO_ALLOW_STATEMENT = "no-allow-statement"
    WILDCARD_UNDER_STRING_EQUALS = "wildcard-under-string-equals"
    SUBJECT_CASE_DIFFERS = "subject-case-differs"
    SUBJECT_FORMAT_CHANGED = "subject-format-changed"
    SUBJECT_FORM_DIFFERS = "subject-form-differs"
    SUBJECT_SEGMENT_DIFFERS = "subject-segment-differs"
    AUDIENCE_CONDITION_DIFFERS = "audience-condition-differs"
    PRINCIPAL_DIFFERS = "principal-differs"
    ACTION_DIFFERS = "action-differs"
    CONDITION_KEY_MISSPELLED = "condition-key-misspelled"
    CONDITION_KEY_NOT_PROVIDED = "condition-key-not-provided"
    CONDITION_VALUE_DIFFERS = "condition-value-differs"
    CONDITION_OPERATOR_MISUSED = "condition-operator-misused"
    POLICY_VARIABLE_UNRESOLVED = "policy-variable-unresolved"
    EXPLICIT_DENY = "explicit-deny"
    TAGS_CLAIM_MALFORMED = "tags-claim-malformed"
    SESSION_TAGS_NOT_ALLOWED = "session-tags-not-allowed"
    SOURCE_IDENTITY_NOT_ALLOWED = "source-identity-not-allowed"
    ROLES_CLAIM_MALFORMED = "roles-claim-malformed"
    ROLES_CLAIM_EXCLUDES_ROLE = "roles-claim-excludes-role"
    SESSION_DURATION_OVER_LIMIT = "session-duration-over-limit"
    TRUST_POLICY_WRITE_REFUSED = "trust-policy-write-refused"
    PROPAGATION_DELAY = "propagation-delay"
    OUTSIDE_THE_TRUST_POLICY = "outside-the-trust-policy"
    # gcp
    REQUEST_AUDIENCE_MALFORMED = "request-audience-malformed"
    PROJECT_ID_FOR_NUMBER = "project-id-for-number"
    PROJECT_NUMBER_DIFFERS = "project-number-differs"
    PROVIDER_NOT_FOUND = "provider-not-found"
    PROVIDER_DISABLED = "provider-disabled"
    PROVIDER_DELETED = "provider-deleted"
    PROVIDER_KIND_DIFFERS = "provider-kind-differs"
    POOL_DISABLED = "pool-disabled"
    POOL_DELETED = "pool-deleted"
    ISSUER_MISMATCH = "issuer-mismatch"
    ISSUER_FORBIDDEN_BY_ORG_POLICY = "issuer-forbidden-by-org-policy"
    ATTRIBUTE_CONDITION_REQUIRED = "attribute-condition-required"
    AUDIENCE_NOT_ALLOWED = "audience-not-allowed"
    ALLOWED_AUDIENCES_EMPTY = "allowed-audiences-empty"
    ATTRIBUTE_CONDITION_FALSE = "attribute-condition-false"
    CONDITION_CLAIM_MISSING = "condition-claim-missing"
    WILDCARD_IN_CEL = "wildcard-in-cel"
    EXPRESSION_INVALID = "expression-invalid"
    MAPPING_MISSING_SUBJECT = "mapping-missing-subject"
    MAPPING_CLAIM_MISSING = "mapping-claim-missing"
    MAPPED_ATTRIBUTE_NOT_STRING = "mapped-attribute-not-string"
    SUBJECT_OVER_LIMIT = "subject-over-limit"
    ATTRIBUTES_OVER_LIMIT = "attributes-over-limit"
    MAPPING_MISSING_ATTRIBUTE = "mapping-missing-attribute"
    IMPERSONATION_BINDING_MISSING = "impersonation-binding-missing"
    IMPERSONATION_NOT_CONFIGURED = "impersonation-not-configured"
    BINDING_CONDITION_FALSE = "binding-condition-false"
    MEMBER_MALFORMED = "member-malformed"
    WILDCARD_IN_MEMBER = "wildcard-in-member"
    BINDING_NAMES_DELETED_PRINCIPAL = "binding-names-deleted-principal"
    MEMBER_POOL_DIFFERS = "member-pool-differs"
    MEMBER_PROJECT_ID_FOR_NUMBER = "member-project-id-for-number"
    MEMBER_SUBJECT_DIFFERS = "member-subject-differs"
    MEMBER_ATTRIBUTE_DIFFERS = "member-attribute-differs"
    ROLE_GRANTED_ON_WRONG_RESOURCE = "role-granted-on-wrong-resource"
    SERVICE_ACCOUNT_MISSING = "service-account-missing"
    SERVICE_ACCOUNT_DISABLED = "service-account-disabled"
    API_DISABLED = "api-disabled"
    QUOTA_PROJECT_PERMISSION = "quota-project-permission"
    CREDENTIAL_CONFIG_INVALID = "credential-config-invalid"
    ACCESS_TOKEN_LIFETIME_OVER_LIMIT = "access-token-lifetime-over-limit"
    SCOPE_MISSING = "scope-missing"
    REQUEST_THROTTLED = "request-throttled"
    OUTSIDE_THE_ALLOW_POLICY = "outside-the-allow-policy"
    # access
    PERMISSION_MISSING = "permission-missing"
    SESSION_EXPIRED = "session-expired"
    SOURCE_NOT_SERVED = "source-not-served"
    # any
    REFUSED_UNEXPLAINED = "refused-unexplained"


# The steps at which each kind can be met, per cloud: what a cause check needs before it may say "passed".
_STEPS: Mapping[str, tuple[Kind, ...]] = {
    "aws:obtain gcp:obtain": (Kind.TOKEN_NOT_ISSUED, Kind.NO_TOKEN_SENT, Kind.TOKEN_LIFETIME_OVER_LIMIT),
    "aws:obtain": (Kind.NOT_WEB_IDENTITY_FLOW, Kind.SELF_ASSUME_NOT_ALLOWED),
    "aws:obtain aws:authorise": (Kind.EXTERNAL_ID_UNSUPPORTED,),
    "aws:request": (
        Kind.REQUEST_MALFORMED,
        Kind.PROVIDER_ID_SENT,
        Kind.ROLE_ARN_MALFORMED,
        Kind.SESSION_POLICY_TOO_LARGE,
        Kind.STS_REGION_DISABLED,
    ),
    "aws:request gcp:token": (Kind.TOKEN_OVER_SIZE_LIMIT,),
    "aws:token gcp:token": (Kind.NOT_A_JWT, Kind.HEADER_UNSUPPORTED, Kind.ALGORITHM_UNSUPPORTED),
    "aws:token gcp:issuer gcp:audience gcp:times": (Kind.CLAIM_MISSING, Kind.CLAIM_MALFORMED),
    "aws:token": (Kind.AUDIENCE_LIST_WITHOUT_AZP, Kind.TOKEN_NOT_YET_VALID),
    "aws:token gcp:times": (Kind.TOKEN_EXPIRED, Kind.TOKEN_ISSUED_IN_FUTURE),
    "gcp:times": (Kind.TOKEN_STALE,),
    "aws:authorise gcp:issuer": (Kind.WRONG_TOKEN_PRESENTED,),
    "aws:audience aws:authorise gcp:audience gcp:issuer": (Kind.INVISIBLE_CHARACTER_IN_VALUE, Kind.PLACEHOLDER_LEFT_IN),
    "aws:keys gcp:keys": (
        Kind.ISSUER_UNREACHABLE,
        Kind.DISCOVERY_INVALID,
        Kind.JWKS_UNREACHABLE,
        Kind.KEY_ID_UNKNOWN,
        Kind.KEY_UNUSABLE,
        Kind.SIGNATURE_INVALID,
        Kind.ISSUER_URL_DIFFERS,
        Kind.CERTIFICATE_UNTRUSTED,
    ),
    "aws:keys": (Kind.THUMBPRINT_MISMATCH,),
    "aws:provider": (Kind.PROVIDER_MISSING, Kind.PROVIDER_URL_DIFFERS),
    "aws:provider aws:authorise": (Kind.PROVIDER_IN_OTHER_ACCOUNT,),
    "aws:audience": (Kind.CLIENT_ID_LIST_EMPTY, Kind.AUDIENCE_NOT_REGISTERED, Kind.AZP_DECIDES_AUDIENCE),
    "aws:session-claims": (Kind.TAGS_CLAIM_MALFORMED, Kind.ROLES_CLAIM_MALFORMED, Kind.ROLES_CLAIM_EXCLUDES_ROLE),
    "aws:authorise": (
        Kind.ROLE_MISSING,
        Kind.NO_ALLOW_STATEMENT,
        Kind.WILDCARD_UNDER_STRING_EQUALS,
        Kind.SUBJECT_CASE_DIFFERS,
        Kind.SUBJECT_FORMAT_CHANGED,
        Kind.SUBJECT_FORM_DIFFERS,
        Kind.SUBJECT_SEGMENT_DIFFERS,
        Kind.AUDIENCE_CONDITION_DIFFERS,
        Kind.PRINCIPAL_DIFFERS,
        Kind.ACTION_DIFFERS,
        Kind.CONDITION_KEY_MISSPELLED,
        Kind.CONDITION_KEY_NOT_PROVIDED,
        Kind.CONDITION_VALUE_DIFFERS,
        Kind.CONDITION_OPERATOR_MISUSED,
        Kind.POLICY_VARIABLE_UNRESOLVED,
        Kind.EXPLICIT_DENY,
        Kind.SESSION_TAGS_NOT_ALLOWED,
        Kind.SOURCE_IDENTITY_NOT_ALLOWED,
        Kind.TRUST_POLICY_WRITE_REFUSED,
        Kind.OUTSIDE_THE_TRUST_POLICY,
    ),
    "aws:authorise gcp:impersonate": (Kind.PROPAGATION_DELAY,),
    "aws:duration": (Kind.SESSION_DURATION_OVER_LIMIT,),
    "gcp:configure": (Kind.ISSUER_FORBIDDEN_BY_ORG_POLICY, Kind.ATTRIBUTE_CONDITION_REQUIRED),
    "gcp:target": (
        Kind.REQUEST_AUDIENCE_MALFORMED,
        Kind.PROJECT_ID_FOR_NUMBER,
        Kind.PROJECT_NUMBER_DIFFERS,
        Kind.PROVIDER_NOT_FOUND,
        Kind.PROVIDER_DISABLED,
        Kind.PROVIDER_DELETED,
        Kind.PROVIDER_KIND_DIFFERS,
        Kind.POOL_DISABLED,
        Kind.POOL_DELETED,
        Kind.REQUEST_THROTTLED,
    ),
    "gcp:target gcp:impersonate": (Kind.API_DISABLED,),
    "gcp:obtain": (Kind.CREDENTIAL_CONFIG_INVALID,),
    "gcp:issuer": (Kind.ISSUER_MISMATCH,),
    "gcp:audience": (Kind.AUDIENCE_NOT_ALLOWED, Kind.ALLOWED_AUDIENCES_EMPTY),
    "gcp:condition": (Kind.ATTRIBUTE_CONDITION_FALSE, Kind.CONDITION_CLAIM_MISSING, Kind.WILDCARD_IN_CEL),
    "gcp:condition gcp:mapping": (Kind.EXPRESSION_INVALID,),
    "gcp:mapping": (
        Kind.MAPPING_MISSING_SUBJECT,
        Kind.MAPPING_CLAIM_MISSING,
        Kind.MAPPED_ATTRIBUTE_NOT_STRING,
        Kind.SUBJECT_OVER_LIMIT,
        Kind.ATTRIBUTES_OVER_LIMIT,
    ),
    "gcp:condition gcp:impersonate": (Kind.MAPPING_MISSING_ATTRIBUTE,),
    "gcp:impersonate": (
        Kind.IMPERSONATION_BINDING_MISSING,
        Kind.IMPERSONATION_NOT_CONFIGURED,
        Kind.BINDING_CONDITION_FALSE,
        Kind.MEMBER_MALFORMED,
        Kind.WILDCARD_IN_MEMBER,
        Kind.BINDING_NAMES_DELETED_PRINCIPAL,
        Kind.MEMBER_POOL_DIFFERS,
        Kind.MEMBER_PROJECT_ID_FOR_NUMBER,
        Kind.MEMBER_SUBJECT_DIFFERS,
        Kind.MEMBER_ATTRIBUTE_DIFFERS,
        Kind.ROLE_GRANTED_ON_WRONG_RESOURCE,
        Kind.SERVICE_ACCOUNT_MISSING,
        Kind.SERVICE_ACCOUNT_DISABLED,
        Kind.QUOTA_PROJECT_PERMISSION,
        Kind.ACCESS_TOKEN_LIFETIME_OVER_LIMIT,
        Kind.SCOPE_MISSING,
        Kind.OUTSIDE_THE_ALLOW_POLICY,
    ),
    "aws:permission gcp:permission": (Kind.PERMISSION_MISSING, Kind.SESSION_EXPIRED, Kind.SOURCE_NOT_SERVED),
    "": (Kind.REFUSED_UNEXPLAINED,),
}


# Only what a caller saw can show these: reading a configuration never clears them.
SEEN_ONLY_IN_ERRORS: frozenset[Kind] = frozenset(
    {
        Kind.TOKEN_NOT_ISSUED,
        Kind.NO_TOKEN_SENT,
        Kind.TOKEN_LIFETIME_OVER_LIMIT,
        Kind.NOT_WEB_IDENTITY_FLOW,
        Kind.SELF_ASSUME_NOT_ALLOWED,
        Kind.STS_REGION_DISABLED,
        Kind.SESSION_POLICY_TOO_LARGE,
        Kind.TRUST_POLICY_WRITE_REFUSED,
        Kind.PROPAGATION_DELAY,
        Kind.OUTSIDE_THE_TRUST_POLICY,
        Kind.ISSUER_UNREACHABLE,
        Kind.JWKS_UNREACHABLE,
        Kind.CERTIFICATE_UNTRUSTED,
        Kind.THUMBPRINT_MISMATCH,
        Kind.ISSUER_FORBIDDEN_BY_ORG_POLICY,
        Kind.ATTRIBUTE_CONDITION_REQUIRED,
        Kind.REQUEST_THROTTLED,
        Kind.QUOTA_PROJECT_PERMISSION,
        Kind.OUTSIDE_THE_ALLOW_POLICY,
        Kind.PERMISSION_MISSING,
        Kind.SESSION_EXPIRED,
        Kind.REFUSED_UNEXPLAINED,
    }
)


STEPS_OF: Mapping[Kind, tuple[tuple[str, str], ...]] = {
    kind: tuple((step.split(":")[0], step.split(":")[1]) for step in steps.split())
    for steps, kinds in _STEPS.items()
    for kind in kinds
}
