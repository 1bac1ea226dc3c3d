"""A thing that a user passed, and the kind that it was recognised as."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from oidc_doctor.bundle import contract


class Kind(StrEnum):
    """The kind of a thing. The value is its name in messages."""

    TOKEN = "a token"
    CLAIMS = "the claims of a token"
    SUBJECT = "a subject"
    ERROR = "an error text"
    ROLE = "a role ARN"
    AWS_PROVIDER = "the ARN of an OIDC provider"
    GCP_PROVIDER = "the name of a workload identity pool provider"
    SERVICE_ACCOUNT = "the address of a service account"
    ISSUER = "an issuer URL"
    BUNDLE = "a bundle"  # a folder or an archive
    PLAN = "a Terraform plan"  # of OpenTofu as well
    LOG = "a log"
    DOCUMENT = "a document"  # every other file of the contract
    NOTHING = "nothing that is known"


_SECRET = (Kind.TOKEN, Kind.NOTHING)  # what is recognised as nothing may be a part of a token
_NOUNS = {
    contract.TOKEN_FILES[0]: str(Kind.TOKEN),
    contract.TOKEN_FILES[1]: str(Kind.CLAIMS),
    contract.ERROR: str(Kind.ERROR),
    "aws/role.json": "an IAM role",
    "aws/roles.json": "a list of IAM roles",
    "aws/oidc-provider.json": "an OIDC provider of IAM",
    "aws/oidc-providers.json": "a list of OIDC providers",
    "gcp/provider.json": "a workload identity pool provider",
    "gcp/providers.json": "a list of workload identity pool providers",
    "gcp/pool.json": "a workload identity pool",
    "gcp/pools.json": "a list of workload identity pools",
    "gcp/service-account.json": "a service account",
    "gcp/service-account-policy.json": "an allow policy",
    "gcp/credentials.json": "a credential configuration",
    "issuer/jwks.json": "a key set (JWKS)",
    "issuer/openid-configuration.json": "a discovery document",
    contract.TARGET_FILE: "a target file",
    "truss/config.yaml": "a Truss config.yaml",
    "truss/whoami.txt": "the output of truss whoami",
}


def noun_of(place: str) -> str:
    """Return what the file at this place of a bundle is, in a message: `an IAM role`."""
    if contract.is_log(place):
        return "a CloudTrail event" if place.startswith(contract.CLOUDTRAIL) else "a log entry of Google Cloud"
    return _NOUNS.get(place) or f"a document such as {place}"


class Thing(NamedTuple):
    """A recognised text, word or file.

    `value` is the name (an ARN, a URL, a subject, without spaces around it), or the text as it was given; "" for a
    folder or an archive. It may be a token: `repr` leaves it out. `file` is the path, "" for what was typed or piped.
    `place` is the path of a document, token, error text or log in a bundle. `hint` says of NOTHING what it could be,
    in one line without the text itself, unless that is short and no part of a token.
    """

    kind: Kind
    value: str
    file: str = ""
    place: str = ""
    hint: str = ""
    near: str = ""  # of a word that is nothing: a file with a similar name

    @property
    def noun(self) -> str:
        """The thing in a message: `an IAM role`, `a token`."""
        return noun_of(self.place) if self.kind in (Kind.LOG, Kind.DOCUMENT) else str(self.kind)

    def __repr__(self) -> str:
        """The thing without its value, which may be a token."""
        value = "" if self.kind in _SECRET else f", {self.value[:60]!r}"
        return f"Thing({self.kind.name}{value}, file={self.file!r}, place={self.place!r})"
