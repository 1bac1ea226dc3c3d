"""A Truss config.yaml, and what `truss whoami --show-oidc` and `baseten org describe` print."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.documents import fields
from oidc_doctor.documents.json_text import load
from oidc_doctor.documents.yaml_text import load_yaml
from oidc_doctor.model.document import Document, Json
from oidc_doctor.model.json_pointer import pointer_segment

if TYPE_CHECKING:
    from collections.abc import Iterator


class TrussAuth(NamedTuple):
    """A place of a Truss configuration that names a cloud identity. Values are as written, or None."""

    pointer: str  # of the object that holds the keys
    auth_method: str | None  # upper case, as Truss reads it
    aws_role_arn: str | None
    aws_region: str | None
    gcp_service_account: str | None
    gcp_provider: str | None
    resource: str | None  # the image or weights source that it is for


def parse_truss(text: str, file: str) -> Document:
    """A config.yaml as a document. Raises Unreadable."""
    document = load_yaml(text, file)
    fields.members(document, "", document.value)  # any text is YAML: an empty file and a page of a proxy as well
    return document


def truss_auths(document: Document) -> tuple[TrussAuth, ...]:
    """The OIDC identities that a configuration names: the base image's, then those of the weights in their order."""
    return tuple(_auths(document.value))


def _auths(value: Json) -> Iterator[TrussAuth]:
    box = value if isinstance(value, dict) else {}
    image = box.get("base_image")
    if isinstance(image, dict) and isinstance(image.get("docker_auth"), dict):
        yield _auth("/base_image/docker_auth", image["docker_auth"], image.get("image"))
    weights = box.get("weights")
    for index, entry in enumerate(weights if isinstance(weights, list) else []):
        if isinstance(entry, dict) and isinstance(entry.get("auth"), dict):
            yield _auth("/weights" + pointer_segment(index) + "/auth", entry["auth"], entry.get("source"))


def _auth(pointer: str, box: dict[str, Any], resource: Json) -> TrussAuth:
    method = _text(box, "auth_method")
    return TrussAuth(
        pointer=pointer,
        auth_method=method.upper() if method else None,
        aws_role_arn=_text(box, "aws_oidc_role_arn"),
        aws_region=_text(box, "aws_oidc_region"),
        gcp_service_account=_text(box, "gcp_oidc_service_account"),
        gcp_provider=_text(box, "gcp_oidc_workload_id_provider"),
        resource=resource if isinstance(resource, str) else None,
    )


def _text(box: dict[str, Any], name: str) -> str | None:
    value = box.get(name)
    return value if isinstance(value, str) and value else None


# The label of each row, lower case, and the name under which its value is kept.
_ROWS = {
    "org id": "org_id",
    "teams": "teams",
    "issuer": "issuer",
    "audience": "audience",
    "workload type options": "workload_types",
    "workload types": "workload_types",
    "subject claim format": "subject_format",
    "baseten role arn": "baseten_role_arn",
    "aws external id": "aws_external_id",
}
_TEAM = re.compile(r"([^\s,()\[\]]+)(?:\s*\(([^()]*)\))?")
_LABELLED = re.compile(r"\s*([A-Za-z][A-Za-z ]{1,30}):(?:\s+(.*))?$")
_BAR = re.compile("[│┃|]")


def parse_whoami(text: str, file: str) -> Document:
    """The organisation's own values, as an object. Raises Unreadable for broken JSON.

    org_id, issuer, audience and subject_format are texts, teams a list of {id, name}, workload_types a list. Values
    absent from the text are left out.
    """
    bare = text.removeprefix("\ufeff").strip()
    if bare.startswith("{"):  # baseten org describe --output json
        document = load(bare, file)
        rows = {name: value for name, value in document.value.items() if isinstance(value, str)}
    else:
        rows = {_ROWS[label]: value for label, value in _rows(bare) if label in _ROWS and value and value[-1] != "…"}
    value: dict[str, Json] = {name: text for name, text in rows.items() if name in _ROWS.values()}
    if "teams" in value:
        value["teams"] = [{"id": match[1], "name": match[2] or ""} for match in _TEAM.finditer(value["teams"])]
    if "workload_types" in value:
        value["workload_types"] = re.findall(r"[\w.-]+", value["workload_types"])
    return Document(file, text, value, inner=True)  # the text is no JSON: facts carry file and pointer


def _rows(text: str) -> Iterator[tuple[str, str]]:
    """Label, in lower case, and value of each row, with cells that a narrow terminal wrapped joined again."""
    label, value = "", ""
    room = width = 0  # what the last piece left free of its cell, and the cell's width
    for line in text.splitlines():
        cells = _BAR.split(line)
        labelled = _LABELLED.match(line)
        joint = " "
        if len(cells) == 4:  # noqa: PLR2004 - border, label, value, border
            name, piece = cells[1].strip(), cells[2].strip()
            if room == 0 < width and not value.endswith(","):
                joint = ""  # a word that was cut at the cell's end
            width = len(cells[2]) - 2
            room = max(width - len(piece), 0)
        elif labelled and labelled[1].strip().lower() in _ROWS:
            name, piece = labelled[1].strip(), (labelled[2] or "").strip()
        elif label and line[:1].isspace() and line.strip():  # the indented rest of a plain row
            name, piece = "", line.strip()
        else:
            yield label, value
            label, value, width = "", "", 0
            continue
        if name:
            yield label, value
            label, value = name.lower(), piece
        else:
            value = f"{value}{joint if value else ''}{piece}"
    yield label, value
