"""CloudTrail's records: LookupEvents at its limit, or the files of a trail's bucket."""

from __future__ import annotations

from oidc_doctor.live.aws.account import Account, AwsScope
from oidc_doctor.live.aws.athena import athena_reader
from oidc_doctor.live.aws.client import AwsClients
from oidc_doctor.live.aws.cloudwatch import cloudwatch_reader
from oidc_doctor.live.aws.lookup import CALL, EXCHANGE, RoleGroup, save_part, save_query
from oidc_doctor.live.aws.trail_bucket import trail_reader
from oidc_doctor.live.collect import Collector, Grant, Reader
from oidc_doctor.logs.extract.file import ENDING


class AwsLogs(Account):
    """The readers of the logs."""

    # ------------------------------------------------------------------------------------------------------------ logs

    def __init__(self, clients: AwsClients, scope: AwsScope, group: RoleGroup) -> None:
        super().__init__(clients, scope)
        self.group = group
        group.targets.append(self)

    def lookups(self) -> list[Reader]:
        """Exchanges in every Region of an endpoint, and changes in the Region where IAM's events are.

        Exchanges are not looked up where a trail's bucket is read: of many alike it returns the first, the last and the
        number of the others, which would count twice. Changes are, further back than the window.
        """
        readers: list[Reader] = []
        is_trail_read = any(place.engine == "s3" for place in self.scope.places)
        for region in () if is_trail_read else dict.fromkeys((self.home, *self.regions)):
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
                    reader = trail_reader(self, place, path + ENDING, self.trail_regions)
                else:
                    read = athena_reader if place.engine == "athena" else cloudwatch_reader
                    reader = read(self, place, path + ENDING)
                readers.append(reader._replace(named=place.text))
        return readers

    def trail_regions(self) -> list[str]:
        """The Regions of all targets of the account, whose events a trail has."""
        of_account = [target for target in self.group.targets if target.account == self.account]
        return list(dict.fromkeys(region for target in of_account for region in (target.home, *target.regions)))
