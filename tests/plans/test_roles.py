"""Roles of a plan: the trust policy is judged, as it is in the plan or rebuilt from its data source."""

from __future__ import annotations

import json
from typing import Any

import pytest

from oidc_doctor.bundle.of_target import bundle_of_target
from oidc_doctor.bundle.snapshot import load_snapshot
from oidc_doctor.model.document import Missing
from oidc_doctor.model.evidence import Role, TargetEvidence
from oidc_doctor.plans.open import bundle_of_plan
from plan_text import (
    ACCOUNT,
    ISSUER,
    STRANGER,
    UNKNOWN,
    PlanText,
    block,
    condition,
    document,
    document_block,
    kept_provider,
    kept_role,
    new_role_and_provider,
    oidc_provider,
    provider_arn,
    references,
    role,
    statement,
    trust_policy,
    verdicts,
)

ROLE, PROVIDER, DOCUMENT = (
    "aws_iam_role.weights",
    "aws_iam_openid_connect_provider.baseten",
    "data.aws_iam_policy_document",
)


def evidence(plan: PlanText) -> dict[str, TargetEvidence]:
    """Return the evidence of each target by its name."""
    with plan.bundle() as bundle:
        return {part.target.name: part for part in load_snapshot(bundle).targets}


def policy_of(part: TargetEvidence) -> Any:
    """Return the trust policy of a target; None if it is open."""
    read = part.aws.role if part.aws is not None else None
    document_ = read.trust_policy if isinstance(read, Role) else None
    return getattr(document_, "value", None)


def test_a_role_and_its_provider_created_together_are_judged() -> None:
    plan = new_role_and_provider()
    assert verdicts(plan) == {ROLE: "accepted"}
    assert verdicts(plan, STRANGER) == {ROLE: "refused"}
    (exchange,) = plan.report().exchanges
    assert (
        f"that the trust policy is {DOCUMENT}.trust, unchanged by a function of the configuration" in exchange.assumed
    )
    assert f"that it names {PROVIDER} by its ARN" in exchange.assumed


def test_a_policy_that_is_known_is_judged_as_it_is() -> None:
    kept = kept_role(trust_policy())
    plan = PlanText().add(PROVIDER, kept_provider(), before=kept_provider()).add(ROLE, kept, before=kept)
    assert verdicts(plan) == {ROLE: "accepted"}
    assert verdicts(plan, STRANGER) == {ROLE: "refused"}
    assert not plan.report().exchanges[0].assumed[0].startswith("that the trust policy")


def test_without_the_provider_the_verdict_is_unknown() -> None:
    plan = PlanText().add(ROLE, kept_role(trust_policy()), before=kept_role(trust_policy()))
    assert verdicts(plan) == {ROLE: "unknown"}


def test_a_provider_of_another_provider_configuration_is_another_accounts() -> None:
    plan = new_role_and_provider()
    for part in plan.blocks:
        part["provider_config_key"] = "aws.other" if part["type"] == "aws_iam_openid_connect_provider" else "aws"
    assert verdicts(plan) == {ROLE: "unknown"}
    aws = evidence(plan)[ROLE].aws
    assert aws is not None
    assert isinstance(aws.provider, Missing)


@pytest.mark.parametrize(
    "expression",
    [
        {},
        {"constant_value": "x"},
        {"references": [f"{PROVIDER}.arn", PROVIDER]},
        {"references": ["local.policy"]},
        {"references": ["var.policy"]},
        {"references": [f"{DOCUMENT}.trust"]},
        {"references": [f"{DOCUMENT}.trust.json", f"{DOCUMENT}.trust", "var.suffix"]},
        {"references": [f"{DOCUMENT}.trust.json", f"{DOCUMENT}.trust", f"{DOCUMENT}.trust.json", f"{DOCUMENT}.trust"]},
        {"references": [f"{DOCUMENT}.trust.json", f"{DOCUMENT}.trust", f"{DOCUMENT}.b.json", f"{DOCUMENT}.b"]},
        {"references": [f"{DOCUMENT}.other.json", f"{DOCUMENT}.other"]},
        {"references": [f"{DOCUMENT}.trust.id", f"{DOCUMENT}.trust"]},
        {"references": f"{DOCUMENT}.trust.json"},
        {"references": ["each.value.json", "each.value"]},
    ],
)
def test_a_policy_that_may_be_more_than_a_document_is_not_rebuilt(expression: Any) -> None:
    plan = new_role_and_provider()
    plan.blocks[-1]["expressions"]["assume_role_policy"] = expression
    part = evidence(plan)[ROLE]
    assert policy_of(part) is None
    assert [value.name for value in part.unknown_values] == [f"{ROLE}: assume_role_policy"]
    assert verdicts(plan) == {ROLE: "unknown"}


