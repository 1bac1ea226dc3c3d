"""The definition of a table of Amazon Athena for a trail's bucket, with projected partitions.

Columns as the Athena user guide has them, "Create a table for CloudTrail logs in Athena using partition projection";
the path of an organisation's trail from the CloudTrail user guide, "Finding your CloudTrail log files". Every value of
a user goes through a strict pattern: a definition has no parameters.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from oidc_doctor.logs.engines.hive_types import HiveType, hive_type
from oidc_doctor.logs.engines.table_shape import TableShape, table_shape
from oidc_doctor.model.log_place import folder_above

_STRINGS = "string"
_IDENTITY = (
    "struct<type:string,principalid:string,arn:string,accountid:string,invokedby:string,accesskeyid:string,"
    "username:string,onbehalfof:struct<userid:string,identitystorearn:string>,"
    "sessioncontext:struct<attributes:struct<mfaauthenticated:string,creationdate:string>,"
    "sessionissuer:struct<type:string,principalid:string,arn:string,accountid:string,username:string>,"
    "ec2roledelivery:string,webidfederationdata:struct<federatedprovider:string,attributes:map<string,string>>>>"
)
_COLUMNS: tuple[tuple[str, str], ...] = (
    ("eventversion", _STRINGS),
    ("useridentity", _IDENTITY),
    *(
        (name, _STRINGS)
        for name in (
            "eventtime", "eventsource", "eventname", "awsregion", "sourceipaddress", "useragent", "errorcode",
            "errormessage", "requestparameters", "responseelements", "additionaleventdata", "requestid", "eventid",
            "readonly",
        )
    ),
    ("resources", "array<struct<arn:string,accountid:string,type:string>>"),
    *(
        (name, _STRINGS)
        for name in (
            "eventtype", "apiversion", "recipientaccountid", "serviceeventdetails", "sharedeventid", "vpcendpointid",
            "vpcendpointaccountid", "eventcategory",
        )
    ),
    ("addendum", "struct<reason:string,updatedfields:string,originalrequestid:string,originaleventid:string>"),
    ("sessioncredentialfromconsole", _STRINGS),
    ("edgedevicedetails", _STRINGS),
    ("tlsdetails", "struct<tlsversion:string,ciphersuite:string,clientprovidedhostheader:string>"),
)  # fmt: skip
_KEYS = ("account", "region", "day")
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,127}")  # of a database or a table: Athena's own rule for CREATE TABLE
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"(?:[\w!.()=+-]+/)*", re.ASCII)
_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}")
_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]{1,12}){1,3}-[0-9]{1,2}")
_DAY = re.compile(r"[0-9]{4}/[0-9]{2}/[0-9]{2}")
_ALWAYS = "NOW-2YEARS"


class TrailTable(NamedTuple):
    """A table for a trail. Without accounts or regions, a query has to name them (projection type injected)."""

    database: str
    table: str
    bucket: str
    prefix: str = ""  # before AWSLogs/, with a slash at its end
    organization: str = ""  # o-…, for an organisation's trail
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    first_day: str = _ALWAYS  # yyyy/MM/dd, or relative to now

    def checked(self) -> TrailTable:
        """Return the table. Raises ValueError for a value of a form that its vendor does not have."""
        forms: tuple[tuple[str, re.Pattern[str], str, tuple[str, ...]], ...] = (
            ("the database", _NAME, "lower-case letters, digits and _", (self.database,)),
            ("the table", _NAME, "lower-case letters, digits and _", (self.table,)),
            ("the bucket", _BUCKET, "s3://BUCKET or s3://BUCKET/PREFIX", (self.bucket,)),
            ("the prefix", _PREFIX, "letters, digits and ! . ( ) = + - _ between slashes", (self.prefix,)),
            (
                "the organization",
                _ORGANIZATION,
                "o- and 10 to 32 letters and digits",
                tuple(filter(None, (self.organization,))),
            ),
            ("the account", _ACCOUNT, "12 digits", self.accounts),
            ("the Region", _REGION, "us-east-1", self.regions),
            ("the first day", re.compile(f"{_DAY.pattern}|{_ALWAYS}"), "2026/11/22", (self.first_day,)),
        )
        for name, pattern, form, values in forms:
            for value in values:
                if not pattern.fullmatch(value):
                    raise ValueError(f"{name} {value!r} is not of the form: {form}")
        return self

    @property
    def location(self) -> str:
        """Return the folder of the accounts."""
        return f"s3://{self.bucket}/{self.prefix}AWSLogs/" + (f"{self.organization}/" if self.organization else "")

    @property
    def properties(self) -> dict[str, str]:
        """Return the table's properties: the projection of its partitions."""
        account = {"type": "enum", "values": ",".join(self.accounts)} if self.accounts else {"type": "injected"}
        region = {"type": "enum", "values": ",".join(self.regions)} if self.regions else {"type": "injected"}
        day = {
            "type": "date",
            "format": "yyyy/MM/dd",
            "range": f"{self.first_day},NOW",
            "interval": "1",
            "interval.unit": "DAYS",
        }
        projections = zip(_KEYS, (account, region, day), strict=True)
        return {
            "projection.enabled": "true",
            **{f"projection.{key}.{name}": value for key, values in projections for name, value in values.items()},
            "storage.location.template": f"{self.location}${{account}}/CloudTrail/${{region}}/${{day}}",
        }


