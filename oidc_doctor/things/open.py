"""Several folders, archives, files and texts, opened as one bundle."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from oidc_doctor.bundle import contract
from oidc_doctor.bundle.files import LARGEST_EVIDENCE, Bundle, BundleError, words
from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.bundle.plain import free_place
from oidc_doctor.documents.json_text import Unreadable, printable
from oidc_doctor.model.limits import MIB
from oidc_doctor.plans.open import bundle_of_plan
from oidc_doctor.things.plan_file import is_plan, text_of_plan
from oidc_doctor.things.recognise import place_of, place_of_file
from oidc_doctor.things.thing import noun_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oidc_doctor.bundle.files import BundleMember


def open_paths(paths: Sequence[str], plan: str | None = None, texts: Sequence[tuple[str, str]] = ()) -> Bundle:
    """Open the folders, archives and files as one bundle; each file by its content. Raises BundleError.

    Logs and tokens may be any number. Two different files of every other kind exclude each other. `plan` is the JSON
    of a plan that is in no file, `texts` are names for messages and contents of other documents that are in none.
    There is at least one of the three.
    """
    opened: list[Bundle] = []
    try:
        opened += (open_path(path) for path in dict.fromkeys(os.path.normpath(path) for path in paths))
        opened += (_of_text(name, text) for name, text in texts)
        if plan is not None:
            opened.append(bundle_of_plan(plan, "the plan on stdin"))
        _refuse_beside_plan(opened)
        return opened[0] if len(opened) == 1 else _merged(opened)
    except BundleError:
        for bundle in opened:
            bundle.close()
        raise


def open_path(path: str) -> Bundle:
    """Open a folder, an archive or a file by its content. Raises BundleError."""
    label = printable(path)
    try:
        plan = text_of_plan(path)
    except Unreadable as error:
        raise BundleError(str(error)) from None
    except (OSError, ValueError) as error:
        raise BundleError(f"{label}: {words(error)}") from None
    if plan is None:
        return open_bundle(path, place_of if os.path.isdir(path) else place_of_file)
    bundle = bundle_of_plan(plan, label)
    bundle.paths = (path,)
    return bundle


def _refuse_beside_plan(bundles: Sequence[Bundle]) -> None:
    """Refuse a plan and other configuration as one: which of the two is meant cannot be told. Raises BundleError."""
    plans = [bundle for bundle in bundles if bundle.is_plan]
    others = [bundle for bundle in bundles if not bundle.is_plan and any(map(_is_configuration, bundle.names()))]
    if len(plans) > 1:
        message = (
            f"{plans[0].label} and {plans[1].label} are two plans, and a report covers one; examine them one at a time"
        )
        raise BundleError(message)
    if plans and others:
        message = (
            f"{plans[0].label} is a plan and {others[0].label} has configuration of its own, and a report covers one; "
            f"to lay the plan over it: oidc-doctor --report {others[0].label} --with {plans[0].label}"
        )
        raise BundleError(message)


def _is_configuration(name: str) -> bool:
    path = contract.split_target(name)[1]
    return path.startswith(("aws/", "gcp/")) and not contract.is_log(path) and contract.is_known(name)


def _of_text(name: str, text: str) -> Bundle:
    if is_plan(text):
        return bundle_of_plan(text, name)
    data = text.encode("utf-8", "surrogatepass")
    if len(data) > LARGEST_EVIDENCE:
        raise BundleError(f"{name}: larger than {LARGEST_EVIDENCE // MIB} MiB")
    try:
        place = place_of(text, name)
    except Unreadable as error:
        raise BundleError(str(error)) from None
    if place is None:
        raise BundleError(f"{name}: not a role, provider, policy, token, event or error text")
    bundle = Bundle(name, {}, shown={place: name}, loose=True)
    bundle.add(place, data)
    return bundle


class _Archives:
    """The bundles of which another one is made, closed with it."""

    def __init__(self, bundles: Sequence[Bundle]) -> None:
        self._bundles = bundles

    def close(self) -> None:
        for bundle in self._bundles:
            bundle.close()


def _merged(bundles: Sequence[Bundle]) -> Bundle:
    members: dict[str, BundleMember] = {}
    source: dict[str, tuple[Bundle, str]] = {}
    for bundle in bundles:
        for name in bundle.names():
            if name in source and _same(source[name], (bundle, name)):
                continue
            place = free_place(name, os.path.basename(bundle.shown(name)), set(members))
            if place in members:
                raise BundleError(_exclusive(source[place], (bundle, name)))
            members[place], source[place] = bundle.member(name), (bundle, name)
    shown = {place: bundle.shown(name) for place, (bundle, name) in source.items()}
    merged = Bundle(
        ", ".join(bundle.label for bundle in bundles),
        members,
        [refused for bundle in bundles for refused in bundle.refused],
        _Archives(bundles),
        shown,
        loose=all(bundle.loose for bundle in bundles),
    )
    merged.is_plan = any(bundle.is_plan for bundle in bundles)
    merged.paths = tuple(path for bundle in bundles for path in bundle.paths)
    return merged


def _same(first_file: tuple[Bundle, str], other: tuple[Bundle, str]) -> bool:
    """Whether two files have the same content: the same evidence, given twice."""
    if first_file[0].size(first_file[1]) != other[0].size(other[1]):
        return False
    try:
        return first_file[0].read(first_file[1]) == other[0].read(other[1])
    except Unreadable:
        return False


def _exclusive(first_file: tuple[Bundle, str], other: tuple[Bundle, str]) -> str:
    place = first_file[1]
    files = [_file(*first_file), _file(*other)]
    if contract.split_target(place)[1] == contract.MANIFEST:
        return f"{files[0]} and {files[1]} are two bundles, and a report covers one; examine them one at a time"
    return f"{files[0]} and {files[1]} are both {noun_of(place)}, and a report covers one; name one of them"


def _file(bundle: Bundle, name: str) -> str:
    """Return a file for a message: the path that was given, or the file in the folder that was given."""
    shown = bundle.shown(name)
    label = printable(bundle.label)
    return label if os.path.basename(bundle.label) == shown else f"{label} ({printable(shown)})"
