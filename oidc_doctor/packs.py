"""Load the rule pack: every file under checks/, by path, and third-party packs by entry point.

The pack is code that runs in a process which may hold cloud credentials, so it is never looked for in the current
directory: the bundled folder first, else the folder beside the package, and that only in a checkout.
"""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path

from oidc_doctor import checkkit
from oidc_doctor.checkkit import Check

_PACKAGE = Path(__file__).resolve().parent
ENTRY_POINTS = "oidc_doctor.checks"


class PackError(Exception):
    """The rule pack cannot be used; one line for people."""


def bundled(folder: str, sibling: str) -> Path:
    """`folder` inside the installed package, else `sibling` beside it when a pyproject.toml stands there too."""
    inside = _PACKAGE / folder
    if inside.is_dir():
        return inside
    beside = _PACKAGE.parent / sibling
    if beside.is_dir() and (_PACKAGE.parent / "pyproject.toml").is_file():
        return beside
    msg = f"the installation is incomplete: neither {inside} nor {beside} is there; install oidc-doctor again"
    raise PackError(msg)


def _load(path: Path, name: str) -> list[Check]:
    checkkit._loading.clear()
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        msg = f"{path}: not a Python file"
        raise PackError(msg)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return list(checkkit._loading)


def load_folder(folder: Path, prefix: str) -> list[Check]:
    """Every check of a folder, in path order; files whose name starts with `_` are not checks."""
    checks: list[Check] = []
    for path in sorted(folder.glob("*/*.py")):
        if not path.name.startswith("_"):
            checks += _load(path, f"{prefix}.{path.parent.name}.{path.stem}")
    return checks


def _declares_pack(folder: Path) -> bool:
    """Whether an installed distribution names our entry-point group. Its text is all that is read."""
    try:
        return ENTRY_POINTS in (folder / "entry_points.txt").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False


def _third_party() -> list[Check]:
    # importlib.metadata costs 15 ms; most installations have no further pack, and a look at their files tells
    if not any(_declares_pack(folder) for place in sys.path for folder in Path(place).glob("*.dist-info")):
        return []
    from importlib.metadata import entry_points

    checks: list[Check] = []
    for point in entry_points(group=ENTRY_POINTS):
        checkkit._loading.clear()
        point.load()
        checks += checkkit._loading
    return checks


@cache
def all_checks() -> tuple[Check, ...]:
    """The whole pack, ordered by code. PackError when it is empty or two checks share a code or a kind."""
    checks = load_folder(bundled("_checks", "checks"), "oidc_doctor_checks") + _third_party()
    if not checks:
        msg = "no checks were loaded; install oidc-doctor again"
        raise PackError(msg)
    seen: dict[object, Check] = {}
    for check in checks:
        for key in (check.code, check.name, check.kind):
            if key is None:
                continue
            # a StrEnum member equals its text, so a kind is told apart by its type
            key = (type(key), key)
            if key in seen and seen[key] is not check:
                msg = f"two checks claim {key[1]}: {seen[key].code} and {check.code}"
                raise PackError(msg)
            seen[key] = check
    return tuple(sorted(checks, key=lambda check: check.code))