def bucket_and_prefix(text: str) -> tuple[str, str]:
    """Return the bucket, and the prefix before AWSLogs/, of s3://BUCKET/PREFIX. Raises ValueError."""
    if not text.startswith("s3://"):
        raise ValueError(f"{text!r} is not of the form s3://BUCKET/PREFIX")
    bucket, _, path = text.removeprefix("s3://").partition("/")
    return bucket, folder_above(path, "AWSLogs")


def definition(trail: TrailTable) -> str:
    """Return the statement that creates the table. Raises ValueError for values of another form."""
    trail.checked()
    columns = ",\n".join(f"  `{name}` {_written(kind)}" for name, kind in _types())
    keys = ", ".join(f"`{key}` STRING" for key in _KEYS)
    properties = ",\n".join(f"  '{name}' = '{value}'" for name, value in trail.properties.items())
    return f"""\
CREATE EXTERNAL TABLE IF NOT EXISTS `{trail.database}`.`{trail.table}` (
{columns}
)
COMMENT 'CloudTrail records'
PARTITIONED BY ({keys})
ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'
STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'
OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
LOCATION '{trail.location}'
TBLPROPERTIES (
{properties}
)"""


def shape_of(trail: TrailTable) -> TableShape:
    """Return the shape of the table that `definition` creates. Raises ValueError for values of another form."""
    trail.checked()
    columns = [{"Name": name, "Type": str(kind)} for name, kind in _types()]
    keys = [{"Name": key, "Type": _STRINGS} for key in _KEYS]
    answer = {
        "Table": {
            "StorageDescriptor": {"Columns": columns, "Location": trail.location},
            "PartitionKeys": keys,
            "Parameters": trail.properties,
        }
    }
    return table_shape(answer, trail.database, trail.table)


def _types() -> list[tuple[str, HiveType]]:
    return [(name, kind) for name, text in _COLUMNS if (kind := hive_type(text)) is not None]


def _written(kind: HiveType) -> str:
    """Return a type as a definition has it: with the names of types in capitals, and a line for each outer field."""
    if kind.name == "struct":
        fields = ",".join(f"\n    {name}: {_inside(inner)}" for name, inner in kind.fields)
        return f"STRUCT<{fields}>"
    return _inside(kind)


def _inside(kind: HiveType) -> str:
    if kind.name == "struct":
        return f"STRUCT<{', '.join(f'{name}: {_inside(inner)}' for name, inner in kind.fields)}>"
    inner = ", ".join(_inside(part) for part in kind.of)
    return f"{kind.name.upper()}<{inner}>" if inner else kind.name.upper()
