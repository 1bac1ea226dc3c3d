"""The query for a table of Amazon Athena, whichever columns it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.logs.engines.athena_query import athena_query
from oidc_doctor.logs.engines.security_lake_query import security_lake_query

if TYPE_CHECKING:
    from oidc_doctor.logs.engines.partitions import Selection
    from oidc_doctor.logs.engines.query import EngineQuery, Window
    from oidc_doctor.logs.engines.table_shape import TableShape


def table_query(shape: TableShape, window: Window, chosen: Selection) -> EngineQuery:
    """Return the query of a table's window. Raises UnreadableTableError, which names what the table lacks."""
    return (security_lake_query if shape.kind == "ocsf" else athena_query)(shape, window, chosen)
