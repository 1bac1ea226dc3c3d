"""oidc-doctor.toml: every key, its place, and what is wrong in one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import share_of
from oidc_doctor.documents.json_text import Unreadable
from oidc_doctor.documents.target_file import merge, parse_targets
from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import Target, TargetAws, TargetGcp

FULL = """# what to examine
[[target]]
name = "weights"
issuer = "https://oidc.baseten.co"
[target.aws]
role_arn = "arn:aws:iam::210987654321:role/R"
role_session_name = "s"
duration_seconds = 3600
provider_id = "p"
region = "us-east-1"
s3_bucket = "b"
ecr_repository = "e"
policy = "{}"
context = { "aws:SourceIp" = "203.0.113.7" }
[target.gcp]
provider = "projects/1/locations/global/workloadIdentityPools/p/providers/x"
audience = "//iam.googleapis.com/projects/1"
service_account = "a@p.iam.gserviceaccount.com"
artifact_repository = "r"
gcs_bucket = "g"
access_token_lifetime = 600
scopes = ["a", "b"]

[[target]]
gcp.service_account = "b@p"
"""


def test_every_key() -> None:
    (one, two), warnings = parse_targets(FULL)
    assert warnings == []
    assert (one.name, one.issuer, one.pasted) == ("weights", "https://oidc.baseten.co", True)
    assert one.aws == TargetAws(
        role_arn="arn:aws:iam::210987654321:role/R",
        role_session_name="s",
        duration_seconds=3600,
        provider_id="p",
        region="us-east-1",
        s3_bucket="b",
        ecr_repository="e",
        policy="{}",
        context={"aws:SourceIp": "203.0.113.7"},
    )
    assert one.gcp == TargetGcp(
        provider="projects/1/locations/global/workloadIdentityPools/p/providers/x",
        audience="//iam.googleapis.com/projects/1",
        service_account="a@p.iam.gserviceaccount.com",
        artifact_repository="r",
        gcs_bucket="g",
        access_token_lifetime=600,
        scopes=("a", "b"),
    )
    assert (two.name, two.aws, two.gcp) == ("target", None, TargetGcp(service_account="b@p"))


def test_every_value_knows_its_line() -> None:
    (one, two), _ = parse_targets(FULL)
    lines = FULL.split("\n")
    for name, origin in one.origins.items():
        assert origin.line is not None
        assert lines[origin.line - 1].startswith(name.rpartition(".")[2])
    assert str(two.origins["gcp.service_account"]) == "oidc-doctor.toml:25"


def test_inline_tables_have_the_line_of_the_table() -> None:
    (one,), _ = parse_targets('[[target]]\naws = { role_arn = "x" }\n')
    assert str(one.origins["aws.role_arn"]) == "oidc-doctor.toml:2"


def test_a_single_table_and_none() -> None:
    (one,), _ = parse_targets('\ufeff[target]\nname = "x"\n')
    assert one.name == "x"
    assert parse_targets("") == ([], [])
    (empty,), _ = parse_targets("[[target]]\n[target.aws]\n")
    assert (empty.aws, empty.gcp) == (TargetAws(), None)


def test_unknown_keys_are_told() -> None:
    targets, warnings = parse_targets('colour = 1\n[[target]]\nname = "a"\n[target.aws]\nrol_arn = "x"\n')
    assert warnings == ["line 1: unknown key colour", "line 5: unknown key rol_arn; did you mean role_arn?"]
    assert targets[0].aws == TargetAws()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[[target]\n",
            "oidc-doctor.toml: line 1 column 9: not TOML: expected ']]' at the end of an array declaration",
        ),
        ("[[target]]\nname = \n", "oidc-doctor.toml: line 2 column 8: not TOML: invalid value"),
        ("[[target]]\nname = 3\n", "oidc-doctor.toml: line 2: name: expected text in quotation marks, found a number"),
        ("target = 3\n", "oidc-doctor.toml: line 1: [[target]]: expected a table, found a number"),
        ("target = [3]\n", "oidc-doctor.toml: line 1: [[target]]: expected a table, found a number"),
        ("[[target]]\naws = 3\n", "oidc-doctor.toml: line 2: aws: expected a table, found a number"),
        (
            '[[target]]\n[target.aws]\nduration_seconds = "1h"\n',
            "oidc-doctor.toml: line 3: aws.duration_seconds: expected a whole number, found text",
        ),
        (
            "[[target]]\n[target.aws]\nduration_seconds = true\n",
            "oidc-doctor.toml: line 3: aws.duration_seconds: expected a whole number, found true or false",
        ),
        (
            "[[target]]\n[target.aws]\nregion = 2026-11-22\n",
            "oidc-doctor.toml: line 3: aws.region: expected text in quotation marks, found a date or time",
        ),
        (
            "[[target]]\n[target.aws]\n[target.aws.context]\nx = 1\n",
            "oidc-doctor.toml: line 3: aws.context: expected a table of texts",
        ),
        ("[[target]]\n[target.gcp]\nscopes = [1]\n", "oidc-doctor.toml: line 3: gcp.scopes: expected a list of texts"),
    ],
)
def test_wrong_files_get_one_line_with_the_place(text: str, message: str) -> None:
    with pytest.raises(Unreadable) as caught:
        parse_targets(text)
    assert str(caught.value) == message


def test_a_file_that_takes_long_to_read() -> None:
    with pytest.raises(Unreadable, match="300,001 characters: oidc-doctor.toml has at most 262,144 characters"):
        parse_targets("[" + " a." * 100_000)


def test_a_long_line_of_spaces_is_read_in_linear_time() -> None:
    assert parse_targets(" " * 200_000) == ([], [])  # it took minutes


def test_deep_nesting() -> None:
    with pytest.raises(Unreadable, match="nested too deep"):
        parse_targets("x = " + "[" * 50_000)


def test_merge_keeps_what_the_other_leaves_open() -> None:
    base = Target(
        "n", "i", TargetAws(role_arn="a", region="r", context={"k": "v"}), None, {"aws.role_arn": Origin("f")}
    )
    over = Target("m", None, TargetAws(role_arn="b"), TargetGcp(provider="p"), {"aws.role_arn": Origin("--role")})
    merged = merge(base, over)
    assert (merged.name, merged.issuer) == ("n", "i")
    assert merged.aws == TargetAws(role_arn="b", region="r", context={"k": "v"})
    assert merged.gcp == TargetGcp(provider="p")
    assert merged.origins["aws.role_arn"] == Origin("--role")


@settings(max_examples=share_of(300), deadline=None)
@given(
    st.text(max_size=40)
    | st.lists(
        st.sampled_from(
            [
                "[[target]]",
                "[target]",
                "[target.aws]",
                "[target.gcp.x]",
                'name = "a"',
                "aws.region = 1",
                "x = [1,",
                "aws = {}",
            ]
        ),
        max_size=6,
    ).map("\n".join)
)
def test_no_text_raises_anything_but_unreadable(text: str) -> None:
    try:
        parse_targets(text)
    except Unreadable as error:
        assert str(error).isprintable()


def test_settings_of_the_screens_are_the_users_own() -> None:
    targets, warnings = parse_targets('theme = "nord"\n[[target]]\nissuer = "https://a"\n[keys]\nquit = "Z"\n')
    assert targets[0].issuer == "https://a"
    assert warnings == [
        "line 1: theme is read from your own configuration file only, and ignored here",
        "line 4: keys is read from your own configuration file only, and ignored here",
    ]


def test_of_very_many_unknown_keys_a_few_are_named() -> None:
    _, warnings = parse_targets("".join(f"k{number} = 1\n" for number in range(500)))
    assert warnings[0] == "line 1: unknown key k0"
    assert warnings[9] == "line 10: unknown key k9"
    assert warnings[20:] == ["and 480 more unknown keys"]
