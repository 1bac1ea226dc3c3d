"""Every file of a bundle and every failure: a report, the file named as unread, no answer from what was not read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from clouds.bodies import BODIES
from evidence import Bundle
from oidc_doctor.bundle.contract import FILES, MANIFEST, TARGET_FILE
from oidc_doctor.model.report import Report

pytestmark = pytest.mark.sweep

TEXTS = {
    "error.txt",
    "issuer/chain.pem",
    "setup/output.txt",
    "truss/whoami.txt",
    "truss/version.txt",
}  # any text is one
TOKENS = {"token.jwt", "claims.json", "tokens/*"}
DECIDING = {
    "aws": ("aws/role.json", "aws/oidc-provider.json"),
    "gcp": ("gcp/provider.json", "gcp/service-account-policy.json"),
}


def as_a_folder(path: Path) -> None:
    path.mkdir()


def as_a_link_out(path: Path) -> None:
    path.symlink_to("/dev/zero")


def as_a_pipe(path: Path) -> None:
    os.mkfifo(path)


def as_a_huge_file(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(40 << 20)


def holding(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data)


UNREADABLE: dict[str, Callable[[Path], object]] = {
    name: holding(BODIES[name])
    for name in ("empty", "half", "html", "not UTF-8", "deep list", "deep object", "long number", "long")
} | {"pipe": as_a_pipe, "link": as_a_link_out, "huge": as_a_huge_file, "folder": as_a_folder}
STRANGE: dict[str, Callable[[Path], object]] = {  # JSON, of another type than the vendor's
    "null": holding(b"null"),
    "number": holding(b"5"),
    "list": holding(b"[null, [1]]"),
    "lone surrogate": holding(BODIES["lone surrogate"]),
    "numbers": holding(b'{"keys": 1e999, "exp": NaN, "iat": -Infinity, "Statement": 1' + b"0" * 400 + b"}"),
    "deep": holding(b'{"a":' * 150 + b"1" + b"}" * 150),
}


def file_of(path: str) -> str:
    for pattern, name in (
        ("earlier/**", "earlier/aws/role.json"),
        ("/**", "/x.json"),
        ("tokens/*", "tokens/x.jwt"),
        ("*", "x"),
    ):
        path = path.replace(pattern, name)
    return path


def broken(made: Bundle, paths: list[str], how: Callable[[Path], object]) -> Report:
    for path in paths:
        place = made.root / file_of(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        how(place)
    report = made.report()
    assert report.exit_code in (0, 1, 3)
    assert not [row for row in report.checks if row.status == "broken"]
    return report


def side_files(cloud: str) -> list[str]:
    """The files that decide nothing alone: an unreadable one leaves the answer as it is, or unknown."""
    other = {"aws": "gcp/", "gcp": "aws/"}[cloud]
    kept = {*DECIDING[cloud], *TOKENS, TARGET_FILE, MANIFEST}
    return [row.path for row in FILES if row.path not in kept and not row.path.startswith(other)]


@pytest.mark.parametrize("how", UNREADABLE)
@pytest.mark.parametrize(("cloud", "path"), [(cloud, path) for cloud, paths in DECIDING.items() for path in paths])
def test_a_deciding_file_that_cannot_be_read(cloud: str, path: str, how: str, request: pytest.FixtureRequest) -> None:
    made: Bundle = request.getfixturevalue(cloud)
    report = broken(made, [path], UNREADABLE[how])
    assert (report.exchanges[0].prediction, report.verdict, report.exit_code) == ("unknown", "unknown", 3)
    assert not [cause for cause in report.causes if cause.confidence != "suspected"]
    if how == "folder":
        return  # a folder of that name is no file
    rows = [row for row in report.coverage if path in row.what]
    assert rows
    assert all(row.status in ("missing", "denied") and row.reason for row in rows), rows


@pytest.mark.parametrize("how", UNREADABLE)
@pytest.mark.parametrize("cloud", DECIDING)
def test_all_other_files_cannot_be_read(cloud: str, how: str, request: pytest.FixtureRequest) -> None:
    made: Bundle = request.getfixturevalue(cloud)
    paths = side_files(cloud)
    report = broken(made, paths, UNREADABLE[how])
    assert report.exchanges[0].prediction in ("accepted", "unknown")
    if how == "folder":
        return
    assert report.exit_code == 3
    named = " ".join(f"{row.what} {row.reason}" for row in report.coverage if row.status not in ("read", "not-asked"))
    for path in (path for path in paths if path not in TEXTS and not path.startswith("aws/rcps/")):
        assert file_of(path).partition("*")[0].rstrip("/") in named or path.rpartition("/")[0] in named, path


@pytest.mark.parametrize("how", STRANGE)
@pytest.mark.parametrize("cloud", DECIDING)
def test_deciding_json_of_another_type(cloud: str, how: str, request: pytest.FixtureRequest) -> None:
    """Google leaves out what is empty, so any object is an allow policy: one that binds nobody."""
    made: Bundle = request.getfixturevalue(cloud)
    paths = DECIDING[cloud][: 1 if how in ("lone surrogate", "numbers", "deep") else 2]
    assert broken(made, [*paths], STRANGE[how]).exchanges[0].prediction == "unknown"


@pytest.mark.parametrize("how", STRANGE)
@pytest.mark.parametrize("cloud", DECIDING)
def test_other_json_of_another_type(cloud: str, how: str, request: pytest.FixtureRequest) -> None:
    """An issuer's document that is JSON, and none of its kind, is its fault: the clouds refuse it."""
    made: Bundle = request.getfixturevalue(cloud)
    paths = [path for path in side_files(cloud) if not path.startswith("issuer/")]
    assert broken(made, paths, STRANGE[how]).exchanges[0].prediction in ("accepted", "unknown")


@pytest.mark.parametrize("how", [*UNREADABLE, *STRANGE])
@pytest.mark.parametrize("path", [MANIFEST, TARGET_FILE, "token.jwt", "claims.json", "tokens/*"])
def test_the_files_at_the_top(path: str, how: str, aws: Bundle) -> None:
    if path == "claims.json":
        aws.remove("token.jwt")
    report = broken(aws, [path], (UNREADABLE | STRANGE)[how])
    if path in ("token.jwt", "claims.json"):
        assert report.exchanges[0].prediction != "accepted"