def test_a_known_document_does_not_explain_an_open_policy() -> None:
    plan = new_role_and_provider()
    plan.changes[0]["change"]["after_unknown"] = {}
    plan.changes[0]["change"]["after"]["json"] = trust_policy()
    assert policy_of(evidence(plan)[ROLE]) is None


@pytest.mark.parametrize(
    "identifiers",
    [
        {},
        {"references": ["local.arn"]},
        {"references": [f"{PROVIDER}.url", PROVIDER]},
        {"references": [f"{PROVIDER}.arn", PROVIDER, "var.other"]},
    ],
)
def test_an_identifier_that_may_be_another_provider_is_left_open(identifiers: Any) -> None:
    plan = new_role_and_provider()
    plan.blocks[0]["expressions"]["statement"][0]["principals"][0]["identifiers"] = identifiers
    part = evidence(plan)[ROLE]
    assert [value.attribute for value in part.unknown_values] == ["statement[0].principals[0].identifiers[0]"]
    assert verdicts(plan) == {ROLE: "unknown"}


def test_a_statement_about_another_issuer_does_not_name_the_provider() -> None:
    keys = [condition("StringEquals", "gitlab.com:sub", ["x"])]
    plan = PlanText()
    plan.add(f"{DOCUMENT}.trust", document(statement(conditions=keys)), expressions=document_block(f"{PROVIDER}.arn"))
    plan.add(PROVIDER, oidc_provider())
    plan.add(ROLE, role(), expressions={"assume_role_policy": references(f"{DOCUMENT}.trust.json")})
    assert [value.attribute for value in evidence(plan)[ROLE].unknown_values] == [
        "statement[0].principals[0].identifiers[0]"
    ]


def test_the_url_of_a_new_provider_loses_its_scheme() -> None:
    made = [condition("StringLike", f"https://{ISSUER}:sub", ["v=1:org=o1:*"])]
    plan = PlanText()
    expressions = document_block(f"{PROVIDER}.arn")
    expressions["statement"][0]["condition"] = [{"variable": references(f"{PROVIDER}.url")}]
    plan.add(f"{DOCUMENT}.trust", document(statement(conditions=made)), expressions=expressions)
    plan.add(PROVIDER, oidc_provider())
    plan.add(ROLE, role(), expressions={"assume_role_policy": references(f"{DOCUMENT}.trust.json")})
    assert verdicts(plan) == {ROLE: "accepted"}
    expressions["statement"][0]["condition"] = [{"variable": {"constant_value": f"https://{ISSUER}:sub"}}]
    assert verdicts(plan) == {ROLE: "refused"}
    expressions["statement"][0]["condition"] = [{"variable": {"references": ["local.key"]}}]
    assert verdicts(plan) == {ROLE: "unknown"}


# Accounts


def test_an_account_that_the_plan_shows() -> None:
    literal = trust_policy()
    plan = PlanText().add(PROVIDER, oidc_provider()).add(ROLE, role(literal))
    assert verdicts(plan) == {ROLE: "unknown"}
    plan.state("data.aws_caller_identity.current", {"account_id": ACCOUNT})
    assert verdicts(plan) == {ROLE: "accepted"}
    assert evidence(plan)[ROLE].target.aws is not None
    plan.prior[0]["values"]["account_id"] = "210987654321"
    assert verdicts(plan) == {ROLE: "refused"}


