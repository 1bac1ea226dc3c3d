"""What-if: an edit is a Case, judged as everything else is. The bundled scenarios and their fixes are the data."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.examine.examine import Examined, examine
from oidc_doctor.examine.question import Question
from oidc_doctor.findings.packs import bundled
from oidc_doctor.report.parts.escape import contains_jwt
from oidc_doctor.report.parts.sentences import summary
from oidc_doctor.whatif.ask import LONGEST, Answer, WhatIf, editable, moved_past

if TYPE_CHECKING:
    from tests.conftest import Bundle

SAMPLES = Path(bundled("_samples", "sample_logs"))
SCENARIOS = sorted(path.name for path in SAMPLES.iterdir() if path.is_dir())
GARBAGE = st.one_of(
    st.text(max_size=60),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "Statement", "Effect", "Principal", "Federated", "Action", "Condition", "StringLike", "Version",
                    "ClientIDList", "allowedAudiences", "google.subject", "bindings", "role", "members", "condition",
                    "expression", "iss", "sub", "aud", "azp", "exp", "x",
                ]
            ),
            inner,
            max_size=4,
        ),
        max_leaves=12,
    ).map(json.dumps),
)  # fmt: skip
FRAGMENTS = st.lists(
    st.sampled_from(
        ["assertion", ".sub", "google.subject", "attribute", "['a']", "==", "'v=1:*'", "(", ")", "&&", "||", "!", "1",
         ".startsWith(", "in", "[", "]", "?", ":", ".exists(x, ", "\n", "//", '"', "\\", "\u202e", "{", "}", "+", " "]
    ),
    max_size=14,
).map(" ".join)  # fmt: skip


@cache
def examined_of(name: str) -> Examined:
    with open_bundle(SAMPLES / name) as bundle:
        return examine(bundle, Question())


def exchanges(name: str) -> list[WhatIf]:
    found = examined_of(name)
    return [WhatIf(one, found.accepted[key], found.report.fixes) for key, one in found.diagnoses.items()]


def of(made: Bundle, cloud: str = "") -> WhatIf:
    """What-if of the only exchange of a bundle, or of the one with `cloud`."""
    with open_bundle(made.root) as bundle:
        found = examine(bundle, Question())
    (key,) = [key for key, one in found.diagnoses.items() if cloud in ("", one.case.cloud)]
    return WhatIf(found.diagnoses[key], found.accepted[key], found.report.fixes)


def without_places(value: Any) -> Any:
    """A trace without the places in which its values stand: those of an edited text are its own."""
    if isinstance(value, dict):
        return {key: without_places(one) for key, one in value.items() if key not in ("at", "line", "read_at")}
    return [without_places(one) for one in value] if isinstance(value, list) else value


def decided(answer: Answer) -> tuple[Any, ...]:
    assert answer.diagnosis is not None, answer.problems
    exchange = answer.exchange
    assert exchange is not None
    return (
        exchange.prediction,
        exchange.step,
        exchange.error,
        [(row.id, row.state, row.note) for row in exchange.steps],
        without_places(exchange.trace),
        [(cause.code, summary(cause), cause.confidence) for cause in answer.causes],
    )


# What was read, and edits that change nothing


@pytest.mark.parametrize("name", SCENARIOS)
def test_an_edit_equal_to_what_was_read_changes_nothing(name: str) -> None:
    for trial in exchanges(name):
        for part in trial.parts:
            answer = trial.ask({part.id: part.text})
            assert decided(answer) == decided(trial.present), part.id
            assert not answer.changed
        answer = trial.ask({part.id: part.text for part in trial.parts})
        assert decided(answer) == decided(trial.present)
        assert not any(step.changed for step in trial.steps(answer))
        assert all(not trial.diff(answer.edits, part.id) for part in trial.parts)
        assert trial.reach(answer) is None


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_layout_of_a_text_is_no_change(name: str) -> None:
    for trial in exchanges(name):
        for part in trial.parts:
            if part.language == "json" and part.text:
                answer = trial.ask({part.id: json.dumps(json.loads(part.text))})
                assert not answer.changed
                assert decided(answer) == decided(trial.present)


def test_the_present_decision_is_the_reports() -> None:
    for name in SCENARIOS:
        rows = {one.id: one for one in examined_of(name).report.exchanges}
        for key, diagnosis in examined_of(name).diagnoses.items():
            exchange = WhatIf(diagnosis).present.exchange
            assert exchange is not None
            assert (exchange.prediction, exchange.step) == (rows[key].prediction, rows[key].step)
            assert exchange.steps == rows[key].steps
            assert exchange.trace == rows[key].trace


# Fixes


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_proposed_fix_is_an_edit_that_moves_the_exchange_on(name: str) -> None:
    fixes = examined_of(name).report.fixes
    trials = exchanges(name)
    assert sum(len(trial.fixes) for trial in trials) == len(fixes)
    for trial in trials:
        for fix in trial.fixes:
            answer = trial.ask(trial.edits_of(fix))
            assert answer.diagnosis is not None
            assert trial.present.diagnosis is not None
            assert not answer.problems
            assert answer.changed == trial.edits_of(fix).keys()
            assert moved_past(trial.present.diagnosis, answer.diagnosis)
            (part,) = answer.changed
            assert any(line.startswith("+") for line in trial.diff(answer.edits, part))
            found = trial.reach(answer)
            assert found is not None
            assert not found.shut_out


def test_some_scenarios_have_fixes() -> None:
    assert sum(bool(examined_of(name).report.fixes) for name in SCENARIOS) >= 8


# Trust policy


def condition(bundle: Bundle, pattern: str) -> dict[str, Any]:
    return {"StringEquals": {bundle.AUD_KEY: bundle.AUDIENCE}, "StringLike": {bundle.SUB_KEY: pattern}}


def policy_with(trial: WhatIf, change: dict[str, Any]) -> str:
    policy = json.loads(trial.part("trust-policy").text)
    policy["Statement"][0] |= change
    return json.dumps(policy, indent=2)


def test_another_pattern_refuses_and_says_where(aws: Bundle) -> None:
    trial = of(aws)
    text = policy_with(trial, {"Condition": condition(aws, aws.PATTERN.replace("Tq7L", "Zz9L"))})
    answer = trial.ask({"trust-policy": text})
    assert answer.diagnosis is not None
    assert (answer.diagnosis.prediction, answer.diagnosis.step) == ("refused", "authorise")
    assert answer.causes[0].name == "subject-segment-differs"
    where = answer.diagnosis.refusals[0].where
    assert where is not None
    assert where.file == "the edited trust policy"
    assert "Zz9L" in text.splitlines()[(where.line or 0) - 1]
    changed = {step.id: (step.before.state, step.after and step.after.state) for step in trial.steps(answer)}
    assert changed["authorise"] == ("passed", "refused")
    assert changed["audience"] == ("passed", "passed")


def test_an_open_pattern_lets_strangers_in_and_says_so(aws: Bundle) -> None:
    trial = of(aws)
    answer = trial.ask({"trust-policy": policy_with(trial, {"Condition": condition(aws, "*")})})
    found = trial.reach(answer)
    assert found is not None
    assert found.foreign == len(found.let_in) > 0


def test_a_typed_policy_where_none_was_read(aws: Bundle) -> None:
    text = of(aws).part("trust-policy").text
    trial = of(aws.remove("aws/role.json"))
    assert trial.part("trust-policy").text == ""
    assert trial.present.diagnosis is not None
    assert trial.present.diagnosis.prediction == "unknown"
    assert decided(trial.ask({"trust-policy": ""})) == decided(trial.present)
    answer = trial.ask({"trust-policy": text})
    assert answer.diagnosis is not None
    assert answer.diagnosis.prediction == "accepted"


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ('{\n  "Statement": [}\n', 2, 17, "expected a value"),
        ('{\n  "Statement": []\n', 3, 1, "too early"),
        ("", None, None, "empty"),
        ("[" * 3000, None, None, "nested"),
        ('{"a": ' + "1" * 5000 + "}", 1, None, "digits"),
    ],
)
def test_text_that_is_no_json_gives_its_place(
    text: str, line: int | None, column: int | None, said: str, aws: Bundle
) -> None:
    answer = of(aws).ask({"trust-policy": text})
    assert answer.diagnosis is None
    assert answer.exchange is None
    (problem,) = answer.problems
    assert (problem.kind, problem.line, problem.column) == ("unreadable", line, column)
    assert said in problem.message
    assert str(problem).startswith(f"line {line}") == (line is not None)


def test_a_text_that_is_too_long_is_not_read(aws: Bundle) -> None:
    answer = of(aws).ask({"trust-policy": " " * (LONGEST + 1) + "{}"})
    assert answer.diagnosis is None
    assert "longer than 256 KiB" in str(answer.problems[0])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"Resource": "*"}, "cannot have Resource"),
        ({"NotPrincipal": {"AWS": "*"}}, "cannot have NotPrincipal"),
        ({"Effect": "allow"}, "Effect is Allow or Deny"),
        ({"Sid": "x" * 2100}, "default quota is 2,048"),
    ],
)
def test_what_iam_would_not_store(change: dict[str, Any], said: str, aws: Bundle) -> None:
    trial = of(aws)
    answer = trial.ask({"trust-policy": policy_with(trial, change)})
    assert answer.diagnosis is not None
    (problem,) = answer.problems
    assert said in problem.message
    assert problem.kind == ("note" if "quota" in said else "refused")


@pytest.mark.parametrize(
    ("block", "stored"),
    [
        ({"StringLike": {"sub": "repo:octo-org/*"}}, True),
        ({"ForAnyValue:StringEquals": {"SUB": "repo:octo-org/weights:ref:refs/heads/main"}}, True),
        ({"StringEquals": {"job_workflow_ref": "octo-org/x/.github/workflows/y.yml@refs/heads/main"}}, True),
        ({"StringLike": {"sub": "*"}}, False),
        ({"StringLike": {"sub": ["repo:octo-org/*", "*"]}}, False),
        ({"StringLike": {"sub": "*:ref:refs/heads/main"}}, False),
        ({"StringEqualsIfExists": {"sub": "repo:octo-org/x"}}, False),
        ({"StringNotLike": {"sub": "repo:octo-org/x"}}, False),
        ({"StringEquals": {"aud": "sts.amazonaws.com"}}, False),
    ],
)
def test_the_control_of_shared_issuers(block: dict[str, Any], stored: bool, aws: Bundle) -> None:
    issuer = aws.GITHUB.removeprefix("https://")
    condition = {
        operator: {f"{issuer}:{claim}": value for claim, value in operands.items()}
        for operator, operands in block.items()
    }
    principal = {"Federated": f"arn:aws:iam::{aws.ACCOUNT}:oidc-provider/{issuer}"}
    trial = of(aws)
    answer = trial.ask({"trust-policy": policy_with(trial, {"Principal": principal, "Condition": condition})})
    assert [one.kind for one in answer.problems] == ([] if stored else ["refused"])
    assert stored or "shared by many customers" in answer.problems[0].message


def test_an_observed_error_is_not_held_against_an_edit(aws: Bundle) -> None:
    """It was seen with what was read; of the steps before the edit it still tells that they passed."""
    aws.write("error.txt", ": ".join(aws.NOT_AUTHORIZED)).remove("issuer/jwks.json")
    aws.condition(aws.subject("v=1:org=Org8Kd2P:team=Tq7LmZ2y:*"))
    trial = of(aws)
    answer = trial.ask({"trust-policy": policy_with(trial, {"Condition": condition(aws, aws.PATTERN)})})
    assert answer.diagnosis is not None
    states = {step.id: (step.before.state, step.after and step.after.state) for step in trial.steps(answer)}
    assert answer.diagnosis.prediction == "accepted", states
    assert states["authorise"] == ("refused", "passed")
    assert states["keys"][0] == states["keys"][1]
    assert not answer.causes


# ClientIDList


def test_a_client_id_is_added(aws: Bundle) -> None:
    trial = of(aws.aws_provider(client_ids=("other",)))
    assert trial.present.diagnosis is not None
    assert trial.present.diagnosis.step == "audience"
    answer = trial.ask({"client-ids": json.dumps(["other", aws.AUDIENCE])})
    assert answer.diagnosis is not None
    assert answer.diagnosis.prediction == "accepted"
    assert trial.ask({"client-ids": '{"ClientIDList": [1]}'}).problems[0].kind == "unreadable"
    assert trial.ask({"client-ids": "{}"}).problems[0].kind == "unreadable"


# Google


def test_a_condition_is_judged_with_the_value_of_each_part(gcp: Bundle) -> None:
    trial = of(gcp)
    answer = trial.ask({"condition": "assertion.sub.startsWith('v=1:') && assertion.environment == 'staging'"})
    assert answer.diagnosis is not None
    assert (answer.diagnosis.prediction, answer.diagnosis.step) == ("refused", "condition")
    exchange = answer.exchange
    assert exchange is not None
    parts = exchange.trace["condition"]["children"]
    assert [part["value"] for part in parts] == [True, False]


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [("assertion.sub ==", 1, 17), ("assertion.sub\n  == 'a' &&\n  ^", 3, 3), ("'a", 1, 1), ("(" * 4000, 1, None)],
)
def test_a_text_that_is_no_cel_gives_its_place(text: str, line: int, column: int | None, gcp: Bundle) -> None:
    answer = of(gcp).ask({"condition": text})
    assert answer.diagnosis is None
    (problem,) = answer.problems
    assert problem.kind == "unreadable"
    assert problem.line == line
    assert column in (None, problem.column)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("google.subject == 1", "different types"),
        ("assertion.sub", ""),
        ("'a'", "where bool is needed"),
        ("subject == 'a'", "undeclared reference"),
        ("assertion.sub.startWith('a')", "there is no method"),
        (" || ".join(["assertion.sub == 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'"] * 90), "may have 4,096"),
    ],
)
def test_what_google_would_not_store_of_a_condition(text: str, said: str, gcp: Bundle) -> None:
    answer = of(gcp).ask({"condition": text})
    assert answer.diagnosis is not None
    assert [one.kind for one in answer.problems] == (["refused"] if said else [])
    assert not said or said in answer.problems[0].message


def test_what_google_would_not_store_of_a_mapping(gcp: Bundle) -> None:
    trial = of(gcp)

    def problems(**mapping: object) -> list[str]:
        names = {name.replace("__", "."): value for name, value in mapping.items()}
        return [f"{one.kind}: {one}" for one in trial.ask({"mapping": json.dumps(names, indent=2)}).problems]

    assert problems(google__subject="assertion.sub") == []
    assert problems(attribute__team="assertion.sub")[0].startswith("refused: an OIDC provider's mapping has google.sub")
    assert problems(google__subject="1 + 1") == [
        "refused: line 2: google.subject: the expression gives int where string is needed"
    ]
    assert problems(google__subject="assertion.sub +")[0].startswith("unreadable: line 2: google.subject: ")
    assert problems(google__subject=None)[0].startswith("unreadable: line 2: /google.subject: expected text")
    many = {f"attribute__a{number}": "assertion.sub" for number in range(51)}
    assert "50 are allowed" in problems(google__subject="assertion.sub", **many)[0]


def test_a_condition_taken_away_from_a_shared_issuer(gcp: Bundle) -> None:
    trial = of(gcp)
    if not trial.part("condition").text:
        trial = WhatIf(trial.ask({"condition": "true"}).diagnosis or pytest.fail("no decision"))
    (problem,) = trial.ask({"condition": " "}).problems
    assert problem.kind == "note"
    assert "many customers share" in problem.message


def test_members_and_audiences(gcp: Bundle) -> None:
    trial = of(gcp)
    policy = json.loads(trial.part("service-account-policy").text)
    policy["bindings"][0]["members"] = ["user:somebody@example.com"]
    answer = trial.ask({"service-account-policy": json.dumps(policy)})
    assert answer.diagnosis is not None
    assert (answer.diagnosis.prediction, answer.diagnosis.step) == ("refused", "impersonate")
    answer = trial.ask({"allowed-audiences": '["other"]'})
    assert answer.diagnosis is not None
    assert (answer.diagnosis.prediction, answer.diagnosis.step) == ("refused", "audience")


# Claims and tokens


def test_another_subject_in_the_claims(aws: Bundle) -> None:
    trial = of(aws)
    claims = json.loads(trial.part("claims").text)
    claims["sub"] = aws.SUBJECT.replace(aws.TEAM, "Zz9LmZ2x")
    answer = trial.ask({"claims": json.dumps(claims)})
    assert answer.diagnosis is not None
    assert (answer.diagnosis.prediction, answer.diagnosis.step) == ("refused", "authorise")
    assert [one.kind for one in answer.problems] == ["note"]
    assert "signed by the issuer" in answer.problems[0].message
    token = answer.diagnosis.case.token
    assert (token.signing_input, token.signature) == (b"", b"")


def test_a_claim_taken_away_is_absent_and_not_unknown(aws: Bundle) -> None:
    trial = of(aws)
    claims = json.loads(trial.part("claims").text)
    answer = trial.ask({"claims": json.dumps({**claims, "exp": 1})})
    assert answer.causes[0].name == "token-expired"
    del claims["exp"]
    assert trial.ask({"claims": json.dumps(claims)}).causes[0].name == "claim-missing"
    assert trial.ask({"claims": "[]"}).problems[0].kind == "unreadable"
    assert trial.ask({"claims": '{"iss": 1}'}).diagnosis is not None


def test_a_wrong_signature_stays_wrong_with_other_claims(aws: Bundle) -> None:
    trial = of(aws.token(key="rsa-2"))
    assert trial.present.causes[0].name == "signature-invalid"
    claims = json.loads(trial.part("claims").text) | {"environment": "staging"}
    assert trial.ask({"claims": json.dumps(claims)}).causes[0].name == "signature-invalid"


def test_a_pasted_token_leaves_no_raw_form(aws: Bundle) -> None:
    trial = of(aws)
    raw = aws.compact(aws.claims_of(environment="staging"))
    text, token = trial.pasted(raw)
    assert json.loads(text)["environment"] == "staging"
    assert token.fault is None
    assert (token.signing_input, token.signature) == (b"", b"")
    assert not contains_jwt(text + repr(token._asdict()))
    other = trial.with_token(token)
    assert not contains_jwt(repr(other.case))
    assert other.present.exchange is not None
    assert other.present.exchange.token["claims"]["environment"] == "staging"
    assert other.present.exchange.prediction == "accepted"
    assert [part.id for part in other.parts] == [part.id for part in trial.parts]


def test_what_is_pasted_may_be_anything(aws: Bundle) -> None:
    trial = of(aws)
    for text in ("", "nonsense", "a.b.c", '{"sub": "x"}', '["x"]', "null", "\x1b[31m", "x" * 100_000):
        shown, token = trial.pasted(text)
        assert isinstance(shown, str)
        assert trial.with_token(token).present.diagnosis is not None


def test_texts_to_be_edited_show_every_character() -> None:
    text = editable('a\u202eb\x1b[31m\u200b "é" \U000e0041\r\n\tz')
    assert text.isprintable() or set(text) & set("\n\t")
    assert json.loads(editable(json.dumps("a\u202e\U000e0041\x7f\u0085é", ensure_ascii=False))) == (
        "a\u202e\U000e0041\x7f\u0085é"
    )


# Export


def test_an_export_is_a_new_file_with_its_command(aws: Bundle, tmp_path: Path) -> None:
    trial = of(aws)
    folder = tmp_path / "out"
    folder.mkdir()
    text = trial.part("trust-policy").text
    first, second = trial.export(str(folder), "trust-policy", text), trial.export(str(folder), "trust-policy", text)
    assert [Path(one.path).name for one in (first, second)] == ["trust-policy.json", "trust-policy-2.json"]
    assert json.loads(Path(first.path).read_text(encoding="utf-8")) == json.loads(text)
    assert second.commands == (
        "aws iam update-assume-role-policy --role-name ModelWeights --policy-document file://trust-policy-2.json",
    )
    added = trial.export(str(folder), "client-ids", '["new one"]').commands
    assert added[0].endswith("--client-id 'new one'")
    assert "remove-client-id-from-open-id-connect-provider" in added[1]
    with pytest.raises(OSError):
        trial.export(str(folder / "none"), "claims", "{}")


def test_commands_for_google(gcp: Bundle, tmp_path: Path) -> None:
    trial = of(gcp)

    def command(part: Any, text: str) -> str:
        (made,) = trial.export(str(tmp_path), part, text).commands
        return made

    assert command("condition", "assertion.sub == 'it'").endswith(
        "'--attribute-condition=assertion.sub == '\"'\"'it'\"'\"''"
    )
    assert command("mapping", '{"google.subject": "assertion.sub", "attribute.a": "[assertion.a, 1]"}').endswith(
        "'--attribute-mapping=^;^google.subject=assertion.sub;attribute.a=[assertion.a, 1]'"
    )
    assert command("allowed-audiences", '["a", "b"]').endswith("--allowed-audiences=a,b")
    assert "set-iam-policy" in command("service-account-policy", "{}")
    assert command("claims", "{}") == "oidc-doctor --report --claims claims.json"


# Whatever is typed


@given(data=st.data())
def test_whatever_is_typed_raises_nothing(data: st.DataObject) -> None:
    trial = data.draw(st.sampled_from([*exchanges("two-clouds"), *exchanges("gcp-condition-false")]))
    part = data.draw(st.sampled_from(trial.parts))
    source = FRAGMENTS | GARBAGE if part.language == "cel" else GARBAGE
    if data.draw(st.booleans()):  # what is half typed: a piece taken out of what was read
        start = data.draw(st.integers(0, len(part.text)))
        source = st.integers(0, 30).map(lambda count: part.text[:start] + part.text[start + count :])
    text = data.draw(source)
    answer = trial.ask({part.id: text})
    assert (answer.diagnosis is None) == any(one.kind == "unreadable" for one in answer.problems)
    assert len(trial.steps(answer)) == len(trial.steps(trial.present))
    assert isinstance(trial.diff({part.id: text}, part.id), list)
    assert all(one.line is None or one.line <= text.count("\n") + 1 for one in answer.problems)
    trial.reach(answer)
    if answer.exchange is not None:
        json.dumps(answer.exchange.trace)


@given(expression=FRAGMENTS)
def test_whatever_expression_is_mapped_raises_nothing(expression: str) -> None:
    (trial,) = exchanges("gcp-condition-false")
    answer = trial.ask({"mapping": json.dumps({"google.subject": expression, "attribute.x": expression})})
    assert answer.diagnosis is not None or answer.problems


# Marks


def test_the_piece_that_decides_is_marked(gcp: Bundle) -> None:
    trial = of(gcp)
    text = "assertion.sub.startsWith('v=1:') &&\n  assertion.environment == 'staging' &&\n  true"
    answer = trial.ask({"condition": text})
    (mark,) = trial.deciding(answer, "condition")
    assert text.split("\n")[mark.line - 1][mark.start : mark.end] == "assertion.environment == 'staging'"
    assert trial.first_line({"condition": text}, "condition") == 1
    assert not trial.deciding(trial.present, "condition")


def test_the_lines_of_a_policy_and_of_claims_that_decide(aws: Bundle) -> None:
    trial = of(aws)
    text = policy_with(trial, {"Condition": condition(aws, aws.PATTERN.replace("Tq7L", "Zz9L"))})
    answer = trial.ask({"trust-policy": text})
    (mark,) = trial.deciding(answer, "trust-policy")
    assert "Zz9L" in text.splitlines()[mark.line - 1]
    assert trial.first_line({"trust-policy": text.replace("Allow", "Deny")}, "trust-policy") == 5
    claims = trial.part("claims").text.splitlines()
    assert '"sub"' in claims[trial.deciding(answer, "claims")[0].line - 1]
    deny = trial.ask({"trust-policy": text.replace("Allow", "Deny").replace("Zz9L", "Tq7L")})
    assert [mark.line for mark in trial.deciding(deny, "trust-policy")]


def test_an_edited_value_is_not_said_to_be_read_in_a_file(gcp: Bundle) -> None:
    trial = of(gcp)
    cause = trial.ask({"condition": "assertion.environment == 'staging'"}).causes[0]
    assert cause.expected is not None
    assert str(cause.expected.at) == "the edited Condition"
    assert cause.actual is not None
    assert "token.jwt" in str(cause.actual.at)
