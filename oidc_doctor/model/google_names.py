"""Google Cloud names that contain other names: a service account's address, a repository's resource name."""

from __future__ import annotations

from typing import NamedTuple


class Repository(NamedTuple):
    """A repository of Artifact Registry."""

    project: str
    location: str
    name: str


def repository_of(resource: str) -> Repository:
    """Return the parts of projects/PROJECT/locations/LOCATION/repositories/NAME; empty parts for any other string."""
    place, _, name = resource.partition("/repositories/")
    project, _, location = place.removeprefix("projects/").partition("/locations/")
    return Repository(project, location, name)


def project_of_account(email: str) -> str:
    """Return the project of a service account's e-mail address; "" for default accounts, which do not name it."""
    name, separator, rest = email.partition("@")[2].partition(".iam.gserviceaccount.com")
    return name if separator and not rest and "." not in name else ""


def mapped_subject(principal: str | None) -> str | None:
    """Return VALUE of principal://…/subject/VALUE, which is google.subject as the provider maps it; else None.

    It need not be the token's subject.
    """
    value = (principal or "").partition("/subject/")[2]
    return value if value and principal and principal.startswith("principal://") else None