def test_a_provider_that_was_read_as_a_data_source() -> None:
    values = {"arn": provider_arn(), "id": provider_arn(), "url": ISSUER, "client_id_list": [ISSUER]}
    plan = PlanText().state("data.aws_iam_openid_connect_provider.baseten", values).add(ROLE, role(trust_policy()))
    assert verdicts(plan) == {ROLE: "accepted"}
    assert verdicts(plan, STRANGER) == {ROLE: "refused"}


# Instances and modules


def test_each_instance_has_a_verdict_of_its_own() -> None:
    plan = PlanText()
    subjects = {"one": "v=1:org=o1:team=t1:*", "two": "v=1:org=o1:team=t2:*"}
    for key, subject in subjects.items():
        conditions = [condition("StringLike", f"{ISSUER}:sub", [subject])]
        plan.add(f'{DOCUMENT}.trust["{key}"]', document(statement(conditions=conditions)), configured=False)
        plan.add(f'{ROLE}["{key}"]', role(name=key), configured=False)
    plan.block(f"{DOCUMENT}.trust", document_block(f"{PROVIDER}.arn"))
    plan.block(ROLE, {"assume_role_policy": {"references": [f"{DOCUMENT}.trust", "each.key"]}})
    plan.add(PROVIDER, oidc_provider())
    assert verdicts(plan) == {f'{ROLE}["one"]': "accepted", f'{ROLE}["two"]': "refused"}
    (exchange, _) = plan.report().exchanges
    assert "that its index is the role's own key" in exchange.assumed


def test_counted_instances() -> None:
    plan = PlanText()
    for index in range(2):
        conditions = [condition("StringLike", f"{ISSUER}:sub", [f"v=1:org=o1:team=t{index}:*"])]
        plan.add(f"{DOCUMENT}.trust[{index}]", document(statement(conditions=conditions)), configured=False)
    plan.add(f"{ROLE}[1]", role(), configured=False).add(PROVIDER, oidc_provider())
    plan.block(f"{DOCUMENT}.trust", document_block(f"{PROVIDER}.arn"))
    plan.block(ROLE, {"assume_role_policy": {"references": [f"{DOCUMENT}.trust", "count.index"]}})
    assert verdicts(plan) == {f"{ROLE}[1]": "accepted"}
    plan.blocks[-1]["expressions"] = {
        "assume_role_policy": {"references": [f"{DOCUMENT}.trust[0].json", f"{DOCUMENT}.trust[0]", f"{DOCUMENT}.trust"]}
    }
    assert verdicts(plan) == {f"{ROLE}[1]": "refused"}


def test_a_document_through_modules() -> None:
    plan = PlanText()
    where = 'module.app["eu"]'
    plan.add("module.trust.data.aws_iam_policy_document.this", document())
    plan.add("module.trust.aws_iam_openid_connect_provider.this", oidc_provider())
    plan.add(f"{where}.aws_iam_role.this[0]", role())
    of_trust = [
        block("data.aws_iam_policy_document.this", document_block("var.provider")),
        block("aws_iam_openid_connect_provider.this", {}),
    ]
    of_trust[0]["expressions"]["statement"][0]["principals"][0]["identifiers"] = {
        "references": ["aws_iam_openid_connect_provider.this.arn", "aws_iam_openid_connect_provider.this"]
    }
    plan.calls = {
        "trust": {
            "module": {
                "outputs": {"json": {"expression": references("data.aws_iam_policy_document.this.json")}},
                "resources": of_trust,
            }
        },
        "app": {
            "for_each_expression": {},
            "expressions": {"policy": {"references": ["module.trust.json", "module.trust"]}},
            "module": {
                "resources": [block("aws_iam_role.this", {"assume_role_policy": {"references": ["var.policy"]}})]
            },
        },
    }
    assert verdicts(plan) == {f"{where}.aws_iam_role.this[0]": "accepted"}
    assert verdicts(plan, STRANGER) == {f"{where}.aws_iam_role.this[0]": "refused"}


# What is judged


