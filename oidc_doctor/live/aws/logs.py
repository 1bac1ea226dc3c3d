"""CloudTrail's records: LookupEvents at its limit, or the files of a trail's bucket."""

from __future__ import annotations

import functools
from datetime import UTC, datetime, timedelta
from typing import Any

from oidc_doctor.documents.json_text import printable
from oidc_doctor.live.aws.account import Account, AwsScope, rfc3339
from oidc_doctor.live.aws.athena import athena_reader
from oidc_doctor.live.aws.client import AwsClients, with_call_errors
from oidc_doctor.live.aws.cloudwatch import cloudwatch_reader
from oidc_doctor.live.aws.lookup import CALL, EXCHANGE, RoleGroup, save_part, save_query
from oidc_doctor.live.collect import CallError, Collector, Following, Grant, Reader
from oidc_doctor.live.pages import Paging, pages
from oidc_doctor.logs.extract.file import ENDING

_PAGING = Paging("ContinuationToken", "NextContinuationToken", truncated="IsTruncated")
_DAY = 86_400.0
_TRAIL_DAYS = 2  # for a trail's bucket, without a window
_MOST_TRAIL_FILES = 20_000
_MOST_TRAIL_BYTES = 512 * 1024 * 1024  # compressed


class AwsLogs(Account):
    """The readers of the logs."""

    # ------------------------------------------------------------------------------------------------------------ logs

    def __init__(self, clients: AwsClients, scope: AwsScope, group: RoleGroup) -> None:
        super().__init__(clients, scope)
        self.group = group
        group.targets.append(self)

    def lookups(self) -> list[Reader]:
        """Exchanges in every Region of an endpoint, and changes in the Region where IAM's events are."""
        readers: list[Reader] = []
        for region in dict.fromkeys((self.home, *self.regions)):
            if self.role_name:
                readers.append(self.exchanges(region))
                readers.append(self.lookup_by_event(region, "exchanges-by-event", unless_found=True))
            else:
                readers.append(self.lookup_by_event(region, "exchanges-by-event", unless_found=False))
        if self.role_name:
            readers.append(self.role_changes(self.role_name))
        readers.append(self.provider_changes())
        return readers

    def exchanges(self, region: str) -> Reader:
        """The role's exchanges, read alone or with those of other targets."""
        arn = self.aws.role_arn or ""
        alone = self.lookup(region, "exchanges", "ResourceName", arn)

        def read(collector: Collector) -> None:
            self.require_own_account(collector)
            found = self.group.exchanges(self, collector, region)
            if found is None:
                alone.read(collector)
            else:
                save_part(collector, alone.path, found, arn, "roleArn")

        return alone._replace(read=read)

    def role_changes(self, role_name: str) -> Reader:
        """The role's changes, read alone or with those of other targets."""
        alone = self.lookup(self.home, "role-changes", "ResourceName", role_name, changes=True)

        def read(collector: Collector) -> None:
            self.require_own_account(collector)
            found = self.group.role_changes(self, collector)
            if found is None:
                alone.read(collector)
            else:
                save_part(collector, alone.path, found, role_name.casefold(), "roleName")

        return alone._replace(read=read)

    def lookup_by_event(self, region: str, short: str, *, unless_found: bool) -> Reader:
        """Look up by event name, if the role is unknown or does not exist, since events may not name it then."""
        reader = self.lookup(region, short, "EventName", EXCHANGE)

        def read(collector: Collector) -> None:
            if collector.answer(self.name("role")) is not None or not self.role_is_missing(collector):
                return
            found = self.group.exchanges(self, collector, region)
            if found is None:
                collector.start(reader)
            else:  # those with its name are in the other file
                save_part(collector, reader.path, found, "", "roleArn")

        if not unless_found:
            return reader
        # after the exchanges, whose failure has an entry of its own
        needs = (*reader.needs, self.name("role"), self.exchanges(region).name)
        name = f"{reader.name}:if-missing"
        return reader._replace(name=name, read=read, needs=needs, silent=True)

    def role_is_missing(self, collector: Collector) -> bool:
        """Whether IAM reported that the role does not exist."""
        entry = collector.reads.get(self.path("role.json"))
        return entry is not None and entry["outcome"] == "not_found"

    def provider_changes(self) -> Reader:
        """The changes of the providers that were found."""
        first = self.lookup(self.home, "provider-changes", "ResourceName", "", changes=True)

        def read(collector: Collector) -> None:
            for number, arn in enumerate(collector.answer(self.name("provider")) or ()):
                short = "provider-changes" + (f"-{number + 1}" if number else "")
                collector.start(self.lookup(self.home, short, "ResourceName", arn, changes=True))

        name, needs = self.name("provider-changes"), (self.name("provider"),)
        return first._replace(name=name, read=read, needs=needs, silent=True)

    def lookup(self, region: str, short: str, attribute: str, value: str, *, changes: bool = False) -> Reader:
        """A LookupEvents query, newest events first, page after page."""
        path = self.path(f"cloudtrail/{region}/{short}.json")

        def read(collector: Collector) -> None:
            self.require_own_account(collector)
            save_query(collector, self, path, region, (attribute, value, changes))

        return Reader(
            self.name(f"lookup:{region}:{short}:{value}"),
            path,
            CALL,
            read,
            (self.name("caller"),),
            (Grant(CALL),),
            lane=f"{CALL} {region}",
        )

    def places(self) -> list[Reader]:
        """Readers of further logs, each once for all targets of an account: their files are shared."""
        readers = []
        for number, place in enumerate(self.scope.places, 1):
            if (place, self.account) not in self.group.places:
                is_first = all(read != place for read, _ in self.group.places)
                path = f"aws/cloudtrail/{place.engine}-{number}{'' if is_first else f'-{self.account}'}"
                self.group.places[place, self.account] = path
                if place.engine == "s3":
                    readers.append(self.trail(place.text, f"{path}/"))
                else:
                    read = athena_reader if place.engine == "athena" else cloudwatch_reader
                    readers.append(read(self, place, path + ENDING))
        return readers

    def trail(self, place: str, path: str) -> Reader:
        """A trail's bucket: the days of the window and one more, in either layout."""
        bucket, prefix = bucket_of(place)
        call = "s3:ListBucket"
        grants = (Grant(call, f"arn:{self.partition}:s3:::{bucket}"),)
        inside = f"{prefix}/AWSLogs/*" if prefix else "AWSLogs/*"
        follows = (Following(path, (Grant("s3:GetObject", f"arn:{self.partition}:s3:::{bucket}/{inside}"),)),)

        def read(collector: Collector) -> None:
            self.trail_files(collector, path, bucket, prefix)

        return Reader(self.name(f"trail:{place}"), path, call, read, (self.name("caller"),), grants, follows)

    def trail_files(self, collector: Collector, path: str, bucket: str, prefix: str) -> None:
        """Save the files of the window, the newest first where there are too many."""
        account = self.account or collector.needed(self.name("caller"), "the account of the trail")
        first, until = collector.clocks.window(self.scope.since, self.scope.until, self.scope.back)
        since = first if first is not None else until - _TRAIL_DAYS * _DAY
        root = f"{prefix}/AWSLogs/" if prefix else "AWSLogs/"
        owners = [f"{root}{account}/"]
        folders = self.folders(collector, bucket, root)
        owners += [f"{folder}{account}/" for folder in folders if folder.removeprefix(root).startswith("o-")]
        files: list[tuple[str, int]] = []
        of_account = [target for target in self.group.targets if target.account == self.account]
        regions = dict.fromkeys(region for target in of_account for region in (target.home, *target.regions))
        searched = [
            f"{owner}CloudTrail/{region}/{day}/"
            for owner in owners
            for region in regions
            for day in days(since, until + _DAY)
        ]
        for listing in collector.side_by_side(
            [functools.partial(self.objects, collector, bucket, folder) for folder in searched]
        ):
            if isinstance(listing, CallError):
                raise listing
            files += listing
        files.sort(key=lambda file: file[0].rpartition("/")[2], reverse=True)  # newest first: names contain the time
        keys: list[str] = []
        size = 0
        for key, length in files:
            size += length
            if size > _MOST_TRAIL_BYTES or len(keys) >= _MOST_TRAIL_FILES:
                break
            keys.append(key)
        calls = [functools.partial(self.object, collector, bucket, key) for key in keys]
        failures: list[CallError] = []
        for key, data in zip(keys, collector.side_by_side(calls), strict=True):
            if isinstance(data, CallError):
                failures.append(data)
            else:
                collector.keep(path + key.rpartition("/")[2], data)
        log: dict[str, Any] = {"from": rfc3339(since), "to": rfc3339(until), "filter": f"s3://{bucket}/{root}"}
        number = len(keys) - len(failures)
        if number < len(files):
            note = f"{number} of {len(files)} files were read"
            if failures:
                allow = "allow s3:GetObject; " if failures[0].outcome == "denied" else ""
                note += f": {allow}s3:GetObject: {failures[0]}"
            log |= {"truncated": True, "message": printable(note)}
        collector.record(path, "s3:ListBucket", "ok", **log)

    def folders(self, collector: Collector, bucket: str, prefix: str) -> list[str]:
        """The folders right below a prefix: account ids, or the organization's."""
        page = {"Prefix": prefix, "Delimiter": "/"}
        answer = self.bucket(collector, "list_objects_v2", bucket, "s3:ListBucket", **page)
        entries = answer.get("CommonPrefixes") or []
        folders = [entry.get("Prefix") for entry in entries if isinstance(entry, dict)]
        return [folder for folder in folders if isinstance(folder, str)]

    def objects(self, collector: Collector, bucket: str, prefix: str) -> list[tuple[str, int]]:
        """Keys and sizes of a folder."""

        def ask(page: dict[str, Any]) -> Any:
            return self.bucket(collector, "list_objects_v2", bucket, "s3:ListBucket", Prefix=prefix, **page)

        files: list[tuple[str, int]] = []
        for answer in pages(ask, _PAGING, f"pages of files in {prefix}"):
            for entry in answer.get("Contents") or []:
                key = entry.get("Key")
                if isinstance(key, str) and key.endswith((".json", ".json.gz")):
                    files.append((key, int(entry.get("Size") or 0)))
        return files

    def object(self, collector: Collector, bucket: str, key: str) -> bytes:
        """Return a file's bytes unchanged."""
        client = self.clients.of("s3", self.region)
        owner = self.owner_of(collector, bucket)

        def fetch() -> bytes:
            data: bytes = client.get_object(Bucket=bucket, Key=key, ExpectedBucketOwner=owner)["Body"].read()
            return data

        return bytes(collector.call(lambda: with_call_errors(fetch)))


def bucket_of(place: str) -> tuple[str, str]:
    """Bucket and prefix of s3://bucket/prefix; the prefix ends before AWSLogs/."""
    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    prefix = prefix.strip("/")
    head, whole_folder, _ = f"/{prefix}/".partition("/AWSLogs/")  # people paste the path of the full folder
    return bucket, head.strip("/") if whole_folder else prefix


def days(since: float, until: float) -> list[str]:
    """The folders of a trail from one moment to another, epoch seconds, both days included."""
    first, last = (datetime.fromtimestamp(moment, UTC).date() for moment in (since, until))
    return [f"{first + timedelta(days=number):%Y/%m/%d}" for number in range((last - first).days + 1)]
