"""Parse Google resource names and members: the STS request's audience, provider names, principal identifiers.

Source: Google Cloud documentation, principal identifiers and workload identity federation with other providers;
refusals of malformed names are quoted from public threads.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from oidc_doctor.model.in_words import as_value
from oidc_doctor.model.placeholder import has_placeholder

HOST = "//iam.googleapis.com/"
_NAME = re.compile(
    r"projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+)/workloadIdentityPools/(?P<pool>[^/]+)"
    r"/providers/(?P<provider>[^/]+)"
)
_POOL = re.compile(r"projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+)/workloadIdentityPools/(?P<pool>[^/]+)")
_PROJECT_ID = re.compile(r"(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]")


class ProviderName(NamedTuple):
    """The parts of a provider's full name. `fault` says why the name is invalid."""

    text: str
    project: str = ""
    pool: str = ""
    provider: str = ""
    fault: str = ""

    @property
    def full(self) -> str:
        """Return projects/…/providers/…, without host."""
        return f"projects/{self.project}/locations/global/workloadIdentityPools/{self.pool}/providers/{self.provider}"

    @property
    def pool_name(self) -> str:
        """Return projects/…/workloadIdentityPools/…."""
        return self.full.rpartition("/providers/")[0]

    @property
    def project_is_number(self) -> bool:
        """Whether the project is given by its number, as Google requires."""
        return self.project.isascii() and self.project.isdigit()

    @property
    def project_is_id(self) -> bool:
        """Whether the project is given by a string that can be a project id."""
        return _PROJECT_ID.fullmatch(self.project) is not None


@functools.lru_cache(maxsize=64)  # the request's own name is parsed for each member of a policy
def read_name(text: str) -> ProviderName:
    """Parse a provider's name, with or without Google's host in front."""
    bare = text.removeprefix("https:").removeprefix(HOST)
    match = _NAME.fullmatch(bare)
    if not match:
        return ProviderName(
            text, fault="it is not projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/ID"
        )
    return ProviderName(text, match["project"], match["pool"], match["provider"])


def read_audience(text: str, *, pasted: bool) -> ProviderName:
    """Parse the audience of an STS request. `fault` describes an invalid form."""
    open_ = pasted and has_placeholder(text)
    if text.startswith("https://iam.googleapis.com/"):
        return ProviderName(text, fault="it begins with https:, the STS audience begins with //iam.googleapis.com/")
    if text.count("iam.googleapis.com/") > 1:
        return ProviderName(text, fault="the prefix //iam.googleapis.com/ appears in it twice")
    if text.startswith("projects/"):
        return ProviderName(text, fault="it lacks the prefix //iam.googleapis.com/")
    if not text.startswith(HOST):
        # GKE clusters send identitynamespace:… for their own pool
        if text.startswith("identitynamespace:") or (open_ and not text.startswith("//")):
            return ProviderName(text)
        host = text.removeprefix("https:").removeprefix("//").split("/", 1)[0]
        return ProviderName(
            text,
            fault=f"its host is {as_value(host) or 'empty'}, it is iam.googleapis.com for every universe and project",
        )
    bare = text.removeprefix(HOST)
    if bare.startswith("locations/"):
        return ProviderName(text)  # a workforce pool, which this tool does not judge
    match = _NAME.fullmatch(bare)
    if match:
        name = ProviderName(text, match["project"], match["pool"], match["provider"])
        if not name.project_is_number and not name.project_is_id and not has_placeholder(name.project):
            return name._replace(fault=f"{as_value(name.project)} is not a project number")
        if match["location"] != "global" and not has_placeholder(match["location"]):
            return name._replace(fault=f"its location is {match['location']}, pools are in global")
        return name
    if _POOL.fullmatch(bare):
        return ProviderName(text, fault="it names the pool; /providers/PROVIDER_ID is missing at its end")
    if open_:
        return ProviderName(text)
    if "/providers//" in bare or bare.endswith("/") or "//" in bare:
        return ProviderName(text, fault="a part of the name is empty, as when a variable was not set")
    return ProviderName(
        text,
        fault="it is not //iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/ID",
    )


# IAM API, Binding.members: the service accounts of a project, folder or organization, and Google's own sets.
OF_OTHER_SETS = ("principalSet://cloudresourcemanager.googleapis.com/", "principalSet://goog/", "principal://goog/")


class Member(NamedTuple):
    """The parts of an allow policy member that names principals of a workload identity pool."""

    text: str
    project: str = ""
    pool: str = ""
    form: str = ""  # subject | group | attribute | all | kubernetes (a set that Google Kubernetes Engine defines)
    attribute: str = ""  # NAME in attribute.NAME
    value: str = ""
    fault: str = ""
    deleted: bool = False


_MEMBER = re.compile(
    r"(?P<scheme>principal|principalSet)://iam\.googleapis\.com/projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+)"
    r"/workloadIdentityPools/(?P<pool>[^/]+)/(?P<rest>.+)",
    re.DOTALL,
)


OF_GKE = ".svc.id.goog"  # the pool of a project's clusters is PROJECT.svc.id.goog
_GKE_MEMBER = re.compile(r"serviceAccount:(?P<pool>[^\[\]/]+)\[(?P<namespace>[^/\[\]]+)/(?P<account>[^/\[\]]+)\]")
_GKE_SETS = ("namespace", "kubernetes.cluster", "kubernetes.serviceaccount.uid")
_GKE_ISSUER = re.compile(
    r"https://container\.googleapis\.com/v1/projects/(?P<project>[^/]+)/(?:locations|zones)/[^/]+/clusters/[^/]+"
)
_KUBERNETES_SUBJECT = re.compile(r"system:serviceaccount:(?P<namespace>[^:/]+):(?P<account>[^:/]+)")


