"""Write the JSON of plans as `terraform show -json` does: Terraform, JSON Output Format, format_version 1.2.

An attribute that is known only after apply is UNKNOWN: it is left out of `after`, or null in a list, and true in
`after_unknown`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from oidc_doctor.bundle.snapshot import load_snapshot
from oidc_doctor.documents.token import hypothetical
from oidc_doctor.examine.examine import run
from oidc_doctor.examine.question import Question
from oidc_doctor.findings.causes import diagnose
from oidc_doctor.judge import evaluate
from oidc_doctor.judge.profiles import complete_hypothetical, profile_of
from oidc_doctor.model.case import Case
from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import Token
from oidc_doctor.model.report import Report
from oidc_doctor.plans.open import bundle_of_plan

AWS, GOOGLE = "registry.terraform.io/hashicorp/aws", "registry.terraform.io/hashicorp/google"
ACCOUNT = "123456789012"
AT = 1_790_000_000.0  # the instant judged at
ISSUER = "oidc.baseten.co"
SUBJECT = "v=1:org=o1:team=t1:model=m1:deployment=d1:environment=production:type=model_build"
STRANGER = SUBJECT.replace("team=t1", "team=t2")


class _Unknown:
    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Any = _Unknown()


def split(value: Any) -> tuple[Any, Any]:
    """Return `after` and `after_unknown` of a value with UNKNOWN parts."""
    if value is UNKNOWN:
        return None, True
    if isinstance(value, dict):
        parts = {name: split(part) for name, part in value.items()}
        after = {name: part[0] for name, part in parts.items() if value[name] is not UNKNOWN}
        return after, {name: part[1] for name, part in parts.items() if part[1] is not False}
    if isinstance(value, list):
        listed = [split(part) for part in value]
        return [part[0] for part in listed], [part[1] for part in listed]
    return value, False


def references(*texts: str) -> dict[str, Any]:
    """Return an expression with these references, each followed by its beginning as in a plan."""
    listed: list[str] = []
    for text in texts:
        parts = text.split(".")
        size = 3 if parts[0] == "data" else 2
        listed += [".".join(parts[:end]) for end in range(len(parts), size - 1, -1)]
    return {"references": listed}


class PlanText:
    """Collects a plan's resources and their configuration."""

    def __init__(self, version: str = "1.2") -> None:
        self.changes: list[dict[str, Any]] = []
        self.prior: list[dict[str, Any]] = []
        self.blocks: list[dict[str, Any]] = []
        self.calls: dict[str, Any] = {}
        self.more: dict[str, Any] = {}
        self.version = version

    def add(
        self,
        address: str,
        after: dict[str, Any] | None,
        *,
        before: dict[str, Any] | None = None,
        actions: list[str] | None = None,
        expressions: dict[str, Any] | None = None,
        provider: str = "aws",
        sensitive: Any = None,
        configured: bool = True,
        **more: Any,
    ) -> PlanText:
        """Add a resource or data source of the root module, or of a module by its address."""
        module, own = _module_of(address)
        names = own.split("[")[0].split(".")
        mode = "data" if names[0] == "data" else "managed"
        type_, name = names[-2:]
        if actions is None:
            actions = ["read"] if mode == "data" else _actions(before, after)
        known, unknown = (None, {}) if after is None else split(after)
        entry: dict[str, Any] = {"address": address}
        if module:
            entry["module_address"] = module
        entry |= {"mode": mode, "type": type_, "name": name}
        if "[" in own:
            entry["index"] = json.loads(own[own.index("[") + 1 : -1])
        entry |= {
            "provider_name": AWS if type_.startswith("aws") else GOOGLE,
            "change": {
                "actions": actions,
                "before": before,
                "after": known,
                "after_unknown": unknown,
                "before_sensitive": False if before is None else {},
                "after_sensitive": {} if sensitive is None else sensitive,
            },
            **more,
        }
        self.changes.append(entry)
        if configured and not module:
            self.block(f"{'data.' if mode == 'data' else ''}{type_}.{name}", expressions or {}, provider)
        return self

    def block(self, name: str, expressions: dict[str, Any], provider: str = "aws") -> PlanText:
        """Add a block of the root module's configuration."""
        self.blocks.append(block(name, expressions, provider))
        return self

    def state(self, address: str, values: dict[str, Any], provider: str = "aws") -> PlanText:
        """Add a resource that is in the prior state alone, as a data source that could be read."""
        names = address.split("[", maxsplit=1)[0].split(".")
        mode = "data" if names[0] == "data" else "managed"
        self.prior.append(
            {
                "address": address,
                "mode": mode,
                "type": names[-2],
                "name": names[-1],
                "provider_name": AWS,
                "values": values,
                "sensitive_values": {},
            }
        )
        if not any(part["address"] == address for part in self.blocks):
            self.block(address.split("[", maxsplit=1)[0], {}, provider)
        return self

    def value(self) -> dict[str, Any]:
        """Return the plan."""
        value: dict[str, Any] = {
            "format_version": self.version,
            "terraform_version": "1.9.8",
            "planned_values": {"root_module": {}},
            "resource_changes": self.changes,
        }
        if self.prior:
            value["prior_state"] = {
                "format_version": "1.0",
                "terraform_version": "1.9.8",
                "values": {"root_module": {"resources": self.prior}},
            }
        root = {"resources": self.blocks} | ({"module_calls": self.calls} if self.calls else {})
        value["configuration"] = {"provider_config": {"aws": {"name": "aws", "full_name": AWS}}, "root_module": root}
        return value | self.more

    def text(self) -> str:
        """Return the JSON as Terraform prints it: in one line."""
        return json.dumps(self.value(), separators=(",", ":"))

    def bundle(self) -> Any:
        """Return the plan as a bundle."""
        return bundle_of_plan(self.text(), "plan.json")

    def report(self, *subjects: str) -> Report:
        """Return the report on the plan, for hypothetical tokens of these subjects."""
        tokens = [hypothetical(subject, origin=Origin("--subject")) for subject in subjects or (SUBJECT,)]
        with self.bundle() as bundle:
            return run(bundle, Question(tokens=tuple(tokens), at=AT))


