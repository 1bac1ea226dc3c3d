"""Parse a Truss config.yaml, and the output of `truss whoami --show-oidc` and `baseten org describe`."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.documents import fields
from oidc_doctor.documents.json_text import load
from oidc_doctor.documents.yaml_text import load_yaml
from oidc_doctor.model.document import Document, Json
from oidc_doctor.model.json_pointer import pointer_segment, segments
from oidc_doctor.model.limits import TRUSS_SOURCES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidc_doctor.model.steps import Cloud


OIDC_METHODS: dict[str, Cloud] = {"AWS_OIDC": "aws", "GCP_OIDC": "gcp"}
"""The auth methods that exchange a workload's token, and their clouds."""

# Amazon ECR, private registry authentication: both forms of a registry's host name its account and Region
ECR_IMAGE = re.compile(r"(?P<account>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.")
ECR_HOST = re.compile(ECR_IMAGE.pattern + r"(?:amazonaws\.com(?:\.cn)?|on\.aws|on\.amazonwebservices\.com\.cn)")
_GOOGLE_REGISTRY = re.compile(r"[a-z0-9-]+-docker\.pkg\.dev|(?:[a-z]+\.)?gcr\.io")
_STORES: dict[str, Cloud] = {"s3": "aws", "gs": "gcp"}


def store_of(resource: str) -> Cloud | None:
    """Return the cloud whose store or registry contains a source or image; None for any other."""
    scheme, mark, _ = resource.partition("://")
    if mark:
        return _STORES.get(scheme.lower())
    host = resource.partition("/")[0]
    if ECR_HOST.fullmatch(host) or host == "public.ecr.aws":
        return "aws"
    return "gcp" if _GOOGLE_REGISTRY.fullmatch(host) else None


_NONE: Any = MappingProxyType({})


ISSUER = "https://oidc.baseten.co"  # of the tokens of every Truss (Baseten, OIDC)


class TrussSource(NamedTuple):
    """An image or weights in a Truss configuration, with its credentials."""

    pointer: str  # of the entry
    section: str  # base_image, weights, model_cache or training
    resource: str | None  # the image or the source, as written
    resource_pointer: str
    auth: dict[str, Json] | None  # the object with auth_method, or None
    auth_pointer: str
    secret: bool = False  # auth_secret_name is set next to it
    registry: Json = None  # docker_auth.registry
    places: dict[str, str] = _NONE  # a key of `auth` → its place below auth_pointer, if different from its name

    def place(self, key: str) -> str:
        """Return the pointer of a key of `auth`."""
        return self.auth_pointer + self.places.get(key, pointer_segment(key))

    def named(self, key: str) -> str:
        """Return a key of `auth` as written in the file: aws_oidc_region, or aws_oidc.region."""
        return ".".join(segments(self.places[key])) if key in self.places else key

    @property
    def method(self) -> str:
        """The auth_method in upper case, as Truss reads it; empty if not set."""
        written = self.auth.get("auth_method") if self.auth is not None else None
        return written.upper() if isinstance(written, str) else ""

    @property
    def cloud(self) -> Cloud | None:
        """The cloud of the source: by its method, otherwise by its location."""
        return OIDC_METHODS.get(self.method) or store_of(self.resource or "")


class TrussAuth(NamedTuple):
    """A cloud identity in a Truss configuration. Values are as written, or None."""

    source: TrussSource
    auth_method: str | None  # upper case, as Truss reads it
    aws_role_arn: str | None
    aws_region: str | None
    gcp_service_account: str | None
    gcp_provider: str | None
    resource: str | None  # the image or weights source that it is for

    @property
    def pointer(self) -> str:
        """The pointer of the object with the keys."""
        return self.source.auth_pointer


def parse_truss(text: str, file: str) -> Document:
    """Parse a config.yaml as a document. Raises Unreadable."""
    document = load_yaml(text, file)
    fields.members(document, "", document.value)  # any text is YAML, including an empty file and a proxy's page
    fields.within(document, "", len(truss_sources(document)), TRUSS_SOURCES)
    return document


