"""Writes of an uploaded key set, of which no log shows whom they concern, and of mappings that change nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from evidence.timed import FALSE, clock, edit, exchanges
from oidc_doctor.report.formats import render

if TYPE_CHECKING:
    from evidence import Answer, Bundle

NO_CONNECTION = "Error connecting to the given credential's issuer."


def text(answer: Answer) -> str:
    return " ".join(render(answer.report, "text", width=120, color=False).split())


def written(gcp: Bundle, at: str, mask: str, body: Any) -> dict[str, Any]:
    entry = edit(gcp, at, "")
    entry["protoPayload"]["request"] = {"updateMask": mask, "workloadIdentityPoolProvider": body}
    return entry | {"insertId": f"{mask}-{at}"}


def key_set(gcp: Bundle, kid: str) -> str:
    return json.dumps({"keys": [gcp.jwk(kid=kid)]})


def uploaded(gcp: Bundle, at: str, kid: str) -> dict[str, Any]:
    return written(gcp, at, "oidc.jwksJson", {"oidc": {"jwksJson": key_set(gcp, kid)}})


@pytest.fixture
def replaced(gcp: Bundle) -> Bundle:
    """The provider has a key set of its own that does not hold the key of the tokens."""
    return gcp.gcp_provider(oidc={"jwksJson": key_set(gcp, "another")})


def outage(gcp: Bundle, *writes: Any) -> list[Any]:
    return [*exchanges(gcp, range(2, 8)), *writes, *exchanges(gcp, range(9, 14), NO_CONNECTION)]


@pytest.mark.parametrize("is_known_before", [True, False])
@pytest.mark.parametrize("beside", [True, False])
def test_the_write_that_replaced_the_key_set(replaced: Bundle, is_known_before: bool, beside: bool) -> None:
    write = uploaded(replaced, clock(8), "another")
    writes = [write, *[edit(replaced, clock(8, 10), replaced.read("gcp/provider.json")["attributeCondition"])][:beside]]
    before = [uploaded(replaced, clock(1), replaced.KID)] if is_known_before else []
    answer = replaced.gcp_logs([*before, *outage(replaced, *writes)]).ask()
    cause = answer.first
    assert cause.name == "key-id-unknown"
    assert cause.change["event_id"] == write["insertId"]
    assert cause.change["replay"]["before"] == ("accepted" if is_known_before and not beside else "unknown")
    assert cause.confidence == "predicted", "the header of the attempts is in no log"
    assert "The configuration that was read accepts this token" not in text(answer)
    refused = next(row for row in answer.report.attempts if row.outcome == "refused")
    assert (refused.replay["decision"], refused.cause) == ("unknown", None)


def test_the_last_of_two_key_sets_is_told_by_the_token(replaced: Bundle) -> None:
    """Of two writes of it the one that took the token's key away, which no attempt shows."""
    kept = json.dumps({"keys": [replaced.jwk(), replaced.jwk("rsa-2", kid="another")]})
    both = written(replaced, clock(8), "oidc.jwksJson", {"oidc": {"jwksJson": kept}})
    last = uploaded(replaced, clock(8, 30), "another")
    change = replaced.gcp_logs(outage(replaced, both, last)).ask().first.change
    assert change["event_id"] == last["insertId"]


def test_a_key_set_that_was_replaced_and_no_token(replaced: Bundle) -> None:
    write = uploaded(replaced, clock(8), "another")
    answer = replaced.remove("token.jwt").gcp_logs(outage(replaced, write)).ask()
    cause = answer.first
    assert (cause.name, cause.confidence) == ("key-id-unknown", "suspected")
    assert cause.change["event_id"] == write["insertId"]
    assert "it holds `another`" in cause.summary
    assert "issuer-unreachable" not in [one.name for one in answer.causes]


def test_google_fetches_nothing_where_a_key_set_is_uploaded(replaced: Bundle) -> None:
    """Also where no write of it was logged: the discovery document is not what refuses."""
    answer = replaced.remove("token.jwt").gcp_logs(outage(replaced)).ask()
    assert answer.first.name == "key-id-unknown"
    assert "openid-configuration" not in answer.first.fix
    note = answer.first.boundary["note"]
    assert note.startswith("This refusal depends on values that the logged attempts do not have")


def test_a_refusal_of_a_key_that_the_uploaded_set_holds(gcp: Bundle) -> None:
    gcp.gcp_provider(oidc={"jwksJson": key_set(gcp, gcp.KID)}).gcp_logs(outage(gcp))
    names = [cause.name for cause in gcp.ask().causes]
    assert "issuer-unreachable" not in names
    assert "key-id-unknown" not in names


def test_a_past_outage_of_a_replaced_key_set(gcp: Bundle) -> None:
    good = key_set(gcp, gcp.KID)
    gcp.gcp_provider(oidc={"jwksJson": good})
    broken, mended = uploaded(gcp, clock(8), "another"), uploaded(gcp, clock(13, 30), gcp.KID)
    entries = [uploaded(gcp, clock(1), gcp.KID), *outage(gcp, broken), mended, *exchanges(gcp, range(14, 20))]
    (past,) = [cause for cause in gcp.gcp_logs(entries).ask().report.causes if cause.status == "past"]
    assert past.timing.change is not None
    assert past.timing.change["event_id"] == broken["insertId"]
    assert past.timing.until == clock(14)


SUBJECT_CONDITION = "google.subject.startsWith('v=1:org=Another1:')"


def mapping(team: str = "assertion.team", subject: str = "assertion.sub") -> dict[str, str]:
    return {"google.subject": subject, "attribute.team": team}


def two_writes(gcp: Bundle, condition: str, now: dict[str, str]) -> Any:
    gcp.remove("token.jwt").gcp_provider(condition=condition, mapping=now)
    writes = [edit(gcp, clock(8), condition), written(gcp, clock(8), "attributeMapping", {"attributeMapping": now})]
    entries = [*exchanges(gcp, range(2, 8)), *writes, *exchanges(gcp, range(9, 14), FALSE)]
    return writes, gcp.gcp_logs(entries).ask().first


def test_a_mapping_that_gave_the_same_subject_is_no_suspect(gcp: Bundle) -> None:
    (condition, _), cause = two_writes(gcp, SUBJECT_CONDITION, mapping())
    assert cause.change["event_id"] == condition["insertId"]
    assert "then" not in cause.change


@pytest.mark.parametrize(("condition", "now"), [
    ("attribute.team == 'Another1'", mapping(team="assertion.org")),
    ("google.subject.startsWith('v=1:org=Another1:') || attribute.team == 'Another1'", mapping()),
    (SUBJECT_CONDITION, mapping(subject="'x' + assertion.sub")),
])  # fmt: skip
def test_a_mapping_that_may_decide_is_a_suspect(gcp: Bundle, condition: str, now: dict[str, str]) -> None:
    """The condition tests an attribute that no log shows, or the subject is another than that of the successes."""
    writes, cause = two_writes(gcp, condition, now)
    assert cause.change is None
    assert all(f"(event {write['insertId']})" in cause.boundary["note"] for write in writes)
