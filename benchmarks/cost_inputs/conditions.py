"""Trust policies of large conditions, alone, with logs, edits and tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cost_inputs.bundles import Command, records, report, revised, sample_tokens, trust

if TYPE_CHECKING:
    from pathlib import Path


def condition_keys(place: Path) -> Command:
    """A trust policy with 800 condition keys that no request has."""
    return report(trust(place, {"StringEquals": {f"k{number}": "" for number in range(800)}}))


def values(place: Path) -> Command:
    """A trust policy with 875 values of the subject, none of which matches."""
    return report(trust(place, wildcards()))


def wildcards() -> dict[str, Any]:
    """A Condition with 875 values that have a wildcard."""
    return {"StringLike": {"oidc.baseten.co:sub": [f"a{number}*" for number in range(875)]}}


def values_and_subjects(place: Path) -> Command:
    """The same, with a log of 300 refused subjects."""
    folder = trust(place, wildcards())
    records(folder, 300)
    return report(folder)


def keys_and_subjects(place: Path) -> Command:
    """A trust policy with 800 condition keys, with a log of 300 refused subjects."""
    folder = trust(place, {"StringEquals": {f"k{number}": "" for number in range(800)}})
    records(folder, 300)
    return report(folder)


def gaps_and_subjects(place: Path) -> Command:
    """A trust policy with 700 values with placeholders, with a log of 300 refused subjects."""
    folder = trust(place, {"StringLike": {"oidc.baseten.co:sub": [f"<A{number}>:x" for number in range(700)]}})
    (folder / "manifest.json").unlink()
    records(folder, 300)
    return report(folder)


def marks_and_subjects(place: Path) -> Command:
    """A trust policy with 700 values with question marks, with a log of 300 refused subjects."""
    folder = trust(place, {"StringLike": {"oidc.baseten.co:sub": [f"*o?g{number}*" for number in range(700)]}})
    records(folder, 300)
    return report(folder)


def revisions_and_subjects(place: Path, count: int = 20) -> Command:
    """A role with 60 exact subjects and so many logged edits of them, with a log of 300 refused subjects."""
    folder = revised(place, count)
    records(folder, 300)
    return report(folder)


def revisions_and_tokens(place: Path) -> Command:
    """The same with 50 sample tokens in place of the log."""
    folder = revised(place, 20)
    sample_tokens(folder)
    return report(folder)


INPUTS = {
    "condition keys": condition_keys,
    "values": values,
    "values x subjects": values_and_subjects,
    "keys x subjects": keys_and_subjects,
    "placeholders x subjects": gaps_and_subjects,
    "question marks x subjects": marks_and_subjects,
    "revisions x subjects": revisions_and_subjects,
    "revisions x tokens": revisions_and_tokens,
}
