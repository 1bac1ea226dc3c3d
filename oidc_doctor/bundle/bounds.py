"""The files that a report does not read because a folder has too many of them; a capture leaves them out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.bundle import contract
from oidc_doctor.model.limits import POLICIES, TARGETS, TOKENS

if TYPE_CHECKING:
    from collections.abc import Iterable


class TooMany(NamedTuple):
    """The files of a folder that a capture leaves out, by their names in the bundle, and the reason."""

    names: tuple[str, ...]
    reason: str


def too_many(names: Iterable[str]) -> dict[str, TooMany]:
    """Folder of the bundle → what is not read of it, for files of the contract.

    Of sample tokens and targets the first ones are read, in the order of their names. Of policies none is: a part of
    them may leave out the one that denies. A capture keeps one more of these than is read, so that the copy's are not
    read either: policies that are absent may be unknown, or none.
    """
    tokens: dict[str, list[str]] = {}
    policies: dict[str, list[str]] = {}
    targets: dict[str, list[str]] = {}
    for name in names:
        prefix, path = contract.split_target(name)
        if prefix:
            targets.setdefault(prefix, []).append(name)
        if contract.is_token(path):
            tokens.setdefault(prefix + TOKENS.of, []).append(name)
        elif contract.split_earlier(path)[1].startswith(contract.JSON_FOLDERS):
            policies.setdefault(name.rpartition("/")[0] + "/", []).append(name)
    unread = {
        folder: TooMany(tuple(sorted(files)[TOKENS.most :]), TOKENS.exceeded_by(len(files)))
        for folder, files in tokens.items()
        if len(files) > TOKENS.most
    }
    unread |= {
        folder: TooMany(tuple(sorted(files)[POLICIES.most + 1 :]), POLICIES.exceeded_by(len(files)))
        for folder, files in policies.items()
        if len(files) > POLICIES.most
    }
    if len(targets) > TARGETS.most:
        beyond = [name for prefix in sorted(targets)[TARGETS.most :] for name in targets[prefix]]
        unread[contract.TARGETS] = TooMany(tuple(beyond), TARGETS.exceeded_by(len(targets)))
    return unread
