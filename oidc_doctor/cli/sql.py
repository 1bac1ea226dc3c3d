"""`oidc-doctor sql`: the query that a log engine would run, and the definition of a table for it.

For people who may not let the doctor run queries, or who have no table yet. Nothing here talks to a cloud.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from oidc_doctor import files
from oidc_doctor.cli.evidence import moment_of, since_of
from oidc_doctor.cli.exit_codes import ExitCode, UsageError
from oidc_doctor.cli.log_places import place_of
from oidc_doctor.cli.output import check_output, note
from oidc_doctor.cli.parser import Parser
from oidc_doctor.cli.streams import read_file, show

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from oidc_doctor.logs.engines.athena_ddl import TrailTable
    from oidc_doctor.logs.engines.query import Window
    from oidc_doctor.logs.engines.table_shape import TableShape

_WEEK = "7d"
_TABLE = "default.cloudtrail_logs"
_LARGEST_ANSWER = 1024 * 1024  # bytes of an answer of aws glue get-table
_ANY_BUCKET = "s3://any-bucket"  # a query names no bucket
_NEXT_STEPS = {
    "account": "add --account with its id, such as --account 123456789012",
    "region": "add --region with the Regions of the exchanges, such as --region us-east-1,us-west-2",
}
_LATEST = 253_370_764_800.0  # the year 9999


def make_sql_parser() -> Parser:
    """Return the parser of `sql`."""
    from oidc_doctor.logs.extract.file import ENDING  # late, as below: every run imports this file

    parser = Parser(
        prog="oidc-doctor sql",
        description="Print the query that a run on a log engine would start, with its parameters; or, with --ddl, the "
        "definition of a table for it.",
        allow_abbrev=False,
    )
    parser.add_argument("engine", choices=tuple(_ENGINES), help="the log engine")
    parser.add_argument(
        "place",
        metavar="PLACE",
        nargs="?",
        help="DATABASE.TABLE of athena, PROJECT.DATASET of bigquery, or PROJECT.LOCATION.BUCKET of loganalytics "
        "(and .VIEW)",
    )
    parser.add_argument("--ddl", action="store_true", help="print CREATE EXTERNAL TABLE for a trail's bucket")
    parser.add_argument("--table", metavar="NAME", help=f"DATABASE.TABLE of athena, as PLACE (default {_TABLE})")
    parser.add_argument(
        "--get-table", metavar="FILE", help="an answer of aws glue get-table, for the query of a table of another shape"
    )
    parser.add_argument("--bucket", metavar="s3://…", help="the bucket of the trail and its prefix, for --ddl")
    parser.add_argument("--organization", metavar="ID", default="", help="o-…, for the trail of an organization")
    parser.add_argument("--account", metavar="ID,…", default="", help="the accounts of the trail")
    parser.add_argument("--region", metavar="NAME,…", default="", help="the Regions of the trail")
    parser.add_argument(
        "--since", metavar="TIME", help="the begin of the query or of the table's partitions, such as 30d"
    )
    parser.add_argument("--until", metavar="TIME", help="the end of the query, such as 2026-11-22T13:00:00Z")
    parser.add_argument("--rows", metavar="FILE", help="the query's result as a CSV file, to be written as a log by -o")
    parser.add_argument("-o", "--output", metavar="FILE", help=f"the log: a name that ends in {ENDING}")
    parser.add_argument("--force", action="store_true", help="replace the file if it exists")
    return parser


def sql(arguments: list[str]) -> int:
    """Print the SQL of an engine. Raises UsageError."""
    options = make_sql_parser().read(arguments)
    if options.engine == "athena" and options.place:
        if options.table:
            raise UsageError(f"sql athena: {options.place} and --table {options.table}: name one table")
        options.table = options.place
    if options.engine != "athena" and (given := [name for name in _OF_ATHENA if getattr(options, name)]):
        raise UsageError(f"sql {options.engine}: --{given[0].replace('_', '-')} is an option of sql athena")
    if options.rows or options.output:
        _write_rows(options)
        return ExitCode.OK
    show(_ENGINES[options.engine](options) + "\n")
    return ExitCode.OK


def _athena(options: argparse.Namespace) -> str:
    return _athena_table(options) if options.ddl else _athena_query(options)


def _athena_table(options: argparse.Namespace) -> str:
    from oidc_doctor.logs.engines.athena_ddl import definition

    for given, option in ((options.get_table, "--get-table"), (options.until, "--until")):
        if given:
            raise UsageError(f"sql athena: {option} would have no effect with --ddl, which prints a table and no query")
    if not options.bucket:
        raise UsageError("sql athena: --ddl needs the bucket of the trail: --bucket s3://BUCKET/PREFIX")
    if not options.account and not options.organization:
        raise UsageError("sql athena: --ddl needs --account ID, or --organization ID for the trail of an organization")
    trail = _trail(options)
    try:
        text = definition(trail)
    except ValueError as error:
        raise UsageError(f"sql athena: {error}") from None
    for name, values, option in (("account", trail.accounts, "--role"), ("Regions", trail.regions, "--region")):
        if not values:
            note(f"each query of this table names the {name}; in a run, {option} does")
    note(f"then: oidc-doctor --report --cloudtrail athena:{trail.database}.{trail.table} --role ARN")
    return text


def _athena_query(options: argparse.Namespace) -> str:
    from oidc_doctor.logs.engines.athena_query import parameter
    from oidc_doctor.logs.engines.partitions import selection
    from oidc_doctor.logs.engines.query import UnreadableTableError
    from oidc_doctor.logs.engines.security_lake_query import NOTE
    from oidc_doctor.logs.engines.table_query import table_query

    accounts, window = _names(options.account), _window(options)
    if len(accounts) > 1:
        raise UsageError("sql athena: --account with several accounts, without --ddl: a query is for one account")
    try:
        chosen = selection(window, accounts[0] if accounts else None, _names(options.region))
        shape = _shape(options)
        query = table_query(shape, window, chosen)
    except UnreadableTableError as error:
        next_step = _NEXT_STEPS.get(error.lacks) or error.next_step
        raise UsageError(f"sql athena: {error.message}{f'; {next_step}' if next_step else ''}") from None
    except ValueError as error:
        raise UsageError(f"sql athena: {error}") from None
    if shape.kind == "ocsf":
        note(NOTE)
    return f"-- execution parameters: {', '.join(map(parameter, query.parameters))}\n{query.text}"


def _shape(options: argparse.Namespace) -> TableShape:
    """Return the shape of the table: that of an answer of the catalog, or of the table that --ddl defines."""
    from oidc_doctor.logs.engines.athena_ddl import shape_of
    from oidc_doctor.logs.engines.table_shape import table_shape

    trail = _trail(options)
    if not options.get_table:
        return shape_of(trail)
    try:
        answer: Any = json.loads(read_file(options.get_table, "--get-table", _LARGEST_ANSWER))
    except (ValueError, RecursionError):
        raise UsageError(f"--get-table {options.get_table}: not JSON") from None
    if not isinstance(answer, dict) or not isinstance(answer.get("Table"), dict):
        raise UsageError(f"--get-table {options.get_table}: not an answer of aws glue get-table")
    return table_shape(answer, trail.database, trail.table)


def _google_query(options: argparse.Namespace) -> str:
    from oidc_doctor.logs.engines.google_query import printed

    engine = options.engine
    if not options.place:
        shown = "PROJECT.DATASET" if engine == "bigquery" else "PROJECT.LOCATION.BUCKET"
        raise UsageError(f"sql {engine}: name the place of the logs: oidc-doctor sql {engine} {shown}")
    place = place_of(f"{engine}:{options.place.removeprefix(f'{engine}:')}", "gcp-logs", "sql")
    assert place is not None  # noqa: S101 - a text that begins with the engine
    window = _window(options)
    note("the first line dry-runs the file: without --dry_run it runs the query")
    if engine == "loganalytics":
        note("replace LINKED_DATASET: the dataset of the log bucket, by gcloud logging links list")
    note(f"a run reads which columns the tables have: oidc-doctor --report --gcp-logs {place.text}")
    return printed(place, window.since, window.until)


def _write_rows(options: argparse.Namespace) -> None:
    """Write the rows of a result as the file of an extract, which --cloudtrail reads. Raises UsageError."""
    from oidc_doctor.logs.engines.result_file import RowsError, extract_of_rows
    from oidc_doctor.logs.extract.file import ENDING

    if not options.rows or not options.output:
        raise UsageError("sql athena: --rows FILE and -o FILE go together: a result becomes a log")
    if not options.output.endswith(ENDING):
        raise UsageError(f"sql athena: -o {options.output}: the name of such a log ends in {ENDING}")
    check_output(options, None)
    try:
        with open(options.rows, encoding="utf-8", errors="replace", newline="") as stream:
            data, number = extract_of_rows(stream)
        files.write(options.output, data, replaces=options.force)
    except RowsError as error:
        raise UsageError(f"--rows {options.rows}: {error}") from None
    except OSError as error:
        raise UsageError(f"sql athena: {error.filename or options.output}: {error.strerror or error}") from None
    note(f"{options.output} written: {number:,} events")
    note(f"then: oidc-doctor --report --cloudtrail {options.output}")


def _trail(options: argparse.Namespace) -> TrailTable:
    """Return the trail's table that the options describe. Raises UsageError."""
    from oidc_doctor.logs.engines.athena_ddl import TrailTable, bucket_and_prefix

    place = place_of(f"athena:{(options.table or _TABLE).removeprefix('athena:')}", "cloudtrail", "sql")
    assert place is not None  # noqa: S101 - a text that begins with athena:
    try:
        bucket, prefix = bucket_and_prefix(options.bucket or _ANY_BUCKET)
    except ValueError as error:
        raise UsageError(f"sql athena: {error}") from None
    database, table = place.parts
    accounts, regions = _names(options.account), _names(options.region)
    trail = TrailTable(database, table, bucket, prefix, options.organization, accounts, regions)
    if options.ddl and options.since:
        first = datetime.fromtimestamp(_window(options).since, UTC)
        trail = trail._replace(first_day=f"{first.year:04}/{first.month:02}/{first.day:02}")
    return trail


def _window(options: argparse.Namespace) -> Window:
    """Return the window of the query. Raises UsageError."""
    from oidc_doctor.logs.engines.query import Window

    until = moment_of(options.until, "--until") if options.until else time.time()
    begin, back = since_of(options.since or _WEEK)
    since = until - back if begin is None and back is not None else begin or 0.0
    if not 0 <= since <= until < _LATEST:
        raise UsageError(f"sql {options.engine}: --until is before --since, or after the year 9998")
    return Window(since, until)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


_OF_ATHENA = ("ddl", "get_table", "bucket", "organization", "account", "region", "rows", "output", "force")
_ENGINES: dict[str, Callable[[argparse.Namespace], str]] = {
    "athena": _athena,
    "bigquery": _google_query,
    "loganalytics": _google_query,
}