def predictions(text: str, tokens: Sequence[Token]) -> dict[tuple[str, int], str]:
    """Return the judge's prediction for each target of a plan's JSON, by its name, and each token, by its number."""
    with bundle_of_plan(text, "plan.json") as bundle:
        snapshot = load_snapshot(bundle, extra_tokens=tokens)
    answers = {}
    for evidence in snapshot.targets:
        cloud: Any = "aws" if evidence.aws is not None else "gcp"
        for number, token in enumerate(evidence.tokens):
            profile = profile_of(evidence, token)
            case = Case(cloud, evidence, complete_hypothetical(token, profile, evidence), AT, profile, explain=False)
            answers[evidence.target.name, number] = diagnose(case, evaluate(case)).prediction
    return answers


def verdicts(plan: PlanText | str, subject: str = "") -> dict[str, str]:
    """Return the judge's prediction for each target of a plan, for a hypothetical token of the subject."""
    text = plan if isinstance(plan, str) else plan.text()
    token = hypothetical(subject or SUBJECT, origin=Origin("--subject"))
    return {name: answer for (name, _), answer in predictions(text, [token]).items()}


def findings(plan: PlanText, check: str, target: str = "") -> list[Any]:
    """Return the findings of a check on the plan, of one target if it is named."""
    rows = [row for row in plan.report().checks if row.name == check]
    return [finding for row in rows for finding in row.findings if not target or target in finding.message]


def block(name: str, expressions: dict[str, Any], provider: str = "aws") -> dict[str, Any]:
    """Return a resource's block of the configuration."""
    names = name.split(".")
    return {
        "address": name,
        "mode": "data" if names[0] == "data" else "managed",
        "type": names[-2],
        "name": names[-1],
        "provider_config_key": provider,
        "expressions": expressions,
    }


def _actions(before: Any, after: Any) -> list[str]:
    if before is None:
        return ["create"]
    if after is None:
        return ["delete"]
    return ["no-op"] if before == after else ["update"]


def _module_of(address: str) -> tuple[str, str]:
    parts = address.split(".")
    end = 0
    while parts[end] == "module":
        end += 2
    return ".".join(parts[:end]), ".".join(parts[end:])


# Resources of hashicorp/aws


def oidc_provider(url: str = ISSUER, audiences: Any = None, **more: Any) -> dict[str, Any]:
    """Return a new aws_iam_openid_connect_provider."""
    return {
        "url": f"https://{url}",
        "client_id_list": [ISSUER] if audiences is None else audiences,
        "tags": None,
        "arn": UNKNOWN,
        "id": UNKNOWN,
        "tags_all": UNKNOWN,
        "thumbprint_list": UNKNOWN,
    } | more


