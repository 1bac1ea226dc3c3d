"""The documents of a proposed edit put into a bundle, each in its own place."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from evidence.bundle import Bundle
    from oidc_doctor.model.report import FixRow

_OIDC = ("allowedAudiences", "issuerUri")


def apply_edits(made: Bundle, fixes: Iterable[FixRow]) -> Bundle:
    """The bundle after every document of an edit was stored."""
    for fix in fixes:
        if fix.file.endswith(".toml"):
            _lines(made, fix)
        elif fix.file.endswith(".yaml"):
            made.write(fix.file, fix.document)
        elif fix.file == "gcp/services.json":
            row = json.loads(fix.document)
            made.write(fix.file, made.read(fix.file) | {row["name"]: row["state"]})
        else:
            made.write(fix.file, _merged(made, fix))
        _read_again(made, fix)
    return made


def _read_again(made: Bundle, fix: FixRow) -> None:
    """The manifest and the list of providers as a later reading finds them."""
    if (made.root / "manifest.json").exists():
        manifest = made.read("manifest.json")
        for read in manifest["reads"]:
            if read["path"] == fix.file:
                read["outcome"] = "ok"
        made.write("manifest.json", manifest)
    listed = "aws/oidc-providers.json"
    if fix.file == "aws/oidc-provider.json" and (made.root / listed).exists():
        entries = made.read(listed)["OpenIDConnectProviderList"]
        arn = json.loads(fix.document)["Arn"]
        made.write(listed, {"OpenIDConnectProviderList": [*entries, {"Arn": arn}]})


def _merged(made: Bundle, fix: FixRow) -> Any:
    document = json.loads(fix.document)
    if "bindings" in document or not (made.root / fix.file).exists():
        return document
    present = made.read(fix.file)
    inside = {name: document.pop(name) for name in _OIDC if name in document}
    if inside:
        document["oidc"] = present.get("oidc", {}) | document.get("oidc", {}) | inside
    return present | document


def _lines(made: Bundle, fix: FixRow) -> None:
    """A file of which the edit shows the lines that change alone."""
    text = (made.root / fix.file).read_text(encoding="utf-8")
    old = [line[2:].strip() for line in fix.diff.splitlines() if line.startswith("- ")]
    new = [line[2:].strip() for line in fix.diff.splitlines() if line.startswith("+ ")]
    for before, after in zip(old, new, strict=True):
        assert before in text
        text = text.replace(before, after)
    made.write(fix.file, text)
