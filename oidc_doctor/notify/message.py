"""A message about one change, and its published JSON, `oidc-doctor.message/1`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field

SCHEMA = "oidc-doctor.message/1"


@dataclass
class Message:
    """A change. Its texts were written by strangers too, and are `defused`; the first line of `text` is `headline`."""

    change: str  # of a finding: new, changed, resolved; of a target: state, gone; test: of --notify-test
    timestamp: str  # the run that saw the change, RFC 3339
    targets: list[str]  # several, if the same change concerns each of them
    headline: str
    text: str
    id: str = ""  # the same in each delivery of the message
    state: str = ""  # of the targets, now
    was: str = ""  # of `state`: the state before; of `changed`: the headline before
    code: str = ""
    name: str = ""
    resource: str = ""
    effect: str = ""
    confidence: str = ""
    fix: str = ""
    since: str = ""
    until: str = ""
    tool: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.id:
            digest = hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()
            self.id = f"msg_{digest[:32]}"

    @property
    def body(self) -> bytes:
        """The message as JSON in ASCII; `type` and `timestamp` are those that Standard Webhooks recommends."""
        head = {"schema": SCHEMA, "type": f"health.{self.change}", "id": self.id}
        only = self.targets[0] if len(self.targets) == 1 else ""
        return json.dumps({**head, **asdict(self), "target": only}).encode()