def provider_arn(url: str = ISSUER, account: str = ACCOUNT) -> str:
    """Return the ARN of a provider that exists."""
    return f"arn:aws:iam::{account}:oidc-provider/{url}"


def kept_provider(url: str = ISSUER, **more: Any) -> dict[str, Any]:
    """Return a provider that exists."""
    known = {"arn": provider_arn(url), "id": provider_arn(url), "thumbprint_list": ["a" * 40], "tags_all": {}}
    return oidc_provider(url, **known) | more


def trust_policy(provider: str = "", **members: Any) -> str:
    """Return a trust policy as Terraform prints it: jsonencode sorts the members."""
    conditions = {"StringEquals": {f"{ISSUER}:aud": ISSUER}, "StringLike": {f"{ISSUER}:sub": "v=1:org=o1:team=t1:*"}}
    statement = {
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": conditions,
        "Effect": "Allow",
        "Principal": {"Federated": provider or provider_arn()},
    }
    return json.dumps({"Statement": [statement | members], "Version": "2012-10-17"})


def role(policy: Any = UNKNOWN, name: str = "weights", **more: Any) -> dict[str, Any]:
    """Return a new aws_iam_role."""
    return {
        "name": name,
        "path": "/",
        "description": None,
        "force_detach_policies": False,
        "max_session_duration": 3600,
        "permissions_boundary": None,
        "tags": None,
        "arn": UNKNOWN,
        "id": UNKNOWN,
        "unique_id": UNKNOWN,
        "create_date": UNKNOWN,
        "inline_policy": UNKNOWN,
        "managed_policy_arns": UNKNOWN,
        "assume_role_policy": policy,
    } | more


def kept_role(policy: str, name: str = "weights", **more: Any) -> dict[str, Any]:
    """Return an aws_iam_role that exists."""
    arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
    known = {"arn": arn, "id": name, "unique_id": "AROAEXAMPLE", "create_date": "2026-01-01T00:00:00Z"}
    return role(policy, name, inline_policy=[], managed_policy_arns=[], **known) | more


def condition(test: Any, variable: Any, values: Any) -> dict[str, Any]:
    """Return a condition block."""
    return {"test": test, "variable": variable, "values": values}


def statement(
    identifiers: Any = None, conditions: Any = None, subject: str = "v=1:org=o1:team=t1:*", **more: Any
) -> dict[str, Any]:
    """Return a statement block of aws_iam_policy_document that trusts one team."""
    if conditions is None:
        conditions = [
            condition("StringEquals", f"{ISSUER}:aud", [ISSUER]),
            condition("StringLike", f"{ISSUER}:sub", [subject]),
        ]
    return {
        "actions": ["sts:AssumeRoleWithWebIdentity"],
        "condition": conditions,
        "effect": "Allow",
        "not_actions": None,
        "not_principals": [],
        "not_resources": None,
        "principals": [{"type": "Federated", "identifiers": [UNKNOWN] if identifiers is None else identifiers}],
        "resources": None,
        "sid": None,
    } | more


def document(*statements: Any, **more: Any) -> dict[str, Any]:
    """Return an aws_iam_policy_document whose json is known only after apply."""
    return {
        "override_policy_documents": None,
        "policy_id": None,
        "source_policy_documents": None,
        "statement": list(statements) or [statement()],
        "version": None,
        "id": UNKNOWN,
        "json": UNKNOWN,
        "minified_json": UNKNOWN,
    } | more


def document_block(*identifiers: str) -> dict[str, Any]:
    """Return the expressions of a document with one statement, whose identifiers are these references."""
    principals = {"type": {"constant_value": "Federated"}, "identifiers": references(*identifiers)}
    return {"statement": [{"actions": {}, "condition": [{}, {}], "principals": [principals]}]}


def new_role_and_provider(subject: str = "v=1:org=o1:team=t1:*") -> PlanText:
    """Return the plan of the most common set-up: a role and its OIDC provider, created together."""
    provider = "aws_iam_openid_connect_provider.baseten"
    plan = PlanText()
    trust_document = document(statement(subject=subject))
    plan.add("data.aws_iam_policy_document.trust", trust_document, expressions=document_block(f"{provider}.arn"))
    plan.add(provider, oidc_provider())
    trust = {"assume_role_policy": references("data.aws_iam_policy_document.trust.json")}
    return plan.add("aws_iam_role.weights", role(), expressions=trust)


