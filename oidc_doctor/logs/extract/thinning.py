"""Bound the number of attempts that an extract has: of many attempts alike in one period, the first and the last.

Attempts are alike if they agree in everything that a signature and a token's identity have, and in their Region. Of
those of one period, the first and the last KEPT are records of their own, and the KEPT-th, without its caller, also
stands for those in between.

Google's impersonations that do not name their principal are never thinned: the exchange before each, from the same
address and user agent within ten seconds, names its workload. So that one is there, accepted exchanges of Google are
alike only from one address and user agent, and in the same ten seconds.

A report counts all of them, and shows the same first and last events of each signature. Runs of one outcome, and so an
outage, have the same begin, end and number as in the whole log if the outcome changes at most once in each period. The
only outage in a period has the same first and last refusal; the successes next to it may be others. In a period in
which the outcome changes more often, runs may begin late, end early, or become one. Pauses between attempts are known
only where no attempts in between were left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.model import limits

if TYPE_CHECKING:
    from collections.abc import Sequence

KEPT = limits.ALIKE_ATTEMPTS.most
MOST_RECORDS = limits.EXTRACT.most
_TWO_DAYS = 2 * 86_400.0
_TWO_WEEKS = 14 * 86_400.0
# of an RFC 3339 time: as far as its tens of minutes, its hour, its day
_TEN_MINUTES, _HOUR, _DAY = len("2026-11-30T10:0"), len("2026-11-30T10"), len("2026-11-30")


def period_length(seconds: float) -> int:
    """Return how many characters of an event's RFC 3339 time name its period, in a window of so many seconds."""
    return _TEN_MINUTES if seconds <= _TWO_DAYS else _HOUR if seconds <= _TWO_WEEKS else _DAY


def thinned_query(events: str, columns: Sequence[str], alike: Sequence[str]) -> str:
    """Return the SQL that thins the events of a SELECT, the newest first.

    `events` has `event_id`, `event_time` and `period` as texts, `kind` ('change' for a write, which is always kept),
    `known` (1 where the event has its outcome: of two copies of an event that one is kept), and `columns`. The result
    has `columns`, and `attempts`: the number that the row stands for. One row more than MOST_RECORDS means that older
    ones were cut off. Presto's, DuckDB's and BigQuery's dialects read it alike.
    """
    alike_columns = ", ".join(("kind", *alike, "period"))
    return f"""\
WITH events AS (
{events}
),
copies AS (
  SELECT *, row_number() OVER (PARTITION BY event_id, event_time ORDER BY known DESC) AS copy_number
  FROM events
),
numbered AS (
  SELECT *,
    row_number() OVER (PARTITION BY {alike_columns} ORDER BY event_time, event_id) AS place,
    count(*) OVER (PARTITION BY {alike_columns}) AS alike
  FROM copies
  WHERE copy_number = 1 OR event_id IS NULL
)
SELECT {", ".join(columns)},
  CASE WHEN kind <> 'change' AND place = {KEPT} AND alike > {2 * KEPT}
    THEN alike - {2 * KEPT - 1} ELSE 1 END AS attempts
FROM numbered
WHERE kind = 'change' OR place <= {KEPT} OR place > alike - {KEPT}
ORDER BY event_time DESC, event_id DESC
LIMIT {MOST_RECORDS + 1}"""  # noqa: S608 - names of our own columns; values are parameters of the query
