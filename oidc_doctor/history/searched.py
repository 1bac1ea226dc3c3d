"""Describe the search for a missing write: kinds of writes, files, services, Regions and window.

Files cannot prove that a write was not logged: a trail may omit events that another trail has. So a write is "not seen
in what was read", with a description of what was read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.judge.times import rfc3339
from oidc_doctor.model.in_words import as_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from oidc_doctor.model.events import LogCoverage
    from oidc_doctor.model.steps import Cloud

_FEW = 3  # maximum names listed in a sentence

# The writes that each step depends on [IAM API reference; Google IAM API, Workload Identity Federation].
_PROVIDER = ("CreateOpenIDConnectProvider", "DeleteOpenIDConnectProvider")
_UPDATE = "UpdateWorkloadIdentityPoolProvider"
WRITES_OF: dict[tuple[Cloud, str], tuple[str, ...]] = {
    ("aws", "provider"): _PROVIDER,
    ("aws", "audience"): (
        "AddClientIDToOpenIDConnectProvider", "RemoveClientIDFromOpenIDConnectProvider", *_PROVIDER,
    ),
    ("aws", "keys"): ("UpdateOpenIDConnectProviderThumbprint", *_PROVIDER),
    ("aws", "authorise"): ("UpdateAssumeRolePolicy", "CreateRole", "DeleteRole"),
    ("aws", "duration"): ("UpdateRole", "CreateRole"),
    ("gcp", "target"): (
        _UPDATE, "DeleteWorkloadIdentityPoolProvider", "UpdateWorkloadIdentityPool", "DeleteWorkloadIdentityPool",
    ),
    ("gcp", "issuer"): (_UPDATE,),
    ("gcp", "audience"): (_UPDATE,),
    ("gcp", "keys"): (_UPDATE,),
    ("gcp", "condition"): (_UPDATE,),
    ("gcp", "mapping"): (_UPDATE,),
    ("gcp", "impersonate"): (
        "SetIAMPolicy of the account or its project", "DisableServiceAccount", "DeleteServiceAccount", _UPDATE,
    ),
}  # fmt: skip

# Where writes are logged: IAM's in CloudTrail's us-east-1 (commercial Regions), Google's in Admin Activity.
_WRITER: dict[Cloud, str] = {"aws": "iam.amazonaws.com", "gcp": "iam.googleapis.com"}
_IAM_REGION = "us-east-1"


class Searched(NamedTuple):
    """The logs of a cloud that were read, and their file names."""

    coverage: LogCoverage
    files: tuple[str, ...] = ()


def writes_of(cloud: Cloud, steps: Iterable[str]) -> list[str]:
    """Return the kinds of writes that can make these steps refuse."""
    return list(dict.fromkeys(write for step in sorted(steps) for write in WRITES_OF.get((cloud, step), ())))


def view(cloud: Cloud, steps: Iterable[str], searched: Searched) -> dict[str, Any]:
    """Return the report's view of the search."""
    coverage = searched.coverage
    return {
        "writes": writes_of(cloud, steps),
        "files": list(searched.files),
        "records": coverage.events,
        "services": sorted(coverage.services),
        "regions": sorted(coverage.regions),
        "from": None if coverage.first is None else rfc3339(coverage.first),
        "to": None if coverage.last is None else rfc3339(coverage.last),
    }


def sentences(
    cloud: Cloud, steps: Iterable[str], searched: Searched, between: tuple[float | None, float], seen: Sequence[str]
) -> str:
    """Describe the search. `between` is the period of the missing write, in epoch seconds.

    `seen` are the writes in that period that were read, none of which caused the refusal.
    """
    begin, end = between
    period = f"before {rfc3339(end)}" if begin is None else f"between {rfc3339(begin)} and {rfc3339(end)}"
    writes = writes_of(cloud, steps)
    kinds = f"{_listed(writes, 'or')} " if writes else "write of the deciding configuration "
    read = f"{_read(cloud, searched)}{''.join(_gaps(cloud, searched, between))}"
    if not seen:
        return f"The evidence that was read has no {kinds}{period}: {read}"
    ours = (
        f"The write of that time, {seen[0]}, does not decide"
        if len(seen) == 1
        else (f"The writes of that time, {_listed(list(seen), 'and')}, do not decide")
    )
    return f"{ours} it by the evidence that was read. That evidence has no other {kinds}{period}: {read}"


def _read(cloud: Cloud, searched: Searched) -> str:
    coverage = searched.coverage
    names = list(searched.files)
    files = _listed(names, "and") if names else _count(coverage.files, "file")
    window = (
        ""
        if coverage.first is None or coverage.last is None
        else (f" from {rfc3339(coverage.first)} to {rfc3339(coverage.last)}")
    )
    regions = f" in {_listed(sorted(coverage.regions), 'and')}" if cloud == "aws" and coverage.regions else ""
    services = (
        f", with some of {_listed([as_value(name) for name in sorted(coverage.services)], 'and')}"
        if coverage.services
        else ""
    )
    return f"{files} ({_count(coverage.events, 'record')}{window}{regions}{services})."


def _gaps(cloud: Cloud, searched: Searched, between: tuple[float | None, float]) -> Iterable[str]:
    coverage, (begin, end) = searched.coverage, between
    if coverage.selective:
        if _WRITER[cloud] not in coverage.services:
            yield f" A log engine returned no write of {_WRITER[cloud]}; whether its table has writes is not known."
    elif _WRITER[cloud] not in coverage.services:
        yield f" None of them is a write of {_WRITER[cloud]}, so they may be of a kind that omits writes."
    if cloud == "aws" and coverage.regions and _IAM_REGION not in coverage.regions and not coverage.selective:
        yield f" None is of {_IAM_REGION}, where CloudTrail records the writes of IAM."
    early = coverage.first is not None and (begin is None or coverage.first > begin)
    if early or (coverage.last is not None and coverage.last < end):
        yield " They do not cover all of that time."
    if coverage.problems:
        yield " Parts of them could not be read."
    if coverage.is_cut:
        yield " Records of that time were left out when they were gathered; see the coverage."


def _listed(names: list[str], word: str) -> str:
    shown = names[:_FEW] if len(names) > _FEW + 1 else names
    more = [f"{len(names) - len(shown):,} more"] if len(shown) < len(names) else []
    *most, last = [*shown, *more]
    return f"{', '.join(most)} {word} {last}" if most else last


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
