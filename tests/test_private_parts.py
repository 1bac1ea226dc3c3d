"""What the code uses of other projects without their promise: each use is named here, bounded, and there."""

from __future__ import annotations

import ast
import inspect
import ssl
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NAMEDTUPLE = {"_replace", "_asdict", "_field_defaults"}  # public, in spite of the underscore
# Our own, used by a sibling module or class
OWN = {"_answers", "_close", "_decoded", "_keep", "_loading", "_start"}
TYPES_ONLY = {"_ActionsContainer", "_ArgumentGroup", "_Decompress"}  # of the standard library, in annotations
# What is used, and the distribution whose next major version may not have it; None is Python's own
USED = {
    "_cloud_sdk": "google-auth",
    "_footer": "textual",
    "_http": "google-cloud-logging",
    "_make_app": "textual-serve",
    "_sslobj": None,
    "_use_grpc": "google-cloud-logging",
}


def private(name: str | None) -> bool:
    return name is not None and name.startswith("_") and not name.startswith("__") and name != "_"


def defined(tree: ast.AST) -> set[str]:
    """Names that the tree defines or stores, so they are its own."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.attr if isinstance(node, ast.Attribute) else node.id)
    return names


def used(tree: ast.AST) -> set[str]:
    """Private names that are read from an object or a module, passed as a keyword, or called on `super()`."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and private(node.attr):
            on_super = isinstance(node.value, ast.Call) and getattr(node.value.func, "id", "") == "super"
            on_self = isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}
            if on_super or not on_self:
                names.add(node.attr)
        elif isinstance(node, ast.ImportFrom):
            foreign = not (node.module or "").startswith("oidc_doctor") and node.level == 0
            names |= {alias.name for alias in node.names if foreign and private(alias.name)}
            names |= {part for part in (node.module or "").split(".") if foreign and private(part)}
        elif isinstance(node, ast.keyword) and private(node.arg):
            names.add(str(node.arg))
    return names


def test_every_private_part_in_use_is_named_here() -> None:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "oidc_doctor").rglob("*.py"))]
    ours = set().union(*map(defined, trees)) - set(USED)
    found = set().union(*map(used, trees)) - NAMEDTUPLE - OWN - TYPES_ONLY - {"_exit"}  # os._exit is public
    assert found - ours == set(USED), (
        "name a private part of a library in USED, and bound its version in pyproject.toml"
    )


def bound_of(name: str) -> Requirement:
    texts = [
        *PROJECT["dependencies"],
        *(text for extra in ("web", "full") for text in PROJECT["optional-dependencies"][extra]),
    ]
    return next(one for one in map(Requirement, texts) if one.name == name)


@pytest.mark.parametrize("name", sorted({name for name in USED.values() if name} | {"boto3", "textual"}))
def test_a_library_used_closely_has_an_upper_bound(name: str) -> None:
    operators = {each.operator for each in bound_of(name).specifier}
    assert "<" in operators, f"{name} needs an upper bound in pyproject.toml: a private part of it is used"


def test_google_auth_knows_the_path_of_the_gcloud_login() -> None:
    from google.auth import _cloud_sdk

    assert callable(getattr(_cloud_sdk, "get_application_default_credentials_path", None)), (
        "google.auth._cloud_sdk.get_application_default_credentials_path is gone: live/gcp/client.py needs another way "
        "to the login of gcloud"
    )


@pytest.mark.parametrize("name", ["_http", "_use_grpc"])
def test_the_logging_client_accepts_a_session_of_ours(name: str) -> None:
    from google.cloud import logging

    parameters = inspect.signature(logging.Client.__init__).parameters
    assert name in parameters, f"google.cloud.logging.Client has no {name}: live/gcp/client.py cannot pass its session"


def test_textual_serve_makes_its_application_in_a_method() -> None:
    from textual_serve.server import Server

    make = getattr(Server, "_make_app", None)
    assert inspect.iscoroutinefunction(make), (
        "textual_serve.server.Server._make_app is gone: tui/web.py cannot put the screens behind a secret path"
    )


def test_textual_has_the_parts_of_its_footer() -> None:
    from textual.widgets import _footer

    parts = {"FooterKey", "FooterLabel", "KeyGroup"}
    assert parts <= set(vars(_footer)), (
        "parts of textual.widgets._footer are gone: tui/widgets/key_bar.py is made of them"
    )


def test_python_shows_the_chain_of_certificates() -> None:
    public = hasattr(ssl.SSLSocket, "get_unverified_chain")
    assert public is (sys.version_info >= (3, 13)), "live/https.py reads the chain from the private object before 3.13"
    if not public:
        import _ssl

        assert hasattr(_ssl._SSLSocket, "get_unverified_chain"), "Python has no way to a server's chain of certificates"
        assert _ssl.ENCODING_DER == 2, "live/https.py asks certificates for their DER form as encoding 2"
