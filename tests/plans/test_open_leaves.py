"""No value that is known only after apply becomes a decision: each leaf of a plan is set to unknown in turn.

A refused verdict stays refused, or becomes unknown. An accepted one becomes unknown, unless the leaf has no effect on
the decision: `WITHOUT_EFFECT` names those, and why.
"""

from __future__ import annotations

import copy
import itertools
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import share_of
from oidc_doctor.documents.token import hypothetical, parse_token
from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import Token
from plan_text import (
    AT,
    ISSUER,
    STRANGER,
    SUBJECT,
    UNKNOWN,
    PlanText,
    condition,
    document,
    google_plan,
    kept_role,
    new_role_and_provider,
    oidc_provider,
    predictions,
    provider_arn,
    references,
    role,
    statement,
)

_SID = "a statement's name decides nothing"
_TAGS = "tags, descriptions and display names decide nothing"
_NAMED = "the request names the resource, whatever its name is"
_COMPUTED = "the value is computed by the cloud and read by nobody"
WITHOUT_EFFECT = {
    r"aws_\w+\.\w+: (tags|tags_all|description|force_detach_policies)(\..*)?": _TAGS,
    r"aws_iam_role\.\w+: (unique_id|create_date|id|name_prefix)": _COMPUTED,
    r"aws_iam_role\.\w+: (inline_policy|managed_policy_arns).*": "they decide the permission step alone",
    r"aws_iam_role\.\w+: permissions_boundary": "it decides the permission step alone",
    r"aws_iam_openid_connect_provider\.\w+: (id|thumbprint_list.*)": "AWS uses thumbprints for few certificates",
    r"data\.aws_iam_policy_document\.\w+: (id|minified_json|policy_id|override_json|source_json)": _COMPUTED,
    r"data\.aws_iam_policy_document\.\w+: statement\[\d\]\.sid": _SID,
    r"google_\w+\.\w+: (display_name|description|create_ignore_already_exists|etag)": _TAGS,
    r"google_\w+\.\w+: (id|unique_id)": _COMPUTED,
    r"google_service_account\.\w+: member": _COMPUTED,
    r"aws_iam_role\.\w+: (name|path)": _NAMED,
    r"google_service_account\.\w+: (account_id|project|email|name)": _NAMED,
    r"google_iam_\w+\.\w+: (workload_identity_pool_provider_id|project|name)": _NAMED,
    r"google_iam_workload_identity_pool\.\w+: workload_identity_pool_id": _NAMED,
    r"google_iam_workload_identity_pool_provider\.\w+: workload_identity_pool_id": "the provider's name has it as well",
    r"google_iam_\w+\.\w+: state": "a pool or provider that Terraform manages is active",
    r"google_iam_workload_identity_pool_provider\.\w+: (aws|saml|x509)": "a provider is of one kind, which is known",
}

OF_PLAN = {
    "existing": (r"aws_iam_(role|openid_connect_provider)\.\w+: (arn|url)",),  # the other ARN shows it as well
    "with a Deny": (
        r"data\.\S+: statement\[1\]\.(not_)?(actions|resources|principals).*",  # its condition is false
        r"data\.\S+: statement\[0\]\.condition\[1\]\.values\[0\]",  # the other value matches
    ),
}


def one_statement(**more: Any) -> str:
    """Return a trust policy as Terraform prints it: jsonencode sorts the members."""
    condition_ = {"StringEquals": {f"{ISSUER}:aud": ISSUER}, "StringLike": {f"{ISSUER}:sub": "v=1:org=o1:team=t1:*"}}
    value = {
        "Statement": [
            {
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": condition_,
                "Effect": "Allow",
                "Principal": {"Federated": provider_arn()},
            }
            | more
        ],
        "Version": "2012-10-17",
    }
    return json.dumps(value)


def existing() -> PlanText:
    """A role and a provider that exist, and a changed description."""
    kept = kept_role(one_statement())
    known = oidc_provider(arn=provider_arn(), id=provider_arn(), thumbprint_list=["a" * 40], tags_all={})
    plan = PlanText()
    plan.add("aws_iam_openid_connect_provider.baseten", known, before=known)
    plan.add("aws_iam_role.weights", kept | {"description": "new"}, before=kept)
    return plan


def with_deny() -> PlanText:
    """A document with a Deny, a wide Allow, and a list of subjects."""
    provider = "aws_iam_openid_connect_provider.baseten"
    deny = statement(
        conditions=[condition("StringLike", f"{ISSUER}:sub", ["*:team=t2:*", "*:team=t3:*"])], effect="Deny", sid="Deny"
    )
    subjects = condition("StringLike", f"{ISSUER}:sub", ["v=1:org=o9:*", "v=1:org=o1:*"])
    audience = condition("StringEquals", f"{ISSUER}:aud", [ISSUER])
    plan = PlanText()
    principals = {"type": {"constant_value": "Federated"}, "identifiers": references(f"{provider}.arn")}
    blocks = {"statement": [{"principals": [principals]}, {"principals": [principals]}]}
    plan.add(
        "data.aws_iam_policy_document.trust",
        document(statement(conditions=[audience, subjects]), deny),
        expressions=blocks,
    )
    plan.add(provider, oidc_provider())
    trust = {"assume_role_policy": references("data.aws_iam_policy_document.trust.json")}
    return plan.add("aws_iam_role.weights", role(), expressions=trust)


