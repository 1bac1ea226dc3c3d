"""Recognise secrets, in one place for reports, screens, messages, captures and their maps.

A secret is a compact JWT with its signature, a key, a password, a cookie, or a token of a known issuer. It is found by
its form (tokens.py, forms.py) or by the name of its field (labels.py), whole, wrapped, URL-encoded or
escaped. Subjects, ARNs, issuers, key ids, digests and thumbprints are no secrets, and stay.

Every search is linear in the text. A cheap look for the words of a rule comes first, so ordinary texts cost little.
"""

from oidc_doctor.model.secret_texts.remove import (
    REMOVED,
    REMOVED_SECRET,
    beginning_without_secrets,
    contains_secret,
    removed,
    without_secrets,
    without_secrets_between,
)
from oidc_doctor.model.secret_texts.tokens import contains_jwt
from oidc_doctor.model.secret_texts.values import PRIVATE_KEY_MEMBERS, is_secret_member, secret_or, without_secrets_in

__all__ = [
    "PRIVATE_KEY_MEMBERS",
    "REMOVED",
    "REMOVED_SECRET",
    "beginning_without_secrets",
    "contains_jwt",
    "contains_secret",
    "is_secret_member",
    "removed",
    "secret_or",
    "without_secrets",
    "without_secrets_between",
    "without_secrets_in",
]
