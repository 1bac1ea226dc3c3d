"""Derive a live run's obstacles from its failed reads: credentials, permissions, the network path to a cloud."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from oidc_doctor.bundle.contract import split_target
from oidc_doctor.model.obstacle import Obstacle
from oidc_doctor.model.steps import CLOUDS, Cloud

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidc_doctor.live.collect import CallError, Collected

_IDENTITY = "aws/caller-identity.json"  # needs no permission, so it proves none
_MOST_NAMED = 3  # permissions listed in a sentence


def obstacles_of(collected: Collected, profile: str | None) -> tuple[Obstacle, ...]:
    """Return what kept the run from reading each cloud. `profile` is from --profile."""
    clouds: tuple[Cloud, ...] = ("aws", "gcp")
    return tuple(filter(None, (_obstacle(cloud, collected, profile) for cloud in clouds)))


def _obstacle(cloud: Cloud, collected: Collected, profile: str | None) -> Obstacle | None:
    failures = {path: failure for path, failure in collected.failures.items() if _is_of(cloud, path)}
    credentials = next((failure for failure in failures.values() if failure.local == "credentials"), None)
    if credentials is not None and cloud == "aws":
        from oidc_doctor.live.aws.credentials import credentials_obstacle

        return credentials_obstacle(profile, credentials)
    if credentials is not None:
        from oidc_doctor.live.gcp.login import login_obstacle

        return login_obstacle(credentials)
    if any(_is_of(cloud, path) and path != _IDENTITY for path in _read(collected)):
        return None
    unreached = next((failure for failure in failures.values() if failure.local == "network"), None)
    if unreached is not None:
        return _unreached(cloud, unreached)
    denied = {path: failure for path, failure in failures.items() if failure.outcome == "denied"}
    return _denied(cloud, profile, list(denied.values())) if denied else None


def _is_of(cloud: Cloud, path: str) -> bool:
    return split_target(path)[1].startswith(f"{cloud}/")


def _read(collected: Collected) -> Iterator[str]:
    """Yield the paths that a cloud answered: a file, or its absence."""
    for entry in collected.reads:
        if entry["outcome"] in ("ok", "not_found") and entry["call"] != "given":
            yield split_target(str(entry["path"]))[1]


def _unreached(cloud: Cloud, failure: CallError) -> Obstacle:
    proxy = os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy")
    way = "through the proxy that HTTPS_PROXY names" if proxy else "HTTPS_PROXY names no proxy"
    text = f"This machine could not reach {CLOUDS[cloud]} ({way}): {failure.message.rstrip('.')}."
    return Obstacle("network", cloud, text)


def _denied(cloud: Cloud, profile: str | None, failures: list[CallError]) -> Obstacle:
    if cloud == "aws":
        chosen = profile or os.environ.get("AWS_PROFILE")
        source = f"of profile {chosen}" if chosen else "that were found"
        text = f"AWS denied every read to the credentials {source}: {failures[0].code}."
    else:
        text = f"Google Cloud denied every read to this login: {failures[0].message.rstrip('.')}."
    return Obstacle("permission", cloud, text, (f"oidc-doctor permissions {cloud}",))
