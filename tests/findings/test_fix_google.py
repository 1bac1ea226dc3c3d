"""The commands of Google Cloud's edits, read by a strict parser of gcloud's documented flags, and Terraform."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from typing import Any

import hcl2
import hypothesis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oidc_doctor.commands import is_expression
from oidc_doctor.documents.provider import parse_allow_policy
from oidc_doctor.findings.fixes import terraform
from oidc_doctor.findings.fixes.commands import gcloud_list
from oidc_doctor.findings.fixes.documents import changes
from oidc_doctor.findings.fixes.edit import DocumentChange
from oidc_doctor.model.document import Document
from oidc_doctor.model.evidence import (
    AllowPolicy,
    GcpEvidence,
    GcpPool,
    GcpProvider,
    IssuerEvidence,
    Target,
    TargetEvidence,
    TargetGcp,
)

POOL = "projects/104729385610/locations/global/workloadIdentityPools/blue-pool"
PROVIDER = f"{POOL}/providers/blue"
ACCOUNT = "reader@weights-prod.iam.gserviceaccount.com"
MEMBER = f"principal://iam.googleapis.com/{POOL}/subject/job:blue"
USER = "roles/iam.workloadIdentityUser"
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30)

# Flags of each command and the type of their values, of the gcloud CLI reference.
_UPDATE = {"attribute-condition": "text", "attribute-mapping": "map", "allowed-audiences": "list", "issuer-uri": "text"}
_POLICY = {"member": "text", "role": "text", "condition": "condition"}
COMMANDS: dict[tuple[str, ...], dict[str, str]] = {
    ("iam", "workload-identity-pools", "providers", "update-oidc"): _UPDATE | {"disabled": "switch"},
    ("iam", "workload-identity-pools", "providers", "describe"): {},
    ("iam", "workload-identity-pools", "update"): {"disabled": "switch"},
    ("iam", "workload-identity-pools", "describe"): {},
    **{("iam", "service-accounts", f"{verb}-iam-policy-binding"): _POLICY for verb in ("add", "remove")},
    **{("projects", f"{verb}-iam-policy-binding"): _POLICY for verb in ("add", "remove")},
    ("iam", "service-accounts", "get-iam-policy"): {},
    ("projects", "get-iam-policy"): {},
}


def words_of(command: str) -> list[str]:
    """The arguments that bash passes to gcloud."""
    script = f"gcloud() {{ printf '%s\\0' \"$@\"; }}\n{command}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=True)
    return done.stdout.decode().split("\0")[:-1]


def listed(text: str) -> list[str]:
    """A list as gcloud reads it (gcloud topic escaping)."""
    separator = ","
    if text.startswith("^"):
        separator, text = text[1:].split("^", 1)
        assert separator
    return text.split(separator) if text else []


def mapped(text: str) -> dict[str, str]:
    return dict(item.split("=", 1) for item in listed(text))


def parsed(command: str) -> tuple[tuple[str, ...], str, dict[str, Any]]:
    """The command, its argument and its flags. Anything that the reference does not name fails."""
    words = words_of(command)
    names = next(names for names in COMMANDS if tuple(words[: len(names)]) == names)
    (argument, *flags) = words[len(names) :]
    assert not argument.startswith("-")
    values: dict[str, Any] = {}
    for flag in flags:
        name, equals, text = flag.removeprefix("--").partition("=")
        kind = COMMANDS[names].get(name.removeprefix("no-"))
        assert flag.startswith("--")
        if kind == "switch":
            assert not equals
            values[name.removeprefix("no-")] = not name.startswith("no-")
            continue
        assert equals
        reader = {"text": str, "list": listed, "map": mapped, "condition": condition}[kind or ""]
        assert name not in values
        values[name] = reader(text)
    return names, argument, values


def condition(text: str) -> dict[str, str] | None:
    if text == "None":
        return None
    parts = mapped(text)
    assert {"expression", "title"} <= parts.keys() <= {"expression", "title", "description"}
    return parts


def provider(**changed: Any) -> GcpProvider:
    whole = GcpProvider(
        PROVIDER, "oidc", "ACTIVE", False, "https://issuer.example", ("blue",), None,
        {"google.subject": "assertion.sub"}, "assertion.team == 'blue'", Document("gcp/provider.json", "{}", {}),
    )  # fmt: skip
    return whole._replace(**changed)


def policy(*bindings: dict[str, Any], resource: Any = "service-account") -> AllowPolicy:
    text = json.dumps({"bindings": list(bindings), "etag": "BwX="})
    return parse_allow_policy(text, f"gcp/{resource}-policy.json", resource)


def binding(*members: str, role: str = USER, **more: Any) -> dict[str, Any]:
    return {"role": role, "members": list(members), **more}


def evidence(**parts: Any) -> TargetEvidence:
    gcp = GcpEvidence(**({"provider": provider(), "project_id": "weights-prod"} | parts))
    return TargetEvidence(Target("x", gcp=TargetGcp(service_account=ACCOUNT)), (), IssuerEvidence(), None, gcp)


def only(before: TargetEvidence, after: TargetEvidence) -> DocumentChange:
    (change,) = changes(before, after)
    assert change.gaps == []
    assert [parsed(command)[0][-1] for command in change.verify] in (["describe"], ["get-iam-policy"])
    return change


@settings(max_examples=40, deadline=None)
@given(condition=TEXT, mapping=st.dictionaries(st.from_regex(r"\Aattribute\.[a-z_]+\Z"), TEXT, min_size=1, max_size=3))
def test_an_expression_arrives_as_it_is(condition: str, mapping: dict[str, str]) -> None:
    after = provider(condition=condition + "'", mapping=mapping | {"google.subject": "assertion.sub"})
    change = only(evidence(), evidence(provider=after))
    if not all(map(is_expression, (condition, *mapping.values()))):
        assert change.commands == []
        return
    (_, name, flags), (_, _, undone) = parsed(*change.commands), parsed(*change.undo)
    assert name == PROVIDER
    assert flags == {"attribute-condition": after.condition, "attribute-mapping": after.mapping}
    assert undone == {"attribute-condition": provider().condition, "attribute-mapping": provider().mapping}
    assert json.loads(change.after) == {"attributeCondition": after.condition, "attributeMapping": after.mapping}


@given(values=st.lists(TEXT, min_size=1, max_size=5))
def test_a_list_arrives_as_it_is(values: list[str]) -> None:
    assert listed(gcloud_list(values)) == values


def test_an_expression_is_easy_to_read() -> None:
    (command,) = only(evidence(), evidence(provider=provider(condition="assertion.team == 'red'"))).commands
    assert command.endswith("""--attribute-condition="assertion.team == 'red'\"""")