def test_roles_that_trust_no_tokens_are_left_out() -> None:
    service = json.dumps({"Version": "2012-10-17", "Statement": [{"Principal": {"Service": "ec2.amazonaws.com"}}]})
    plan = new_role_and_provider().add("aws_iam_role.host", role(service, "host"))
    assert [*evidence(plan)] == [ROLE]
    reasons = [row.reason for row in plan.report().coverage]
    assert "1 role trusts no federated principal, and is not judged" in reasons
    alone = PlanText().add("aws_iam_role.host", role(service, "host"))
    assert [*evidence(alone)] == ["aws_iam_role.host"]


def test_a_wider_trust_policy_is_reported() -> None:
    kept = kept_role(trust_policy())
    wider = trust_policy(Condition={"StringLike": {f"{ISSUER}:sub": "v=1:org=o1:*"}})
    plan = PlanText().add(PROVIDER, kept_provider(), before=kept_provider())
    plan.add(ROLE, kept | {"assume_role_policy": wider}, before=kept)
    (row,) = [row for row in plan.report().checks if row.name == "trust-became-wider"]
    assert row.status == "failed"


def test_a_deleted_role_is_refused() -> None:
    plan = PlanText().add(PROVIDER, kept_provider(), before=kept_provider())
    plan.add(ROLE, None, before=kept_role(trust_policy()))
    (exchange,) = plan.report().exchanges
    assert (exchange.prediction, exchange.step) == ("refused", "authorise")


def test_a_role_that_is_forgotten_stays() -> None:
    plan = PlanText().add(PROVIDER, kept_provider(), before=kept_provider())
    plan.add(ROLE, None, before=kept_role(trust_policy()), actions=["forget"])
    assert verdicts(plan) == {ROLE: "accepted"}


def test_a_client_id_that_a_resource_of_its_own_adds() -> None:
    kept = kept_role(trust_policy(Condition={}))
    plan = PlanText().add(PROVIDER, kept_provider(client_id_list=["other"]), before=kept_provider())
    plan.add(ROLE, kept, before=kept)
    assert verdicts(plan) == {ROLE: "refused"}
    plan.add(
        f"{PROVIDER.replace('.baseten', '_client_id.add')}",
        {"client_id": ISSUER, "open_id_connect_provider_arn": UNKNOWN},
    )
    assert verdicts(plan) == {ROLE: "unknown"}


def test_a_state_is_judged_as_it_is() -> None:
    known = kept_provider()
    resources = [
        {
            "address": PROVIDER,
            "mode": "managed",
            "type": PROVIDER.partition(".")[0],
            "name": "baseten",
            "values": known,
        },
        {
            "address": ROLE,
            "mode": "managed",
            "type": "aws_iam_role",
            "name": "weights",
            "values": kept_role(trust_policy()),
        },
    ]
    state = {"format_version": "1.0", "terraform_version": "1.9.8", "values": {"root_module": {"resources": resources}}}
    with bundle_of_plan(json.dumps(state), "state.json") as bundle:
        (part,) = load_snapshot(bundle).targets
    assert policy_of(part) == json.loads(trust_policy())


def test_the_placeholder_of_a_name() -> None:
    plan = new_role_and_provider()
    plan.changes[-1]["change"]["after"].pop("name")
    plan.changes[-1]["change"]["after"]["name_prefix"] = "ci-"
    plan.changes[-1]["change"]["after_unknown"]["name"] = True
    (exchange,) = plan.report().exchanges
    assert exchange.resource == "arn:aws:iam::<account, known after apply>:role/ci-<name, known after apply>"
    assert exchange.prediction == "accepted"


@pytest.mark.parametrize("version", ["0.1", "0.2", "1.0", "1.1", "1.2"])
def test_versions_of_the_form(version: str) -> None:
    plan = new_role_and_provider()
    plan.version = version
    assert verdicts(plan) == {ROLE: "accepted"}


def test_a_resource_that_the_plan_does_not_list_is_as_in_the_state() -> None:
    plan = PlanText().state(ROLE, kept_role(trust_policy())).state(PROVIDER, kept_provider())
    assert verdicts(plan) == {ROLE: "accepted"}


