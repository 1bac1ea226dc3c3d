"""Groups of attempts, the join of Google's two halves, and which groups concern a target."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from typing import Any

import pytest
from log_rows import group, joined

from oidc_doctor.logs.attempts.matching import for_target
from oidc_doctor.logs.attempts.signatures import IDS_KEPT
from oidc_doctor.model.document import Origin
from oidc_doctor.model.events import Attempt
from oidc_doctor.model.evidence import Target, TargetAws, TargetGcp

ROLE = "arn:aws:iam::210987654321:role/ml/ModelWeights"
POOL = "projects/481516234200/locations/global/workloadIdentityPools/baseten"
PROVIDER = f"{POOL}/providers/weights"
PRINCIPAL = f"principal://iam.googleapis.com/{POOL}/subject/s"
ACCOUNT = "weights-reader@acme-models.iam.gserviceaccount.com"

numbers = itertools.count()


def aws(time: float = 100.0, **changes: Any) -> Attempt:
    base: dict[str, Any] = {
        "cloud": "aws",
        "step": "exchange",
        "time": time,
        "target": ROLE,
        "provider": "arn:aws:iam::210987654321:oidc-provider/oidc.baseten.co",
        "subject": "s",
        "audience": "oidc.baseten.co",
        "outcome": "refused",
        "error_code": "AccessDenied",
        "error_message": "An unknown error occurred",
        "event_id": (name := f"e{next(numbers):06}"),
        "origin": Origin("f", event_id=name),
    }
    return Attempt(**{**base, **changes})


def exchange(time: float = 100.0, **changes: Any) -> Attempt:
    base: dict[str, Any] = {
        "cloud": "gcp",
        "target": PROVIDER,
        "provider": PROVIDER,
        "audience": None,
        "outcome": "accepted",
        "error_code": None,
        "error_message": None,
        "mapped_principal": PRINCIPAL,
        "caller": "198.51.100.24",
        "user_agent": "google-byoid-sdk",
    }
    return aws(time, **{**base, **changes})


def denial(time: float = 100.2, **changes: Any) -> Attempt:
    base: dict[str, Any] = {
        "step": "impersonate",
        "target": ACCOUNT,
        "service_account": ACCOUNT,
        "provider": None,
        "subject": None,
        "outcome": "refused",
        "error_code": "PERMISSION_DENIED",
        "error_message": "PERMISSION_DENIED",
        "mapped_principal": None,
    }
    return exchange(time, **{**base, **changes})


def test_groups() -> None:
    attempts = [aws(1), aws(3), aws(2), aws(9, outcome="accepted", error_code=None), aws(5, subject="t")]
    random.Random(7).shuffle(attempts)
    groups = group(attempts)
    assert [(found.sample.outcome, found.sample.subject, found.count) for found in groups] == [
        ("accepted", "s", 1),
        ("refused", "t", 1),
        ("refused", "s", 3),
    ]
    assert (groups[2].first_seen, groups[2].last_seen, groups[2].sample.time) == (1, 3, 3)
    assert len(groups[2].event_ids) == 3
    assert max(groups, key=lambda found: found.last_seen) is groups[0]


def test_no_groups() -> None:
    assert group([]) == []


def test_ids_are_bounded_and_newest_first() -> None:
    attempts = [aws(float(number)) for number in range(1, 50)]
    found = group(attempts)[0]
    assert found.count == 49
    assert found.event_ids == tuple(attempt.event_id for attempt in reversed(attempts[-IDS_KEPT:]))


def test_order_depends_on_the_attempts_only() -> None:
    attempts = [aws(float(number % 3), subject=str(number % 7)) for number in range(40)]
    expected = [replace(found, number=-1) for found in group(attempts)]  # a number is the table's own
    for seed in range(5):
        shuffled = attempts[:]
        random.Random(seed).shuffle(shuffled)
        assert [replace(found, number=-1) for found in group(shuffled)] == expected


def test_an_attempt_without_time_does_not_move_the_window() -> None:
    found = group([aws(0.0), aws(50.0)])[0]
    assert (found.count, found.first_seen, found.last_seen) == (2, 50.0, 50.0)
    assert group([aws(0.0), aws(0.0)])[0].last_seen == 0.0


def test_a_denial_takes_its_subject_from_the_exchange_before() -> None:
    before, denied = exchange(100.0, subject="sub"), denial(100.2)
    found = joined([before, denied])
    assert found[0] == before
    assert (found[1].subject, found[1].provider, found[1].mapped_principal) == ("sub", PROVIDER, PRINCIPAL)
    assert found[1].inferred_from == before.event_id


@pytest.mark.parametrize(
    "attempts",
    [
        [exchange(80.0), denial(100.0)],  # too long before
        [denial(100.0), exchange(100.1)],  # after it
        [exchange(99.0, caller="203.0.113.9"), denial(100.0)],
        [exchange(99.0, caller=None), denial(100.0, caller=None)],
        [exchange(99.0, caller="private"), denial(100.0, caller="private")],
        [exchange(99.0, outcome="refused"), denial(100.0)],
        [exchange(99.0, subject="a"), exchange(99.5, subject="b"), denial(100.0)],  # one address, two workloads
        [exchange(0.0), denial(0.0)],  # no times
    ],
)
def test_what_is_not_joined(attempts: list[Attempt]) -> None:
    assert joined(attempts) == attempts


def test_a_success_that_names_the_account_alone_is_joined_too() -> None:
    before = exchange(99.0, subject="sub")
    given = denial(100.0, outcome="accepted", error_code=None, error_message=None)
    found = joined([before, given])
    assert (found[1].subject, found[1].inferred_from) == ("sub", before.event_id)


def test_the_user_agent_tells_two_workloads_apart() -> None:
    one, two = exchange(99.0, subject="a", user_agent="go"), exchange(99.5, subject="b", user_agent="python")
    found = joined([one, two, denial(100.0, user_agent="go")])
    assert found[2].subject == "a"


def test_the_mapped_principal_joins_whatever_the_time() -> None:
    before = exchange(100.0, subject="sub")
    known = denial(900.0, outcome="accepted", error_code=None, mapped_principal=PRINCIPAL, caller="203.0.113.9")
    assert joined([before, known])[1].subject == "sub"
    lossy = [before, exchange(200.0, subject="other"), known]
    assert joined(lossy) == lossy


def names(attempts: list[Attempt], target: Target, claims: dict[str, Any] | None = None) -> list[str]:
    return [found.sample.event_id for found in for_target(group(attempts), target, claims)]


def aws_target(arn: str | None, *, pasted: bool = True) -> Target:
    return Target("t", aws=TargetAws(role_arn=arn), pasted=pasted)


@pytest.mark.parametrize(
    ("seen", "sent", "concerns"),
    [
        (ROLE, ROLE, True),
        (ROLE, "arn:aws:iam::210987654321:role/ModelWeights", False),
        (ROLE, "arn:aws:iam::210987654321:role/ml/modelweights", False),
        (ROLE, "arn:aws:iam::111122223333:role/ml/ModelWeights", False),
        (ROLE, "arn:aws:iam::<ACCOUNT_ID>:role/ml/ModelWeights", True),
        (ROLE, "arn:aws:iam::2109:role/ml/ModelWeights", True),
        (ROLE, "arn:aws:iam::XXXXXXXXXX:role/ml/Other", False),
        ("arn:aws:iam::123...:role/X", "arn:aws:iam::123...:role/X", True),
        ("arn:aws:iam::***:role/X", "arn:aws:iam::210987654321:role/X", True),
        (ROLE, "<role arn>", True),
        (ROLE, "nonsense", False),
    ],
)
def test_roles(seen: str, sent: str, concerns: bool) -> None:
    found = aws(target=seen)
    assert names([found], aws_target(sent)) == [found.event_id] * concerns


def test_what_a_program_read_has_no_placeholders() -> None:
    assert names([aws()], aws_target("arn:aws:iam::210987654321:role/xxx", pasted=False)) == []
    assert names([aws(target="arn:aws:iam::210987654321:role/abc")], aws_target("arn:aws:iam::210987654321:role/xxx"))


@pytest.mark.parametrize(
    ("subject", "claims", "concerns"),
    [
        (None, None, True),
        ("s", None, True),
        ("s", {"sub": "s"}, True),
        ("s", {"sub": "t"}, False),
        (None, {"sub": "t"}, True),
        ("s", {"sub": 7}, True),
        ("repo:acme/x:ref", {"sub": "repo:acme/<repo>:ref"}, True),
    ],
)
def test_an_event_without_role(subject: str | None, claims: dict[str, Any] | None, concerns: bool) -> None:
    found = aws(target=None, subject=subject)
    assert bool(names([found], aws_target(ROLE), claims)) is concerns


def test_another_subject_on_the_role_concerns_it() -> None:
    assert names([aws(subject="other")], aws_target(ROLE), {"sub": "s"})


def test_a_cloud_that_the_target_does_not_name() -> None:
    assert names([aws()], Target("t", gcp=TargetGcp(provider=PROVIDER))) == []
    assert names([exchange()], aws_target(ROLE)) == []


@pytest.mark.parametrize(
    ("sent", "concerns"),
    [
        (PROVIDER, True),
        (f"//iam.googleapis.com/{PROVIDER}", True),
        (PROVIDER.replace("481516234200", "999999999999"), False),
        (PROVIDER.replace("481516234200", "acme-models"), True),  # the id: the number cannot be compared
        (PROVIDER.replace("481516234200", "<number>"), True),
        (PROVIDER.replace("weights", "other"), False),
        (PROVIDER.replace("481516234200", "acme-models").replace("weights", "other"), False),
        (None, True),
    ],
)
def test_providers(sent: str | None, concerns: bool) -> None:
    assert bool(names([exchange()], Target("t", gcp=TargetGcp(provider=sent)))) is concerns


def gcp(account: str | None = ACCOUNT, provider: str | None = PROVIDER) -> Target:
    return Target("t", gcp=TargetGcp(provider=provider, service_account=account))


def test_impersonations() -> None:
    other_pool = PRINCIPAL.replace("baseten", "github")
    assert names([denial()], gcp())
    assert names([denial()], gcp(account=ACCOUNT.upper()))
    assert names([denial()], gcp(account="weights-reader@<project>.iam.gserviceaccount.com"))
    assert names([denial()], gcp(provider=None))
    assert names([denial()], gcp(account="other@acme-models.iam.gserviceaccount.com")) == []
    assert names([denial(mapped_principal=PRINCIPAL)], gcp())
    assert names([denial(mapped_principal=other_pool)], gcp()) == []
    assert names([denial(provider=PROVIDER.replace("weights", "other"))], gcp()) == []
    assert names([denial(target=None, service_account=None)], gcp())


def test_impersonations_of_a_target_without_account() -> None:
    assert names([denial()], gcp(account=None)) == []
    assert names([denial(provider=PROVIDER)], gcp(account=None))


def test_order_is_kept() -> None:
    attempts = [aws(1.0), aws(2.0, subject="t"), replace(aws(3.0), target="arn:aws:iam::210987654321:role/Other")]
    assert [found.sample.time for found in for_target(group(attempts), aws_target(ROLE))] == [2.0, 1.0]
