"""Health checks of live targets: one collection for all of them, and changes of the account between two runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clouds.aws import REGION, Broken, Cloud, error_of
from clouds.aws_set_up import AUDIENCE, SUBJECT, AwsSetUp
from clouds.issuer import Site
from oidc_doctor.cli.main import main

Run = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def check(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Any]:
    """A function that runs the check in a folder with this file, and returns its exit code and its JSON."""
    monkeypatch.chdir(tmp_path)

    def run(text: str, *more: str) -> tuple[int, dict[str, Any]]:
        Path("oidc-doctor.toml").write_text(text)
        code = main(
            ["health", "-c", "oidc-doctor.toml", "--state", "s.json", "--private-issuer", "--format", "json", *more]
        )
        captured = capsys.readouterr()
        assert captured.out, captured.err
        return code, json.loads(captured.out)

    return run


def table(name: str, role: str, made: AwsSetUp, subject: str = SUBJECT) -> str:
    return (
        f'[[target]]\nname = "{name}"\nissuer = "{made.issuer}"\nsubject = "{subject}"\n'
        f'[target.aws]\nrole_arn = "{role}"\n'
    )


def make_again(iam: Any, made: AwsSetUp, site: Site, client_id: str) -> None:
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=made.provider)
    iam.create_open_id_connect_provider(Url=made.issuer, ClientIDList=[client_id], ThumbprintList=[site.thumbprint])


def states(health: dict[str, Any]) -> dict[str, str]:
    return {target["name"]: target["state"] for target in health["targets"]}


def changes(health: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [
        (target["name"], finding["change"], finding["code"])
        for target in health["targets"]
        for finding in target["findings"]
        if finding["change"] != "continuing" and finding["effect"] == "blocks"
    ]


def test_a_provider_that_is_made_again_without_its_client_id(
    cloud: Cloud, site: Site, set_up: Callable[..., AwsSetUp], check: Run
) -> None:
    import boto3

    made = set_up()
    iam = boto3.client("iam", REGION)
    text = table("weights", made.role, made) + table("missing", f"{made.role}z", made)
    code, health = check(text)
    assert states(health) == {"weights": "healthy", "missing": "failing"}
    assert code == 1
    make_again(iam, made, site, "another")
    _, health = check(text)
    assert ("weights", "new", "AWS026") in changes(health)
    assert cloud.calls["sts:GetCallerIdentity"] == 2, "one for each run"
    _, health = check(text)
    assert changes(health) == []
    make_again(iam, made, site, AUDIENCE)
    _, health = check(text)
    assert ("weights", "resolved", "AWS026") in changes(health)
    assert states(health)["weights"] == "healthy"


def test_an_outage_of_the_reader_is_no_outage_of_the_trust(
    cloud: Cloud, set_up: Callable[..., AwsSetUp], check: Run
) -> None:
    made = set_up()
    text = table("green", made.role, made, subject="job:green:7")
    code, health = check(text)
    assert (code, states(health)) == (1, {"green": "failing"})

    def fault(name: str, _: int) -> Broken | None:
        return error_of(name, "Throttling", 400) if name.startswith("iam:") else None

    cloud.fault = fault
    code, health = check(text)
    assert (code, states(health), changes(health)) == (1, {"green": "unread"}, [])
    (finding,) = (one for one in health["targets"][0]["findings"] if one["effect"] == "blocks")
    assert finding["checked"] == finding["since"]
    cloud.fault = lambda *_: None
    code, health = check(text)
    assert (code, states(health), changes(health)) == (1, {"green": "failing"}, [])


def test_a_lost_permission_is_a_finding_until_it_is_back(
    cloud: Cloud, set_up: Callable[..., AwsSetUp], check: Run
) -> None:
    made = set_up()
    text = table("weights", made.role, made)
    check(text)
    cloud.fault = lambda name, _: error_of(name, "AccessDenied", 403) if name == "iam:GetRole" else None
    for expected in (["new"], ["continuing"]):
        _, health = check(text)
        lost = [one for one in health["targets"][0]["findings"] if one["code"] == "ACC045"]
        assert [one["change"] for one in lost] == expected
        assert "iam:GetRole" in lost[0]["headline"]
    cloud.fault = lambda *_: None
    _, health = check(text)
    assert [one["change"] for one in health["targets"][0]["findings"] if one["code"] == "ACC045"] == ["resolved"]


def test_rotated_keys_are_reported_once(cloud: Cloud, site: Site, set_up: Callable[..., AwsSetUp], check: Run) -> None:
    made = set_up()
    text = table("weights", made.role, made)
    site.serve("/jwks", {"keys": [{"kty": "RSA", "kid": "one", "n": "AQAB", "e": "AQAB"}]})
    check(text)
    site.serve("/jwks", {"keys": [{"kty": "RSA", "kid": "another", "n": "AQAB", "e": "AQAB"}]})
    seen = []
    for _ in range(3):
        _, health = check(text)
        seen.append([one["change"] for one in health["targets"][0]["findings"] if one["code"] == "ISS020"])
    assert seen == [["new"], [], []]


def test_a_defect_of_ours_in_reading_breaks_its_own_target_alone(
    cloud: Cloud, set_up: Callable[..., AwsSetUp], check: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from oidc_doctor.live.aws import configuration

    made = set_up()
    real = configuration.AwsConfiguration.role

    def broken(self: Any) -> Any:
        return 1 / 0 if "Weightsz" in str(self.aws.role_arn) else real(self)

    monkeypatch.setattr(configuration.AwsConfiguration, "role", broken)
    code, health = check(table("weights", made.role, made) + table("other", f"{made.role}z", made))
    assert (code, states(health)) == (4, {"weights": "healthy", "other": "broken"})
