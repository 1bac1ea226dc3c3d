"""Read the targets of a health run: saved bundles one by one, and all live targets in one collection."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.bundle.files import Bundle, BundleError
from oidc_doctor.bundle.of_target import bundle_of_target
from oidc_doctor.things.open import open_paths

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from oidc_doctor.documents.health_file import HealthTarget
    from oidc_doctor.model.obstacle import Obstacle

_DAY = 86_400.0
_WINDOW = 7 * _DAY  # seconds of logs, unless --since says otherwise


class LiveOptions(NamedTuple):
    """How live targets are read. `back` is the window of the logs in seconds."""

    profile: str | None = None
    regions: tuple[str, ...] = ()
    back: float = _WINDOW
    max_pages: int = 40
    timeout: float = 900.0
    logs: bool = True
    private: bool = False  # fetch issuers at private addresses
    owners: tuple[tuple[str, str], ...] = ()
    vouched: bool = False  # the user named the file that names the issuers


class Reading(NamedTuple):
    """The evidence of a target, or why there is none. `seconds` is the time that its reads took.

    `defect` is an error of oidc-doctor itself that ended the reading.
    """

    target: HealthTarget
    bundle: Bundle | None
    reason: str = ""
    seconds: float = 0.0
    obstacles: tuple[Obstacle, ...] = ()
    defect: Exception | None = None


def read_targets(
    targets: Sequence[HealthTarget], folder: str, options: LiveOptions, narrate: Callable[[str], None]
) -> Iterator[Reading]:
    """Yield each target's evidence, in the file's order; paths of bundles count from `folder`.

    The clouds are read when the first live target is asked for. A target that cannot be read stops no other.
    """
    live = tuple(target for target in targets if not target.source)
    collected: dict[str, Reading] = {}
    for target in targets:
        if target.source:
            yield _saved(target, folder)
            continue
        if not collected:
            collected = _read_guarded(live, options, narrate)
        yield collected.pop(target.target.name)


def _saved(target: HealthTarget, folder: str) -> Reading:
    began = time.monotonic()
    try:
        bundle = open_paths([os.path.join(folder, target.source)])
    except BundleError as error:
        return Reading(target, None, str(error), time.monotonic() - began)
    return Reading(target, bundle, seconds=time.monotonic() - began)


def _read_guarded(
    targets: Sequence[HealthTarget], options: LiveOptions, narrate: Callable[[str], None]
) -> dict[str, Reading]:
    """Read the live targets together; if a defect of ours ends that, each alone, so that it concerns its own target."""
    try:
        return _read_live(targets, options, narrate)
    except Exception as error:  # noqa: BLE001 - it is the state of the target that it concerns
        if len(targets) == 1:
            return {targets[0].target.name: Reading(targets[0], None, defect=error)}
    return {name: reading for target in targets for name, reading in _read_guarded((target,), options, narrate).items()}


def _read_live(
    targets: Sequence[HealthTarget], options: LiveOptions, narrate: Callable[[str], None]
) -> dict[str, Reading]:
    """Return the evidence of every live target, from one collection that shares clients, log reads and rate limits."""
    from oidc_doctor.live.obstacles import obstacles_of
    from oidc_doctor.live.plan import CollectionRequest, Goal, gather

    now = time.time()
    request = CollectionRequest(
        goals=tuple(
            Goal(
                target.target,
                issuer=target.target.issuer,
                issuer_by="" if options.vouched else _file_of(target),
                own_provider=options.vouched,
            )
            for target in targets
        ),
        folders=True,
        profile=options.profile,
        regions=options.regions,
        since=now - options.back,
        back=options.back,
        max_pages=options.max_pages,
        owners=options.owners,
        logs=options.logs,
        private=options.private,
        timeout=options.timeout,
    )
    collected = gather(request, narrate)
    obstacles = obstacles_of(collected, options.profile)
    return {
        target.target.name: Reading(
            target,
            bundle_of_target(collected.bundle, target.target.name),
            seconds=collected.seconds.get(target.target.name, 0.0),
            obstacles=_of_clouds(target, obstacles),
        )
        for target in targets
    }


def _file_of(target: HealthTarget) -> str:
    """Return the file that names the target's issuer, which the user may not have written."""
    origin = target.target.origins.get("issuer")
    return "" if origin is None else origin.file


def _of_clouds(target: HealthTarget, obstacles: Sequence[Obstacle]) -> tuple[Obstacle, ...]:
    named = {"aws": target.target.aws, "gcp": target.target.gcp}
    return tuple(obstacle for obstacle in obstacles if named[obstacle.cloud] is not None)
