"""Log archives with one planted change each, in the layout that the clouds deliver, for tests and benchmarks.

`make_archive(folder, seed, plant=…)` writes a bundle: present configuration, the target, and a trail or a sink's files
with steady attempts of several roles, the planted change, harmless edits by others, and noise. What it gives back says
what happened: `Planted`. Nothing here knows how oidc-doctor finds it out.

The truth is simple: an attempt is accepted while the configuration in force accepts its token. Each plant says what
the configuration was before and after, and whether the cloud writes an event for the refusals that follow
(CloudTrail writes none for tokens that STS calls invalid; Google none for providers that it does not find: inferred).

    python tests/logs/archives.py FOLDER --seed 7 --plant aws-subject-mistyped --events 1000000 --jobs 2
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))

import gcp_shapes
import log_shapes as shapes
from archive_aws import AWS_CHANGES, AwsArchive, aws_change, aws_mended, aws_steady, aws_token
from archive_files import sink_files, trail_files, write_bundle, write_file
from archive_gcp import GcpArchive, gcp_change, gcp_mended, gcp_steady
from archive_world import HOURS, START, Family, Planted, Signal, World
from log_shapes import Json

PLANTS: dict[str, Callable[[World], AwsArchive | GcpArchive]] = {
    **dict.fromkeys(AWS_CHANGES, aws_change),
    "aws-mended": aws_mended,
    "aws-subject-format": aws_token,
    "aws-new-environment": aws_token,
    "aws-denied-all-along": aws_steady,
    "aws-healthy": aws_steady,
    "gcp-condition-tightened": gcp_change,
    "gcp-mapping-changed": gcp_change,
    "gcp-audiences-changed": gcp_change,
    "gcp-provider-disabled": gcp_change,
    "gcp-pool-disabled": gcp_change,
    "gcp-binding-removed": gcp_change,
    "gcp-account-disabled": gcp_change,
    "gcp-provider-deleted": gcp_change,
    "gcp-project-binding-removed": gcp_change,
    "gcp-mended": gcp_mended,
    "gcp-subject-format": gcp_steady,
    "gcp-denied-all-along": gcp_steady,
    "gcp-healthy": gcp_steady,
}


def make_archive(
    folder: Path,
    seed: int,
    *,
    plant: str,
    events: int = 2_000,
    jobs: int = 1,
    everywhere: bool = False,
    organisation: bool | None = None,
    claims: bool | None = None,
    skew: float = 0.0,
    per_file: int | None = None,
    level: int = 6,
) -> Planted:
    """Write a bundle with about `events` log records to a new folder, the same for the same arguments.

    `everywhere`: every log file holds an attempt; else few of a large archive do. `organisation`: an organisation
    trail's folders; `claims`: a claims.json of the newest refused attempt; both drawn where None. `skew`: seconds by
    which the clock that stamps attempts is behind the one that stamps changes. `jobs`: processes that write. `level`:
    of gzip.
    """
    rng = Random(f"{plant}/{seed}")
    result = Planted(plant, seed, plant.partition("-")[0], folder)
    world = World(rng, plant, folder, result)
    world.change_at = float(int(world.between(0.4, 0.7)))
    world.lag = rng.choice((0.0, 1.0, 3.0, 5.0))
    world.with_claims = rng.random() < 0.5 if claims is None else claims
    made = PLANTS[plant](world)
    _since(world, skew)
    if organisation is None:
        organisation = rng.random() < 0.3
    if isinstance(made, AwsArchive):
        files = trail_files(world, made, events, organisation=organisation, everywhere=everywhere, per_file=per_file)
    else:
        files = sink_files(world, made, events, everywhere=everywhere, per_file=per_file)
    if world.with_claims:
        _claims(world, made.family)
    write_bundle(world)
    for file in files:
        file.level = level
    if jobs > 1:
        # fork: the children know this module under whatever name it was loaded
        with multiprocessing.get_context("fork").Pool(jobs) as pool:
            counts = pool.map(write_file, files, chunksize=8)
    else:
        counts = [write_file(file) for file in files]
    result.events, result.files = sum(counts), len(files)
    result.wanted_files = sum(bool(file.signals) for file in files)
    return result


def _claims(world: World, family: Family) -> None:
    """claims.json of the token that is refused now, or the last that was accepted."""
    issued = START + HOURS * 3600 + 840
    claims = {"iss": f"https://{family.host}", "sub": world.subject, "aud": family.audience, "iat": issued}
    header = {"alg": "RS256", "kid": "key-1", "typ": "JWT"}
    world.files["claims.json"] = {"header": header, "claims": claims | {"exp": issued + 900} | family.claims}


def _since(world: World, skew: float) -> None:
    """The right answers to "since when", once all attempts are made."""
    attempts = {"AssumeRoleWithWebIdentity", gcp_shapes.EXCHANGE, "GenerateAccessToken"}
    result = world.result
    refused, accepted = [], []
    for signal in world.signals:
        name = signal.record.get("eventName") or signal.record["protoPayload"]["methodName"]
        if name not in attempts:
            continue
        if skew:
            signal.at -= skew
            _restamp(signal)
        if signal.record.get("eventID") in world.strange:
            continue
        if _is_refused(signal.record) and _is_targets(world, signal.record):
            refused.append(signal.at)
        elif _is_targets(world, signal.record):
            accepted.append(signal.at)
    if not result.causes:
        return
    if result.basis == "change":
        result.since = (world.change_at - 30, world.change_at + 3)
    elif result.basis == "last-success":
        result.since = (max(accepted) - 1, max(accepted) + 1)
    else:
        result.since = (min(refused) - 1, min(refused) + 1)


def _restamp(signal: Signal) -> None:
    record = signal.record
    if "eventTime" in record:
        record["eventTime"] = shapes.stamp(signal.at)
    else:
        record["timestamp"] = shapes.fine_stamp(signal.at)
        record["protoPayload"]["requestMetadata"]["requestAttributes"]["time"] = record["timestamp"]


def _is_refused(record: Json) -> bool:
    return bool(record.get("errorCode") or record.get("protoPayload", {}).get("status", {}).get("code"))


def _is_targets(world: World, record: Json) -> bool:
    target = world.files["oidc-doctor.toml"]
    if "eventName" in record:
        return f'"{record["requestParameters"]["roleArn"]}"' in target
    payload = record["protoPayload"]
    email = record["resource"]["labels"].get("email_id")
    return f'"{payload["resourceName"]}"' in target or f'"{email}"' in target


def main() -> None:
    """Write one archive, and print what is in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plant", choices=sorted(PLANTS), default="aws-subject-mistyped")
    parser.add_argument("--events", type=int, default=2_000)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--everywhere", action="store_true", help="every file holds an attempt")
    args = parser.parse_args()
    print(
        make_archive(
            args.folder, args.seed, plant=args.plant, events=args.events, jobs=args.jobs, everywhere=args.everywhere
        )
    )


if __name__ == "__main__":
    main()
