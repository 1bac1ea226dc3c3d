"""The file of a token that a client configuration names: a stranger may have written it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from clouds.command_line import FinishedRun

SECRET = "CANARY0secret0value"
PROVIDER = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q"


def compact(**claims: Any) -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'RS256', 'kid': 'k'})}.{part(claims)}.c2lnbmF0dXJl"


TOKEN = compact(iss="https://issuer.example", sub="job:blue:7", aud="x")


@pytest.fixture
def ask(doctor: Callable[..., FinishedRun], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Asks with a configuration in a folder of its own; all outputs and the subjects of the report."""
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "nothing"))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    for name in ("B10_OIDC_TOKEN_PATH", "AWS_WEB_IDENTITY_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)

    def run(source: dict[str, Any], *more: str) -> tuple[str, list[str | None]]:
        folder = tmp_path / "stranger"
        folder.mkdir(exist_ok=True)
        config = folder / "credentials.json"
        config.write_text(json.dumps({"type": "external_account", "audience": PROVIDER, "credential_source": source}))
        done = doctor("--credentials", str(config), "--no-logs", "-v", "--timeout", "5", *more)
        text = doctor("--credentials", str(config), "--no-logs", "-v", "--format", "text", "--timeout", "5", *more)
        subjects = [exchange["subject"] for exchange in done.report["exchanges"]]
        return done.out + done.err + text.out + text.err, subjects

    return run


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("content", [json.dumps({"accessToken": SECRET, "sub": SECRET}), TOKEN])
def test_a_file_outside_the_folder_is_not_read(
    content: str, linked: bool, ask: Callable[..., Any], tmp_path: Path
) -> None:
    outside = tmp_path / "home" / "cache.json"
    outside.parent.mkdir()
    outside.write_text(content)
    named = outside
    if linked:
        (tmp_path / "stranger").mkdir()
        named = tmp_path / "stranger" / "token.jwt"
        named.symlink_to(outside)
    said, subjects = ask({"file": str(named)})
    assert SECRET not in said
    assert "job:blue:7" not in subjects
    assert "lies outside its folder, and was not read; --token reads the file that you name" in said
    said, subjects = ask({"file": str(named)}, "--token", str(outside))
    assert ("job:blue:7" in subjects) == (content == TOKEN)


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({"accessToken": SECRET}),
        json.dumps({"iss": "https://issuer.example", "sub": SECRET, "aud": "x"}),
        json.dumps([SECRET]),
        SECRET,
        compact(jti=SECRET),
        compact(iss="https://issuer.example", jti=SECRET),
        f"x.{TOKEN.split('.')[1]}.y",
    ],
)
@pytest.mark.parametrize("wrapped", [False, True])
def test_what_is_no_oidc_token_is_not_shown(
    content: str, wrapped: bool, ask: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "stranger").mkdir()
    file = tmp_path / "stranger" / "token"
    file.write_text(json.dumps({"value": content}) if wrapped else content)
    shape = {"format": {"type": "json", "subject_token_field_name": "value"}} if wrapped else {}
    said, subjects = ask({"file": str(file), **shape})
    assert SECRET not in said
    assert SECRET not in subjects
    assert "job:blue:7" not in subjects
    assert "holds no OIDC token, and is not shown" in said


@pytest.mark.parametrize("below", ["", "tokens"])
def test_a_token_in_the_folder_is_read(below: str, ask: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "stranger" / below / "token.jwt"
    file.parent.mkdir(parents=True)
    file.write_text(TOKEN + "\n")
    assert "job:blue:7" in ask({"file": str(file)})[1]


def test_a_hidden_file_below_the_folder_is_not_read(ask: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "stranger" / ".aws" / "token.jwt"
    file.parent.mkdir(parents=True)
    file.write_text(TOKEN)
    assert "job:blue:7" not in ask({"file": str(file)})[1]


@pytest.mark.parametrize("file", ["/dev/zero", "/dev/stdin", "a\0b", "", "none", 3, None])
def test_what_is_no_file_is_passed_by(file: Any, ask: Callable[..., Any]) -> None:
    ask({"file": file})
