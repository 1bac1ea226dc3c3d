"""`earlier/`: the configuration of the last time is evidence of its own, and no part of the present."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from oidc_doctor.bundle import contract
from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.bundle.snapshot import load_snapshot
from oidc_doctor.capture.redact_bundle import redact_bundle
from oidc_doctor.model.document import Document, Missing
from oidc_doctor.model.evidence import AwsOidcProvider, GcpProvider, Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evidence import Bundle
    from oidc_doctor.model.evidence import Earlier, Snapshot

THEN = "2026-11-21T22:40:00Z"


@pytest.fixture
def both(aws: Bundle) -> Bundle:
    aws.gcp_provider().gcp_pool().service_account().service_account_policy()
    gcp = {"provider": aws.GCP_PROVIDER, "service_account": aws.SERVICE_ACCOUNT}
    return aws.target(aws={"role_arn": aws.ROLE_ARN, "role_session_name": "weights"}, gcp=gcp)


def snapshot_of(bundle: Bundle) -> Snapshot:
    with open_bundle(bundle.root) as files:
        return load_snapshot(files)


def earlier_of(bundle: Bundle) -> Earlier:
    earlier = bundle.evidence().earlier
    assert earlier is not None
    return earlier


def test_a_bundle_without_it(aws: Bundle) -> None:
    assert aws.evidence().earlier is None


def test_each_file_is_read_by_its_own_parser(both: Bundle) -> None:
    for name in ("aws/role.json", "aws/oidc-provider.json", "gcp/provider.json", "issuer/jwks.json"):
        both.write(f"earlier/{name}", both.read(name))
    both.write("earlier/manifest.json", {"collected_at": THEN, "reads": []})
    earlier = earlier_of(both)
    assert earlier.at == both.NOW - 86_400
    aws, gcp = earlier.evidence.aws, earlier.evidence.gcp
    assert aws is not None
    assert gcp is not None
    assert isinstance(aws.role, Role)
    assert str(aws.role.trust_policy).count("earlier/aws/role.json") == 1
    assert isinstance(aws.provider, AwsOidcProvider)
    assert isinstance(gcp.provider, GcpProvider)
    assert gcp.provider.document.file == "earlier/gcp/provider.json"
    assert isinstance(earlier.evidence.issuer.jwks, Document)
    assert isinstance(earlier.evidence.issuer.discovery, Missing), "the present one is not the earlier one"
    assert earlier.evidence.tokens == ()


def test_it_changes_no_decision(both: Bundle) -> None:
    """Not even where the present has no such file, and where the earlier one refuses everything."""
    both.remove("aws/oidc-provider.json", "gcp/service-account-policy.json", "issuer")
    alone = both.ask()
    both.write("earlier/manifest.json", {"collected_at": THEN, "reads": []})
    both.write("earlier/aws/role.json", {"Role": {"Arn": both.ROLE_ARN, "AssumeRolePolicyDocument": {"Statement": []}}})
    both.write("earlier/gcp/provider.json", {"name": both.GCP_PROVIDER, "state": "DELETED"})
    both.write("earlier/aws/oidc-provider.json", {"Url": "x", "ClientIDList": []})
    both.write("earlier/issuer/jwks.json", {"keys": []})
    compared = both.ask()
    assert compared.report.exchanges == alone.report.exchanges
    assert compared.report.causes == alone.report.causes
    assert compared.report.evaluated_at == alone.report.evaluated_at
    assert compared.report.exit_code == alone.report.exit_code


def test_a_resource_that_only_it_names_is_not_the_targets(aws: Bundle) -> None:
    aws.remove("oidc-doctor.toml", "aws/role.json")
    aws.write("earlier/aws/role.json", {"Role": {"Arn": aws.ROLE_ARN, "AssumeRolePolicyDocument": aws.policy()}})
    target = aws.evidence().target
    assert target.aws is not None
    assert target.aws.role_arn is None


def test_it_makes_no_target(aws: Bundle) -> None:
    aws.only()
    aws.write("earlier/aws/role.json", {"Role": {"Arn": aws.ROLE_ARN}}).write("targets/a/aws/role.json", {"Role": {}})
    assert [evidence.target.name for evidence in snapshot_of(aws).targets] == ["a"]


def test_tokens_errors_and_logs_below_it_are_not_read(aws: Bundle) -> None:
    aws.write("earlier/aws/role.json", aws.read("aws/role.json"))
    for name in ("token.jwt", "claims.json", "tokens/a.json", "error.txt", "oidc-doctor.toml", "truss/config.yaml"):
        aws.write(f"earlier/{name}", "{}")
    aws.write("earlier/aws/cloudtrail/a.json", {"Records": [aws.event()]}).write("earlier/gcp/logs/a.json", [])
    then = earlier_of(aws).evidence
    assert (then.tokens, then.observed, then.cloudtrail, then.gcp_logs) == ((), (), (), ())
    assert isinstance(then.truss, Missing)
    report = aws.report()
    assert report.attempts == []
    assert report.causes == []
    rows = {row.what: row.reason for row in report.coverage}
    assert rows["other files"].startswith("not part of a bundle: ")
    assert sum(row.count or 0 for row in report.coverage if row.what == "other files") == 8


def test_coverage_has_one_row_and_what_could_not_be_read(aws: Bundle) -> None:
    aws.write("earlier/aws/role.json", aws.read("aws/role.json")).write("earlier/issuer/jwks.json", "{")
    denied = {"path": "aws/role-policy-list.json", "call": "iam:ListRolePolicies", "outcome": "denied"}
    aws.write("earlier/manifest.json", {"collected_at": THEN, "reads": [denied]})
    rows = {row.what: row for row in snapshot_of(aws).coverage if row.what.startswith("earlier/")}
    assert {what: row.status for what, row in rows.items()} == {
        "earlier/": "read",
        "earlier/issuer/jwks.json": "missing",
    }
    assert rows["earlier/"].since == THEN
    assert not [row for row in rows.values() if not row.path.startswith("earlier/")]


def test_several_targets_share_the_issuer(aws: Bundle) -> None:
    role, keys = aws.read("aws/role.json"), aws.read("issuer/jwks.json")
    aws.only()
    for name in ("a", "b"):
        aws.write(f"targets/{name}/aws/role.json", role)
    aws.write("targets/a/earlier/aws/role.json", role).write("earlier/issuer/jwks.json", keys)
    reads = [{"path": "targets/b/aws/oidc-providers.json", "call": "iam:ListOpenIDConnectProviders", "outcome": "ok"}]
    aws.write("earlier/manifest.json", {"collected_at": THEN, "reads": reads})
    denied = {**reads[0], "outcome": "denied", "code": "AccessDenied"}
    aws.manifest([denied])
    first, second = (evidence.earlier for evidence in snapshot_of(aws).targets)
    assert first is not None
    assert second is not None
    assert first.at == second.at == aws.NOW - 86_400
    assert isinstance(first.evidence.issuer.jwks, Document)
    assert isinstance(second.evidence.issuer.jwks, Document)
    assert [earlier.evidence.aws and isinstance(earlier.evidence.aws.role, Role) for earlier in (first, second)] == [
        True,
        False,
    ]
    assert first.lost == ()
    (lost,) = second.lost
    assert (lost.path, lost.call) == ("aws/oidc-providers.json", "iam:ListOpenIDConnectProviders")


def test_a_copy_has_the_same_pseudonyms(aws: Bundle) -> None:
    aws.write("aws/role-policies/Weights.json", {"PolicyName": "Weights", "PolicyDocument": aws.policy()})
    for name in ("aws/role.json", "aws/oidc-provider.json", "aws/role-policies/Weights.json", "issuer/jwks.json"):
        aws.write(f"earlier/{name}", aws.read(name))
        aws.write(f"targets/Payroll/earlier/{name}", aws.read(name))
    read = {"path": "aws/role-policies/Weights.json", "call": "iam:GetRolePolicy", "outcome": "ok"}
    of_target = {**read, "path": "targets/Payroll/aws/role-policies/Weights.json"}
    aws.write("earlier/manifest.json", {"collected_at": THEN, "reads": [read, of_target]})
    aws.write("targets/Payroll/earlier/manifest.json", {"collected_at": THEN, "reads": [read]})
    copy: dict[str, bytes] = {}

    def write(name: str, pieces: Iterator[bytes]) -> None:
        copy[name] = b"".join(pieces)

    with open_bundle(aws.root) as files:
        redact_bundle(files, write, b"k" * 32)
    present = {name: data for name, data in copy.items() if "earlier/" not in name and f"earlier/{name}" in copy}
    assert len(present) == 5, sorted(copy)
    for name, data in present.items():
        if name != contract.MANIFEST:
            assert copy[f"earlier/{name}"] == data, name
    text = "".join(name + data.decode() for name, data in copy.items())
    assert "Payroll" not in text
    assert "Weights" not in text
    reads = json.loads(copy["earlier/manifest.json"])["reads"]
    places = [contract.place_in_earlier("", entry["path"]) for entry in reads]
    (own,) = [name.removesuffix("earlier/manifest.json") for name in copy if name.endswith("/earlier/manifest.json")]
    reads = json.loads(copy[f"{own}earlier/manifest.json"])["reads"]
    places += [contract.place_in_earlier(own, entry["path"]) for entry in reads]
    assert [place in copy for place in places] == [True, True, True], places
    assert "redaction" not in json.loads(copy["earlier/manifest.json"])
