"""A near miss explained: kind, nearest text, spans, segment and words."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from oidc_doctor.issuers import Profile, all_profiles, profile_for
from oidc_doctor.issuers.difference import KINDS, Difference, compare_subject, compare_value
from oidc_doctor.model.placeholder import has_placeholder, may_match

GITHUB = "https://token.actions.githubusercontent.com"
BASETEN = "https://oidc.baseten.co"
POD = "system:serviceaccount:orchard:picker"
MODEL = "v=1:org=Qn7Wd2Lk:team=Pf3Xs9Rt:model=Zb5Hc8Vy:deployment=Jm4Kt6Ng:environment=staging:type=model_build"


def subject(expected: str | list[str], actual: str, issuer: str | None = None, *, wildcards: bool = True) -> Difference:
    texts = [expected] if isinstance(expected, str) else expected
    found = compare_subject(texts, actual, wildcards=wildcards, profile=profile_for(issuer, actual))
    check(found, texts, actual)
    return found


def value(expected: str | list[str], actual: str, *, wildcards: bool = False) -> Difference:
    texts = [expected] if isinstance(expected, str) else expected
    found = compare_value(texts, actual, wildcards=wildcards)
    check(found, texts, actual)
    return found


def check(found: Difference, texts: list[str], actual: str) -> None:
    """What holds for every answer."""
    assert found.kind in KINDS
    assert found.note
    if texts:
        assert texts[found.expected_index] == found.expected
    else:
        assert (found.expected, found.expected_index) == ("", -1)
    for spans, text in ((found.expected_spans, found.expected), (found.actual_spans, actual)):
        assert all(0 <= start <= end <= len(text) for start, end in spans)
        assert list(spans) == sorted(spans)


def marked(text: str, spans: tuple[tuple[int, int], ...]) -> list[str]:
    return [text[start:end] for start, end in spans]


# a wildcard where none works


def test_a_wildcard_under_string_equals() -> None:
    pattern = "v=1:org=Qn7Wd2Lk:team=Pf3Xs9Rt:*"
    found = subject(pattern, MODEL, wildcards=False)
    assert (found.kind, found.certain) == ("wildcard-under-string-equals", True)
    assert marked(pattern, found.expected_spans) == ["*"]
    assert marked(MODEL, found.actual_spans) == ["model=Zb5Hc8Vy"]  # the first segment that it would stand for
    assert "ordinary character" in found.note


def test_a_wildcard_that_a_placeholder_may_fill() -> None:
    known = subject("system:serviceaccount:<namespace>:pick*", "system:serviceaccount:orchard:picker", wildcards=False)
    assert (known.kind, known.certain) == ("wildcard-under-string-equals", True)
    hidden = subject("system:serviceaccount:orchard:*", "system:serviceaccount:orchard:<name>", wildcards=False)
    assert (hidden.kind, hidden.certain) == ("wildcard-under-string-equals", False)


def test_a_wildcard_that_would_not_help_is_only_mentioned() -> None:
    found = subject("v=1:org=Qn7Wd2Lk:team=Pf3Xs9Rx:*", MODEL, wildcards=False)
    assert (found.kind, found.segment) == ("subject-segment-differs", "team")
    assert "ordinary character" in found.note


def test_the_pattern_that_would_match_is_the_one_named() -> None:
    found = subject(
        ["repo:quince/press:*", "repo:quince/orchard:*"], "repo:quince/orchard:pull_request", wildcards=False
    )
    assert (found.kind, found.expected_index) == ("wildcard-under-string-equals", 1)


@pytest.mark.parametrize(
    ("pattern", "actual", "met"),
    [
        ("repo:quince/*", "repo:quince/orchard:ref:refs/heads/main", ["orchard"]),
        ("repo:quince/orch*:ref:*", "repo:quince/orchard:ref:refs/heads/main", ["ard", "refs/heads/main"]),
        ("repo:quince/orchar?:pull_request", "repo:quince/orchard:pull_request", ["d"]),
    ],
)
def test_each_wildcard_has_one_mark_on_the_other_side(pattern: str, actual: str, met: list[str]) -> None:
    found = subject(pattern, actual, GITHUB, wildcards=False)
    assert found.kind == "wildcard-under-string-equals"
    assert marked(actual, found.actual_spans) == met


def test_hidden_values_are_not_wildcards() -> None:
    found = subject("repo:***/press:pull_request", "repo:quince/orchard:pull_request", wildcards=False)
    assert found.kind == "subject-segment-differs"


# case


def test_only_the_case_differs() -> None:
    found = subject("repo:quince/orchard:*", "repo:QUince/orchard:pull_request", GITHUB)
    assert (found.kind, found.segment, found.certain) == ("subject-case-differs", "owner", True)
    assert marked(found.expected, found.expected_spans) == ["qu"]
    assert found.note == "only upper and lower case differ (owner)"


def test_case_behind_a_wildcard_and_in_two_segments() -> None:
    actual = "repo:Quince/Orchard:environment:Prod"
    found = subject("repo:*/orchard:environment:prod", actual, GITHUB)
    assert found.kind == "subject-case-differs"
    assert marked(actual, found.actual_spans) == ["O", "P"]


def test_case_before_a_placeholder() -> None:
    found = subject("repo:quincefruit/orchard...", "repo:QuinceFruit/orchard:ref:refs/heads/<branch>", GITHUB)
    assert (found.kind, found.certain, found.segment) == ("subject-case-differs", True, "owner")
    assert marked(found.expected, found.expected_spans) == ["quincef"]


# format


@pytest.mark.parametrize(
    "pattern",
    [
        "repo:quince/orchard:ref:refs/heads/main",
        "repo:quince/orchard:*",
        "repo:quince/*:ref:refs/heads/main",
        "repo:*/orchard:ref:refs/heads/main",
        "repo:quince/other:ref:refs/heads/main",  # renamed as well: the ids are what it fails on first
        "repo:quince/orchard:environment:prod",
    ],
)
def test_names_where_the_token_has_ids(pattern: str) -> None:
    found = subject(pattern, "repo:quince@4711/orchard@815:ref:refs/heads/main", GITHUB)
    assert (found.kind, found.certain) == ("subject-format-changed", True)
    assert "ids" in found.note
    assert any(
        part in {"@4711", "@815"} or "@4711" in part
        for part in marked("repo:quince@4711/orchard@815:ref:refs/heads/main", found.actual_spans)
    )


def test_ids_where_the_token_has_names() -> None:
    pattern = "repo:quince@4711/orchard@815:*"
    found = subject(pattern, "repo:quince/orchard:pull_request", GITHUB)
    assert found.kind == "subject-format-changed"
    assert marked(pattern, found.expected_spans) == ["@4711", "@815"]


def test_placeholders_do_not_hide_a_new_format() -> None:
    found = subject(
        "repo:<owner>/<name>:ref:refs/heads/<b>", "repo:<owner>@<id>/<name>@<id>:ref:refs/heads/<b>", GITHUB
    )
    assert (found.kind, found.certain) == ("subject-format-changed", True)  # <owner> is the same text on both sides


def test_another_owner_comes_before_the_format() -> None:
    found = subject("repo:quonce/orchard:pull_request", "repo:quince@4711/orchard@815:pull_request", GITHUB)
    assert (found.kind, found.segment) == ("subject-segment-differs", "owner")


def test_both_formats_listed_and_the_new_one_wrong() -> None:
    texts = ["repo:quince/orchard:ref:refs/heads/main", "repo:quince@4711/orchard@815:ref:refs/heads/dev"]
    found = subject(texts, "repo:quince@4711/orchard@815:ref:refs/heads/main", GITHUB)
    assert (found.kind, found.expected_index) == ("subject-format-changed", 0)


def test_the_old_key_of_an_environment() -> None:
    pattern = "v=1:org=Qn7Wd2Lk:team=Pf3Xs9Rt:*:env=staging:*"
    found = subject(pattern, MODEL, BASETEN)
    assert (found.kind, found.segment) == ("subject-format-changed", "environment")
    assert marked(pattern, found.expected_spans) == ["env"]
    assert marked(MODEL, found.actual_spans) == ["environment"]
    assert found.note == "the policy says env=, tokens now say environment="


def test_the_old_key_and_another_value() -> None:
    found = subject("v=1:org=Qn7Wd2Lk:team=Pf3Xs9Rt:*:env=production:*", MODEL, BASETEN)
    assert found.kind == "subject-format-changed"
    assert "value differs too" in found.note
    assert subject(
        "v=1:org=Qn7Wd2Lk:team=Pf3Xs9Rt:*:environment=staging:*", MODEL.replace("environment", "env")
    ).kind == ("subject-format-changed")


def test_another_team_comes_before_the_old_key() -> None:
    found = subject("v=1:org=Qn7Wd2Lk:team=Pf3Xs9Rx:*:env=staging:*", MODEL, BASETEN)
    assert (found.kind, found.segment) == ("subject-segment-differs", "team")


# form

FORMS = [
    (GITHUB, "repo:quince/*:ref:refs/heads/*", "repo:quince/<repo>:environment:<environment>", "environment"),
    (GITHUB, "repo:quince/orchard:ref:refs/heads/main", "repo:quince/orchard:pull_request", "pull_request"),
    (GITHUB, "repo:quince/orchard", "repo:quince/orchard:pull_request", "pull_request"),
    (GITHUB, "repo:quince/orchard:main", "repo:quince/orchard:ref:refs/heads/main", "ref"),
    (GITHUB, "quince/orchard:*", "repo:quince/orchard:ref:refs/heads/main", "owner"),
    (GITHUB, "repo:quince/orchard:ref:x:environment:prod", "repo:quince/orchard:environment:prod", "ref"),
    (BASETEN, "v=1:org=Qn7Wd2Lk:team=Pf3Xs9Rt:environment=production:*", MODEL, "model"),
    (BASETEN, "v=1:org=Qn7Wd2Lk:team=Pf3Xs9Rt:*:model=Zb5Hc8Vy:*", MODEL, "*"),
    (BASETEN, "v=1:org=Qn7Wd2Lk:team=Pf3Xs9Rt", MODEL, "model"),
    (BASETEN, "org=Qn7Wd2Lk:team=Pf3Xs9Rt:*", MODEL, "v"),
    (BASETEN, "v=1:team=Pf3Xs9Rt:org=Qn7Wd2Lk:*", MODEL, "team"),
    (None, "serviceaccount:orchard:picker", POD, "namespace"),
    (None, "system:serviceaccount:orchard", POD, "service_account"),
    (None, "system:serviceaccount:orchard:picker:x", POD, "segment 3"),
    (None, "org/a/project/b/user/c", "org/a/project/b/user/c/vcs-origin/o/vcs-ref/r", "vcs_origin"),
    (None, "org/a/project/b/user/c/vcs-origin/*", "org/a/project/b/user/c", "vcs_origin"),
    (
        None,
        "organization:quince:project:*:workspace:w:run_phase:*",
        "organization:quince:module:press:operation:test_run",
        "module",
    ),
]


@pytest.mark.parametrize(("issuer", "pattern", "actual", "segment"), FORMS)
def test_another_set_of_segments(issuer: str | None, pattern: str, actual: str, segment: str) -> None:
    found = subject(pattern, actual, issuer)
    assert (found.kind, found.segment) == ("subject-form-differs", segment)


def test_words_for_another_form() -> None:
    environment = subject("repo:quince/orchard:ref:refs/heads/main", "repo:quince/orchard:environment:prod", GITHUB)
    assert environment.note == (
        "the job has a deployment environment, so its subject says environment:prod instead of ref:refs/heads/main"
    )
    assert marked("repo:quince/orchard:environment:prod", environment.actual_spans) == ["environment:prod"]
    missing = subject("repo:quince/orchard", "repo:quince/orchard:ref:refs/heads/main", GITHUB)
    assert missing.note.startswith("the policy ends at the repository; the token continues with :ref:refs/heads/main")
    assert missing.expected_spans == ((len("repo:quince/orchard"),) * 2,)
    between = subject("v=1:org=Qn7Wd2Lk:team=Pf3Xs9Rt:environment=staging:*", MODEL, BASETEN)
    assert between.note == "between team and environment the token has model and deployment, the pattern has not"
    assert marked(MODEL, between.actual_spans) == [":model=Zb5Hc8Vy:deployment=Jm4Kt6Ng"]
    order = subject("v=1:team=Pf3Xs9Rt:org=Qn7Wd2Lk:*", MODEL, BASETEN)
    assert "another place" in order.note


# segment

SEGMENTS = [
    (
        BASETEN,
        "v=1:org=Qn7Wd2Lk:team=Pf3Xs9Rt:*:environment=production:*",
        MODEL,
        "environment",
        "production",
        "staging",
    ),
    (BASETEN, "v=1:org=Qn7Wd2Lk:team=Pf3Xs9Rt:*:type=model_container", MODEL, "type", "container", "build"),
    (BASETEN, "v=1:org=Qn7Wd2Lk:team=Pf3Xs9Rx:*", MODEL, "team", "x", "t"),
    (BASETEN, "*:environment=production:*", MODEL, "environment", "production", "staging"),
    (GITHUB, "repo:quince/old:*", "repo:quince/new:ref:refs/heads/main", "repository", "old", "new"),
    (GITHUB, "repo:quince/web*", "repo:quince/api:ref:refs/heads/main", "repository", "web", "api"),
    (GITHUB, "repo:quince/o:ref:main", "repo:quince/o:ref:refs/heads/main", "ref", "", "refs/heads/"),
    (None, "system:serviceaccount:orchard:press", POD, "service_account", "press", "picker"),
    (None, "system:serviceaccount:garden:picker", POD, "namespace", "garden", "orchard"),
    (None, "*:garden:picker", POD, "namespace", "garden", "orchard"),
    (
        None,
        "organization:quince:project:*:workspace:w:run_phase:apply",
        "organization:quince:project:P:workspace:w:run_phase:plan",
        "run_phase",
        "apply",
        "plan",
    ),
    (
        None,
        "spiffe://quince.example/ns/orchard/*",
        "spiffe://quince.example/ns/garden/x",
        "path",
        "orchard/",
        "garden/x",
    ),
]


@pytest.mark.parametrize("case", SEGMENTS, ids=lambda case: case[3])
def test_another_value(case: tuple[str | None, str, str, str, str, str]) -> None:
    issuer, pattern, actual, segment, left, right = case
    found = subject(pattern, actual, issuer)
    assert (found.kind, found.segment, found.certain) == ("subject-segment-differs", segment, True)
    assert marked(pattern, found.expected_spans) == [left]
    assert marked(actual, found.actual_spans) == [right]


def test_one_wrong_character_is_told_by_its_place() -> None:
    assert subject("v=1:org=Qn7Wd2Lk:team=Pf3Xs9Rx:*", MODEL).note == "team differs in its last character"
    assert subject("v=1:org=Qn7Wd2Lk:team=Xf3Xs9Rt:*", MODEL).note == "team differs in its first character"


def test_a_branch_that_no_pattern_allows() -> None:
    patterns = [f"repo:quince/orchard:ref:refs/heads/{name}" for name in ("main", "feat/*", "fix/*")]
    found = subject(patterns, "repo:quince/orchard:ref:refs/heads/fiz-prune", GITHUB)
    assert (found.kind, found.segment) == ("subject-segment-differs", "ref")
    assert found.expected_index == 2  # the longest common beginning


def test_the_nearest_has_the_same_form_then_the_fewest_differences() -> None:
    patterns = [
        "repo:quince/orchard:environment:prod",
        "repo:other/thing:ref:refs/heads/main",
        "repo:quince/thing:ref:refs/heads/main",
    ]
    assert subject(patterns, "repo:quince/orchard:ref:refs/heads/main", GITHUB).expected_index == 2


def test_several_values_differ() -> None:
    found = subject("repo:quince/old:environment:prod", "repo:quince/new:environment:dev", GITHUB)
    assert (found.kind, found.segment) == ("subject-segment-differs", "repository")
    assert found.note.endswith("; environment differs too")
    assert marked(found.expected, found.expected_spans) == ["old", "prod"]


def test_an_invisible_character() -> None:
    pattern = "v=1:org=Qn7Wd2Lk:team=Pf3Xs9Rt\u200b:*"
    found = subject(pattern, MODEL)
    assert (found.kind, found.segment) == ("subject-segment-differs", "team")
    assert "zero width space" in found.note
    assert f"position {pattern.index(chr(0x200B)) + 1}" in found.note


def test_a_separator_inside_a_value() -> None:
    found = subject("repo:quince/orchard:environment:prod:eu", "repo:quince/orchard:environment:prod%3Aeu", GITHUB)
    assert (found.kind, found.segment) == ("subject-segment-differs", "environment")
    assert "%3A" in found.note
    assert marked(found.expected, found.expected_spans) == [":"]


def test_an_unknown_issuer() -> None:
    found = compare_subject(["a:b:c"], "a:x:c", wildcards=True, profile=None)
    assert (found.kind, found.segment, found.expected_spans) == ("subject-segment-differs", "segment 2", ((2, 3),))
    assert compare_subject(["a:b"], "a:b:c", wildcards=True, profile=None).kind == "subject-form-differs"


def test_only_a_placeholder_stands_between() -> None:
    found = subject("repo:<owner>/orchard:pull_request", "repo:quince/orchard:pull_request", GITHUB)
    assert (found.kind, found.certain, found.segment) == ("subject-segment-differs", False, "owner")
    assert "placeholder" in found.note


def test_nothing_expected_and_nothing_there() -> None:
    assert subject([], MODEL).expected_index == -1
    assert subject("", MODEL).kind == "subject-form-differs"
    assert subject(MODEL, "", BASETEN).kind.startswith("subject-")
    assert value([], "x").kind == "value-differs"


# other values

VALUES = [
    ("https://gitlab.example/", "https://gitlab.example", "a trailing slash: the expected text ends in one"),
    ("idp.example", "https://idp.example", "the expected text has no scheme, the actual text begins with https://"),
    ("//iam.googleapis.com/x", "https://iam.googleapis.com/x", "begins with https:"),
    ("STS.amazonaws.com", "sts.amazonaws.com", "only upper and lower case differ"),
    ("sts.amazonaws.com\u200b", "sts.amazonaws.com", "an invisible character (zero width space) at position 18"),
    ("sts.amazonaws.com", "sts.amazonaws.com\n", "an invisible character (U+000A) at position 18"),
    (" sts.amazonaws.com", "sts.amazonaws.com", "a blank at its beginning or end"),
    ("sts.amazonaws.com", "sts.amazonaws.com.cn", "the actual text continues with .cn"),
    ("ns:picker", "fruit-ns:picker", "the actual text has fruit- in front"),
    ("orch\u0430rd", "orchard", "cyrillic small letter a"),
    ("quince/old", "quince/new-name", "the expected text says quince/old, the actual text quince/new-name"),
    ("quince/*x", "quince/ab", "quince/ab does not match quince/*x"),
]


@pytest.mark.parametrize(("expected", "actual", "words"), VALUES)
def test_what_differs_in_any_other_text(expected: str, actual: str, words: str) -> None:
    found = value(expected, actual, wildcards="*" in expected)
    assert (found.kind, found.certain) == ("value-differs", True)
    assert words.lower() in found.note.lower()


def test_spans_of_values_are_tight() -> None:
    slash = value("https://gitlab.example/", "https://gitlab.example")
    assert marked(slash.expected, slash.expected_spans) == ["/"]
    number = value("arn:aws:iam::123456789012:role/Press", "arn:aws:iam::123456789013:role/Press")
    assert marked(number.expected, number.expected_spans) == ["2"]
    assert marked("sts.amazonaws.com", value("idp.example", "sts.amazonaws.com").actual_spans) == ["sts.amazonaws.com"]


def test_a_wildcard_in_an_exact_value() -> None:
    assert value("quince/*", "quince/orchard").kind == "wildcard-under-string-equals"
    assert value("quince/*", "other/orchard").kind == "value-differs"


def test_the_nearest_value() -> None:
    assert value(["idp.example", "sts.amazonaws.co"], "sts.amazonaws.com").expected_index == 1
    assert not value("<audience>", "sts.amazonaws.com").certain


def test_nothing_hides_in_texts_that_a_program_read() -> None:
    profile = profile_for(GITHUB)
    args = ("repo:quince/xxx-press:pull_request", "repo:quince/orchard:pull_request")
    found = compare_subject([args[0]], args[1], wildcards=True, profile=profile, pasted=False)
    assert (found.kind, found.segment, found.certain) == ("subject-segment-differs", "repository", True)
    found = compare_subject(["{aaaa-1}:*"], "{bbbb-2}:{cccc-3}", wildcards=True, profile=None, pasted=False)
    assert (found.kind, found.certain) == ("subject-segment-differs", True)
    assert compare_value(["<a>"], "b", wildcards=False, pasted=False).certain
    assert not compare_value(["<a>"], "b", wildcards=False).certain


# whatever comes

WORDS = [
    "repo:", "quince", "QUINCE", "/", "orchard", "@12", ":ref:", "refs/heads/main", ":environment:", "prod",
    ":pull_request", "v=1", ":org=", ":team=", ":env=", ":environment=", ":type=", "*", "?", ":*", "<x>", "...",
    "***", "$NAME", "{a}", "system:serviceaccount:", ":", "a", "%3A", "\u200b", "\u0130", " ", "spiffe://",
    "modal:workspace_id:", "org/", "https://",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(WORDS), max_size=9).map("".join) | st.text(max_size=12)
PROFILES = st.none() | st.sampled_from(all_profiles())


@given(st.lists(TEXTS, max_size=3), TEXTS, st.booleans(), PROFILES)
def test_every_subject_gets_a_sound_answer(
    texts: list[str], actual: str, wildcards: bool, profile: Profile | None
) -> None:
    found = compare_subject(texts, actual, wildcards=wildcards, profile=profile)
    check(found, texts, actual)
    matched = any(may_match(text, actual, wildcards=wildcards) is True for text in texts)
    assert (found.kind == "equal") == matched
    assert found.kind != "value-differs"
    if found.kind not in ("equal", "wildcard-under-string-equals"):
        assert found.certain == all(may_match(text, actual, wildcards=wildcards) is False for text in texts)
    assert found == compare_subject(texts, actual, wildcards=wildcards, profile=profile)


@given(st.lists(TEXTS, max_size=3), TEXTS, st.booleans())
def test_every_value_gets_a_sound_answer(texts: list[str], actual: str, wildcards: bool) -> None:
    found = compare_value(texts, actual, wildcards=wildcards)
    check(found, texts, actual)
    assert (found.kind == "equal") == any(may_match(text, actual, wildcards=wildcards) is True for text in texts)
    assert found.kind in ("equal", "wildcard-under-string-equals", "value-differs")


SUBJECT_VALUES = st.text("abcXYZ019-_.", min_size=1, max_size=8)


@given(st.lists(SUBJECT_VALUES, min_size=5, max_size=5), st.integers(0, 4), SUBJECT_VALUES)
def test_one_changed_value_is_found(values: list[str], which: int, other: str) -> None:
    def text(parts: list[str]) -> str:
        keys = ("org", "team", "model", "deployment", "environment")
        return "v=1:" + ":".join(f"{key}={part}" for key, part in zip(keys, parts, strict=True)) + ":type=model_build"

    changed = [other if at == which else part for at, part in enumerate(values)]
    assume(other.lower() != values[which].lower())
    assume(not has_placeholder(text(values) + text(changed)))
    found = subject(text(values), text(changed), BASETEN)
    names = ("org", "team", "model", "deployment", "environment")
    assert (found.kind, found.segment) == ("subject-segment-differs", names[which])


@pytest.mark.parametrize(
    "pattern, actual",
    [
        ("repo:" + "*a" * 900, "repo:" + "a" * 19000 + "b"),
        (":" * 3000, ":" * 19000),
        ("*?" * 900 + "b", "a" * 19000),
        (":".join(["*a*"] * 23) + ":z", ":".join(["aaaaaaa" * 20] * 23) + ":y"),
        (":".join(["*a*"] * 47) + ":z", ":".join(["aaaaaaa" * 20] * 47) + ":y"),
    ],
    ids=["stars", "separators", "marks", "segments", "too-many-segments"],
)
def test_work_grows_with_the_length_of_hostile_texts_alone(
    pattern: str, actual: str, lines_run: Callable[[Callable[[], object]], int]
) -> None:
    most = 150 * (len(pattern) + len(actual))  # of the two lengths multiplied it is hundreds of times as much
    assert lines_run(lambda: subject(pattern, actual, GITHUB)) < most
    assert lines_run(lambda: value(pattern, actual, wildcards=True)) < most
