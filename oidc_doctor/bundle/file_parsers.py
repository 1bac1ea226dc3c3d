"""Parsers of the contract's files, in addition to those of their documents."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from oidc_doctor.documents import fields
from oidc_doctor.documents.json_text import Unreadable, load
from oidc_doctor.documents.provider import parse_allow_policy
from oidc_doctor.model.limits import CERTIFICATES

if TYPE_CHECKING:
    from oidc_doctor.model.document import Document


def as_text(text: str, _: str) -> str:
    """Return the text unchanged."""
    return text


def chain_text(text: str, file: str) -> str:
    """Return the text of a certificate chain unchanged. Raises Unreadable for more certificates than hosts send."""
    count = text.count("-----BEGIN CERTIFICATE-----")
    if count > CERTIFICATES.most:
        raise Unreadable(file, None, None, CERTIFICATES.exceeded_by(count))
    return text


def listed(parse: Callable[[str, str], Any]) -> Callable[[str, str], tuple[Document, Any]]:
    """A list's document alongside the resources in it."""
    return lambda text, file: (load(text, file), parse(text, file))


def described(parse: Callable[[str, str], tuple[Any, ...]], what: str) -> Callable[[str, str], tuple[Any, ...]]:
    """The resources of a file that describes at least one: an empty list was cut or is of something else."""

    def parse_some(text: str, file: str) -> tuple[Any, ...]:
        resources = parse(text, file)
        if not resources:
            raise Unreadable(file, None, None, f"no {what} in it")
        return resources

    return parse_some


def names_of(member: str) -> Callable[[str, str], Document]:
    """A parser of an answer whose `member` is its list."""

    def parse(text: str, file: str) -> Document:
        document = load(text, file)
        fields.elements(document, f"/{member}", fields.members(document, "", document.value).get(member))
        return document

    return parse


# AIP-4117: the members of an external_account configuration that are texts.
_CREDENTIAL_TEXTS = ("type", "audience", "subject_token_type", "token_url", "service_account_impersonation_url")


def credentials(text: str, file: str) -> Document:
    """A credential configuration of the client, or a key file in its place. Raises Unreadable."""
    document = load(text, file)
    box = fields.members(document, "", document.value)
    if not {*_CREDENTIAL_TEXTS, "credential_source"} & box.keys():
        raise fields.wrong(document, "", "no credential configuration: no type, audience or credential_source in it")
    for name in _CREDENTIAL_TEXTS:
        fields.text(document, "", box, name)
    if box.get("credential_source") is not None:
        fields.members(document, "/credential_source", box["credential_source"])
    return document


def allow_policy(resource: Any) -> Callable[[str, str], Any]:
    """A parser of the allow policy of this kind of resource."""
    return partial(parse_allow_policy, resource=resource)
