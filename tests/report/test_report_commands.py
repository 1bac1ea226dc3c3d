"""Commands that can be pasted, and the wrapping of long lines."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable

import pytest

from oidc_doctor.commands import as_word
from oidc_doctor.model.report import Report
from oidc_doctor.report.parts.commands import command_lines
from oidc_doctor.report.parts.lines import columns, wrap
from oidc_doctor.report.text import render_text
from reports.rows import change_cause

Sample = Callable[[str], Report]


def lines(report: Report, width: int = 80, *, verbose: bool = False) -> list[str]:
    return render_text(report, width=width, color=False, verbose=verbose).splitlines()


def test_long_argument_is_on_its_own_line() -> None:
    shown = command_lines(f"aws iam x --client-id c --provider-arn {'a' * 30} --end", 36)
    assert shown == ["aws iam x --client-id c \\", "  --provider-arn \\", f"    {'a' * 30} \\", "  --end"]


COMMANDS = [
    "aws iam add-client-id-to-open-id-connect-provider --client-id sts.amazonaws.com --open-id-connect-provider-arn a",
    """aws iam update-assume-role-policy --role-name ModelWeights --policy-document '{\n  "a  b": 1\n}' --end x""",
    "gcloud x add --member='principalSet://iam.googleapis.com/projects/1/locations/global/pools/p/*' --role=roles/a",
    "echo 'two words in quotes that are quite long, longer than the line is' \"and more of 'them' $HOME\" a\\ b end",
    "a" * 200,
    "echo 'a text of several words that goes on\nfor two lines and does not end here' and some more words --after it",
    "first line --of two\nsecond line --with 'a longer word or two in it, so that it must be broken' --before the end",
]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("room", [30, 50, 200])
def test_wrapped_command_can_be_pasted(command: str, room: int) -> None:
    shown = command_lines(command, room)
    joined = "\n".join(shown).replace("\\\n", "")  # as a shell reads it
    assert shlex.split(joined) == shlex.split(command)
    for line in shown:
        assert len(line) <= room or "'" in line or len(line.removesuffix("\\").split()) <= 2


def test_the_words_before_a_document_are_wrapped() -> None:
    policy = """'{\n  "a": 1\n}'"""
    shown = command_lines(f"aws iam update-assume-role-policy --role-name Weights --policy-document {policy}", 60)
    assert shown == [
        "aws iam update-assume-role-policy --role-name Weights \\",
        "  --policy-document '{",
        '  "a": 1',
        "}'",
    ]


@pytest.mark.parametrize("room", [20, 45, 300])
def test_bash_reads_the_wrapped_words(room: int) -> None:
    values = [
        "it's",
        "a\nb",
        "tab\tand 'quotes' $HOME `x`",
        "\u200b",
        "caf\xe9",
        "--x=y z",
        "=ls",
        "",
        "!",
        "a == 'b'",
        '"',
    ]
    values += ["--attribute-condition=a == 'b' &&\n c == 'd e'", "back\\slash's", "~", "*", "{a,b}"]
    shown = command_lines(" ".join(map(as_word, ["printf", "%s\\0", *values])), room)
    done = subprocess.run(["bash", "-c", "\n".join(shown)], capture_output=True, check=True)
    assert done.stdout.decode().split("\0")[:-1] == values


def test_command_with_invisible_characters_is_not_shown(sample: Sample) -> None:
    report = sample("refused")
    report.fixes = []
    change_cause(report, commands=("aws x --sub 'a\u200bb'",))
    text = "\n".join(lines(report))
    assert r"aws x --sub 'a\u200bb'" in text
    assert "--format json has it" in " ".join(text.split())


@pytest.mark.parametrize("text", ["", "a", "a  b ", "word " * 40, "x" * 200, "a " + "y:" * 90, "漢字 " * 30, "漢" * 90])
def test_wrapping_keeps_all_characters(text: str) -> None:
    for room in (10, 33, 80):
        folded = wrap(text, room)
        assert all(columns(line) <= room for line in folded)
        assert "".join(folded).replace(" ", "") == text.replace(" ", "")