def truss_sources(document: Document) -> tuple[TrussSource, ...]:
    """Return everything that a configuration fetches: base image, weights and cached models, in this order.

    The training's image and weights follow, as truss_train writes them, and the source of a volume sync of the
    `baseten` SDK (0.13.1, its models read).
    """
    box = document.value if isinstance(document.value, dict) else {}
    training = box.get("training")
    parts = [("", "", box), *([("/training", "training", training)] if isinstance(training, dict) else [])]
    return (*(source for place, name, part in parts for source in _sources(place, name, part)), *_synced(box))


# The objects with a method's keys in truss_train and the SDK, and the key names of config.yaml.
_NESTED = {
    "aws_oidc": ("AWS_OIDC", {"role_arn": "aws_oidc_role_arn", "region": "aws_oidc_region"}),
    "gcp_oidc": (
        "GCP_OIDC",
        {
            "service_account": "gcp_oidc_service_account",
            "workload_identity_provider": "gcp_oidc_workload_id_provider",
        },
    ),
    "aws_assume_role": ("AWS_ASSUME_ROLE", {"role_arn": "aws_assume_role_arn", "region": "aws_assume_role_region"}),
}
_IN_DOCKER_AUTH = "_docker_auth"  # suffix of these objects' names in docker_auth


class _Flat(NamedTuple):
    auth: dict[str, Json]
    places: dict[str, str]
    methods: tuple[str, ...]  # of the objects that were found


def _flattened(box: dict[str, Any], ending: str) -> _Flat:
    """Return a method's keys from a nested object, under the names of config.yaml."""
    flat, places, methods = dict(box), {}, []
    for name, (method, keys) in _NESTED.items():
        inner = flat.get(name + ending)
        if not isinstance(inner, dict):
            continue
        del flat[name + ending]
        methods.append(method)
        for key, value in inner.items():
            config_key = keys.get(key, f"{name}{ending}.{key}")
            flat[config_key] = value
            places[config_key] = pointer_segment(name + ending) + pointer_segment(key)
        # an absent key also belongs in the object
        places |= {
            config_key: pointer_segment(name + ending) + pointer_segment(key) for key, config_key in keys.items()
        }
    return _Flat(flat, places, tuple(methods))


def _sources(place: str, name: str, box: dict[str, Any]) -> Iterator[TrussSource]:
    image = box.get("base_image") or box.get("image")
    if isinstance(image, dict):
        pointer = f"{place}/{'base_image' if 'base_image' in box else 'image'}"
        auth = image.get("docker_auth")
        # config.yaml has no such objects in docker_auth; truss_train and the SDK have
        flat = _flattened(auth if isinstance(auth, dict) else {}, _IN_DOCKER_AUTH if "image" in box else "/")
        yield TrussSource(
            pointer,
            name or "base_image",
            _text(image, "image") or _text(image, "base_image"),
            pointer + "/image",
            flat.auth if isinstance(auth, dict) else None,
            pointer + "/docker_auth",
            registry=auth.get("registry") if isinstance(auth, dict) else None,
            places=flat.places,
        )
    for section, key in (("weights", "source"), ("model_cache", "repo_id")):
        entries = box.get(section)
        for index, entry in enumerate(entries if isinstance(entries, list) else []):
            if not isinstance(entry, dict):
                continue
            pointer = f"{place}/{section}" + pointer_segment(index)
            auth = entry.get("auth")
            yield TrussSource(
                pointer,
                name or section,
                _text(entry, key),
                f"{pointer}/{key}",
                auth if isinstance(auth, dict) else None,
                pointer + "/auth",
                secret=bool(_text(entry, "auth_secret_name")),
            )


def _synced(box: dict[str, Any]) -> Iterator[TrussSource]:
    """Return the source of a volume sync, whose method is the `aws_oidc` or `gcp_oidc` next to its `uri`."""
    source = box.get("source")
    if not isinstance(source, dict) or not _text(source, "uri"):
        return
    named = [name for name in _NESTED if isinstance(source.get(name), dict)]
    flat = _flattened({name: source[name] for name in named}, "")
    places = {"auth_method": pointer_segment(named[0]), **flat.places} if named else {}
    auth = {"auth_method": flat.methods[0], **flat.auth} if flat.methods else None
    secret = bool(_text(source, "auth_secret_name"))
    yield TrussSource(
        "/source", "volume", _text(source, "uri"), "/source/uri", auth, "/source", secret=secret, places=places
    )


