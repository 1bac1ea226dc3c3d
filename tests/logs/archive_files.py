"""The files of an archive: a trail's in all Regions, a sink's by the hour, and the bundle around them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import aws_shapes
import gcp_shapes
import log_shapes as shapes
from archive_world import HOURS, MORE_REGIONS, REGIONS, START, World
from log_noise import Noise, day_path
from log_shapes import Json

if TYPE_CHECKING:
    from archive_aws import AwsArchive
    from archive_gcp import GcpArchive


@dataclass
class LogFile:
    """A log file to be written."""

    path: Path
    seed: str
    times: list[float]  # of the noise
    noise: Noise
    signals: list[str]
    region: str = ""  # of a trail's file; a sink's file has none
    level: int = 6
    pretty: bool = False


def write_file(file: LogFile) -> int:
    rng = Random(file.seed)
    texts = file.noise.texts(rng, file.times, file.region)
    for text in file.signals:
        texts.insert(rng.randrange(len(texts) + 1), text)
    file.path.parent.mkdir(parents=True, exist_ok=True)
    if not file.region:
        file.path.write_text("\n".join(texts) + "\n", encoding="utf-8")
        return len(texts)
    whole = '{"Records":[' + ",".join(texts) + "]}"
    if file.pretty:
        whole = json.dumps(json.loads(whole), indent=2, ensure_ascii=True)
    data = whole.encode()
    if file.path.suffix == ".gz":
        data = gzip.compress(data, compresslevel=file.level, mtime=0)
    file.path.write_bytes(data)
    return len(texts)


def _odd(rng: Random, text: str) -> str:
    """The same JSON, spelled as nobody expects: an escape in a name, or spaces."""
    drawn = rng.random()
    if drawn < 0.02:
        return text.replace('"AssumeRoleWithWebIdentity"', '"AssumeRole\\u0057ithWebIdentity"')
    if drawn < 0.04:
        return json.dumps(json.loads(text))
    return text


def trail_files(
    world: World, aws: AwsArchive, events: int, *, organisation: bool, everywhere: bool, per_file: int | None
) -> list[LogFile]:
    """The files of a trail in all regions; each covers a stretch of time."""
    rng = world.rng
    small = events < 50_000
    regions = REGIONS if small else MORE_REGIONS
    per_file = per_file or (60 if small else 2_500)
    slots = max(2, round(events / per_file / len(regions)))
    length = HOURS * 3600 / slots
    root = world.folder / "aws/cloudtrail/AWSLogs"
    if organisation:
        root /= "o-" + shapes.letters(rng, 10)
    files: dict[tuple[str, str, int], LogFile] = {}

    def file(account: str, region: str, slot: int) -> LogFile:
        key = (account, region, slot)
        if key not in files:
            begin = START + slot * length
            delivered = begin + length + 300
            name = f"{account}_CloudTrail_{region}_{shapes.stamp(delivered).replace('-', '').replace(':', '')[:-3]}Z_"
            seed = f"{world.plant}/{world.result.seed}/{key}"
            name += shapes.letters(Random(seed), 16) + ".json.gz"
            path = root / account / "CloudTrail" / region / day_path(delivered) / name
            pretty = small and Random(seed).random() < 0.1
            if pretty:
                path = path.with_suffix("")
            quick = Random(seed)
            times = [begin + quick.random() * length for _ in range(per_file)] if account == aws.account else []
            files[key] = LogFile(path, seed, times, aws.noise, [], region, pretty=pretty)
        return files[key]

    for slot in range(slots):
        for region in regions:
            file(aws.account, region, slot)
    for signal in world.signals:
        slot = min(slots - 1, max(0, int((signal.at - START) // length)))
        text = _odd(rng, shapes.compact(signal.record)) if small else shapes.compact(signal.record)
        found = file(signal.account or aws.account, signal.region, slot)
        found.signals.append(text)
        if rng.random() < 0.03:  # delivered twice, as happens
            file(signal.account or aws.account, signal.region, min(slots - 1, slot + 1)).signals.append(text)
    if everywhere:
        _fill(rng, list(files.values()), lambda at, region: _other_attempt(rng, aws, at, region))
    return list(files.values())


def _fill(rng: Random, files: list[LogFile], make: Callable[[float, str], Json]) -> None:
    for file in files:
        if not file.signals and file.times:
            file.signals.append(shapes.compact(make(rng.choice(file.times), file.region)))


def _other_attempt(rng: Random, aws: AwsArchive, at: float, region: str) -> Json:
    provider = f"arn:aws:iam::{aws.account}:oidc-provider/oidc.example.com"
    role = f"arn:aws:iam::{aws.account}:role/Elsewhere"
    return aws_shapes.web_identity(
        rng, at, provider, "sts.amazonaws.com", f"job:{rng.randrange(99)}", role, accepted=True, region=region
    )


def sink_files(world: World, gcp: GcpArchive, events: int, *, everywhere: bool, per_file: int | None) -> list[LogFile]:
    """A Cloud Storage sink's files: a folder for each log and day, files by the hour, shards of an hour."""
    per_file = per_file or 2_500
    rng = world.rng
    noise = {log: Noise.gcp(gcp.project, gcp.number, gcp.account[0], log) for log in ("data_access", "activity")}
    files: dict[tuple[str, int], list[LogFile]] = {}
    for log, share in (("data_access", 0.8), ("activity", 0.2)):
        hourly = max(1, int(events * share / HOURS))
        shards = max(1, round(hourly / per_file))
        for hour in range(HOURS):
            begin = START + hour * 3600
            for shard in range(shards):
                name = f"{hour % 24:02}:00:00_{hour % 24:02}:59:59_S{shard}.json"
                path = world.folder / "gcp/logs/cloudaudit.googleapis.com" / log / day_path(begin) / name
                seed = f"{world.plant}/{world.result.seed}/{log}/{hour}/{shard}"
                quick = Random(seed)
                times = sorted(begin + quick.random() * 3600 for _ in range(max(1, hourly // shards)))
                files.setdefault((log, hour), []).append(LogFile(path, seed, times, noise[log], []))
    for signal in world.signals:
        hour = min(HOURS - 1, max(0, int((signal.at - START) // 3600)))
        some = files[signal.log, hour]
        text = shapes.compact(signal.record)
        rng.choice(some).signals.append(text)
        if rng.random() < 0.03:
            rng.choice(some).signals.append(text)
    found = [file for some in files.values() for file in some]
    if everywhere:
        other = gcp.pool.replace("baseten-pool", "other-pool") + "/providers/ci"
        _fill(rng, found, lambda at, _: gcp_shapes.exchange(rng, at, gcp.project, other, f"job-{rng.randrange(99)}"))
    return found


def write_bundle(world: World) -> None:
    """Everything but the logs."""
    end = START + HOURS * 3600 + 900
    reads = [
        {"path": path, "call": f"read {path}", "outcome": "ok", "at": shapes.stamp(end - 30)}
        for path in world.files
        if path.startswith(("aws/", "gcp/"))
    ]
    for path, code in world.absent.items():
        read = {"path": path, "call": f"read {path}", "outcome": "not_found", "code": code}
        reads.append(read | {"at": shapes.stamp(end - 30)})
    logs = "aws/cloudtrail" if world.result.cloud == "aws" else "gcp/logs"
    reads.append(
        {"path": logs, "call": "copy of the archive", "outcome": "ok", "from": shapes.stamp(START),
         "to": shapes.stamp(end), "truncated": False}
    )  # fmt: skip
    world.files["manifest.json"] = {"collected_at": shapes.stamp(end), "reads": reads}
    for name, value in world.files.items():
        path = world.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = value if isinstance(value, str) else json.dumps(value, indent=2) + "\n"
        path.write_text(text, encoding="utf-8")
