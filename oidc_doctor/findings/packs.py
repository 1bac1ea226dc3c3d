"""Load the rule pack: every file under checks/, by path, and third-party packs that the user names.

The pack is code that runs in a process which may hold cloud credentials, so it is never searched in the current
directory: the bundled folder is used, or, only in a checkout, the folder next to the package. Another package's checks
are loaded only if the user names them (--pack NAME); such a pack fails alone, and cannot reuse a code, name or kind of
another check.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from oidc_doctor import checkkit
from oidc_doctor.checkkit import Check

_PACKAGE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
ENTRY_POINTS = "oidc_doctor.checks"


class PackError(Exception):
    """The rule pack cannot be used. The message is one line for users."""


def bundled(folder: str, sibling: str) -> str:
    """Return `folder` inside the installed package, else `sibling` next to it if there is a pyproject.toml too."""
    inside = os.path.join(_PACKAGE, folder)
    if os.path.isdir(inside):
        return inside
    checkout = os.path.dirname(_PACKAGE)
    source = os.path.join(checkout, sibling)
    if os.path.isdir(source) and os.path.isfile(os.path.join(checkout, "pyproject.toml")):
        return source
    message = f"the installation is incomplete: neither {inside} nor {source} is there; install oidc-doctor again"
    raise PackError(message)


def scenarios() -> dict[str, str]:
    """Return the folder of each bundled scenario by name, sorted. PackError as for `bundled`."""
    folder = bundled("_samples", "sample_logs")
    names = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())
    return {name: os.path.join(folder, name) for name in names}


def _load(path: str, name: str) -> list[Check]:
    checkkit._loading.clear()
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        message = f"{path}: not a Python file"
        raise PackError(message)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return list(checkkit._loading)


def load_folder(folder: str | os.PathLike[str], prefix: str) -> list[Check]:
    """Load every check of a folder, in path order; files whose names start with `_` are not checks."""
    checks: list[Check] = []
    for area in sorted(entry.name for entry in os.scandir(folder) if entry.is_dir()):
        files = sorted(entry.name for entry in os.scandir(os.path.join(folder, area)) if entry.name.endswith(".py"))
        for name in files:
            if not name.startswith("_"):
                checks += _load(os.path.join(folder, area, name), f"{prefix}.{area}.{name.removesuffix('.py')}")
    return checks


def use(names: Iterable[str]) -> None:
    """Load these packs in addition to the built-in checks: names in the entry-point group, as given by the user."""
    global _named  # noqa: PLW0603 - one choice for the whole process, made before anything is examined
    _named = tuple(dict.fromkeys(names))
    _pack.cache_clear()


_named: tuple[str, ...] = ()


class _Pack(NamedTuple):
    checks: tuple[Check, ...]  # ordered by code
    failed: dict[str, str]  # name of a pack that could not be used → why


def _places() -> list[str]:
    """Return the folders of sys.path without the current folder, which an interactive Python or `python -m` adds."""
    try:
        here = os.path.realpath(os.curdir)
    except OSError:  # the current folder was deleted
        here = ""
    return [place for place in sys.path if place and os.path.realpath(place) != here]


def _third_party(name: str) -> list[Check]:
    """Return the checks of an installed pack. Raises PackError; an exception of the pack counts as its own failure."""
    from importlib.metadata import distributions  # late: takes 15 ms, and most runs name no pack

    installed = (
        distribution.entry_points.select(group=ENTRY_POINTS, name=name)
        for distribution in distributions(path=_places())
    )
    points = [point for entry_points in installed for point in entry_points]
    if not points:
        message = f"no installed package has it under the entry-point group {ENTRY_POINTS}"
        raise PackError(message)
    checkkit._loading.clear()
    try:
        for point in points:
            point.load()
    except Exception as error:  # noqa: BLE001 - a stranger's code: it fails alone, and is reported as not loaded
        message = f"{type(error).__name__}: {error}"
        raise PackError(message) from None
    return list(checkkit._loading)


@cache
def _pack() -> _Pack:
    built_in = load_folder(bundled("_checks", "checks"), "oidc_doctor_checks")
    if not built_in:
        message = "no checks were loaded; install oidc-doctor again"
        raise PackError(message)
    claims: dict[tuple[type, object], Check] = {}
    _claim(claims, built_in)
    checks, failed = list(built_in), {}
    for name in _named:
        try:
            own = _third_party(name)
            _claim(claims, own)
        except PackError as error:
            failed[name] = str(error)
        else:
            checks += own
    return _Pack(tuple(sorted(checks, key=lambda check: check.code)), failed)


def _claim(claims: dict[tuple[type, object], Check], checks: Iterable[Check]) -> None:
    """Register the checks' codes, names and kinds; PackError, with nothing registered, if any is in use."""
    # a StrEnum member equals its text, so the type distinguishes a kind
    own = [((type(key), key), check) for check in checks for key in (*check.codes, check.name, check.kind) if key]
    taken = dict(claims)
    for key, check in own:
        if taken.setdefault(key, check) is not check:
            message = f"two checks claim {key[1]}: {taken[key].code} {taken[key].name} and {check.code} {check.name}"
            raise PackError(message)
    claims |= dict(own)


def all_checks() -> tuple[Check, ...]:
    """Return the built-in checks and those of the named packs. PackError if the installation is incomplete."""
    return _pack().checks


def failed_packs() -> dict[str, str]:
    """Return the named packs that could not be used, each with the reason."""
    return _pack().failed
