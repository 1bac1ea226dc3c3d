"""Load an evidence bundle as a Snapshot: every file of the contract is read, and unreadable files are reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.bundle import contract
from oidc_doctor.bundle.earlier import EarlierFolder
from oidc_doctor.bundle.files import Bundle
from oidc_doctor.bundle.folder import Folder
from oidc_doctor.bundle.of_plan import cover_plan
from oidc_doctor.bundle.reader import BundleReader
from oidc_doctor.documents.target_file import NAME, merge
from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import ObservedError, Snapshot, Target, TargetEvidence, Token
from oidc_doctor.model.limits import TARGETS
from oidc_doctor.model.planned import FILE as PLANNED

if TYPE_CHECKING:
    from collections.abc import Sequence


def load_snapshot(
    bundle: Bundle | None,
    *,
    overrides: Target | None = None,
    error_text: str | None = None,
    error_place: str = "--error",
    extra_tokens: Sequence[Token] = (),
) -> Snapshot:
    """Read all of `bundle`, for each of its targets. Unreadable files are reported and never raise.

    `overrides` are the command line's values: they override every target's. `extra_tokens` and `error_text` come before
    the bundle's own. Log files are not read here: their coverage rows come from the manifest alone.
    """
    reader = BundleReader(bundle or Bundle("", {}, saved=False))
    errors = () if error_text is None else (ObservedError.read(error_text, Origin(error_place)),)
    targets: list[TargetEvidence] = []
    for prefix, tables in _bounded(reader, _folders(reader)):
        folder = Folder(reader, prefix, extra_tokens)
        stated = [merge(table, overrides) if overrides else table for table in tables]
        evidence = [folder.evidence(table) for table in stated]
        if len(stated) == 1 and stated[0].aws is None and stated[0].gcp is None:
            evidence += folder.also_named(evidence[0].target)[: TARGETS.most - 1]
        folder.cover_what_is_missing(evidence)
        earlier = EarlierFolder(reader, prefix)
        evidence = [part._replace(earlier=earlier.evidence(part.target)) for part in evidence]
        targets += [part._replace(observed=errors + part.observed) for part in evidence]
    reader.cover_the_rest()
    cover_plan(reader)
    reader.cover_earlier()
    return Snapshot(
        targets=tuple(part._replace(tokens=_with_unique(part.tokens)) for part in _with_unique_names(targets)),
        coverage=tuple(reader.coverage.values()),
        collected_at=reader.collected_at,
        reads={path: reader.missing(path) for path, read in reader.reads.items() if read.outcome != "ok"},
    )


def _bounded(reader: BundleReader, folders: list[tuple[str, list[Target]]]) -> list[tuple[str, list[Target]]]:
    """Return the folders with the maximum number of targets, and report omitted targets."""
    total = sum(len(tables) for _, tables in folders)
    if total <= TARGETS.most:
        return folders
    reader.cover(f"targets beyond the first {TARGETS.most}", "missing", TARGETS.exceeded_by(total), named=True)
    kept: list[tuple[str, list[Target]]] = []
    left = TARGETS.most
    for prefix, tables in folders:
        if left > 0:
            kept.append((prefix, tables[:left]))
        left -= len(tables)
    return kept


def _folders(reader: BundleReader) -> list[tuple[str, list[Target]]]:
    """Return each folder with its targets: the folders of targets/, and the top if it has targets of its own.

    A table of the top's oidc-doctor.toml with the name of a folder belongs to that folder.
    """
    tables = reader.targets("")
    of_name: dict[str, list[Target]] = {}
    for table in tables:
        of_name.setdefault(table.name, []).append(table)
    folders: list[tuple[str, list[Target]]] = []
    for prefix in sorted({contract.split_target(name)[0] for name in reader.known} - {""}):
        name = prefix.split("/")[1]
        above = of_name.pop(name, [])
        below = reader.targets(prefix) if len(folders) < TARGETS.most else []  # those beyond are left out below
        tables_below = [table._replace(name=name) if table.name == NAME else table for table in below]
        if above and tables_below:
            tables_below[0] = merge(above[0], tables_below[0])._replace(name=tables_below[0].name)
        folders.append((prefix, tables_below or above or [Target(name)]))
    elsewhere = (
        *(contract.TARGETS, contract.MANIFEST, contract.TARGET_FILE, contract.EARLIER, PLANNED),
        *contract.SHARED,
    )
    tables = [table for table in tables if table.name in of_name]
    if tables or not folders or not all(name.startswith(elsewhere) for name in reader.known):
        folders.insert(0, ("", tables or [Target(NAME)]))
    return folders


def _with_unique(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """Number the names that several tokens share, such as `token.jwt` of two folders: they name the exchanges."""
    names: set[str] = set()
    renamed = []
    for token in tokens:
        name, number = token.name, 2
        while name in names:
            name, number = f"{token.name}-{number}", number + 1
        names.add(name)
        renamed.append(token if name == token.name else token._replace(name=name))
    return tuple(renamed)


def _with_unique_names(targets: list[TargetEvidence]) -> list[TargetEvidence]:
    """Number the names that several targets share: reports identify targets by name."""
    names: set[str] = set()
    renamed = []
    for evidence in targets:
        name, number = evidence.target.name, 2
        while name in names:
            name, number = f"{evidence.target.name}-{number}", number + 1
        names.add(name)
        renamed.append(evidence._replace(target=evidence.target._replace(name=name)))
    return renamed
