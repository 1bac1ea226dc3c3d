"""Members whose values are cloud vocabulary, event ids, times and keys: kept if they have the documented form.

Anybody may write anything into an event or a file, so a member's name alone does not prove that its value is harmless.
Forms: CloudTrail record contents, Google Cloud AuditLog and LogEntry, the IAM policy grammar, RFC 7517.
"""

from __future__ import annotations

import re
from typing import Final

from oidc_doctor.capture.plain_words import is_made_of_known_parts
from oidc_doctor.capture.vocabulary import REGION

_WORDS: Final = None  # made of known parts
_TIME = re.compile(
    r"[\d\sTZ:.,+/-]+"
    r"|[A-Z][a-z]{2} \d{1,2}, \d{4},? \d{1,2}:\d\d:\d\d\s?[AP]M|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)"
)
_ID = re.compile(r"(?=[^\d]*\d)[A-Za-z0-9_+/=-]{8,128}|[0-9A-Fa-f-]{8,64}")
_SERVICE = re.compile(
    r"[a-z][a-z0-9-]{1,40}(?:\.[a-z0-9-]{1,30})?\.(?:amazonaws\.com(?:\.cn)?|googleapis\.com|aws\.internal)"
)
_METHOD = re.compile(r"google(?:\.[A-Za-z0-9]+){2,8}|[A-Z]{3,7}")
_ACTION = re.compile(r"\*|[a-z0-9-]{2,40}:[A-Za-z*?]{1,64}")
_CLOUD_VERBS = (
    "Add|Assume|Attach|Batch|Cancel|Check|Console|Copy|Create|Deactivate|Decode|Delete|Deregister|Describe|Detach|Disable"
    "|Enable|Exchange|Exit|Generate|Get|Import|Invoke|Issue|List|Modify|Patch|Publish|Put|Query|Refresh|Register|Remove"
    "|Replace|Request|Reset|Restore|Resync|Revoke|Rotate|Run|Search|Send|Set|Sign|Simulate|Start|Stop|Switch|Tag|Test|Undelete"
    "|Untag|Update|Upload|Validate|Verify|Write"
)
_EVENT = re.compile(rf"(?:{_CLOUD_VERBS})(?:[A-Z][A-Za-z0-9]{{0,60}}|\d{{8}})?")
_CIPHER = re.compile(r"[A-Z0-9]+(?:[_-][A-Z0-9]+){1,10}")
_TYPE_URL = re.compile(r"(?:type\.googleapis\.com/)?google(?:\.[A-Za-z0-9]+)+|type\.googleapis\.com/[\w.]+")
_URN = re.compile(r"urn:(?:ietf:params:(?:oauth|aws):[\w:.-]{1,80}|amazon[\w:.-]{1,80})")
_GRANT = re.compile(r"urn:ietf:params:oauth:[\w:.-]+")
_LIFETIME = re.compile(r"\d{1,9}(?:\.\d{1,9})?s?")
_RESOURCE_TYPE = re.compile(r"AWS::[A-Za-z0-9]{2,30}::[A-Za-z0-9]{2,40}")
_THUMBPRINT = re.compile(r"[0-9A-Fa-f]{40}(?:[0-9A-Fa-f]{24})?")
_KEY_WORD = re.compile(
    r"(?:RS|ES|PS|HS)\d{3}|EdDSA|none|JWT|JOSE|at\+jwt|RSA|EC|OKP|oct|P-\d{3}|Ed25519|secp256k1|sig|enc"
)

Form = re.Pattern[str] | None
_FORMS: Final[dict[str, tuple[Form, ...]]] = {
    **dict.fromkeys(
        [
            "eventTime",
            "EventTime",
            "expiration",
            "timestamp",
            "receiveTimestamp",
            "collected_at",
            "CreateDate",
            "createTime",
            "expireTime",
            "RoleLastUsed",
            "creationDate",
            "Version",
            "eventVersion",
        ],
        (_TIME,),
    ),
    **dict.fromkeys(["requestID", "eventID", "EventId", "insertId"], (_ID,)),
    **dict.fromkeys(["eventSource", "EventSource", "serviceName", "service", "producer"], (_SERVICE, _WORDS)),
    **dict.fromkeys(["eventName", "EventName"], (_EVENT, _WORDS)),
    **dict.fromkeys(["methodName", "method"], (_METHOD, _EVENT, _WORDS)),
    **dict.fromkeys(["permission", "permissionType"], (_ACTION, _WORDS)),
    **dict.fromkeys(["Action", "NotAction", "action"], (_ACTION, _WORDS)),
    **dict.fromkeys(
        ["grantType", "requestedTokenType", "subjectTokenType", "subject_token_type"], (_GRANT, _URN, _WORDS)
    ),
    **dict.fromkeys(["ThumbprintList", "thumbprintList"], (_THUMBPRINT,)),
    **dict.fromkeys(["alg", "typ", "kty", "crv"], (_KEY_WORD,)),
    **dict.fromkeys(["ResourceType", "resourceType"], (_RESOURCE_TYPE, _WORDS)),
    **dict.fromkeys(["tlsVersion", "cipherSuite"], (_CIPHER, re.compile(r"TLSv[\d.]+"), _WORDS)),
    **dict.fromkeys(
        [
            "Effect",
            "eventType",
            "eventCategory",
            "endpointType",
            "errorCode",
            "severity",
            "ReadOnly",
            "outcome",
            "code",
            "state",
            "lifecycleState",
            "updateMask",
            "logType",
            "type",
            "universe_domain",
            "serviceConfig",
            "sourceRevision",
            "identityProviderConnectionVerificationMethod",
        ],
        (_WORDS, _LIFETIME),
    ),
    "awsRegion": (REGION, _WORDS),
    "awsServingRegion": (REGION, _WORDS),
    "@type": (_TYPE_URL,),
    "lifetime": (_LIFETIME,),
}
NAMES = frozenset(_FORMS)


def has_documented_form(name: str, text: str) -> bool:
    """Return whether the value of a member of this name has one of its documented forms. Empty and masked ones have."""
    if not any(character.isalnum() for character in text):
        return True
    return any(is_made_of_known_parts(text) if form is None else form.fullmatch(text) for form in _FORMS.get(name, ()))