PLANS: dict[str, Callable[[], PlanText]] = {
    "new role and provider": new_role_and_provider,
    "existing": existing,
    "with a Deny": with_deny,
    "Google, existing pool": google_plan,
    "Google, new pool": lambda: google_plan(member=UNKNOWN, kept=False),
}


def _tokens() -> list[Token]:
    claims = {"iss": f"https://{ISSUER}", "aud": "another-audience", "sub": SUBJECT, "exp": AT + 600, "iat": AT - 5}
    header = {"alg": "RS256", "kid": "k"}
    other = parse_token(json.dumps({"header": header, "claims": claims}), Origin("claims.json"), "token")
    return [
        hypothetical(SUBJECT, origin=Origin("--subject")),
        hypothetical(STRANGER, origin=Origin("--subject")),
        hypothetical(SUBJECT.replace("org=o1", "org=o2"), origin=Origin("--subject")),
        other,
    ]


Path = tuple[str | int, ...]


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the path of each leaf, and of each list and object."""
    if path:
        yield path
    if isinstance(value, dict):
        for name, part in value.items():
            yield from leaves(part, (*path, name))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from leaves(part, (*path, index))


def opened(plan: dict[str, Any], index: int, path: Path) -> dict[str, Any]:
    """Return the plan with one part of `after` unknown, as Terraform writes it."""
    changed = copy.deepcopy(plan)
    change = changed["resource_changes"][index]["change"]
    after, unknown = change["after"], change["after_unknown"]
    for name, following in itertools.pairwise(path):
        after = after[name]
        empty: Any = [] if isinstance(following, int) else {}
        if isinstance(unknown, list):
            unknown += [False] * (int(name) + 1 - len(unknown))
            if not isinstance(unknown[int(name)], type(empty)):
                unknown[int(name)] = empty
        elif not isinstance(unknown.get(name), type(empty)):
            unknown[name] = empty
        unknown = unknown[name]
    last = path[-1]
    if isinstance(unknown, list):
        unknown += [False] * (int(last) + 1 - len(unknown))
        after[last] = None
    else:
        after.pop(last)
    unknown[last] = True
    return changed


def _is_open(unknown: Any, path: Path) -> bool:
    for name in path:
        known = isinstance(unknown, dict) and name in unknown
        known = known or (isinstance(unknown, list) and isinstance(name, int) and name < len(unknown))
        unknown = unknown[name] if known else False
    return unknown is True


def shown(path: Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


@pytest.mark.parametrize("name", PLANS)
def test_a_leaf_that_becomes_unknown_decides_nothing(name: str) -> None:
    plan = PLANS[name]().value()
    tokens = _tokens()
    whole = predictions(json.dumps(plan), tokens)
    assert name == "Google, new pool" or {"accepted", "refused"} <= {*whole.values()}
    wrong = []
    for index, entry in enumerate(plan["resource_changes"]):
        for path in leaves(entry["change"]["after"]):
            what = f"{entry['address']}: {shown(path)}"
            if _is_open(entry["change"]["after_unknown"], path):
                continue
            harmless = any(re.fullmatch(pattern, what) for pattern in (*WITHOUT_EFFECT, *OF_PLAN.get(name, ())))
            for key, answer in predictions(json.dumps(opened(plan, index, path)), tokens).items():
                before = whole.get(key, "unknown")
                allowed = {"unknown", before} if harmless or before == "refused" else {"unknown"}
                if answer not in allowed:
                    wrong.append(f"{what}, {key}: {before} became {answer}")
    assert not wrong, "\n".join(wrong)


WHOLE = {name: make().value() for name, make in PLANS.items()}
LEAVES = {
    name: [
        (index, path)
        for index, entry in enumerate(plan["resource_changes"])
        for path in leaves(entry["change"]["after"])
        if not _is_open(entry["change"]["after_unknown"], path)
    ]
    for name, plan in WHOLE.items()
}


@settings(max_examples=share_of(200))
@given(st.data())
def test_several_leaves_at_once_decide_nothing(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(PLANS)))
    chosen = data.draw(st.lists(st.sampled_from(LEAVES[name]), min_size=2, max_size=4, unique=True))
    plan = WHOLE[name]
    for index, path in sorted(chosen, key=lambda leaf: len(leaf[1]), reverse=True):  # the inner leaves first
        plan = opened(plan, index, path)
    tokens = _tokens()
    before = predictions(json.dumps(WHOLE[name]), tokens)
    for key, answer in predictions(json.dumps(plan), tokens).items():
        then = before.get(key, "unknown")
        assert answer in ("unknown", then) if then != "unknown" else answer == "unknown", (key, then, answer)
