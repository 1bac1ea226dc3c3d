"""Folders, archives and single files: what is read, what is refused, and that nothing leads out."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import share_of
from oidc_doctor.bundle import archives
from oidc_doctor.bundle import files as bundle_files
from oidc_doctor.bundle.files import BundleError
from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.bundle.snapshot import load_snapshot
from oidc_doctor.documents.json_text import Unreadable
from oidc_doctor.model import limits
from oidc_doctor.things.recognise import place_of_file

FILES = {
    "claims.json": b'{"sub": "x"}',
    "aws/role.json": b'{"Statement": []}',
    "aws/cloudtrail/AWSLogs/1/CloudTrail/us-east-1/2026/11/22/a.json.gz": gzip.compress(b"{}"),
    "notes.txt": b"hello",
}


def folder(root: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def zipped(root: Path, files: dict[str, bytes], name: str = "bundle.zip") -> Path:
    path = root / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in files.items():
            archive.writestr(member, data)
    return path


def tarred(root: Path, files: dict[str, bytes], name: str = "bundle.tar.gz", mode: str = "w:gz") -> Path:
    path = root / name
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for member, data in files.items():
            info = tarfile.TarInfo(member)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


Maker = Callable[[Path, dict[str, bytes]], Path]
MAKERS: list[Maker] = [
    lambda root, files: folder(root / "bundle", files),
    zipped,
    tarred,
    lambda root, files: tarred(root, files, "bundle.tar", "w:"),
    lambda root, files: tarred(root, files, "bundle.tgz"),
    lambda root, files: zipped(root, files, "no-suffix"),
    lambda root, files: tarred(root, files, "no-suffix"),
]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("outer", ["", "bundle-2026/"])
def test_the_same_files_from_every_kind_of_bundle(tmp_path: Path, make: Callable[..., Path], outer: str) -> None:
    with open_bundle(make(tmp_path, {outer + name: data for name, data in FILES.items()})) as bundle:
        assert sorted(bundle.names()) == sorted(FILES)
        for name, data in FILES.items():
            assert name in bundle
            assert bundle.size(name) == len(data)
            assert bundle.read(name) == data
            with bundle.open(name) as stream:
                assert stream.read(3) + stream.read() == data
        assert bundle.refused == ()
        with pytest.raises(Unreadable, match=r"^aws/none\.json: not in the bundle$"):
            bundle.read("aws/none.json")
        with pytest.raises(FileNotFoundError, match="not in the bundle"):
            bundle.open("aws/none.json")


def test_where_a_file_lies(tmp_path: Path) -> None:
    bundle = open_bundle(folder(tmp_path / "b", FILES))
    local = bundle.local("claims.json")
    assert local is not None
    assert Path(local).read_bytes() == FILES["claims.json"]
    with open_bundle(zipped(tmp_path, FILES)) as archive:
        assert archive.local("claims.json") is None


def test_junk_is_passed_over(tmp_path: Path) -> None:
    junk = {"__MACOSX/._claims.json": b"x", ".git/config": b"x", "aws/.DS_Store": b"x", ".hidden": b"x"}
    for make in (MAKERS[0], zipped, tarred):
        with open_bundle(make(tmp_path, {**FILES, **junk})) as bundle:
            assert sorted(bundle.names()) == sorted(FILES)
            assert bundle.refused == ()


@pytest.mark.parametrize("name", ["aws", "gcp", "issuer", "truss", "setup", "tokens", "targets"])
def test_a_folder_of_the_contract_is_no_outer_folder(tmp_path: Path, name: str) -> None:
    with open_bundle(
        zipped(tmp_path, {f"{name}/x/y": b"", f"{name}/role.json": b"{}", "targets/a/claims.json": b"{}"})
    ) as bundle:
        assert f"{name}/x/y" in bundle


# ----------------------------------------------------------------------------------------------------- what is refused

OUTSIDE = [
    "../evil.json",
    "/etc/evil.json",
    "a/../../evil.json",
    "..\\evil.json",
    "C:\\evil.json",
    "\\evil.json",
    "aws/../claims.json",
]


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("make", [zipped, tarred])
def test_names_that_lead_out_are_refused_and_named(tmp_path: Path, make: Callable[..., Path], name: str) -> None:
    path = make(tmp_path, {**FILES, name: b"evil"})
    before = sorted(tmp_path.rglob("*"))
    with open_bundle(path) as bundle:
        assert sorted(bundle.names()) == sorted(FILES)
        (refused,) = bundle.refused
        assert refused[1] == "its path leads out of the bundle"
        rows = [row for row in load_snapshot(bundle).coverage if "evil" in row.what or ".." in row.what]
    assert [(row.status, row.named) for row in rows] == [("missing", True)]
    assert sorted(tmp_path.rglob("*")) == before


def test_links_in_a_tar_are_refused_and_named(tmp_path: Path) -> None:
    path = tmp_path / "b.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, kind in (
            ("aws/role.json", tarfile.SYMTYPE),
            ("aws/roles.json", tarfile.LNKTYPE),
            ("error.txt", tarfile.FIFOTYPE),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        info = tarfile.TarInfo("claims.json")
        info.size = 2
        archive.addfile(info, io.BytesIO(b"{}"))
    with open_bundle(path) as bundle:
        assert bundle.names() == ("claims.json",)
        assert bundle.refused == (
            ("aws/role.json", "a link, which is not followed"),
            ("aws/roles.json", "a link, which is not followed"),
            ("error.txt", "not a regular file"),
        )


def test_links_in_a_zip_are_refused_and_named(tmp_path: Path) -> None:
    path = zipped(tmp_path, FILES)
    with zipfile.ZipFile(path, "a") as archive:
        info = zipfile.ZipInfo("aws/roles.json")
        info.create_system, info.external_attr = 3, 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
        strange = zipfile.ZipInfo("aws/boundary.json")
        strange.compress_type = zipfile.ZIP_BZIP2
        archive.writestr(strange, b"{}")
    with open_bundle(path) as bundle:
        assert sorted(bundle.names()) == sorted(FILES)
        assert bundle.refused == (
            ("aws/roles.json", "a link, which is not followed"),
            ("aws/boundary.json", "compressed in a way that is not supported"),
        )


@pytest.mark.parametrize("make", [zipped, tarred])
@pytest.mark.filterwarnings("ignore:Duplicate name")  # zipfile's, of our own archive
def test_of_two_files_of_one_name_neither_is_read(tmp_path: Path, make: Callable[..., Path]) -> None:
    names = ["aws/role.json", "./aws/role.json", "aws//role.json", "claims.json"]
    with open_bundle(make(tmp_path, dict.fromkeys(names, b"{}"))) as bundle:
        assert bundle.names() == ("claims.json",)
        assert bundle.refused == (("aws/role.json", "the archive has several files of this name"),)


def test_links_in_a_folder(tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text('{"Statement": ["secret"]}')
    root = folder(tmp_path / "b", FILES)
    (root / "aws/roles.json").symlink_to(secret)
    (root / "aws/boundary.json").symlink_to("role.json")  # inside: read
    (root / "aws/key-policy.json").symlink_to("nothing.json")
    (root / "gcp").symlink_to(tmp_path)
    (root / "issuer").symlink_to(root / "aws")
    os.mkfifo(root / "error.txt")
    bundle = open_bundle(root)
    assert sorted(bundle.names()) == sorted([*FILES, "aws/boundary.json"])
    assert dict(bundle.refused) == {
        "aws/roles.json": "a link that leads out of the bundle",
        "aws/key-policy.json": "a link to nothing",
        "gcp": "a link that leads out of the bundle",
        "issuer": "a link to a folder",
        "error.txt": "not a regular file",
    }
    assert "secret" not in repr(load_snapshot(bundle).targets)


def test_a_mounted_volume_of_links_is_read(tmp_path: Path) -> None:
    folder(tmp_path / "b", {"..2026_11_22/claims.json": b'{"sub": "x"}'})
    (tmp_path / "b/..data").symlink_to("..2026_11_22")
    (tmp_path / "b/claims.json").symlink_to("..data/claims.json")
    assert open_bundle(tmp_path / "b").names() == ("claims.json",)


def test_a_zip_entry_without_a_name_is_refused(tmp_path: Path) -> None:
    """A name that starts with a null byte is empty to zipfile, whose is_dir() then raises IndexError."""
    path = zipped(tmp_path, {"claims.json": b"{}", "notes.txt": b"x"}, "b.zip")
    path.write_bytes(path.read_bytes().replace(b"notes.txt", b"\0otes.txt"))
    with open_bundle(path) as bundle:
        assert bundle.names() == ("claims.json",)
        assert [name for name, _ in bundle.refused] == ["(a file without a name)"]


def test_an_encrypted_zip_entry_is_named(tmp_path: Path) -> None:
    path = zipped(tmp_path, FILES)
    data = bytearray(path.read_bytes())
    at = data.rfind(b"PK\x01\x02", 0, data.rfind(b"notes.txt"))
    data[at + 8] |= 1
    path.write_bytes(bytes(data))
    with open_bundle(path) as bundle:
        assert bundle.refused == (("notes.txt", "encrypted"),)


# --------------------------------------------------------------------------------------------------------------- bounds


@pytest.mark.parametrize("make", [zipped, tarred])
def test_an_archive_that_is_too_large_when_unpacked(
    tmp_path: Path, make: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(tmp_path, {"claims.json": b"{}", "a": b"0" * 3_000_000})
    monkeypatch.setattr(archives, "LARGEST_ARCHIVE", 2_000_000)
    with pytest.raises(BundleError, match=r"MiB when unpacked$"):
        open_bundle(path)


@pytest.mark.parametrize("make", MAKERS[:3])
def test_too_many_files(tmp_path: Path, make: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(tmp_path, {f"aws/cloudtrail/{index}.json": b"" for index in range(20)})
    monkeypatch.setattr(bundle_files, "FILES", limits.FILES._replace(most=10))
    with pytest.raises(BundleError, match="a bundle has at most 10 files .*, so it was not read$"):
        open_bundle(path)


@pytest.mark.parametrize("make", MAKERS[:3])
@pytest.mark.parametrize("name", ["tokens/{}.jwt", "aws/role-policies/{}.json", "targets/{}/aws/role.json", "{}/x/a"])
def test_too_many_files_that_are_no_logs(
    tmp_path: Path, make: Callable[..., Path], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(tmp_path, {name.format(index): b"" for index in range(20)})
    monkeypatch.setattr(bundle_files, "OTHER_FILES", limits.OTHER_FILES._replace(most=10))
    with pytest.raises(BundleError, match="a bundle, its logs excepted, has at most 10 files and folders"):
        open_bundle(path)


@pytest.mark.parametrize("make", MAKERS[:3])
@pytest.mark.parametrize(
    "name",
    [
        "aws/cloudtrail/AWSLogs/1/CloudTrail/us-east-1/2026/11/22/{}.json.gz",
        "bundle/targets/a/gcp/logs/{}/x.json",
        "{}.json",
        "exports/{}.log",
    ],
)
def test_logs_are_not_counted_among_other_files(
    tmp_path: Path, make: Callable[..., Path], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(tmp_path, {"claims.json": b"{}"} | {name.format(index): b"" for index in range(20)})
    monkeypatch.setattr(bundle_files, "OTHER_FILES", limits.OTHER_FILES._replace(most=10))
    with open_bundle(path) as bundle:
        assert len(bundle.names()) == 21


def test_an_archive_with_much_beside_its_logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_files, "OTHER_BYTES", limits.OTHER_BYTES._replace(most=1000))
    log = {"claims.json": b"{}", "aws/cloudtrail/a.json": b" " * 2000}
    with open_bundle(tarred(tmp_path, log)) as bundle:
        assert bundle.names() == tuple(log)
    with pytest.raises(BundleError, match="an archive without its logs, unpacked, has at most 1,000 bytes"):
        open_bundle(tarred(tmp_path, log | {"core": b" " * 1001}))


@pytest.mark.parametrize("make", MAKERS[:3])
def test_a_file_that_is_too_large_for_evidence(
    tmp_path: Path, make: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle_files, "LARGEST_EVIDENCE", 1000)
    with open_bundle(make(tmp_path, {"claims.json": b" " * 2000, "aws/cloudtrail/a.json": b" " * 2000})) as bundle:
        with pytest.raises(Unreadable, match=r"^claims\.json: larger than"):
            bundle.read("claims.json")
        with bundle.open("aws/cloudtrail/a.json") as stream:  # logs are streamed
            assert len(stream.read()) == 2000


def test_a_large_log_in_a_tar_is_streamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = os.urandom(300_000)
    path = tarred(tmp_path, {"aws/cloudtrail/a.json": data, "claims.json": b"{}", "aws/cloudtrail/b.json": data[::-1]})
    monkeypatch.setattr(archives, "_IN_MEMORY", 100_000)
    with (
        open_bundle(path) as bundle,
        bundle.open("aws/cloudtrail/b.json") as two,
        bundle.open("aws/cloudtrail/a.json") as one,
    ):
        assert two.read(10) == data[::-1][:10]
        assert one.read() == data
        assert two.read() == data[::-1][10:]


def test_a_zip_that_lies_about_a_size(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"claims.json": b"0" * 100_000})
    data = path.read_bytes().replace((100_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    path.write_bytes(data)
    with open_bundle(path) as bundle, pytest.raises(Unreadable, match="damaged or cut off"):
        bundle.read("claims.json")


# ---------------------------------------------------------------------------------------------------- damaged archives


def test_a_tar_that_is_cut_off_gives_what_came_before(tmp_path: Path) -> None:
    path = tarred(
        tmp_path, {"claims.json": b'{"sub": "x"}', "aws/cloudtrail/a.json": os.urandom(100_000), "error.txt": b"x"}
    )
    path.write_bytes(path.read_bytes()[:60_000])
    with open_bundle(path) as bundle:
        assert bundle.read("claims.json") == b'{"sub": "x"}'
        assert ("bundle.tar.gz", "cut off or damaged after 2 files") in bundle.refused
        with pytest.raises(Unreadable, match=r"^aws/cloudtrail/a.json: "):
            bundle.read("aws/cloudtrail/a.json")
        with pytest.raises(OSError, match="damaged or cut off"):  # what readers of logs expect
            bundle.open("aws/cloudtrail/a.json")
        rows = {row.what: row for row in load_snapshot(bundle).coverage}
    assert rows["bundle.tar.gz"].named


def test_a_zip_entry_that_is_damaged_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"claims.json": b'{"iss": "x"}', "aws/role.json": os.urandom(1000)})
    data = bytearray(path.read_bytes())
    data[data.index(b"aws/role.json") + 40] ^= 0xFF
    path.write_bytes(bytes(data))
    with open_bundle(path) as bundle:
        snapshot = load_snapshot(bundle)
    rows = {row.what: row for row in snapshot.coverage}
    assert (rows["aws/role.json"].status, rows["aws/role.json"].named) == ("missing", True)
    assert rows["claims.json"].status == "read"


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("b.zip", b"hello", "not a zip archive"),
        ("b.tar.gz", b"hello", "not a tar archive"),
        ("b.tar.gz", gzip.compress(b"hello", mtime=0), "not a tar archive"),
        ("b.tar.gz", gzip.compress(b"\0" * 10240, mtime=0), "the archive is empty"),
        ("b.tgz", b"\x1f\x8b", "not a tar archive"),
        ("b.zip", b"PK\x05\x06" + b"\0" * 18, "the archive is empty"),
        ("b.txt", b"hello", "not a folder, a .zip or .tar.gz archive, or a file that a bundle can hold"),
        ("b.json", b'{"a": 1}', "a file that a bundle can hold"),
        ("b.json", b'{"a": 1,}', "b.json: line 1 column 9: a comma before the closing bracket"),
        ("b.bin", b"\xff\xff", "not UTF-8 text"),
        ("b", b"", "not a folder"),
    ],
)
def test_what_is_no_bundle(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(BundleError) as caught:
        open_bundle(tmp_path / name)
    assert words in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: no",
        "AccessDenied",
        '{"error": "invalid_grant", "error_description": "The audience in ID Token [a] does not match"}',
    ],
)
def test_an_error_text_alone_is_the_callers_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "what.log").write_text(text)
    with open_bundle(tmp_path / "what.log", place_of_file) as bundle:
        (evidence,) = load_snapshot(bundle).targets
    assert [error.text for error in evidence.observed] == [text]


def test_what_is_not_there_or_empty(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"/none: no such file or directory$"):
        open_bundle(tmp_path / "none")
    with pytest.raises(BundleError, match=r"the folder is empty$"):
        open_bundle(tmp_path)
    with pytest.raises(BundleError, match=r"cannot be read$"):
        open_bundle("a\0b")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BundleError, match=r"neither a folder nor a file$"):
        open_bundle(tmp_path / "pipe")
    folder(tmp_path / "other", {"README.md": b"x"})
    with pytest.raises(BundleError, match="no evidence in it"):
        open_bundle(tmp_path / "other")


def test_a_file_that_goes_away_is_named(tmp_path: Path) -> None:
    bundle = open_bundle(folder(tmp_path / "b", FILES))
    (tmp_path / "b/claims.json").unlink()
    with pytest.raises(Unreadable, match=r"^claims\.json: no such file or directory$"):
        bundle.read("claims.json")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('{"Statement": []}', "aws/role.json"),
        ('{"Role": {}}', "aws/role.json"),
        ('[{"RoleName": "x", "AssumeRolePolicyDocument": {}}]', "aws/role.json"),
        ('{"Url": "x", "ClientIDList": []}', "aws/oidc-provider.json"),
        ('{"OpenIDConnectProviderList": []}', "aws/oidc-providers.json"),
        ('{"Records": []}', "aws/cloudtrail/events.json"),
        ('{"eventVersion": "1.11", "eventName": "AssumeRoleWithWebIdentity"}', "aws/cloudtrail/events.json"),
        ('[{"eventVersion": "1.11", "eventName": "AssumeRoleWithWebIdentity"}]', "aws/cloudtrail/events.json"),
        ('[{"protoPayload": {}}]', "gcp/logs/entries.json"),
        ('{"oidc": {}, "attributeMapping": {}}', "gcp/provider.json"),
        ('{"name": "projects/1/locations/global/workloadIdentityPools/p/providers/x"}', "gcp/provider.json"),
        ('[{"name": "projects/1/locations/global/workloadIdentityPools/p/providers/x"}]', "gcp/providers.json"),
        ('{"name": "projects/1/locations/global/workloadIdentityPools/p"}', "gcp/pool.json"),
        ('{"bindings": []}', "gcp/service-account-policy.json"),
        ('{"type": "external_account", "subject_token_type": "x"}', "gcp/credentials.json"),
        ('{"iss": "x"}', "claims.json"),
        ('{"claims": {}}', "claims.json"),
        ('{"issuer": "x", "jwks_uri": "y"}', "issuer/openid-configuration.json"),
        ('{"keys": []}', "issuer/jwks.json"),
        ("eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln\n", "token.jwt"),
        ('# x\n[[target]]\nname = "x"\n', "oidc-doctor.toml"),
    ],
)
def test_one_file_alone(tmp_path: Path, text: str, path: str) -> None:
    (tmp_path / "mine.json").write_text(text)
    bundle = open_bundle(tmp_path / "mine.json")
    assert bundle.names() == (path,)
    assert bundle.shown(path) == "mine.json"
    assert (
        "mine.json" in {row.what for row in load_snapshot(bundle).coverage} or "/logs/" in path or "cloudtrail" in path
    )


# ------------------------------------------------------------------------------------------------------------ any bytes


@settings(max_examples=share_of(150), deadline=None)
@given(st.data())
def test_no_archive_raises_anything_but_bundle_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Whole archives with bytes changed, cut or made up: an error of ours, or files within the bundle."""
    root = tmp_path_factory.mktemp("any")
    names = data.draw(
        st.lists(st.sampled_from([*FILES, *OUTSIDE, "a\nb", "x" * 200, "é"]), min_size=1, max_size=4, unique=True)
    )
    make, suffix = data.draw(
        st.sampled_from([(zipped, "b.zip"), (tarred, "b.tar.gz"), (lambda r, f, n: tarred(r, f, n, "w:"), "b.tar")])
    )
    path = make(root, {name: FILES.get(name, b"evil") for name in names}, suffix)
    whole = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(0, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(whole[: data.draw(st.integers(0, len(whole)) | st.just(len(whole)))]))
    before = sorted(root.rglob("*"))
    try:
        with open_bundle(path) as bundle:
            for name in bundle.names():
                assert ".." not in name.split("/")
                assert not name.startswith("/")
                try:
                    bundle.read(name)
                except Unreadable as error:
                    assert str(error).isprintable()
            load_snapshot(bundle)
    except BundleError as error:
        assert str(error).isprintable()
    assert sorted(root.rglob("*")) == before
