"""Issuers: the profile of a token's issuer, the grammar of its subjects, and the claims that a cloud can test."""

from oidc_doctor.issuers.catalogue import all_profiles, match_for, profile_for, subject_family
from oidc_doctor.issuers.condition_keys import KeyType, condition_keys, shared_issuer_control
from oidc_doctor.issuers.grammar import Form, Grammar, Segment, SegmentRule, Subject
from oidc_doctor.issuers.profile import Audience, FormatChange, IssuerMatch, Profile, Tenancy, TokenSource

__all__ = [
    "Audience",
    "Form",
    "FormatChange",
    "Grammar",
    "IssuerMatch",
    "KeyType",
    "Profile",
    "Segment",
    "SegmentRule",
    "Subject",
    "Tenancy",
    "TokenSource",
    "all_profiles",
    "condition_keys",
    "match_for",
    "profile_for",
    "shared_issuer_control",
    "subject_family",
]
