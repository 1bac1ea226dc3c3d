"""A report or a health run as metrics, for node_exporter's textfile collector and everything that reads OpenMetrics.

The textfile collector reads Prometheus's older text format: it refuses a whole file for a timestamp, or for one of
OpenMetrics's types that it does not know. Gauges alone, without timestamps, are the same in both, and `# EOF` is a
comment to the older one. Instants are values: `time() - …_timestamp_seconds` is an age that grows between two runs.

No label has a resource, a subject or a value of a token: the series are bounded by targets and checks.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, get_args

from oidc_doctor.model.health import Effect, TargetState
from oidc_doctor.model.times import epoch_of
from oidc_doctor.report.parts import found
from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.parts.lines import shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prometheus_client import CollectorRegistry

    from oidc_doctor.model.health import Health
    from oidc_doctor.model.report import Report

_LONG = 200  # characters of a label's value
_STATUSES = ("active", "suppressed")


class _Row(NamedTuple):
    """Findings of a target with the same code."""

    target: str
    code: str
    name: str
    effect: Effect
    status: str  # of _STATUSES


class _Metrics:
    """A registry of its own: the library's default one has the process's own metrics."""

    def __init__(self) -> None:
        """Start without metrics."""
        from prometheus_client import CollectorRegistry  # late: takes 0.1 s, and other formats need none of it

        self.registry: CollectorRegistry = CollectorRegistry()

    def gauge(self, name: str, about: str, samples: Iterable[tuple[dict[str, str], float]], *labels: str) -> None:
        """Add a metric. `samples` are the values of its `labels`, written by strangers, each with its number."""
        from prometheus_client import Gauge

        metric = Gauge(f"oidc_doctor_{name}", about, labels, registry=self.registry)
        for values, number in samples:
            shown = {label: shortened(visible(value), _LONG) for label, value in values.items()}
            (metric.labels(**shown) if labels else metric).set(number)

    def text(self) -> str:
        """Return every metric as text."""
        from prometheus_client.openmetrics.exposition import generate_latest

        text: bytes = generate_latest(self.registry)  # type: ignore[no-untyped-call]
        return text.decode("utf-8")


def render_openmetrics(report: Report, **_layout: object) -> str:
    """Return the report as metrics. A target is an exchange: its name and cloud, as in `weights/aws`."""
    metrics = _Metrics()
    rows = found.found(report)
    names = {exchange.id for exchange in report.exchanges}
    only = next(iter(names)) if len(names) == 1 else ""
    counts = Counter(
        _Row(row.exchange or _exchange_of(report, row) or only, row.code, row.name, row.effect, "active")
        for row in rows
    )
    _run(metrics, report.tool, report.evaluated_at, report.exit_code)
    _states(metrics, [(exchange.id, state) for exchange, state in found.states(report)])
    _findings(metrics, counts)
    return metrics.text()


def render_health_openmetrics(health: Health, **_layout: object) -> str:
    """Return the run as metrics."""
    metrics = _Metrics()
    counts = Counter(
        _Row(
            target.name,
            finding.code,
            finding.name,
            finding.effect,
            "active" if finding.suppressed is None else "suppressed",
        )
        for target in health.targets
        for finding in target.findings
        if finding.change != "resolved"
    )
    _run(metrics, health.tool, health.evaluated_at, health.exit_code)
    metrics.gauge("run_duration_seconds", "How long the last run took.", [({}, health.seconds)])
    _states(metrics, [(target.name, target.state) for target in health.targets])
    for name, about, instants in (
        (
            "target_state_since_timestamp_seconds",
            "The first run in which the target had its present state.",
            [(target.name, target.since) for target in health.targets],
        ),
        (
            "target_last_read_timestamp_seconds",
            "The last run that could read the target's evidence; absent if none could.",
            [(target.name, target.last_read) for target in health.targets],
        ),
    ):
        samples = [({"target": target}, epoch) for target, text in instants if (epoch := epoch_of(text)) is not None]
        metrics.gauge(name, about, samples, "target")
    durations = [({"target": target.name}, target.seconds) for target in health.targets]
    metrics.gauge("target_duration_seconds", "How long reading and judging the target took.", durations, "target")
    _findings(metrics, counts)
    metrics.gauge("undelivered_messages", "Messages that no receiver has taken yet.", [({}, health.undelivered)])
    ended = float(sum(row.expired for row in health.suppressions))
    metrics.gauge("expired_suppressions", "Suppressions of the file that no longer apply.", [({}, ended)])
    return metrics.text()


def _exchange_of(report: Report, row: found.Found) -> str:
    """Return the exchange whose resource a finding is about, if there is one."""
    return next((one.id for one in report.exchanges if row.resource and one.resource == row.resource), "")


def _run(metrics: _Metrics, tool: dict[str, str], at: str, exit_code: int) -> None:
    version = [({"version": tool.get("version", "")}, 1.0)]
    metrics.gauge("build_info", "The version of oidc-doctor that made this file; the value is 1.", version, "version")
    now = epoch_of(at)
    if now is not None:
        metrics.gauge("run_timestamp_seconds", "The instant that the last run judged at.", [({}, now)])
    metrics.gauge(
        "exit_code", "0 nothing found, 1 an active finding, 3 unknown or unread, 4 broken.", [({}, float(exit_code))]
    )


def _states(metrics: _Metrics, states: Sequence[tuple[str, TargetState]]) -> None:
    samples = [
        ({"target": target, "state": state}, float(state == now))
        for target, now in states
        for state in get_args(TargetState)
    ]
    metrics.gauge("target_state", "1 for the state that the target has, 0 for the others.", samples, "target", "state")


def _findings(metrics: _Metrics, counts: Counter[_Row]) -> None:
    """Add the findings, and their numbers by effect: these are there when they are 0, so that an alert can end."""
    labels = _Row._fields
    metrics.gauge(
        "findings",
        "Findings of a check on a target.",
        [(row._asdict(), float(number)) for row, number in sorted(counts.items())],
        *labels,
    )
    by_effect = [
        (
            {"effect": effect, "status": status},
            float(sum(number for row, number in counts.items() if (row.effect, row.status) == (effect, status))),
        )
        for effect in get_args(Effect)
        for status in _STATUSES
    ]
    metrics.gauge("findings_by_effect", "Findings on every target.", by_effect, "effect", "status")
