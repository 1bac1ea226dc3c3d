"""The reason why this machine cannot read the clouds; it proves nothing about the workload's token."""

from __future__ import annotations

from typing import Literal, NamedTuple

# credentials: missing or unknown to the cloud; network: this machine, its proxy or its name server
Local = Literal["", "credentials", "network"]


class Obstacle(NamedTuple):
    """A reason why nothing, or little, of a cloud could be read, and commands that fix it.

    `text` is one sentence. It and `found` may quote a name of the user's own configuration files; neither contains a
    secret. `found` are the profiles that exist.
    """

    kind: Literal["credentials", "permission", "network"]
    cloud: Literal["aws", "gcp"]
    text: str
    commands: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
