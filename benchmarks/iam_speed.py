"""How fast trust policies are decided, against a yardstick of the same run: `python benchmarks/iam_speed.py`.

The yardstick is the bare minimum in plain Python: one equality and one `fnmatch`, without any explanation. A ratio of
0.1 means that a decision with its full trace costs ten of those.
"""

from __future__ import annotations

import fnmatch
import time
from typing import TYPE_CHECKING, Any

from oidc_doctor.iam import compile_policy, conditions_hold

if TYPE_CHECKING:
    from collections.abc import Callable

PROVIDER = "arn:aws:iam::123456789012:oidc-provider/oidc.baseten.co"
ACTION = "sts:AssumeRoleWithWebIdentity"
PATTERN = "v=1:org=Mvg9jrRd:team=AviIZ0y3:*"
CONDITION: dict[str, Any] = {
    "StringEquals": {"oidc.baseten.co:aud": "oidc.baseten.co"},
    "StringLike": {"oidc.baseten.co:sub": PATTERN},
}
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Federated": PROVIDER}, "Action": ACTION, "Condition": CONDITION},
    ],
}
SUBJECT = (
    "v=1:org=Mvg9jrRd:team=AviIZ0y3:model=kW9wuKFN:deployment=e5f6g7h8:environment=production:type=model_container"
)
CONTEXT = {
    "oidc.baseten.co:aud": "oidc.baseten.co",
    "oidc.baseten.co:sub": SUBJECT,
    "sts:RoleSessionName": "weights",
    "aws:CurrentTime": "2026-01-01T00:00:00Z",
    "aws:SecureTransport": "true",
}


def rate(call: Callable[[], object], seconds: float = 0.5) -> float:
    """Calls per second, the best of three."""
    best = 0.0
    for _ in range(3):
        count, start = 0, time.perf_counter()
        while (spent := time.perf_counter() - start) < seconds:
            for _ in range(1000):
                call()
            count += 1000
        best = max(best, count / spent)
    return best


def main() -> None:
    """Measure and print."""
    policy = compile_policy(POLICY)
    yardstick = rate(
        lambda: (
            CONTEXT["oidc.baseten.co:aud"] == "oidc.baseten.co"
            and fnmatch.fnmatchcase(CONTEXT["oidc.baseten.co:sub"], PATTERN)
        )
    )
    print(f"yardstick         {yardstick:>12,.0f} a second")
    for name, call in (
        ("decide, traced", lambda: policy.decide(PROVIDER, ACTION, CONTEXT)),
        ("compile, decide", lambda: compile_policy(POLICY).decide(PROVIDER, ACTION, CONTEXT)),
        ("conditions_hold", lambda: conditions_hold(CONDITION, CONTEXT)),
    ):
        measured = rate(call)
        print(f"{name:<17} {measured:>12,.0f} a second  {measured / yardstick:.3f} of the yardstick")


if __name__ == "__main__":
    main()
