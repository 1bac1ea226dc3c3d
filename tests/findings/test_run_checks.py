"""Which checks run, and what becomes of their words, findings and failures."""

from __future__ import annotations

from typing import Any

import pytest

from oidc_doctor.checkkit import Check, Finding, NotReadError, Words
from oidc_doctor.findings.run_checks import cause_rows, document_row, say, wanted
from oidc_doctor.findings.shared_traces import BoundReachedError
from oidc_doctor.model.document import Missing
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Refusal
from oidc_doctor.model.report import NamedRefusal


def words(_refusal: Any) -> Words:
    return Words("the signature is wrong", "Send another token.")


def broken(*_documents: Any) -> Any:
    raise ZeroDivisionError


CHECK = Check("ISS001", "signature-invalid", "blocks", words, "", Kind.SIGNATURE_INVALID)
REFUSAL = Refusal("aws", "keys", Kind.SIGNATURE_INVALID)


@pytest.mark.parametrize(
    ("only", "skip", "runs"),
    [
        ((), (), True),
        (("ISS001",), (), True),
        (("iss*",), (), True),
        (("Signature-*",), (), True),
        (("AWS*",), (), False),
        ((), ("iss001",), False),
        ((), ("SIGNATURE-INVALID",), False),
        (("iss*",), ("signature-*",), False),
        (("iss*",), ("aws*",), True),
    ],
)
def test_a_check_is_chosen_by_globs_of_its_code_or_name_in_any_case(
    only: tuple[str, ...], skip: tuple[str, ...], runs: bool
) -> None:
    assert wanted(CHECK, CHECK.code, only, skip) is runs


def named(*, certain: bool, settle: str = "", broke: str = "") -> NamedRefusal:
    refusal = REFUSAL._replace(certain=certain, settle=settle)
    return NamedRefusal(refusal, CHECK.code, CHECK.name, "the signature is wrong", "Send another token.", (), broke)


def test_one_certain_refusal_among_suspicions_fails_the_check() -> None:
    (row,) = cause_rows([CHECK], [], [named(certain=False, settle="a try"), named(certain=True)])
    assert (row.status, len(row.findings)) == ("failed", 2)


def test_suspicions_alone_skip_the_check_and_say_what_settles_them() -> None:
    (row,) = cause_rows([CHECK], [], [named(certain=False, settle="a try"), named(certain=False, settle="a try")])
    assert (row.status, row.reason) == ("skipped", "suspected only: a try")


def test_a_check_that_broke_on_a_refusal_is_broken_and_not_failed() -> None:
    (row,) = cause_rows([CHECK], [], [named(certain=True, broke="Traceback")])
    assert (row.status, row.traceback) == ("broken", "Traceback")


def test_a_broken_check_leaves_the_refusal_its_plain_name() -> None:
    said, trace = say(CHECK._replace(function=broken), REFUSAL)
    assert said.headline == "signature invalid"
    assert "ZeroDivisionError" in trace
    assert say(CHECK, REFUSAL) == (words(REFUSAL), "")


def weakness(function: Any) -> Check:
    return Check("AWS900", "wide", "weakens", function, "", None, ("policy",))


def test_a_weakness_is_skipped_only_where_no_target_has_what_it_needs() -> None:
    missing = Missing("aws/role.json", "not in the bundle")
    clean = weakness(lambda _policy: [])
    assert document_row(clean, [{"policy": missing}, {"policy": 1}]).status == "passed"
    row = document_row(clean, [{"policy": missing}, {}])
    assert (row.status, row.reason) == (
        "skipped",
        "aws/role.json: not in the bundle; not part of this run: policy",
    )


def test_a_weakness_that_could_not_look_skips_and_one_that_raised_is_broken() -> None:
    def unread(_policy: Any) -> list[Finding]:
        raise NotReadError("the claim is not known")

    row = document_row(weakness(unread), [{"policy": 1}])
    assert (row.status, row.reason) == ("skipped", "the claim is not known")
    row = document_row(weakness(broken), [{"policy": 1}])
    assert row.status == "broken"
    assert "ZeroDivisionError" in row.traceback


def test_a_weakness_that_reached_its_bound_is_no_pass_though_it_looked_at_other_exchanges() -> None:
    def tries(policy: Any) -> list[Finding]:
        if policy == 2:
            raise BoundReachedError("3,000 tokens were tried")
        return []

    views = [{"policy": 1}, {"policy": 2}, {"policy": 3}]
    row = document_row(weakness(tries), views)
    assert (row.status, row.reason) == ("skipped", "3,000 tokens were tried")
    assert document_row(weakness(tries), views[:1]).status == "passed"


def test_the_same_finding_of_two_targets_is_one() -> None:
    finding = Finding("everybody is accepted", fix="Name the tenant.")
    row = document_row(weakness(lambda _policy: [finding]), [{"policy": 1}, {"policy": 2}])
    assert (row.status, [one.message for one in row.findings]) == ("failed", ["everybody is accepted"])