def test_planned_values_alone_are_not_read() -> None:
    plan = new_role_and_provider()
    values = {"name": "other", "assume_role_policy": trust_policy()}
    alone = {"address": "aws_iam_role.other", "mode": "managed", "type": "aws_iam_role", "name": "other"}
    plan.more = {"planned_values": {"root_module": {"resources": [alone | {"values": values}]}}}
    report = plan.report()
    assert [exchange.target_name for exchange in report.exchanges] == [ROLE]
    (row,) = [row for row in report.coverage if row.what == "aws_iam_role.other"]
    assert row.named
    assert "planned_values alone" in row.reason


def test_a_deposed_object_is_not_the_resource() -> None:
    plan = PlanText().add(PROVIDER, kept_provider(), before=kept_provider())
    kept = kept_role(trust_policy())
    plan.add(ROLE, kept, before=kept)
    plan.add(ROLE, None, before=kept, deposed="byebye", configured=False)
    assert verdicts(plan) == {ROLE: "accepted"}


def test_a_role_of_a_module_inherits_the_provider_configuration() -> None:
    plan = new_role_and_provider()
    plan.blocks[-1]["provider_config_key"] = "module.ci:aws"
    assert verdicts(plan) == {ROLE: "accepted"}
    providers = {"module.ci:aws": {"name": "aws", "expressions": {"region": {"constant_value": "eu-west-1"}}}}
    plan.more = {"configuration": plan.value()["configuration"] | {"provider_config": providers}}
    assert verdicts(plan) == {ROLE: "unknown"}


def test_nothing_is_inherited_where_another_configuration_may_be_passed() -> None:
    plan = new_role_and_provider()
    plan.blocks[-1]["provider_config_key"] = "module.ci:aws"
    providers = {"aws": {"name": "aws"}, "aws.partner": {"name": "aws"}, "module.ci:aws": {"name": "aws"}}
    plan.more = {"configuration": plan.value()["configuration"] | {"provider_config": providers}}
    assert verdicts(plan) == {ROLE: "unknown"}


def test_a_provider_that_the_role_does_not_trust_says_nothing_of_its_tokens() -> None:
    other = kept_provider() | {"url": "gitlab.com", "arn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/gitlab.com"}
    kept = kept_role(trust_policy())
    plan = PlanText().add("aws_iam_openid_connect_provider.gitlab", other, before=other).add(ROLE, kept, before=kept)
    aws = evidence(plan)[ROLE].aws
    assert aws is not None
    assert isinstance(aws.provider, Missing)
    assert verdicts(plan) == {ROLE: "unknown"}
    assert verdicts(plan, STRANGER) == {ROLE: "refused"}


def test_a_part_of_the_bundle_by_the_address() -> None:
    plan = new_role_and_provider().add('module.a["x/y"].aws_iam_role.other', kept_role(trust_policy()))
    with plan.bundle() as bundle:
        part = bundle_of_target(bundle, 'module.a["x/y"].aws_iam_role.other')
        assert [read.target.name for read in load_snapshot(part).targets] == ['module.a["x/y"].aws_iam_role.other']


OTHER = "gitlab.com"


def gone(after: Any, *trusted: str, **more: Any) -> PlanText:
    """Return a plan that deletes or replaces the provider of Baseten, and keeps a role that trusts these issuers."""
    principal = {"Federated": [provider_arn(url) for url in trusted or (ISSUER,)]}
    of_gitlab = {"StringLike": {f"{OTHER}:sub": "project_path:acme/shop:*"}}
    trust = trust_policy(Principal=principal, **({"Condition": of_gitlab} if OTHER in trusted else {}))
    actions = ["delete", "create"] if after is not None else ["delete"]
    plan = PlanText().add(PROVIDER, after, before=kept_provider(), actions=actions)
    return plan.add(ROLE, kept_role(trust), before=kept_role(trust), **more)


@pytest.mark.parametrize(("after", "does"), [(None, "deletes"), (oidc_provider("other.example.com"), "replaces")])
def test_a_provider_that_the_plan_takes_away_is_the_cause(after: Any, does: str) -> None:
    report = gone(after).report()
    (exchange,) = report.exchanges
    cause = report.causes[0]
    assert (exchange.prediction, cause.code) == ("refused", "AWS010")
    assert f"the plan {does} {PROVIDER}" in cause.named.headline
    assert f"Keep {PROVIDER}" in cause.named.fix
    assert not report.fixes


