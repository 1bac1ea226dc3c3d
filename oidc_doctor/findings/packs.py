"""Load the rule pack: every file under checks/, by path, and third-party packs by entry point.

The pack is code that runs in a process which may hold cloud credentials, so it is never looked for in the current
directory: the bundled folder first, else, only in a checkout, the folder next to the package.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from functools import cache

from oidc_doctor import checkkit
from oidc_doctor.checkkit import Check

_PACKAGE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
ENTRY_POINTS = "oidc_doctor.checks"


class PackError(Exception):
    """The rule pack cannot be used; one line for people."""


def bundled(folder: str, sibling: str) -> str:
    """`folder` inside the installed package, else `sibling` next to it where a pyproject.toml is there too."""
    inside = os.path.join(_PACKAGE, folder)
    if os.path.isdir(inside):
        return inside
    checkout = os.path.dirname(_PACKAGE)
    source = os.path.join(checkout, sibling)
    if os.path.isdir(source) and os.path.isfile(os.path.join(checkout, "pyproject.toml")):
        return source
    message = f"the installation is incomplete: neither {inside} nor {source} is there; install oidc-doctor again"
    raise PackError(message)


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
    """Every check of a folder, in path order; files whose name starts with `_` are not checks."""
    checks: list[Check] = []
    for area in sorted(entry.name for entry in os.scandir(folder) if entry.is_dir()):
        files = sorted(entry.name for entry in os.scandir(os.path.join(folder, area)) if entry.name.endswith(".py"))
        for name in files:
            if not name.startswith("_"):
                checks += _load(os.path.join(folder, area, name), f"{prefix}.{area}.{name.removesuffix('.py')}")
    return checks


def _declares_pack(folder: str) -> bool:
    """Whether an installed distribution names our entry-point group. Its text is all that is read."""
    try:
        with open(os.path.join(folder, "entry_points.txt"), encoding="utf-8") as stream:
            return ENTRY_POINTS in stream.read()
    except (OSError, UnicodeDecodeError):
        return False


def _places() -> list[str]:
    """The folders of sys.path without the current one, where an interactive Python or `python -m` also looks."""
    try:
        here = os.path.realpath(os.curdir)
    except OSError:  # it was deleted
        here = ""
    return [place for place in sys.path if place and os.path.realpath(place) != here]


def _distributions() -> Iterator[str]:
    for place in _places():
        try:
            yield from (entry.path for entry in os.scandir(place) if entry.name.endswith(".dist-info"))
        except OSError:
            continue  # an entry of sys.path need not exist


def _third_party() -> list[Check]:
    # importlib.metadata costs 15 ms; most installations have no further pack, and a look at their files shows it
    if not any(_declares_pack(folder) for folder in _distributions()):
        return []
    from importlib.metadata import distributions

    checks: list[Check] = []
    for distribution in distributions(path=_places()):
        for point in distribution.entry_points.select(group=ENTRY_POINTS):
            checkkit._loading.clear()
            point.load()
            checks += checkkit._loading
    return checks


@cache
def all_checks() -> tuple[Check, ...]:
    """The whole pack, ordered by code. PackError when it is empty or two checks share a code or a kind."""
    checks = load_folder(bundled("_checks", "checks"), "oidc_doctor_checks") + _third_party()
    if not checks:
        message = "no checks were loaded; install oidc-doctor again"
        raise PackError(message)
    claims: dict[object, Check] = {}
    for check in checks:
        for key in (check.code, check.name, check.kind):
            if key is None:
                continue
            # a StrEnum member equals its text, so the type distinguishes a kind
            claimed = (type(key), key)
            if claimed in claims and claims[claimed] is not check:
                message = f"two checks claim {key}: {claims[claimed].code} and {check.code}"
                raise PackError(message)
            claims[claimed] = check
    return tuple(sorted(checks, key=lambda check: check.code))
