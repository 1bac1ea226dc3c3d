"""What it means that there is no event."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from log_rows import group

from oidc_doctor.history.google_logging import CallLogging
from oidc_doctor.history.missing_events import MissingEventNote, explain_missing_events
from oidc_doctor.model.document import Origin
from oidc_doctor.model.events import Attempt, LogCoverage
from oidc_doctor.model.evidence import Target, TargetAws, TargetGcp
from oidc_doctor.model.steps import STEPS, Cloud

ROLE = "arn:aws:iam::210987654321:role/ModelWeights"
PROVIDER = "projects/481516234200/locations/global/workloadIdentityPools/baseten/providers/weights"
TARGET = Target("t", aws=TargetAws(role_arn=ROLE), gcp=TargetGcp(provider=PROVIDER))
NOON = 1795348800.0  # 2026-11-22 12:00:00 UTC
DAY = 86400.0

TRAIL = LogCoverage(
    source="cloudtrail",
    files=3,
    events=1200,
    first=NOON - DAY,
    last=NOON + DAY,
    services=frozenset({"sts.amazonaws.com"}),
    regions=frozenset({"us-east-1", "us-west-2"}),
)
ENTRIES = LogCoverage(
    source="gcp-logs", files=1, events=1, first=NOON - DAY, last=NOON + DAY, services=frozenset({"iam.googleapis.com"})
)


def attempt(cloud: Cloud, outcome: Any, step: Any = "exchange") -> Attempt:
    name = f"{cloud}-{step}-{outcome}"
    return Attempt(cloud, step, NOON, ROLE, None, "s", None, outcome, None, None, name, Origin("f"))


def ask(cloud: Cloud, coverage: LogCoverage | None, **given: Any) -> list[MissingEventNote]:
    circumstances: dict[str, Any] = {
        "failing_step": None,
        "instant": NOON,
        "region": "us-west-2",
        "logging": CallLogging(given.get("failing_step") == "impersonate", own=frozenset({"481516234200"})),
        "attempts": [],
        **given,
    }
    attempts = circumstances.pop("attempts")
    return explain_missing_events(cloud, group(attempts), coverage, TARGET, **circumstances)


def kinds(notes: list[MissingEventNote]) -> list[str]:
    return [note.kind for note in notes]


def test_no_logs_no_silence() -> None:
    assert ask("aws", None) == []
    assert ask("aws", LogCoverage(source="cloudtrail")) == []


def test_a_refusal_that_is_logged_breaks_the_silence() -> None:
    assert ask("aws", TRAIL, attempts=[attempt("aws", "refused")]) == []
    assert ask("aws", TRAIL, attempts=[attempt("gcp", "refused")]) != []
    assert ask("aws", TRAIL, attempts=[attempt("aws", "refused")], instant=None) == []


def test_an_old_refusal_is_another_failure() -> None:
    note = ask("aws", TRAIL, attempts=[attempt("aws", "refused")], instant=NOON + 2 * DAY)[0]
    assert note.headline.endswith("there are others: 1 refused earlier.")


def test_what_was_searched() -> None:
    note = ask("aws", TRAIL)[0]
    assert note.kind == "no-events-found"
    assert note.headline == f"No AssumeRoleWithWebIdentity event for {ROLE} was found."
    assert "1,200 records in 3 files, 2026-11-21 12:00 – 2026-11-23 12:00 UTC, us-east-1 and us-west-2." in note.detail
    assert "2026-11-21 12:00 – 13:30 UTC" in ask("aws", replace(TRAIL, last=NOON - DAY + 5400))[0].detail


def test_successes_are_no_silence_about_failures_only() -> None:
    note = ask("aws", TRAIL, attempts=[attempt("aws", "accepted"), attempt("aws", "unknown")])[0]
    assert "No refused AssumeRoleWithWebIdentity event" in note.headline
    assert note.headline.endswith("; there are others: 1 accepted, 1 of unknown outcome.")


def test_files_without_any_sts_record() -> None:
    odd = replace(TRAIL, services=frozenset({"s3.amazonaws.com"}), problems=("f: x",))
    detail = ask("aws", odd)[0].detail
    assert "None of them is a record of AWS STS" in detail
    assert "could not be read" in detail


@pytest.mark.parametrize(
    ("region", "seen", "named"),
    [
        ("us-west-2", {"us-west-2", "us-east-1"}, None),
        ("us-west-2", {"us-east-1"}, "No record from us-west-2 is"),
        ("us-west-2", {"us-west-2"}, "No record from us-east-1 is"),
        ("eu-west-1", {"us-west-2"}, "No record from eu-west-1 and us-east-1 is"),
        (None, {"us-west-2"}, "No record from us-east-1 is"),
        (None, {"us-east-1"}, None),
    ],
)
def test_regions(region: str | None, seen: set[str], named: str | None) -> None:
    notes = ask("aws", replace(TRAIL, regions=frozenset(seen)), region=region, failing_step="authorise")
    found = [note for note in notes if note.kind == "window-does-not-cover"]
    assert len(found) == (named is not None)
    if named:
        assert found[0].headline.startswith(named)
        assert "global endpoint" in found[0].detail


@pytest.mark.parametrize(
    ("cloud", "gap", "kind"),
    [
        ("aws", -3600, None),
        ("aws", -60, "delivery-delay"),
        ("aws", 600, "delivery-delay"),
        ("aws", 1200, "window-does-not-cover"),
        ("gcp", -120, None),
        ("gcp", 30, "delivery-delay"),
        ("gcp", 120, "window-does-not-cover"),
    ],
)
def test_the_end_of_the_window(cloud: Cloud, gap: float, kind: str | None) -> None:
    coverage = replace(TRAIL if cloud == "aws" else ENTRIES, last=NOON - gap)
    found = set(kinds(ask(cloud, coverage))) & {"delivery-delay", "window-does-not-cover"}
    assert found == ({kind} if kind else set())


def test_the_beginning_of_the_window() -> None:
    for cloud, coverage in (("aws", TRAIL), ("gcp", ENTRIES)):
        notes = ask(cloud, coverage, instant=NOON - 2 * DAY)  # type: ignore[arg-type]
        assert "window-does-not-cover" in kinds(notes)
    assert "30 days" in next(note for note in notes if note.kind == "window-does-not-cover").detail


@pytest.mark.parametrize("instant", [None, NOON])
def test_logs_without_times(instant: float | None) -> None:
    for coverage in (replace(TRAIL, first=None, last=None), replace(TRAIL, first=NOON, last=NOON)):
        assert ask("aws", coverage, instant=instant)[0].kind == "no-events-found"


@pytest.mark.parametrize("step", ["token", "provider", "audience", "keys"])
def test_aws_does_not_log_token_faults(step: str) -> None:
    """What is never written does not arrive late either."""
    late = replace(TRAIL, last=NOON)
    note = next(note for note in ask("aws", TRAIL, failing_step=step) if note.kind == "not-logged-by-vendor")
    assert "CloudTrail usually has no event" in note.headline
    assert not {"delivery-delay", "window-does-not-cover"} & set(kinds(ask("aws", late, failing_step=step)))


@pytest.mark.parametrize("step", [None, "authorise"])
def test_aws_logs_trust_policy_denials(step: str | None) -> None:
    note = next(note for note in ask("aws", TRAIL, failing_step=step) if note.kind == "not-logged-by-vendor")
    assert note.headline == "A missing event usually points to a refusal before the trust policy."


def test_google_logging_is_off() -> None:
    off = CallLogging(impersonating=False, on=False, own=frozenset({"481516234200", "weights-prod"}))
    note = ask("gcp", ENTRIES, logging=off, failing_step="condition")[1]
    assert note.kind == "exchange-logging-off"
    assert note.headline == "Exchanges of project weights-prod are not logged."
    assert "ADMIN_READ for sts.googleapis.com" in note.detail
    note = ask("gcp", ENTRIES, logging=off._replace(impersonating=True), failing_step="impersonate")[1]
    assert "ADMIN_READ for iam.googleapis.com" in note.detail


@pytest.mark.parametrize(("step", "writer"), [("condition", "sts"), ("impersonate", "iamcredentials")])
def test_google_logs_whatever_the_project_says(step: str, writer: str) -> None:
    written = replace(ENTRIES, services=frozenset({f"{writer}.googleapis.com"}))
    off = CallLogging(step == "impersonate", on=False)
    assert "exchange-logging-off" not in kinds(ask("gcp", written, failing_step=step, logging=off))


def test_google_logging_is_not_known() -> None:
    unread = CallLogging(impersonating=False, unread=("folder", "organization"), own=frozenset({"weights-prod"}))
    note = ask("gcp", ENTRIES, failing_step="condition", logging=unread)[1]
    assert note.headline == "Exchanges may or may not be logged in project weights-prod: this is not known."
    assert note.detail.endswith("nor the auditConfigs of folder, organization.")
    seen = replace(ENTRIES, services=frozenset({"sts.googleapis.com"}))
    assert kinds(ask("gcp", seen, failing_step="condition")) == ["no-events-found"]
    on = unread._replace(on=True)
    assert kinds(ask("gcp", ENTRIES, failing_step="condition", logging=on)) == ["no-events-found"]
    known = ask("gcp", ENTRIES, failing_step="condition", attempts=[attempt("gcp", "accepted")])
    assert kinds(known) == ["no-events-found"]


def test_entries_of_another_project_say_nothing_of_this_one() -> None:
    seen = replace(ENTRIES, services=frozenset({"sts.googleapis.com"}))
    other = CallLogging(impersonating=False, own=frozenset({"481516234200"}), seen=frozenset({"990011223344"}))
    note = ask("gcp", seen, failing_step="condition", logging=other)[1]
    assert note.kind == "no-events-found"
    assert note.headline == (
        "Entries of sts.googleapis.com were read of project 990011223344, and none of project 481516234200."
    )
    assert "is not known" in note.detail
    for alike in ({"weights-prod"}, {"481516234200", "990011223344"}):
        notes = ask("gcp", seen, failing_step="condition", logging=other._replace(seen=frozenset(alike)))
        assert kinds(notes) == ["no-events-found"], "an id may be that of the project with this number"


@pytest.mark.parametrize(("accounts", "said"), [(set(), 0), ({"210987654321", "9"}, 0), ({"554433221100"}, 1)])
def test_records_of_another_account_say_nothing_of_this_one(accounts: set[str], said: int) -> None:
    notes = ask("aws", TRAIL, failing_step="authorise", accounts=frozenset(accounts))
    found = [note for note in notes if "No attempt and no write of account 210987654321" in note.headline]
    assert len(found) == said
    assert ("not-logged-by-vendor" in kinds(notes)) is (not said)
    assert "not-logged-by-vendor" in kinds(ask("aws", TRAIL, failing_step="keys", accounts=frozenset(accounts)))


@pytest.mark.parametrize("step", ["obtain", "configure", "permission"])
def test_a_step_beside_the_calls_says_nothing_of_their_logging(step: str) -> None:
    assert "exchange-logging-off" not in kinds(ask("gcp", ENTRIES, failing_step=step))


def test_reads_that_were_logged_are_not_called_off() -> None:
    seen = replace(ENTRIES, services=frozenset({"storage.googleapis.com"}))
    assert "off by default" in ask("gcp", ENTRIES, failing_step="permission")[-1].detail
    detail = ask("gcp", seen, failing_step="permission")[-1].detail
    assert detail.startswith("Entries of storage.googleapis.com were read")
    assert "off" not in detail


def test_a_prediction_is_no_failure() -> None:
    late = replace(ENTRIES, last=NOON - 7200)
    notes = ask("gcp", late, failing_step="condition", observed=False, attempts=[attempt("gcp", "accepted")])
    assert "failure" not in " ".join(note.headline + note.detail for note in notes)


@pytest.mark.parametrize("step", ["target", "token"])
def test_google_probably_does_not_log_what_names_no_provider(step: str) -> None:
    note = ask("gcp", ENTRIES, logging=CallLogging(impersonating=False, on=True), failing_step=step)[-1]
    assert note.kind == "not-logged-by-vendor"
    assert "inferred" in note.headline


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_every_step_has_words(cloud: Cloud) -> None:
    for step in (None, *(step.id for step in STEPS[cloud])):
        for on in (True, False, None):
            logging = CallLogging(step == "impersonate", on)
            notes = ask(cloud, TRAIL if cloud == "aws" else ENTRIES, failing_step=step, logging=logging)
            assert notes[0].kind == "no-events-found"
            assert all(text.endswith(".") for note in notes for text in (note.headline, note.detail) if text)


def test_a_log_engine_returns_what_a_report_reads() -> None:
    """Other services and Regions are not among it, so that nothing follows from their absence."""
    engine = replace(TRAIL, services=frozenset(), regions=frozenset(), selective=True)
    notes = ask("aws", engine, failing_step="authorise")
    assert "A log engine returned them; whether its table is complete is not known." in notes[0].detail
    assert "of a kind that omits it" not in notes[0].detail
    assert notes[1].headline == (
        "The log engine returned no record from us-east-1 and us-west-2; whether its table has any is not known."
    )
    assert "A log engine" not in ask("aws", TRAIL, failing_step="authorise")[0].detail
