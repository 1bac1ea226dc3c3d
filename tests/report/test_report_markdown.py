"""The Markdown report: untrusted text never becomes markup."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from oidc_doctor.model.report import Report
from oidc_doctor.report.markdown import fenced, prose, render_markdown
from oidc_doctor.report.parts.escape import visible
from reports.rows import change_cause

markdown_it = pytest.importorskip("markdown_it")
Sample = Callable[[str], Report]

OURS = re.compile(r"</?details>|<details><summary>[A-Za-z ,:0-9]+</summary>")
MARKUP = re.compile(r"[@<>\[\]#`|*_~$&{}\\]|www|://|[0-9a-f]{7}")


def tokens(text: str) -> Iterator[tuple[str, str]]:
    """Return kind and text of every piece of the parsed document."""
    parser = markdown_it.MarkdownIt("gfm-like")
    for token in parser.parse(text):
        if token.children is None:
            yield token.type, token.content
        else:
            yield from ((child.type, child.content) for child in token.children)


def test_untrusted_text_never_becomes_markup(any_report: Report) -> None:
    text = render_markdown(any_report)
    text.encode()
    assert all(line.isprintable() for line in text.split("\n"))
    kinds = set()
    for kind, content in tokens(text):
        kinds.add(kind)
        if kind in ("html_block", "html_inline"):
            assert all(OURS.fullmatch(line) for line in content.split("\n") if line), content
        elif kind == "text":
            assert not MARKUP.search(content), content
    assert not kinds & {"image", "table_open", "code_block", "s_open", "em_open", "blockquote_open"}
    assert kinds <= {
        *("heading_open", "heading_close", "paragraph_open", "paragraph_close", "fence", "text", "code_inline"),
        *("strong_open", "strong_close", "bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close"),
        *("html_block", "softbreak", "link_open", "link_close"),  # in_a_ticket looks at each link
    }


def test_refused_report(sample: Sample) -> None:
    text = render_markdown(sample("refused"))
    lines = text.split("\n")
    assert lines[0].startswith("## ✗ AWS refuses this token: the trust policy expects another team, since 22 Nov 13:27")
    assert lines[0].endswith(", after UpdateAssumeRolePolicy by `dana.ops`. (proven)")
    expects = next(line for line in lines if line.startswith("expects"))
    at = lines[lines.index(expects) + 2].index("^")
    assert (expects[at], lines[lines.index(expects) + 1][at]) == ("y", "x")
    assert "**Fix:** Put back the earlier trust policy of ModelWeights." in lines
    assert "```diff\n- v=1:org=Org8Kd2P:team=Tq7LmZ2y:*\n+ v=1:org=Org8Kd2P:team=Tq7LmZ2x:*\n```" in text
    assert "```sh\naws iam update-assume-role-policy --role-name ModelWeights --policy-document '{\n" in text
    assert "Opens to: 3 synthetic workloads that its patterns cover, such as another model: " in text
    assert "<details><summary>Verify, undo, Terraform</summary>" in lines
    assert 'resource "aws_iam_role" "example" {' in lines
    assert "Checked: 318 subjects seen are accepted, 60 synthetic ones are refused" in lines
    assert "<details><summary>Checks: 1 passed, 2 failed, 1 with a note, 1 skipped</summary>" in lines
    assert "- Not read: role permissions (access denied, `iam:ListRolePolicies`)" in lines
    assert "- passed: `TOK002`" in lines
    assert "- skipped, no Google logs were given: `LOG001`" in lines


def test_suspicion_is_worded_as_a_suspicion(sample: Sample) -> None:
    text = render_markdown(sample("suspected"))
    assert text.startswith("## ✗ AWS refused a token with this subject, perhaps because the account id")
    assert "**If so:** Compare the account id" in text
    assert "To confirm: the trust policy without redaction" in text


def test_two_exchanges(sample: Sample) -> None:
    text = render_markdown(sample("two"))
    assert text.startswith("## ✗ 2 exchanges. Refused: Google Cloud; accepted: AWS.")
    assert text.count("\n### ") == 2
    assert "or accept `<none>` in the condition." in text


@pytest.mark.parametrize(
    ("sentence", "markdown"),
    [
        ("the trust policy expects another team.", "the trust policy expects another team."),
        ("ask @octocat about #12, now.", "ask `@octocat` about `#12`, now."),
        ("use sts:AssumeRole.", "use `sts:AssumeRole`."),
        ("a `b` c", "a `b` c"),
        ("a `b c`, (`@d`).", "a `b c`, (`@d`)."),
        ("a `b c", "a `` `b `` c"),
        ("a `b`c", "a `` `b`c ``"),
        ("a (event e-1234567890).", "a (event `e-1234567890`)."),
        ("a (see b.example/x) b (c.d)", "a (see `b.example/x`) b (`c.d`)"),
        ("f(x.y) g.h)", "`f(x.y) g.h`)"),
        ("a b`c``d e", "a ```b`c``d``` e"),
        ("see https://a.example, www.b.example", "see `https://a.example, www.b.example`"),
        ("<b>x</b> | y", "`<b>x</b> |` y"),
        ("deadbeef is (no) word's end", "`deadbeef` is (no) word's end"),
        ("*** a _b_", "`***` a `_b_`"),
        ("", ""),
    ],
)
def test_prose(sentence: str, markdown: str) -> None:
    assert prose(visible(sentence)) == markdown


def test_fence_is_longer_than_any_fence_inside() -> None:
    assert fenced(["a", "`````", "b"]) == "``````text\na\n`````\nb\n``````"


def test_no_token_is_written(sample: Sample) -> None:
    token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzIn0.c2lnbmF0dXJl"
    report = sample("refused")
    report.observed = [{"text": f"x {token}", "at": "error.txt"}]
    change_cause(report, fix=f"send {token}", headline=f"it sent {token}")
    text = render_markdown(report)
    assert not any(part in text for part in token.split("."))
    assert "token removed" in text
