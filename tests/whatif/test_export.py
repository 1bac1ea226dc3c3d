"""Edited texts as files, with the commands that store them."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from oidc_doctor.whatif.ask import WhatIf
from oidc_doctor.whatif.export import export

if TYPE_CHECKING:
    from tests.conftest import Bundle


def test_an_export_is_a_new_file_with_its_command(
    aws: Bundle, tmp_path: Path, what_if_of: Callable[..., WhatIf]
) -> None:
    what_if = what_if_of(aws)
    folder = tmp_path / "out"
    folder.mkdir()
    text = what_if.part("trust-policy").text
    first, second = (
        export(what_if, str(folder), "trust-policy", text),
        export(what_if, str(folder), "trust-policy", text),
    )
    assert [Path(one.path).name for one in (first, second)] == ["trust-policy.json", "trust-policy-2.json"]
    assert json.loads(Path(first.path).read_text(encoding="utf-8")) == json.loads(text)
    assert second.commands == ()  # the text is the one that is stored
    (stored,) = export(what_if, str(folder), "trust-policy", text.replace("Tq7LmZ2x", "Tq7LmZ2y")).commands
    words = shlex.split(stored)
    assert words[:-1] == ["aws", "iam", "update-assume-role-policy", "--role-name", "ModelWeights", "--policy-document"]
    assert json.loads(words[-1]) == json.loads(text.replace("Tq7LmZ2x", "Tq7LmZ2y"))
    added = export(what_if, str(folder), "client-ids", '["new one"]').commands
    assert added[0].endswith("--client-id 'new one'")
    assert "remove-client-id-from-open-id-connect-provider" in added[1]
    with pytest.raises(OSError):
        export(what_if, str(folder / "none"), "claims", "{}")


def test_commands_for_google(gcp: Bundle, tmp_path: Path, what_if_of: Callable[..., WhatIf]) -> None:
    what_if = what_if_of(gcp)

    def command(part: Any, text: str) -> str:
        (made,) = export(what_if, str(tmp_path), part, text).commands
        return made

    assert command("condition", "assertion.sub == 'it'").endswith("--attribute-condition=\"assertion.sub == 'it'\"")
    assert command("mapping", '{"google.subject": "assertion.sub", "attribute.a": "[assertion.a, 1]"}').endswith(
        "--attribute-mapping='^;^google.subject=assertion.sub;attribute.a=[assertion.a, 1]'"
    )
    assert command("allowed-audiences", '["a", "b"]').endswith("--allowed-audiences=a,b")
    assert "remove-iam-policy-binding" in command("service-account-policy", '{"etag": "x"}')
    assert command("claims", "{}") == "oidc-doctor --report --claims claims.json"
