"""--compare: two tokens side by side, clause by clause. --account: which of an account's resources take a token."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from oidc_doctor.cli.main import main
from oidc_doctor.documents.provider import gcp_pools_of, gcp_providers_of
from oidc_doctor.examine import account
from oidc_doctor.model import limits

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "docs" / "report.schema.json").read_text("utf-8"))


def run(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any, str]:
    """The exit code and the JSON, validated, and what the text report says."""
    code = main(["--report", "--format", "json", *arguments])
    value = json.loads(capfd.readouterr().out)
    jsonschema.validate(value, SCHEMA)
    assert main(["--report", *arguments]) == code
    return code, value, capfd.readouterr().out


def clause(comparison: Any, part: str) -> Any:
    return next(row for row in comparison["clauses"] if part in row["clause"] or part in str(row["expected"]))


# ------------------------------------------------------------------------------------------------------------- compare


def test_the_clause_of_a_trust_policy_that_tells_two_tokens_apart(
    aws: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    refused = aws.SUBJECT.replace(aws.TEAM, "Tq7LmZ2y")
    other = tmp_path / "good.jwt"
    other.write_text(aws.compact(None))
    aws.token({**aws.claims_of(), "sub": refused, "team": "Tq7LmZ2y"})
    code, value, text = run(capfd, "--from", str(aws.root), "--compare", str(other))
    assert code == 1
    (comparison,) = value["comparisons"]
    assert [one["prediction"] for one in comparison["tokens"]] == ["refused", "accepted"]
    row = clause(comparison, ":sub")
    assert row["results"] == [False, True]
    assert row["tells_apart"] is True
    assert row["values"] == [refused, aws.SUBJECT]
    assert row["at"].startswith("aws/role.json:")
    assert clause(comparison, ":aud")["tells_apart"] is False
    assert {one["claim"]: one["values"] for one in comparison["claims"]}["sub"] == [refused, aws.SUBJECT]
    assert "clauses that differ" in text
    assert "A ✗  B ✓" in text
    assert "Principal" not in text.partition("clauses that differ")[2].partition("Read ")[0]
    assert other.read_text().split(".")[2] not in text + json.dumps(value)


def test_the_part_of_a_condition_that_tells_two_tokens_apart(
    gcp: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    condition = "assertion.sub.startsWith('v=1:org=Org8Kd2P:') && (assertion.team == 'x' || assertion.env == 'prod')"
    gcp.gcp_provider(condition=condition)
    other = tmp_path / "claims.json"
    other.write_text(json.dumps({"claims": {**gcp.claims_of(), "env": "prod"}, "complete": True}))
    _, value, text = run(capfd, "--from", str(gcp.root), "--compare", str(other))
    (comparison,) = value["comparisons"]
    told = [row["expected"] for row in comparison["clauses"] if row["tells_apart"]]
    assert told[0] == "assertion.env == 'prod'"
    assert clause(comparison, "assertion.team")["results"] == [False, False]
    missing = next(row for row in comparison["claims"] if row["claim"] == "env")
    assert (missing["values"], missing["present"]) == ([None, "prod"], [False, True])
    assert "(not there)" in text


def test_an_old_success_is_not_compared_as_an_expired_token(
    aws: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "old.jwt"
    day = 86_400
    other.write_text(aws.compact({**aws.claims_of(), "iat": aws.NOW - day, "exp": aws.NOW - day + 3600}))
    _, value, text = run(capfd, "--from", str(aws.root), "--compare", str(other))
    (comparison,) = value["comparisons"]
    assert [one["prediction"] for one in comparison["tokens"]] == ["accepted", "accepted"]
    assert comparison["tokens"][1]["judged_at"] < comparison["tokens"][0]["judged_at"]
    assert "both tokens have the same result" in text


def test_a_comparison_is_in_markdown_and_obeys_nobody(
    aws: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "claims.json"
    other.write_text(json.dumps({**aws.claims_of(), "sub": "x\u001b[31m```\n# heading", "a`b": "<script>"}))
    main(["--report", "--format", "markdown", "--from", str(aws.root), "--compare", str(other)])
    out = capfd.readouterr().out
    assert "Compared for" in out
    assert "\x1b" not in out
    assert not any(line.startswith("# heading") for line in out.splitlines())


def test_a_compared_token_that_cannot_be_read_is_a_token_with_a_fault(
    aws: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "bad"
    other.write_text("no token")
    _, value, _ = run(capfd, "--from", str(aws.root), "--compare", str(other))
    assert value["comparisons"][0]["tokens"][1]["prediction"] == "refused"
    assert main(["--report", "--from", str(aws.root), "--compare", str(tmp_path / "none")]) == 2


# ------------------------------------------------------------------------------------------------------------- account


def roles_of(aws: Any) -> list[Any]:
    """Three roles: one that takes the token, one that does not, one for EC2."""
    good = aws.read("aws/role.json")["Role"]
    bad = json.loads(json.dumps(good).replace(aws.TEAM, "Tq7LmZ2y").replace("ModelWeights", "OtherTeam"))
    service = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ec2 = {
        "Arn": good["Arn"].replace("ModelWeights", "Server"),
        "RoleName": "Server",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [service]},
    }
    return [bad, good, ec2]


@pytest.mark.parametrize("shape", ["Roles", "RoleDetailList"])
def test_the_roles_that_take_a_token(shape: str, aws: Any, capfd: pytest.CaptureFixture[str]) -> None:
    aws.write("aws/roles.json", {shape: roles_of(aws)}).remove("aws/role.json", "oidc-doctor.toml")
    code, value, text = run(capfd, "--from", str(aws.root), "--account")
    assert [row["prediction"] for row in value["account"]] == ["accepted", "refused", "refused"]
    accepted, refused, others = value["account"]
    assert accepted["resource"] == aws.ROLE_ARN
    assert refused["resource"].endswith("role/OtherTeam")
    assert refused["step"] == "authorise"
    assert "StringLike" in refused["clause"]
    assert refused["at"].startswith("aws/roles.json:")
    assert others["resource"] == "1 more roles, which trust no OIDC provider"
    assert (code, value["verdict"]) == (0, "healthy")
    assert "1 accept" in text
    assert "role/OtherTeam" in text


def test_no_role_takes_the_token(aws: Any, capfd: pytest.CaptureFixture[str]) -> None:
    aws.write("aws/roles.json", {"Roles": roles_of(aws)[::2]}).remove("aws/role.json", "oidc-doctor.toml")
    code, value, _ = run(capfd, "--from", str(aws.root), "--account")
    assert (code, value["verdict"]) == (1, "refused")


def test_a_role_whose_provider_was_not_read_is_unknown(aws: Any, capfd: pytest.CaptureFixture[str]) -> None:
    aws.write("aws/roles.json", {"Roles": roles_of(aws)[1:2]})
    aws.remove("aws/role.json", "oidc-doctor.toml", "aws/oidc-provider.json")
    code, value, _ = run(capfd, "--from", str(aws.root), "--account")
    assert [row["prediction"] for row in value["account"]] == ["unknown"]
    assert value["account"][0]["why"]
    assert code == 3


def test_the_providers_that_take_a_token(gcp: Any, capfd: pytest.CaptureFixture[str]) -> None:
    good = gcp.read("gcp/provider.json")
    bad = {**good, "name": gcp.POOL + "/providers/other", "attributeCondition": "assertion.sub == 'x'"}
    gone = {**good, "name": gcp.POOL + "/providers/gone", "state": "DELETED"}
    gcp.write("gcp/providers.json", [bad, good, gone]).remove("gcp/provider.json", "oidc-doctor.toml")
    gcp.remove("gcp/service-account.json", "gcp/service-account-policy.json")
    _, value, text = run(capfd, "--from", str(gcp.root), "--account")
    rows = {row["resource"].rpartition("/")[2]: row for row in value["account"]}
    assert {name: row["prediction"] for name, row in rows.items()} == {
        "baseten-provider": "accepted",
        "other": "refused",
        "gone": "refused",
    }
    assert rows["other"]["step"] == "condition"
    assert rows["gone"]["step"] == "target"
    assert "1 accept, 2 refuse, 0 unknown" in text


def test_without_a_list_it_says_what_is_missing(aws: Any, capfd: pytest.CaptureFixture[str]) -> None:
    _, value, _ = run(capfd, "--from", str(aws.root), "--account")
    assert "account" not in value
    assert any(one.startswith("--account:") for one in value["warnings"])


def test_the_lists_of_an_account_are_read_once(gcp: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    good = gcp.read("gcp/provider.json")
    names = [f"{gcp.POOL}{number}" for number in range(5)]
    gcp.write("gcp/providers.json", [{**good, "name": f"{name}/providers/p"} for name in names])
    gcp.write("gcp/pools.json", [{"name": name, "state": "ACTIVE"} for name in names]).remove("gcp/pool.json")
    read: list[object] = []
    monkeypatch.setattr(account, "gcp_pools_of", lambda document: read.append(document) or gcp_pools_of(document))
    monkeypatch.setattr(
        account, "gcp_providers_of", lambda document: read.append(document) or gcp_providers_of(document)
    )
    main(["--report", "--from", str(gcp.root), "--account", "-q"])
    assert len(read) == 2


def test_a_pool_that_is_listed_in_two_states_is_open(gcp: Any, capfd: pytest.CaptureFixture[str]) -> None:
    good = gcp.read("gcp/provider.json")
    pools = [f"{gcp.POOL}{number}" for number in (1, 2, 2)]
    providers = [{**good, "name": f"{pool}/providers/p"} for pool in pools[:2]]
    gcp.write("gcp/providers.json", providers).remove("gcp/provider.json", "gcp/pool.json", "oidc-doctor.toml")
    gcp.remove("gcp/service-account.json", "gcp/service-account-policy.json")
    states = ("ACTIVE", "ACTIVE", "DELETED")
    gcp.write("gcp/pools.json", [{"name": pool, "state": state} for pool, state in zip(pools, states, strict=True)])
    _, value, _ = run(capfd, "--from", str(gcp.root), "--account")
    assert [row["prediction"] for row in value["account"]] == ["accepted", "unknown"]


def test_what_is_beyond_the_bound_is_named_and_refuses_nothing(
    aws: Any, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account, "SURVEYED", limits.SURVEYED._replace(most=1))
    monkeypatch.setattr(limits, "SURVEYED", limits.SURVEYED._replace(most=1))
    aws.write("aws/roles.json", {"Roles": roles_of(aws)}).remove("aws/role.json", "oidc-doctor.toml")
    code, value, _ = run(capfd, "--from", str(aws.root), "--account")
    assert "--account: only the first 1 roles and providers were judged (oidc-doctor's bound)" in value["warnings"]
    assert (code, value["verdict"]) == (3, "unknown")  # the second role accepts the token
