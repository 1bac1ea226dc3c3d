"""The table of likely causes covers every step, and holds to the kinds and commands there are."""

from __future__ import annotations

import shlex
from typing import Any, get_args

import pytest

from oidc_doctor.findings import packs, run_checks
from oidc_doctor.findings.likely import answer_for, filled, table
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.steps import STEPS, Cloud

CLOUDS: tuple[Cloud, ...] = get_args(Cloud)
PLACES = [(cloud, step.id) for cloud in CLOUDS for step in STEPS[cloud]]


@pytest.mark.parametrize(("cloud", "step"), PLACES)
def test_every_step_has_causes_and_commands(cloud: Cloud, step: str) -> None:
    answer = answer_for(cloud, {step}, {})
    assert answer.causes
    assert answer.basis in ("documented", "inferred")
    assert answer.source
    assert answer.commands
    for one in answer.commands:
        assert "{" not in one.run.replace("%{http_code}", "").replace("%{time_total}", ""), one.run
        shlex.split(one.run)


@pytest.mark.parametrize(
    ("cloud", "row"), [(cloud, row) for cloud in CLOUDS for row in table(cloud)], ids=lambda one: str(one)[:40]
)
def test_every_cause_can_occur_at_its_step(cloud: Cloud, row: dict[str, Any]) -> None:
    checks = run_checks.by_kind(packs.all_checks())
    steps = row["steps"].split()
    for name, when in row["causes"]:
        kind = Kind(name)
        assert kind in checks
        assert when
        assert any((cloud, step) in kind.steps for step in steps), name


def test_a_sentence_of_several_steps_has_causes_of_each() -> None:
    kinds = {one.kind for one in answer_for("aws", {"token", "provider", "keys"}, {}).causes}
    assert {Kind.TOKEN_EXPIRED, Kind.PROVIDER_MISSING, Kind.JWKS_UNREACHABLE} <= kinds


def test_the_causes_of_steps_that_no_row_compares_have_no_order() -> None:
    assert answer_for("gcp", {"target", "token", "keys"}, {}).basis == ""
    assert answer_for("gcp", {"target"}, {}).basis


@pytest.mark.parametrize(
    ("name", "value"),
    [("role", "--profile"), ("role", "file://x"), ("issuer", "http://169.254.169.254"), ("role", ""), ("role", "a\nb")],
)
def test_a_name_that_no_command_can_hold_gives_none(name: str, value: str) -> None:
    assert filled(f"aws iam get-role --role-name {{{name}}}", {name: value}) == ""


def test_a_name_is_one_word() -> None:
    command = filled("aws iam get-role --role-name {role}", {"role": "a; id $(id)"})
    assert shlex.split(command)[-1] == "a; id $(id)"