def gke_identity(issuer: object, subject: str | None) -> tuple[ProviderName, str] | None:
    """Return pool and mapped subject of a token issued by a GKE cluster; None for any other token.

    Google Cloud, Workload Identity Federation for GKE: the pool is PROJECT.svc.id.goog, the subject ns/…/sa/….
    """
    cluster = _GKE_ISSUER.fullmatch(issuer) if isinstance(issuer, str) else None
    account = _KUBERNETES_SUBJECT.fullmatch(subject or "")
    if cluster is None or account is None:
        return None
    pool = cluster["project"] + OF_GKE
    return ProviderName(pool, "", pool), f"ns/{account['namespace']}/sa/{account['account']}"


def gke_member(pool: str, subject: str) -> str:
    """Return the member for a Kubernetes service account, as GKE's guides write it."""
    namespace, _, account = subject.removeprefix("ns/").partition("/sa/")
    return f"serviceAccount:{pool}[{namespace}/{account}]"


def _read_gke_member(text: str) -> Member:
    match = _GKE_MEMBER.fullmatch(text.removeprefix("deleted:"))
    if match is None:
        return Member(text, fault=f"a member of GKE is serviceAccount:PROJECT{OF_GKE}[NAMESPACE/SERVICE_ACCOUNT]")
    value = f"ns/{match['namespace']}/sa/{match['account']}"
    return Member(text, pool=match["pool"], form="subject", value=value, deleted=text.startswith("deleted:"))


@functools.lru_cache(maxsize=2048)  # an allow policy has at most 1,500, and each is parsed again for every token
def read_member(text: str) -> Member | None:
    """Parse a pool member; None for members of other kinds (users, groups, service accounts).

    Pools have principal:// and principalSet:// members; those of GKE are also serviceAccount:PROJECT.svc.id.goog[…].
    """
    bare = text.removeprefix("deleted:")
    if bare.startswith("serviceAccount:") and OF_GKE in bare and "@" not in bare:
        return _read_gke_member(text)
    if "workloadIdentityPools" not in bare and not bare.startswith(("principal:", "principalSet:", "principalset:")):
        return None
    if bare.startswith(("principal://iam.googleapis.com/locations/", "principalSet://iam.googleapis.com/locations/")):
        return None  # a workforce pool
    if bare.startswith(OF_OTHER_SETS):
        return None
    match = _MEMBER.fullmatch(bare)
    if not match:
        return Member(text, fault=_member_fault(bare))
    member = Member(text, match["project"], match["pool"], deleted=text.startswith("deleted:"))
    if match["location"] != "global" and not has_placeholder(match["location"]):
        return member._replace(fault=f"its location is {match['location']}, pools are in global")
    return _read_rest(member, match["scheme"], match["rest"])


def _member_fault(text: str) -> str:
    if not text.startswith(("principal://", "principalSet://")):
        return "a member of a pool begins with principal:// or principalSet://"
    if "://iam.googleapis.com/" not in text:
        return "its host is not iam.googleapis.com"
    if "/locations/global/" not in text:
        return "locations/global is missing in it"
    return "after the pool it names no subject, group, attribute or *"


def _read_rest(member: Member, scheme: str, rest: str) -> Member:
    form, slash, value = rest.partition("/")
    if rest == "*":
        if scheme == "principal":
            return member._replace(
                form="all", fault="principal:// names one subject; all of a pool is principalSet://…/*"
            )
        return member._replace(form="all")
    if form == "providers":
        return member._replace(fault="it names a provider; members name a pool and then subject, group, attribute or *")
    if form == "subject" and slash and value:
        if scheme == "principalSet":
            return member._replace(
                form="subject",
                value=value,
                fault="principalSet:// names a group or attribute; one subject is principal://",
            )
        return _checked(member._replace(form="subject", value=value))
    if form == "group" and slash and value:
        if scheme == "principal":
            return member._replace(
                form="group", value=value, fault="principal:// names one subject; a group is principalSet://"
            )
        return _checked(member._replace(form="group", value=value))
    if form.startswith("attribute.") and slash and value:
        attribute = form.removeprefix("attribute.")
        member = member._replace(form="attribute", attribute=attribute, value=value)
        if scheme == "principal":
            return member._replace(fault="principal:// names one subject; an attribute is principalSet://")
        if "/attribute." in value:
            return member._replace(
                fault="it has two attributes, and Google reads everything after the first as its value"
            )
        return _checked(member)
    if member.pool.endswith(OF_GKE) and form in _GKE_SETS and slash and value:
        return member._replace(form="kubernetes", attribute=form, value=value)
    if has_placeholder(form):
        return member._replace(form="?", value=value)
    meant = {"groups": "group", "google.groups": "group", "google.group": "group", "google.subject": "subject"}.get(
        form
    )
    if meant is None and slash and value and re.fullmatch(r"[a-z0-9_]+", form):
        meant = f"attribute.{form}"
    hint = f"; {meant}/{value} may be meant" if meant and value else ""
    return member._replace(
        fault=f"it names {form} after the pool, where only subject/…, group/…, attribute.NAME/… and * exist{hint}"
    )


def _checked(member: Member) -> Member:
    if "%2F" in member.value or "%2f" in member.value or "%3A" in member.value or "%3a" in member.value:
        return member._replace(fault="its value is percent-encoded; values are literal, with / and : as they are")
    return member
