"""The headers of tar archives: the doctor reads the same names, sizes and kinds as tarfile, or refuses as it does."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import share_of
from oidc_doctor.bundle import archives
from oidc_doctor.bundle.files import BundleError
from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.bundle.tar_header import TarHeader
from oidc_doctor.model import limits


@st.composite
def headers(draw: st.DrawFn) -> bytes:
    """A header as some tool writes it, with some bytes changed, and perhaps with the checksum of what it is now."""
    info = tarfile.TarInfo(draw(st.text(max_size=90)) + draw(st.sampled_from(["", "/", "/" + "d" * 90, "\u00e9"])))
    info.size = draw(st.integers(0, 1 << 40))
    info.type = draw(st.sampled_from([tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.AREGTYPE, tarfile.SYMTYPE, b"S", b"x"]))
    kind = draw(st.sampled_from([tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT]))
    try:
        block = bytearray(info.tobuf(kind, "utf-8", "surrogateescape")[-512:])
    except (ValueError, UnicodeEncodeError):
        block = bytearray(512)
    for place, value in draw(st.lists(st.tuples(st.integers(0, 511), st.integers(0, 255)), max_size=3)):
        block[place] = value
    if draw(st.booleans()):
        checksum = sum(block) - sum(block[148:156]) + 8 * ord(" ")
        block[148:156] = b"%06o\0 " % checksum
    return bytes(block[: draw(st.sampled_from([512, 512, 512, 100]))])


@given(headers())
@settings(max_examples=share_of(150))
def test_a_tar_header_is_read_as_tarfile_reads_it(block: bytes) -> None:
    def read(kind: type[tarfile.TarInfo]) -> object:
        try:
            info = kind.frombuf(block, "utf-8", "surrogateescape")
        except (tarfile.TarError, ValueError) as error:
            return type(error)
        return info.name, info.size, info.type, info.isreg(), info.isdir()

    expected = read(tarfile.TarInfo)
    # a fault in the owner, the mode or the time of a file does not matter: they are not read
    assert read(TarHeader) == expected or isinstance(expected, type)


def test_long_names_and_attributes_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "b.tar"
    with tarfile.open(path, "w") as archive:
        for index in range(20):
            info = tarfile.TarInfo(f"tokens/{index}")
            info.pax_headers = {"comment": "x" * 2000}
            archive.addfile(info)
    monkeypatch.setattr(archives, "HEADERS", limits.HEADERS._replace(most=10_000))
    with open_bundle(path) as bundle:
        assert bundle.names() == tuple(f"tokens/{index}" for index in range(4))
        assert bundle.refused == (("b.tar", "more than 0 MiB of long names and attributes after 4 files"),)


def test_a_header_that_asks_for_everything(tmp_path: Path) -> None:
    """A pax header may state any length; the reader must not fetch it into memory."""
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 1 << 33
    path = tmp_path / "b.tar"
    path.write_bytes(info.tobuf(tarfile.GNU_FORMAT) + b"\0" * 10240)
    with pytest.raises(BundleError):
        open_bundle(path)
    member = tarfile.TarInfo("claims.json")
    member.size = 2
    before = member.tobuf() + b"{}".ljust(512, b"\0")
    path.write_bytes(before + path.read_bytes())
    with open_bundle(path) as bundle:
        assert bundle.names() == ("claims.json",)
        assert bundle.refused == (("b.tar", "a header of impossible length after 1 files"),)