@pytest.mark.parametrize("audiences", [("blue", "red"), ("https://a.example/?x=1,2", "b"), ()])
def test_allowed_audiences(audiences: tuple[str, ...]) -> None:
    change = only(evidence(), evidence(provider=provider(allowed_audiences=audiences)))
    assert parsed(*change.commands)[2] == {"allowed-audiences": list(audiences)}
    assert parsed(*change.undo)[2] == {"allowed-audiences": ["blue"]}


def test_a_disabled_provider_or_pool_is_enabled() -> None:
    change = only(evidence(provider=provider(disabled=True)), evidence())
    assert (parsed(*change.commands)[2], parsed(*change.undo)[2]) == ({"disabled": False}, {"disabled": True})
    pool = GcpPool(POOL, "ACTIVE", True, Document("gcp/pool.json", "{}", {}))
    change = only(evidence(pool=pool), evidence(pool=pool._replace(disabled=False)))
    assert parsed(*change.commands) == (("iam", "workload-identity-pools", "update"), POOL, {"disabled": False})


def test_another_issuer_uri() -> None:
    change = only(evidence(), evidence(provider=provider(issuer_uri="https://other.example")))
    assert parsed(*change.commands)[2] == {"issuer-uri": "https://other.example"}


@pytest.mark.parametrize(
    ("field", "resource", "name"),
    [("service_account_policy", "service-account", ACCOUNT), ("project_policy", "project", "weights-prod")],
)
def test_members_are_added_and_removed(field: str, resource: str, name: str) -> None:
    before = policy(binding("user:a@x.example", MEMBER), resource=resource)
    after = policy(binding("user:a@x.example", f"{MEMBER}:it's"), resource=resource)
    change = only(evidence(**{field: before}), evidence(**{field: after}))
    add, remove = map(parsed, change.commands)
    assert (add[0][-1], remove[0][-1]) == ("add-iam-policy-binding", "remove-iam-policy-binding")
    assert add[1:] == (name, {"role": USER, "member": f"{MEMBER}:it's", "condition": None})
    assert remove[1:] == (name, {"role": USER, "member": MEMBER, "condition": None})
    assert [parsed(command)[2]["member"] for command in change.undo] == [MEMBER, f"{MEMBER}:it's"]


