"""The copy of an extract: its header and its counts stay, and everything else is redacted."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from exchanges import PROVIDER, exchange
from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.capture import redact_bundle
from oidc_doctor.capture.redact_extract import split_header
from oidc_doctor.capture.redact_texts import CollectedNames, Texts
from oidc_doctor.logs.extract.file import COUNT, ENDING, Header, write_extract
from oidc_doctor.logs.reading.scan import scan
from oidc_doctor.logs.reading.scope import WriteScope

HEADER = Header(
    "cloudtrail", selective=False, since=1_795_132_800.0, until=1_795_219_200.5, files=120_345, events=4_012_345,
    duplicates=54_321, services=("kms.amazonaws.com", "acme.example"), regions=("us-east-1", "acme-island"),
)  # fmt: skip


def record(**more: Any) -> dict[str, Any]:
    named = {"principalId": f"{PROVIDER}:aud:acme-job"}
    return exchange(
        userIdentity=named, requestParameters={"roleArn": "arn:aws:iam::111122223333:role/AcmeRole"}, **more
    )


def copied(folder: Path, path: str, data: bytes) -> dict[str, bytes]:
    (folder / path).parent.mkdir(parents=True)
    (folder / path).write_bytes(data)
    found: dict[str, bytes] = {}

    def write(name: str, pieces: Any) -> None:
        found[name] = b"".join(pieces)

    with open_bundle(folder) as bundle:
        redact_bundle(bundle, write, b"k" * 32)
    return found


def test_the_name_of_a_file_beside_that_of_the_bundle_stays(tmp_path: Path) -> None:
    found = copied(tmp_path, "aws/cloudtrail/athena-1-2.extract.jsonl.gz", write_extract(HEADER, [record()]))
    assert "aws/cloudtrail/athena-1-2.extract.jsonl.gz" in found


def test_header_and_counts_stay_and_names_go(tmp_path: Path) -> None:
    path = "aws/cloudtrail/s3-1.extract.jsonl.gz"
    data = write_extract(HEADER, [record(**{COUNT: 123_456}), record(eventID="2")])
    found = copied(tmp_path, path, data)
    text = gzip.decompress(found[path]).decode()
    assert "acme" not in text.lower()
    assert "111122223333" not in text
    logs = scan(lambda _: io.BytesIO(found[path]), [path], "cloudtrail", scope=WriteScope())
    assert sorted(logs.rows.count) == [1, 123_456]
    covered = logs.coverage
    assert (covered.files, covered.events, covered.duplicates) == (120_345, 4_012_345, 54_321)
    assert (covered.first, covered.last) == (HEADER.since, HEADER.until)
    assert {"kms.amazonaws.com", "sts.amazonaws.com"} < covered.services
    assert "us-east-1" in covered.regions


def test_an_account_in_the_name_goes(tmp_path: Path) -> None:
    (name,) = [name for name in copied(tmp_path, f"aws/cloudtrail/s3-2-111122223333{ENDING}", write_extract(HEADER, []))
               if name.startswith("aws")]  # fmt: skip
    assert name.startswith("aws/cloudtrail/s3-2-")
    assert name.endswith(ENDING)
    assert "111122223333" not in name


def test_a_file_without_a_header_is_redacted_as_a_log(tmp_path: Path) -> None:
    path = f"gcp/logs/gs-1{ENDING}"
    line = json.dumps({"insertId": "a", "events": 4_012_345, "labels": {"team": "acme"}}).encode()
    (data,) = [data for name, data in copied(tmp_path, path, gzip.compress(line)).items() if name == path]
    assert b"acme" not in gzip.decompress(data)


@given(st.lists(st.text(max_size=50)))
def test_any_pieces_without_a_header_stay_as_they_are(pieces: list[str]) -> None:
    header, others = split_header(iter(pieces), "cloudtrail", Texts(CollectedNames()))
    assert header == ""
    assert "".join(others) == "".join(pieces)