def truss_auths(document: Document) -> tuple[TrussAuth, ...]:
    """Return the OIDC identities of a configuration: the base image's, then those of the weights in order."""
    return tuple(_auth(source, source.auth) for source in truss_sources(document) if source.auth is not None)


def _auth(source: TrussSource, box: dict[str, Any]) -> TrussAuth:
    return TrussAuth(
        source=source,
        auth_method=source.method or None,
        aws_role_arn=_text(box, "aws_oidc_role_arn"),
        aws_region=_text(box, "aws_oidc_region"),
        gcp_service_account=_text(box, "gcp_oidc_service_account"),
        gcp_provider=_text(box, "gcp_oidc_workload_id_provider"),
        resource=source.resource,
    )


def _text(box: dict[str, Any], name: str) -> str | None:
    value = box.get(name)
    return value if isinstance(value, str) and value else None


# Each row's label in lower case, and the name for its value.
_ROWS = {
    "org id": "org_id",
    "name": "org_name",
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
_WORKSPACE = re.compile(
    r"([^\\\n│┃|:]{1,100})\\[^\s@\\]{1,100}@[^\s@]{1,200}$", re.MULTILINE
)  # the first line of truss whoami
_BAR = re.compile("[│┃|]")
_PANEL = re.compile(r" {1,4}([A-Za-z][A-Za-z ]{1,30}?) {2,}(\S(?:.*\S)?) *")
_MARGIN = " " * 12  # before the continuation of a value in a panel


def parse_whoami(text: str, file: str) -> Document:
    """Return the organization's values as an object. Raises Unreadable for broken JSON.

    org_id, org_name, issuer, audience and subject_format are strings, teams a list of {id, name}, workload_types a
    list. Absent values are omitted.
    """
    bare = text.removeprefix("\ufeff").strip()
    if bare.startswith("{"):  # baseten org describe --output json
        document = load(bare, file)
        rows = {name: value for name, value in document.value.items() if isinstance(value, str)}
        rows["org_name"] = rows.get("name", "")
    else:
        rows = {_ROWS[label]: value for label, value in _rows(bare) if label in _ROWS and value and value[-1] != "…"}
    value: dict[str, Json] = {name: text for name, text in rows.items() if name in _ROWS.values() and text}
    workspace = _WORKSPACE.match(bare)
    if workspace:
        value.setdefault("org_name", workspace[1])
    if "teams" in value:
        value["teams"] = [{"id": match[1], "name": match[2] or ""} for match in _TEAM.finditer(value["teams"])]
    if "workload_types" in value:
        value["workload_types"] = re.findall(r"[\w.-]+", value["workload_types"])
    return Document(file, text, value, inner=True)  # the text is no JSON: facts have file and pointer


def _in_panel(row: str, label: str) -> tuple[str, str] | None:
    """Parse label and value of a panel row with space-separated columns; None for other rows.

    A row without a label continues the value of the row above, with that row's `label`.
    """
    match = _PANEL.fullmatch(row)
    if match and match[1].lower() in _ROWS:
        return match[1], match[2]
    goes_on = label and row.startswith(_MARGIN) and row.strip() and not match
    return ("", row.strip()) if goes_on else None


def _rows(text: str) -> Iterator[tuple[str, str]]:
    """Yield each row's lower-case label and value, rejoining cells that a narrow terminal wrapped."""
    label, value = "", ""
    room = width = 0  # free characters in the cell after the last piece, and the cell's width
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
        elif len(cells) == 3 and (panel := _in_panel(cells[1], label)):  # noqa: PLR2004 - border, row, border
            name, piece = panel
        elif labelled and labelled[1].strip().lower() in _ROWS:
            name, piece = labelled[1].strip(), (labelled[2] or "").strip()
        elif label and line[:1].isspace() and line.strip():  # the indented continuation of a plain row
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


_VERSION = re.compile(
    r"(?:truss\b[^\n\d]{0,20}|^Version: |^)v?(\d{1,3}\.\d{1,3}\.\d{1,4})\b", re.IGNORECASE | re.MULTILINE
)


def truss_version(text: str) -> tuple[int, ...] | None:
    """Parse the version from `truss --version`, `pip show truss` or `pip freeze`; None if absent."""
    match = _VERSION.search(text[:_LONGEST_VERSION])
    return tuple(map(int, match[1].split("."))) if match else None


_LONGEST_VERSION = 10_000
