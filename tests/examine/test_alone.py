"""One thing alone is answered: what it says, what it leaves possible, and what to give next."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema  # type: ignore[import-untyped]
import pytest

from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.examine.examine import run
from oidc_doctor.examine.question import Question
from oidc_doctor.model.document import Origin
from oidc_doctor.report.formats import render
from oidc_doctor.report.json import to_json
from oidc_doctor.report.parts.alone import cause_lines
from reports.alone import answer_of, signs, values

if TYPE_CHECKING:
    from evidence import Bundle
    from oidc_doctor.model.alone import Alone
    from oidc_doctor.model.report import Report

MUTE = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text("utf-8"))


def of_error(text: str) -> Report:
    return run(None, Question(error_text=text))


def codes(answer: Alone) -> list[str]:
    return [cause.code for cause in answer.causes]


def folded(report: Report, form: str) -> str:
    return " ".join(render(report, form, width=80, color=False, verbose=False, quiet=False).split())


# an error text


def test_a_mute_sentence_lists_its_causes_and_three_commands() -> None:
    report = of_error(f"An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: {MUTE}")
    answer = answer_of(report)
    assert answer.thing == "error"
    assert codes(answer)[:3] == ["AWS025", "AWS024", "AWS021"]
    assert "AWS STS" in answer.headline
    assert "trust policy" in answer.headline
    assert answer.order.startswith("inferred (")
    assert len(answer.commands) == 3
    assert all(shlex.split(one.run) for one in answer.commands)


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_nothing_of_a_mute_sentence_is_proven_or_passed(form: str) -> None:
    shown = folded(of_error(MUTE), form)
    assert "AWS025" in shown
    assert "proven" not in shown
    assert "✓ passed" not in shown


@pytest.mark.parametrize("verbose", [False, True])
def test_the_headline_counts_the_causes_that_the_report_lists(bundle: Bundle, verbose: bool) -> None:
    event = bundle.cloudtrail([bundle.event()]).report()
    denied = "User: arn:aws:sts::210987654321:assumed-role/R/s is not authorized to perform: s3:GetObject"
    for report in (of_error(MUTE), of_error(denied), of_error("Permission 'iam.x' denied on resource"), event):
        answer = answer_of(report)
        number = re.search(r"(\d+) causes fit", answer.headline)
        if number is None:
            assert len(codes(answer)) + len(answer.further) <= 1
            continue
        listed = [code or text for code, text in cause_lines(answer, verbose=verbose)]
        found = re.findall(r"\b(?:AWS|GCP|TOK|ISS|ACC)\d{3}\b", " ".join(listed))
        assert len(found) == len(set(found)) == int(number[1])


def test_a_sentence_without_a_known_step_calls_no_cause_the_most_likely() -> None:
    report = of_error('{"error":"invalid_grant","error_description":"A sentence that nobody has seen."}')
    assert report.alone is not None
    assert "does not say at which step" in report.alone.headline
    assert "likely" not in folded(report, "text")
    assert "in the order of the steps" in folded(report, "text")


def test_a_sentence_that_names_a_fault_has_that_cause_alone() -> None:
    answer = answer_of(
        of_error("An error occurred (ExpiredTokenException): Token expired: current date/time 2 must be")
    )
    assert codes(answer) == ["TOK004"]
    assert answer.order == ""
    assert answer.further == ()


def test_names_in_the_sentence_are_in_the_commands() -> None:
    caller = "arn:aws:sts::210987654321:assumed-role/ModelWeights/s"
    text = f"User: {caller} is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::w/x"
    assert any("--role-name ModelWeights" in one.run for one in answer_of(of_error(text)).commands)


@pytest.mark.parametrize("name", ["$(touch${IFS}x)", "a;id", "`id`"])
def test_a_hostile_name_is_quoted_in_commands(name: str) -> None:
    text = f"User: arn:aws:sts::210987654321:assumed-role/{name}/s is not authorized to perform: s3:GetObject"
    for one in answer_of(of_error(text)).commands:
        if name in one.run:
            assert any(name in word for word in shlex.split(one.run))
            assert f"'{name}'" in one.run


def test_an_unknown_text_is_no_verdict_and_names_the_closest() -> None:
    report = of_error("Not authorised to perform AssumeRoleWithWebIdentty on this")
    answer = answer_of(report)
    assert (report.verdict, report.exit_code) == ("unknown", 3)
    assert answer.headline == "This text is not a known AWS or Google error."
    assert answer.causes == ()
    assert any(MUTE in text for text in values(answer, "closest"))


def test_an_error_beside_a_role_is_not_alone(bundle: Bundle) -> None:
    assert bundle.aws_role().error(MUTE).report().alone is None


# a token


def test_a_token_is_decoded_and_its_needs_are_named(bundle: Bundle) -> None:
    answer = answer_of(bundle.token().report())
    assert answer.thing == "token"
    assert values(answer, "subject") == [bundle.SUBJECT]
    assert values(answer, "ClientIDList") == ["must contain oidc.baseten.co"]
    assert '"oidc.baseten.co:aud": "oidc.baseten.co"' in values(answer, "StringEquals")
    assert values(answer, "mapping") == ["google.subject=assertion.sub"]
    assert not signs(answer, "✗")
    assert any("list-roles" in one.run for one in answer.commands)


def test_a_token_is_never_shown(bundle: Bundle) -> None:
    compact = bundle.compact()
    report = bundle.token().report()
    for form in ("text", "markdown", "json"):
        assert compact.partition(".")[2] not in render(report, form, width=80, color=False, verbose=True, quiet=False)


def test_an_expired_token_is_a_fault_of_the_token(bundle: Bundle) -> None:
    bundle.token(bundle.claims_of(iat=bundle.NOW - 9000, nbf=bundle.NOW - 9000, exp=bundle.NOW - 7200))
    answer = answer_of(bundle.report())
    assert any("TOK004" in text for text in signs(answer, "✗"))
    assert "expired" in answer.headline


def test_a_former_form_is_named() -> None:
    from oidc_doctor.documents.token import hypothetical

    subject = "v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=m:deployment=d:env=production:type=model_build"
    report = run(None, Question(tokens=(hypothetical(subject, origin=Origin("--subject")),)))
    answer = answer_of(report)
    assert (answer.thing, report.exit_code) == ("subject", 3)
    assert any("environment" in text for text in values(answer, "former"))


def test_a_subject_of_no_known_issuer_is_answered() -> None:
    from oidc_doctor.documents.token import hypothetical

    report = run(None, Question(tokens=(hypothetical("job:green:7", origin=Origin("--subject")),)))
    assert "not among the known ones" in answer_of(report).headline


# an event


def test_an_event_names_what_fetches_its_configuration(bundle: Bundle) -> None:
    answer = answer_of(bundle.cloudtrail([bundle.event()]).report())
    assert answer.thing == "event"
    assert answer.headline.startswith("AWS refused this token at ")
    assert values(answer, "role") == [bundle.ROLE_ARN]
    assert values(answer, "subject") == [bundle.SUBJECT]
    name = bundle.ROLE_ARN.rpartition("/")[2]
    assert answer.commands[0].run == f"aws iam get-role --role-name {name}"
    assert "AWS025" in codes(answer)


@pytest.mark.parametrize("form", ["trail", "lookup-events"])
def test_an_event_of_aws_shows_the_request_id_that_its_caller_saw(bundle: Bundle, form: str) -> None:
    event = bundle.event(requestID="7dec5964-0a47-4622-9675-68fbef2499a6")
    if form == "trail":
        bundle.cloudtrail([event])
    else:
        looked_up = {"EventId": event["eventID"], "EventName": event["eventName"], "CloudTrailEvent": json.dumps(event)}
        bundle.write("aws/cloudtrail/us-east-1.json", {"Events": [looked_up]})
    assert values(answer_of(bundle.report()), "request id") == ["7dec5964-0a47-4622-9675-68fbef2499a6"]


def test_an_event_without_a_request_id_shows_none(bundle: Bundle) -> None:
    event = bundle.event()
    event.pop("requestID", None)
    assert values(answer_of(bundle.cloudtrail([event]).report()), "request id") == []


def test_an_accepted_event_has_no_causes(bundle: Bundle) -> None:
    answer = answer_of(bundle.cloudtrail([bundle.accepted_event()]).report())
    assert answer.headline.startswith("AWS accepted this token at ")
    assert answer.causes == ()


def test_an_entry_of_google_names_provider_and_step(bundle: Bundle) -> None:
    said = "The given credential is rejected by the attribute condition."
    entry = bundle.log_entry(message=said)
    answer = answer_of(bundle.gcp_logs([entry]).report())
    assert values(answer, "provider") == [bundle.GCP_PROVIDER]
    assert codes(answer)[0] == "GCP020"
    assert bundle.GCP_PROVIDER in answer.commands[0].run


def test_several_events_are_not_alone(bundle: Bundle) -> None:
    events = [bundle.event(event_id="a"), bundle.event(event_id="b")]
    assert bundle.cloudtrail(events).report().alone is None


# policies and providers


def test_a_trust_policy_says_who_is_allowed(bundle: Bundle) -> None:
    bundle.condition(bundle.subject("v=1:org=Org8Kd2P:team=Tq7LmZ2x:*"))
    answer = answer_of(bundle.report())
    assert answer.thing == "trust-policy"
    assert any("org Org8Kd2P, team Tq7LmZ2x" in text for text in values(answer, ""))
    assert signs(answer, "✓")
    assert not signs(answer, "!")
    assert not signs(answer, "✗")


def test_the_example_of_a_trust_policy_is_accepted_by_it(bundle: Bundle) -> None:
    bundle.condition(bundle.subject("v=1:org=Org8Kd2P:team=Tq7LmZ2x:*"))
    example = answer_of(bundle.report()).parts[-1].lines[0].text
    assert bundle.report(subject=example).exchanges[0].prediction != "refused"
    step = next(step for step in bundle.report(subject=example).exchanges[0].steps if step.id == "authorise")
    assert step.state == "passed"


def test_a_wide_trust_policy_is_called_too_wide(bundle: Bundle) -> None:
    bundle.condition(bundle.subject("v=1:org=*"))
    answer = answer_of(bundle.report())
    assert "too wide" in answer.headline
    assert values(answer, "too wide")


def test_what_iam_would_not_store_is_a_fault(bundle: Bundle) -> None:
    bundle.trust(bundle.statement(Action="s3:GetObject"))
    answer = answer_of(bundle.report())
    assert any("Action" in text for text in values(answer, "saving"))
    assert "cannot work" in answer.headline


def test_a_placeholder_is_a_typo(bundle: Bundle) -> None:
    bundle.condition(bundle.subject("v=1:org=ORG_ID:team=Tq7LmZ2x:*"))
    assert any("ORG_ID" in text for text in values(answer_of(bundle.report()), "typo"))


def test_an_oidc_provider_is_put_in_words(bundle: Bundle) -> None:
    answer = answer_of(bundle.aws_provider(ClientIDList=["sts.amazonaws.com"]).report())
    assert answer.thing == "oidc-provider"
    assert any("AWS014" in text for text in signs(answer, "✗"))
    assert values(answer, "ClientIDList") == ["sts.amazonaws.com"]


def test_a_google_provider_says_what_it_reads(bundle: Bundle) -> None:
    bundle.gcp_provider(condition="assertion.sub.startsWith('v=1:org=Org8Kd2P:team=Tq7LmZ2x:')")
    answer = answer_of(bundle.report())
    assert answer.thing == "provider"
    assert values(answer, "reads") == ["assertion.sub"]
    assert answer.parts[-1].title == "Accepted by its condition, for example"
    assert not signs(answer, "✗")


def test_an_audience_that_no_token_has_is_the_judges_fault_to_find(bundle: Bundle) -> None:
    answer = answer_of(bundle.gcp_provider(audiences=["another"]).report())
    assert any("GCP013" in text for text in signs(answer, "✗"))
    assert "cannot work" in answer.headline


def test_a_key_that_aws_never_sets_means_that_no_token_passes(bundle: Bundle) -> None:
    condition = bundle.subject("v=1:org=Org8Kd2P:*")
    condition["StringEquals"] = {"oidc.baseten.co:org": "Org8Kd2P"}
    answer = answer_of(bundle.condition(condition).report())
    assert any("AWS030" in text for text in signs(answer, "✗"))


def test_a_condition_that_is_no_expression_is_a_fault(bundle: Bundle) -> None:
    answer = answer_of(bundle.gcp_provider(condition="assertion.sub ==").report())
    assert any("not a CEL expression" in text for text in signs(answer, "✗"))


def test_an_odd_pattern_is_not_called_a_fault(bundle: Bundle) -> None:
    answer = answer_of(bundle.condition(bundle.subject("v=?:org=Org8Kd2P:team=*:model=??x*:deployment=*q")).report())
    assert not signs(answer, "✗")


# an issuer


def test_the_documents_of_an_issuer_have_a_verdict_each(bundle: Bundle) -> None:
    answer = answer_of(bundle.discovery().jwks(bundle.jwk()).report())
    assert answer.thing == "issuer"
    assert "in order" in answer.headline
    assert len(signs(answer, "✓")) >= 4


def test_a_list_of_algorithms_that_no_cloud_was_seen_to_read_is_no_fault(bundle: Bundle) -> None:
    bundle.discovery(id_token_signing_alg_values_supported=["PS512"]).jwks(bundle.jwk())
    alone = bundle.report().alone
    assert alone is not None
    assert "has a fault" not in alone.headline
    assert [line for part in alone.parts for line in part.lines if line.label == "algorithms" and line.sign == "!"]


def test_a_discovery_document_without_keys_is_a_fault(bundle: Bundle) -> None:
    bundle.discovery().write("issuer/jwks.json", {"keys": []})
    answer = answer_of(bundle.report())
    assert answer.headline.startswith("https://oidc.baseten.co has a fault: keys")
    assert "the key set is empty" in signs(answer, "✗")


# every kind


@pytest.mark.parametrize("text", [MUTE, "it is broken somehow", "token \x1b[31m `x` | <b> @team #1"])
@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_answers_are_rendered_within_the_contract(text: str, form: str) -> None:
    report = of_error(text)
    shown = render(report, form, width=80, color=False, verbose=False, quiet=False)
    assert "\x1b" not in shown
    jsonschema.validate(to_json(report), SCHEMA)
    assert to_json(report)["alone"]["headline"] == report.headline


def test_other_owners_and_repositories_have_their_plural(aws: Bundle, tmp_path: Path) -> None:
    key = "token.actions.githubusercontent.com"
    statement = aws.statement(
        {"StringEquals": {f"{key}:aud": "sts.amazonaws.com", f"{key}:sub": "repo:acme/app:ref:refs/heads/main"}},
        Principal={"Federated": f"arn:aws:iam::123456789012:oidc-provider/{key}"},
    )
    path = tmp_path / "trust.json"
    path.write_text(json.dumps(aws.policy(statement)))
    with open_bundle(str(path)) as bundle:
        assert "synthetic tokens of other owners and repositories are refused" in folded(
            run(bundle, Question()), "text"
        )