def test_a_provider_of_another_issuer_stays_when_one_is_taken_away() -> None:
    subject = "project_path:acme/shop:ref_type:branch:ref:main"
    assert verdicts(gone(None, ISSUER, OTHER), subject)[ROLE] != "refused"
    assert verdicts(gone(oidc_provider("other.example.com"), ISSUER, OTHER), subject)[ROLE] != "refused"


def test_a_provider_that_moves_to_another_address_is_not_taken_away() -> None:
    plan = gone(None).add(f"{PROVIDER}_2", oidc_provider())
    assert verdicts(plan) == {ROLE: "accepted"}
    assert verdicts(gone(None).add(f"{PROVIDER}_2", oidc_provider(url=UNKNOWN) | {"url": UNKNOWN}))[ROLE] != "refused"


def test_a_data_source_does_not_keep_a_provider_that_is_deleted() -> None:
    plan = gone(None).state("data.aws_iam_openid_connect_provider.read", {"url": ISSUER, "arn": provider_arn()})
    assert verdicts(plan) == {ROLE: "refused"}


def test_a_refusal_by_a_policy_that_is_rebuilt_is_as_certain_as_its_assumptions() -> None:
    report = new_role_and_provider().report(STRANGER)
    (exchange,) = report.exchanges
    assert exchange.prediction == "refused"
    assert exchange.error is not None
    assert exchange.error["certain"] is False
    kept = kept_role(trust_policy())
    known = PlanText().add(PROVIDER, kept_provider(), before=kept_provider()).add(ROLE, kept, before=kept)
    error = known.report(STRANGER).exchanges[0].error
    assert error is not None
    assert error["certain"] is True


@pytest.mark.parametrize("policy", [{"Version": "2012-10-17"}, [], 5, True])
def test_a_policy_of_another_type_is_not_read(policy: Any) -> None:
    assert verdicts(PlanText().add(ROLE, kept_role(policy))) == {ROLE: "unknown"}


def test_a_role_without_a_known_value_has_no_malformed_name() -> None:
    plan = PlanText().add(ROLE, kept_role(trust_policy()))
    plan.changes[0]["change"]["after_unknown"] = True
    assert verdicts(plan) == {ROLE: "unknown"}


def test_documents_that_are_merged_many_times_are_read_once() -> None:
    plan = PlanText()
    plan.add(f"{DOCUMENT}.d0", document(), expressions=document_block(f"{PROVIDER}.arn"))
    for number in range(1, 15):
        of_last = references(f"{DOCUMENT}.d{number - 1}.json")
        merged = {"source_policy_documents": [UNKNOWN], "override_policy_documents": [UNKNOWN], "statement": []}
        both = {"source_policy_documents": of_last, "override_policy_documents": of_last}
        plan.add(f"{DOCUMENT}.d{number}", document() | merged, expressions=both)
    plan.add(PROVIDER, oidc_provider())
    plan.add("aws_iam_role.few", role(), expressions={"assume_role_policy": references(f"{DOCUMENT}.d2.json")})
    plan.add("aws_iam_role.many", role(), expressions={"assume_role_policy": references(f"{DOCUMENT}.d14.json")})
    assert verdicts(plan) == {"aws_iam_role.few": "accepted", "aws_iam_role.many": "unknown"}
    (few,) = (row for row in plan.report().exchanges if row.target_name == "aws_iam_role.few")
    assert f"that it names {PROVIDER} by its ARN" in few.assumed


def test_a_key_with_a_scheme_may_be_made_of_an_open_url() -> None:
    conditions = [
        condition("StringEquals", f"https://{ISSUER}:aud", [ISSUER]),
        condition("StringLike", f"https://{ISSUER}:sub", ["v=1:org=o1:team=t1:*"]),
    ]
    plan = PlanText().add(f"{DOCUMENT}.trust", document(statement(conditions=conditions)))
    plan.add(PROVIDER, oidc_provider() | {"url": UNKNOWN})
    trust = {"assume_role_policy": references(f"{DOCUMENT}.trust.json")}
    assert verdicts(plan.add(ROLE, role(), expressions=trust)) == {ROLE: "unknown"}