def test_the_condition_of_a_binding_is_kept() -> None:
    when = {
        "title": "until, autumn",
        "expression": "request.time < timestamp('2030-01-01T00:00:00Z')",
        "description": "d",
    }
    after = policy(binding("user:a@x.example"), binding(MEMBER, condition=when))
    change = only(
        evidence(service_account_policy=policy(binding("user:a@x.example"))), evidence(service_account_policy=after)
    )
    assert parsed(*change.commands)[2] == {"role": USER, "member": MEMBER, "condition": when}


def test_a_policy_in_another_order_is_no_change() -> None:
    one, other = binding("user:a@x.example", MEMBER), binding(MEMBER, "user:a@x.example")
    before, after = policy(one), policy(other)
    assert changes(evidence(service_account_policy=before), evidence(service_account_policy=after)) == []


def test_names_that_were_not_read_are_gaps() -> None:
    unnamed = provider(name=None)
    (change,) = changes(evidence(provider=unnamed), evidence(provider=unnamed._replace(condition="true")))
    assert change.gaps == ["PROVIDER"]
    for command in [*change.commands, *change.undo, *change.verify]:
        assert parsed(command)[1] == "PROVIDER"


# --- Terraform -------------------------------------------------------------------------------------------------------


def resource_of(text: str) -> tuple[str, dict[str, Any]]:
    (listed,) = hcl2.loads(text + "\n")["resource"]
    ((kind, named),) = listed.items()
    ((_, body),) = named.items()
    return kind.strip('"'), body


def test_terraform_of_a_provider() -> None:
    after = provider(
        condition="'${a}' == \"b\"", allowed_audiences=("a", "b"), mapping={"google.subject": "assertion.sub"}
    )
    kind, body = resource_of(only(evidence(), evidence(provider=after)).terraform)
    assert kind == "google_iam_workload_identity_pool_provider"
    assert body["attribute_condition"] == '"\'$${a}\' == \\"b\\""'
    assert body["workload_identity_pool_id"] == '"blue-pool"'
    (oidc,) = body["oidc"]
    assert oidc["allowed_audiences"] == ['"a"', '"b"']
    assert oidc["issuer_uri"] == '"https://issuer.example"'


def test_terraform_of_a_member() -> None:
    before, after = policy(), policy(binding(MEMBER))
    kind, body = resource_of(
        only(evidence(service_account_policy=before), evidence(service_account_policy=after)).terraform
    )
    assert kind == "google_service_account_iam_member"
    assert body["service_account_id"] == f'"projects/weights-prod/serviceAccounts/{ACCOUNT}"'
    assert (body["role"], body["member"]) == (f'"{USER}"', f'"{MEMBER}"')


@given(
    value=st.recursive(
        TEXT | st.booleans(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
    )
)
def test_terraform_is_hcl(value: Any) -> None:
    hypothesis.assume("%{" not in json.dumps(value))  # the library cannot read its escape, %%{, which is held below
    _, body = resource_of(terraform.resource("aws_iam_role", "a role\n}", policy=terraform.Call("jsonencode", value)))
    assert body["policy"].startswith("${jsonencode(")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("${aws:username}", '"$${aws:username}"'),
        ("%{x}", '"%%{x}"'),
        ("a$b%c", '"a$b%c"'),
        ('quoted "x" \\', '"quoted \\"x\\" \\\\"'),
        ("line\nend", '"line\\nend"'),
        ("\u200b\U0001f600", '"\\u200b\\U0001f600"'),
    ],
)
def test_texts_of_hcl(text: str, shown: str) -> None:
    assert terraform.quoted(text) == shown


def test_several_lines() -> None:
    lines: Sequence[str] = terraform.resource("x", "y", a=["1", "2"], b={"c d": True}, c=terraform.Block(e=[])).split(
        "\n"
    )
    assert lines[2:] == [
        'resource "x" "example" {', "  a = [", '    "1",', '    "2",', "  ]", "  b = {", '    "c d" = true', "  }",
        "  c {", "    e = []", "  }", "}",
    ]  # fmt: skip