# Resources of hashicorp/google

NUMBER, PROJECT = "123456789012", "acme-prod"
EMAIL = f"weights@{PROJECT}.iam.gserviceaccount.com"
POOL_NAME = f"projects/{NUMBER}/locations/global/workloadIdentityPools/baseten"
TEAM_MEMBER = f"principalSet://iam.googleapis.com/{POOL_NAME}/attribute.team/t1"
WORKLOAD_USER = "roles/iam.workloadIdentityUser"


def pool(**more: Any) -> dict[str, Any]:
    """Return a new google_iam_workload_identity_pool."""
    return {
        "workload_identity_pool_id": "baseten",
        "description": None,
        "disabled": None,
        "display_name": None,
        "project": PROJECT,
        "id": UNKNOWN,
        "name": UNKNOWN,
        "state": UNKNOWN,
    } | more


def kept_pool(**more: Any) -> dict[str, Any]:
    """Return a pool that exists."""
    return pool(id=f"projects/{PROJECT}/…/baseten", name=POOL_NAME, state="ACTIVE", disabled=False) | more


def pool_provider(**more: Any) -> dict[str, Any]:
    """Return a new google_iam_workload_identity_pool_provider."""
    return {
        "workload_identity_pool_id": "baseten",
        "workload_identity_pool_provider_id": "oidc",
        "attribute_condition": "assertion.sub.startsWith('v=1:org=o1:')",
        "attribute_mapping": {
            "google.subject": "assertion.sub",
            "attribute.team": "assertion.sub.extract('team={t}:')",
        },
        "aws": [],
        "saml": [],
        "x509": [],
        "disabled": None,
        "display_name": None,
        "oidc": [{"allowed_audiences": [ISSUER], "issuer_uri": f"https://{ISSUER}", "jwks_json": None}],
        "project": PROJECT,
        "id": UNKNOWN,
        "name": UNKNOWN,
        "state": UNKNOWN,
    } | more


def kept_pool_provider(**more: Any) -> dict[str, Any]:
    """Return a provider that exists."""
    return pool_provider(id="…", name=f"{POOL_NAME}/providers/oidc", state="ACTIVE", disabled=False) | more


def account(**more: Any) -> dict[str, Any]:
    """Return a new google_service_account, of which the provider of Google knows the address."""
    return {
        "account_id": "weights",
        "create_ignore_already_exists": None,
        "description": None,
        "disabled": False,
        "display_name": None,
        "project": PROJECT,
        "email": EMAIL,
        "member": f"serviceAccount:{EMAIL}",
        "id": UNKNOWN,
        "name": UNKNOWN,
        "unique_id": UNKNOWN,
    } | more


def kept_account(**more: Any) -> dict[str, Any]:
    """Return a service account that exists."""
    name = f"projects/{PROJECT}/serviceAccounts/{EMAIL}"
    return account(id=name, name=name, unique_id="109876543210987654321") | more


def account_member(member: Any = TEAM_MEMBER, account_id: Any = UNKNOWN, **more: Any) -> dict[str, Any]:
    """Return a google_service_account_iam_member."""
    return {
        "service_account_id": account_id,
        "role": WORKLOAD_USER,
        "member": member,
        "condition": [],
        "etag": UNKNOWN,
        "id": UNKNOWN,
    } | more


def google_plan(*, member: Any = TEAM_MEMBER, kept: bool = True) -> PlanText:
    """Return the plan of a pool, its provider and a new service account, whose pool exists if it is `kept`."""
    plan = PlanText()
    names = {
        "google_iam_workload_identity_pool.baseten": kept_pool() if kept else pool(),
        "google_iam_workload_identity_pool_provider.oidc": kept_pool_provider() if kept else pool_provider(),
    }
    for address, values in names.items():
        of_pool = references("google_iam_workload_identity_pool.baseten.workload_identity_pool_id")
        expressions = {"workload_identity_pool_id": of_pool} if address.endswith(".oidc") else {}
        before = values if kept else None
        plan.add(address, values, before=before, provider="google", expressions=expressions)
    plan.add("google_service_account.weights", account(), provider="google")
    expressions = {
        "service_account_id": references("google_service_account.weights.name"),
        "member": references("google_iam_workload_identity_pool.baseten.name"),
    }
    return plan.add(
        "google_service_account_iam_member.team",
        account_member(member),
        provider="google",
        expressions=expressions,
    )
