"""Archives, folders, manifests and captures."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from typing import TYPE_CHECKING

from cost_inputs.bundles import PROGRAM, SAMPLES, Command, bundle, compact, edit, report
from cost_inputs.documents import audience

if TYPE_CHECKING:
    from pathlib import Path


def packed(place: Path, name: str, count: int, text: bytes = b"", note: str = "") -> Path:
    """An archive of a role and so many members, whose `name` has a place for their number."""
    path = place / "bundle.tar.gz"
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        for member in ("aws/role.json", "aws/oidc-provider.json", "oidc-doctor.toml"):
            tar.add(SAMPLES / "healthy-aws" / member, member)
        for number in range(count):
            info = tarfile.TarInfo(name.format(number))
            info.size = len(text)
            info.pax_headers = {"comment": note} if note else {}
            tar.addfile(info, io.BytesIO(text))
    return path


def archive(place: Path) -> Command:
    """An archive of 60,000 tokens, which is refused."""
    return report(packed(place, "tokens/t{:05}.jwt", 60_000, compact(1)))


def archive_within(place: Path) -> Command:
    """An archive of 19,000 tokens, of which 50 are read."""
    return report(packed(place, "tokens/t{:05}.jwt", 19_000, compact(1)))


def archive_of_policies(place: Path) -> Command:
    """An archive of 19,000 policies of a role, of which none is read."""
    return report(packed(place, "aws/role-policies/t{:05}.json", 19_000, b"{}"))


def archive_of_logs(place: Path) -> Command:
    """An archive of 60,000 empty log files."""
    return report(packed(place, "aws/cloudtrail/t{:05}.json", 60_000))


def archive_of_headers(place: Path) -> Command:
    """An archive of 300 members with an attribute of a million characters each."""
    return report(packed(place, "tokens/t{:05}", 300, note="x" * 1_000_000))


def large_member(place: Path) -> Command:
    """An archive with a gibibyte of zeros that is no log."""
    path = place / "bundle.tar.gz"
    with tarfile.open(path, "w:gz", compresslevel=9) as tar:
        tar.add(SAMPLES / "healthy-aws/aws/role.json", "aws/role.json")
        info = tarfile.TarInfo("core")
        info.size = 1024**3
        with open("/dev/zero", "rb") as zeros:
            tar.addfile(info, zeros)
    return report(path)


def log_of_zeros(place: Path) -> Command:
    """A mebibyte of gzip in the place of a log, which is a gibibyte of zeros."""
    folder = bundle(place, "healthy-aws")
    (folder / "aws/cloudtrail").mkdir()
    with gzip.open(folder / "aws/cloudtrail/zeros.json.gz", "wb", compresslevel=9) as stream:
        for _ in range(1024):
            stream.write(bytes(1024 * 1024))
    return report(folder)


def folder_of_files(place: Path) -> Command:
    """A folder of 30,000 files, which is refused."""
    folder = bundle(place, "healthy-aws")
    (folder / "notes").mkdir()
    for number in range(30_000):
        (folder / f"notes/{number}.txt").touch()
    return report(folder)


def manifest(place: Path) -> Command:
    """A manifest of 22,000 reads."""
    folder = bundle(place, "healthy-aws")
    reads = [{"path": f"aws/rcps/{number}.json", "outcome": "ok"} for number in range(22_000)]
    edit(folder / "manifest.json", lambda box: box.update(reads=reads))
    return report(folder)


def capture(place: Path, path: Path) -> Command:
    """A capture of a bundle."""
    return [*PROGRAM, "capture", "--from", str(path), "-o", str(place / "copy.tar.gz"), "--map", str(place / "map")]


def captured_tokens(place: Path) -> Command:
    """A capture of an archive of 15,000 tokens."""
    return capture(place, packed(place, "tokens/t{:05}.jwt", 15_000, compact(1)))


def captured_audience(place: Path) -> Command:
    """A capture of a client configuration with an audience of a mebibyte."""
    audience(place)
    return capture(place, place / "healthy-gcp")


def captured_roles(place: Path) -> Command:
    """A capture of a list of 11,000 roles."""
    folder = bundle(place, "healthy-aws")
    arn = "arn:aws:iam::111122223333:role/role{}"
    roles = [{"RoleName": f"role{number}", "Arn": arn.format(number)} for number in range(11_000)]
    (folder / "aws/roles.json").write_text(json.dumps({"Roles": roles}), encoding="utf-8")
    return capture(place, folder)


def captured(place: Path) -> Command:
    """A capture of a set-up script's output of a mebibyte."""
    folder = bundle(place, "healthy-aws")
    (folder / "setup").mkdir()
    line = "created role arn:aws:iam::111122223333:role/Weights in {}, token for user{}@example.com\n"
    text = "".join(line.format(number, number) for number in range(12_000))[: 1024 * 1024 - 1]
    (folder / "setup/output.txt").write_text(text, encoding="utf-8")
    return capture(place, folder)


INPUTS = {
    "archive": archive,
    "archive within": archive_within,
    "archive of policies": archive_of_policies,
    "archive of logs": archive_of_logs,
    "archive of headers": archive_of_headers,
    "archive with a large member": large_member,
    "log of zeros": log_of_zeros,
    "folder of files": folder_of_files,
    "manifest": manifest,
    "capture of tokens": captured_tokens,
    "capture of an audience": captured_audience,
    "capture of roles": captured_roles,
    "capture": captured,
}
