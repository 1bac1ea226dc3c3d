"""Recognise plans of Terraform and OpenTofu, and files from which one is made, by their content."""

from __future__ import annotations

import os
import re

from oidc_doctor.bundle.file_alone import BEGINNING
from oidc_doctor.documents.json_text import decode, value_of
from oidc_doctor.documents.regular_file import open_regular
from oidc_doctor.model.limits import PLAN_FILE

_VERSION = '"format_version"'
_PARTS = ("resource_changes", "planned_values", "values")  # a plan has the first two, a state the last one
_SAVED = "tfplan"  # the first file in the zip that `terraform plan -out` writes
_ZIP, _NAME_AT = b"PK\x03\x04", 30  # a zip's first file, and where its name begins
_BLOCK = re.compile(
    r"^[ \t]{0,8}(?:resource|data|module|provider|variable|output|terraform|locals|moved|import|removed)\b"
    r"[^\n{=]{0,200}\{",
    re.MULTILINE,
)

OF_SAVED_PLAN = "a saved plan, which only Terraform reads; make its JSON: terraform show -json {path} > plan.json"
OF_CONFIGURATION = (
    "Terraform configuration, not a plan; make a plan's JSON in its folder: terraform plan -out tfplan && "
    "terraform show -json tfplan > plan.json"
)


def is_plan(text: str) -> bool:
    """Whether a text is the JSON of a plan or a state: `terraform show -json`, `tofu show -json`."""
    if _VERSION not in text or not any(f'"{part}"' in text for part in _PARTS):
        return False
    value = value_of(text.removeprefix("\ufeff"))
    return isinstance(value, dict) and "format_version" in value and any(part in value for part in _PARTS)


def may_be_plan(head: bytes) -> bool:
    """Whether a file that is too large for a document may be a plan, by its first bytes."""
    beginning = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return beginning[:1] == b"{" and any(f'"{name}"'.encode() in beginning for name in ("format_version", *_PARTS))


def is_saved_plan(head: bytes) -> bool:
    """Whether a file is what `terraform plan -out` writes, by its first bytes."""
    return head[:4] == _ZIP and head[_NAME_AT : _NAME_AT + len(_SAVED)] == _SAVED.encode()


def is_configuration(text: str, path: str) -> bool:
    """Whether a text is configuration in Terraform's language, by the name of its file and a block in it."""
    return path.endswith((".tf", ".tofu")) and _BLOCK.search(text) is not None


def text_of_plan(path: str) -> str | None:
    """Return the text of a file that is the JSON of a plan; None for any other. Raises OSError and Unreadable."""
    if not os.path.isfile(path):
        return None
    with open_regular(path) as stream:
        head = stream.read(BEGINNING)
        if not (may_be_plan(head) or head[:2] in (b"\xff\xfe", b"\xfe\xff")):
            return None
        data = head + stream.read(PLAN_FILE.most)
    text = decode(data, path)
    return text if is_plan(text) else None
