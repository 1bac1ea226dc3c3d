"""Writes to role tags that a trust policy tests: reported, but not replayed.

That aws:ResourceTag and iam:ResourceTag have the tags of the role in AssumeRoleWithWebIdentity is inferred from the
condition keys of STS's role resource [AWS Service Authorization Reference], so no evaluation decides on them. A role
tag is never aws:PrincipalTag in this call, whose caller has only the tags that the token requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.logs.records.cloudtrail import members

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from oidc_doctor.model.events import Change
    from oidc_doctor.model.refusal import Refusal

_KEYS = ("aws:resourcetag/", "iam:resourcetag/")
_WRITES = ("TagRole", "UntagRole")


def tags_tested(refusals: Iterable[Refusal]) -> list[str]:
    """Return the role-tag condition keys on which the uncertain refusals depend."""
    keys = (refusal.clause.key for refusal in refusals if not refusal.certain)
    return list(dict.fromkeys(key for key in keys if key.casefold().startswith(_KEYS)))


def tag_writes(changes: Sequence[Change], keys: Sequence[str], begin: float, end: float) -> list[Change]:
    """Return the writes of these tags from `begin` to `end`, epoch seconds, the oldest first."""
    names = {key.partition("/")[2].casefold() for key in keys}
    return [
        change
        for change in changes
        if change.what in _WRITES and begin <= change.time <= end and names & _written(change)
    ]


def _written(change: Change) -> set[str]:
    request = {name.casefold(): value for name, value in members(change.record.get("requestParameters")).items()}
    tags, removed = request.get("tags"), request.get("tagkeys")
    rows = [tag for tag in tags if isinstance(tag, dict)] if isinstance(tags, list) else []
    names = [value for tag in rows for name, value in tag.items() if name.casefold() == "key"]
    names += removed if isinstance(removed, list) else []
    return {name.casefold() for name in names if isinstance(name, str)}


def note(keys: Sequence[str], named: Sequence[str]) -> str:
    """Return the note about writes, each described in `named`."""
    return (
        f"The trust policy tests {' and '.join(keys)}, and {'; '.join(named)} wrote that tag between the last success "
        "and the first refusal. That the call has the role's tags is inferred, so no decision is replayed on them."
    )
