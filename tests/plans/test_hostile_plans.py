"""A plan may be written by anyone: no text of it raises anything but BundleError, and none of it becomes a decision."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import share_of
from oidc_doctor.bundle.files import BundleError
from oidc_doctor.bundle.snapshot import load_snapshot
from oidc_doctor.documents.token import hypothetical
from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import Snapshot
from oidc_doctor.plans.open import bundle_of_plan
from plan_text import SUBJECT, PlanText, google_plan, kept_role, new_role_and_provider, references, role, trust_policy

PLANS = [new_role_and_provider().value(), google_plan().value()]
ANYTHING: list[Any] = [None, True, False, 0, -1, 1.5, "", "x", "${a}", [], {}, [None], {"": None}, [[]], "<account>"]


def snapshot_of(plan: Any) -> Snapshot | None:
    try:
        bundle = bundle_of_plan(plan if isinstance(plan, str) else json.dumps(plan), "plan.json")
    except BundleError:
        return None
    return load_snapshot(bundle, extra_tokens=[hypothetical(SUBJECT, origin=Origin("--subject"))])


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every node."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(inner for name, child in children for inner in paths(child, (*path, name)))]


NODES = [[path for path in paths(plan) if path] for plan in PLANS]


@settings(max_examples=share_of(600))
@given(st.data())
def test_any_node_of_another_type(data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(PLANS) - 1))
    plan = copy.deepcopy(PLANS[number])
    for _ in range(data.draw(st.integers(1, 3))):
        *above, name = data.draw(st.sampled_from(NODES[number]))
        parent: Any = plan
        for part in above:
            parent = parent[part] if _has(parent, part) else None
        if _has(parent, name):
            parent[name] = copy.deepcopy(data.draw(st.sampled_from(ANYTHING)))
    snapshot_of(plan)


def _has(parent: Any, name: Any) -> bool:
    if isinstance(parent, list):
        return isinstance(name, int) and name < len(parent)
    return isinstance(parent, dict) and name in parent


@given(st.recursive(st.sampled_from(ANYTHING), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_any_json(value: Any) -> None:
    snapshot_of({"format_version": "1.2", "resource_changes": value})
    snapshot_of({"format_version": "1.2", "values": value, "configuration": value})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("[]", "its JSON is no object"),
        ("{}", "it has no format_version"),
        ('{"format_version": 1, "resource_changes": []}', "it has no format_version"),
        ('{"format_version": "1.2"}', "it has no format_version"),
        ('{"format_version": "1.2", "resource_changes": []}', "no IAM role"),
        ('{"format_version": "1.2", "values": ' + "[" * 300 + "]" * 300 + "}", "levels deep"),
        ('{"format_version": "1.2", "values": ' + "[" * 99_999, "levels deep"),
        ('{"format_version": "1.2", "values": {}, "x": ' + "1" * 5000 + "}", "a number in it is too long"),
    ],
)
def test_a_text_that_is_no_plan(text: str, message: str) -> None:
    with pytest.raises(BundleError, match=r"^plan\.json: ") as raised:
        bundle_of_plan(text, "plan.json")
    assert message in str(raised.value)


def _circle(plan: PlanText) -> None:
    """Two outputs that name each other, and the trust policy behind them."""
    plan.calls["m"] = {
        "module": {"outputs": {"a": {"expression": {"references": ["module.n.b", "module.n"]}}}, "module_calls": {}}
    }
    inner = {"outputs": {"b": {"expression": {"references": ["var.c"]}}}}
    plan.calls["m"]["module"]["module_calls"]["n"] = {
        "expressions": {"c": {"references": ["module.n.b", "module.n"]}},
        "module": inner,
    }


def test_references_in_a_circle() -> None:
    plan = PlanText()
    _circle(plan)
    plan.add("aws_iam_role.weights", role(), expressions={"assume_role_policy": references("module.m.a")})
    plan.blocks[-1]["expressions"]["assume_role_policy"] = {"references": ["module.m.a", "module.m"]}
    snapshot = snapshot_of(plan.value())
    assert snapshot is not None
    (evidence,) = snapshot.targets
    assert [value.attribute for value in evidence.unknown_values] == ["assume_role_policy"]


def test_documents_that_merge_each_other() -> None:
    plan = new_role_and_provider()
    document = plan.changes[0]["change"]
    document["after"]["source_policy_documents"] = [None]
    document["after_unknown"]["source_policy_documents"] = [True]
    own = {"references": ["data.aws_iam_policy_document.trust.json", "data.aws_iam_policy_document.trust"]}
    plan.blocks[0]["expressions"]["source_policy_documents"] = own
    snapshot = snapshot_of(plan.value())
    assert snapshot is not None
    assert snapshot.targets[0].unknown_values[0].attribute == "source_policy_documents[0]"


def _twice(plan: dict[str, Any]) -> Any:
    plan["resource_changes"].append(copy.deepcopy(plan["resource_changes"][-1]))
    return plan


def _member_twice(plan: dict[str, Any]) -> Any:
    text = json.dumps(plan)
    assert text.count('"assume_role_policy": true') == 1
    return text.replace('"name": "weights", "path"', '"name": "weights", "name": "admin", "path"')


def _other_actions(plan: dict[str, Any]) -> Any:
    plan["resource_changes"][-1]["change"]["actions"] = ["create", "update"]
    return plan


def _other_address(plan: dict[str, Any]) -> Any:
    plan["resource_changes"][-1]["name"] = "other"
    return plan


@pytest.mark.parametrize("change", [_twice, _member_twice, _other_actions, _other_address])
def test_an_account_of_a_resource_that_contradicts_itself(change: Callable[[dict[str, Any]], Any]) -> None:
    snapshot = snapshot_of(change(new_role_and_provider().value()))
    assert snapshot is not None
    (evidence,) = snapshot.targets
    assert evidence.unknown_values


def test_a_text_that_looks_like_a_placeholder_of_ours() -> None:
    ours = "<account, known after apply>"
    written = trust_policy(f"arn:aws:iam::{ours}:oidc-provider/oidc.baseten.co")
    plan = new_role_and_provider()
    plan.add("aws_iam_role.other", role(written, "other"))
    assert {row.target_name: row.prediction for row in plan.report().exchanges}["aws_iam_role.other"] == "unknown"


def test_long_texts_of_other_resources_are_no_obstacle() -> None:
    kept = kept_role(trust_policy())
    plan = PlanText().add("aws_iam_role.weights", kept, before=kept)
    plan.add("aws_instance.big", {"user_data": "x" * 300_000})
    assert snapshot_of(plan.value()) is not None
