"""The error that a cloud returns when a step refuses: usually one per step, with exceptions for some kinds.

A caller that knows a longer or different sentence passes its own. `error_texts` lists the sources of the sentences.
"""

from __future__ import annotations

from oidc_doctor.judge import error_texts as texts
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import CloudError
from oidc_doctor.model.steps import Cloud

_NOT_A_JWT = CloudError("InvalidIdentityToken", texts.NOT_A_JWT)
_COULD_NOT_VALIDATE = CloudError("InvalidIdentityToken", texts.COULD_NOT_VALIDATE)
_NOT_AUTHORIZED = CloudError("AccessDenied", texts.NOT_AUTHORIZED)
_UNPARSABLE = CloudError("invalid_grant", texts.UNPARSABLE)
_ISSUER_CONNECTION = CloudError("invalid_grant", texts.ISSUER_CONNECTION)
_INVALID_TARGET = CloudError("invalid_target", texts.INVALID_TARGET)
_IMPERSONATION_DENIED = CloudError("PERMISSION_DENIED", texts.IMPERSONATION_DENIED)


def _inferred(error: CloudError) -> CloudError:
    """Mark an error that follows from other cases and was not recorded for this one."""
    return error._replace(certain=False)


_BY_STEP: dict[tuple[str, str], CloudError] = {
    ("aws", "provider"): _COULD_NOT_VALIDATE,
    ("aws", "audience"): _COULD_NOT_VALIDATE,
    ("aws", "keys"): CloudError("InvalidIdentityToken", texts.NO_VERIFICATION_KEY),
    ("aws", "authorise"): _NOT_AUTHORIZED,
    ("aws", "duration"): CloudError("ValidationError", texts.DURATION_OVER_LIMIT),
    ("gcp", "target"): _INVALID_TARGET,
    ("gcp", "keys"): _ISSUER_CONNECTION,
    ("gcp", "condition"): CloudError("unauthorized_client", texts.CONDITION_REJECTED),
    ("gcp", "mapping"): CloudError("unauthorized_client", texts.NO_SUBJECT),
    ("gcp", "impersonate"): _IMPERSONATION_DENIED,
}

_BY_KIND: dict[tuple[str, Kind], CloudError | None] = {
    ("aws", Kind.NOT_A_JWT): _NOT_A_JWT,
    ("aws", Kind.HEADER_UNSUPPORTED): _NOT_A_JWT,
    # the STS API lists the accepted algorithms; its response to any other was never recorded
    ("aws", Kind.ALGORITHM_UNSUPPORTED): _inferred(_COULD_NOT_VALIDATE),
    ("aws", Kind.AUDIENCE_LIST_WITHOUT_AZP): CloudError("InvalidIdentityToken", texts.MORE_THAN_ONE_AUDIENCE),
    ("aws", Kind.SIGNATURE_INVALID): _COULD_NOT_VALIDATE,  # recorded: a different key under the token's kid
    ("aws", Kind.THUMBPRINT_MISMATCH): CloudError("InvalidIdentityToken", texts.THUMBPRINT_DIFFERS),
    # OpenID Connect Discovery wants the URLs equal; neither cloud's response to a difference was recorded
    ("aws", Kind.ISSUER_URL_DIFFERS): None,
    ("gcp", Kind.ISSUER_URL_DIFFERS): None,
    ("aws", Kind.ROLES_CLAIM_EXCLUDES_ROLE): CloudError("InvalidIdentityToken", texts.ROLES_EXCLUDE),
    # whether the text names the further action was seen in emulators only
    ("aws", Kind.SESSION_TAGS_NOT_ALLOWED): _inferred(_NOT_AUTHORIZED),
    ("aws", Kind.SOURCE_IDENTITY_NOT_ALLOWED): _inferred(_NOT_AUTHORIZED),
    ("gcp", Kind.REQUEST_AUDIENCE_MALFORMED): CloudError("invalid_request", texts.INVALID_AUDIENCE),
    ("gcp", Kind.PROVIDER_KIND_DIFFERS): _inferred(_INVALID_TARGET),
    ("gcp", Kind.NOT_A_JWT): _UNPARSABLE,
    ("gcp", Kind.TOKEN_OVER_SIZE_LIMIT): _inferred(_UNPARSABLE),
    # documented as the only two; the response to any other algorithm was never recorded
    ("gcp", Kind.ALGORITHM_UNSUPPORTED): _inferred(_ISSUER_CONNECTION),
    ("gcp", Kind.SIGNATURE_INVALID): CloudError("invalid_grant", texts.SIGNATURE_UNVERIFIED),
    ("gcp", Kind.SUBJECT_OVER_LIMIT): CloudError("invalid_request", texts.SUBJECT_TOO_LONG),
    ("gcp", Kind.IMPERSONATION_NOT_CONFIGURED): CloudError(
        "PERMISSION_DENIED", "The caller does not have permission", certain=False
    ),
    ("gcp", Kind.ACCESS_TOKEN_LIFETIME_OVER_LIMIT): CloudError("INVALID_ARGUMENT", "", certain=False),
    ("gcp", Kind.SCOPE_MISSING): CloudError("INVALID_ARGUMENT", "Request contains an invalid argument."),
    # the exact text for a disabled account was never recorded
    ("gcp", Kind.SERVICE_ACCOUNT_DISABLED): _inferred(_IMPERSONATION_DENIED),
}


def error_of_key(cloud: Cloud, *, selected: bool) -> CloudError | None:
    """Return the error for a key that cannot be used: AWS distinguishes a selected key from no key (recorded)."""
    return _COULD_NOT_VALIDATE if cloud == "aws" and selected else None


def usual_error(cloud: Cloud, step: str, kind: Kind) -> CloudError | None:
    """Return the error for this kind at this step; None if the cloud returns none, or an unknown one."""
    if (cloud, kind) in _BY_KIND:
        return _BY_KIND[cloud, kind]
    return _BY_STEP.get((cloud, step))
