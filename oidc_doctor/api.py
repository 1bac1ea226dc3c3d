"""The doctor as a library: examine evidence, and ask whether IAM would store a trust policy.

Nothing here opens a connection, and importing it loads no cloud SDK. `oidc_doctor.iam` and `oidc_doctor.cel` are the
evaluators alone.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oidc_doctor.model.report import Report


def examine(
    things: str | os.PathLike[str] | None = None,
    *,
    token: str | None = None,
    subject: str | None = None,
    error: str | None = None,
    at: float | None = None,
    check: tuple[str, ...] = (),
    skip: tuple[str, ...] = (),
) -> Report:
    """Return the report on a bundle, as `oidc-doctor --report --from` makes it.

    `things` is a bundle folder, an archive of one, a single file of it, or the JSON of a Terraform plan. `token` is a
    compact JWT or the JSON of decoded claims, `subject` makes a hypothetical token, `error` is what the caller saw,
    `at` is the instant judged at (seconds since 1970), `check` and `skip` are patterns of checks' names. Raises
    oidc_doctor.bundle.files.BundleError where the bundle cannot be opened, and ValueError where there is nothing to
    examine.
    """
    from contextlib import nullcontext

    from oidc_doctor.documents.token import hypothetical, parse_token
    from oidc_doctor.examine.examine import run
    from oidc_doctor.examine.question import Question
    from oidc_doctor.model.document import Origin
    from oidc_doctor.things.open import open_path

    if things is None and token is None and subject is None and error is None:
        message = "nothing to examine: pass a bundle, a token, a subject or an error"
        raise ValueError(message)
    tokens = [] if token is None else [parse_token(token, Origin("token"), "token")]
    tokens += [] if subject is None else [hypothetical(subject, origin=Origin("subject"))]
    question = Question(error_text=error, tokens=tuple(tokens), at=at, check=check, skip=skip)
    with nullcontext() if things is None else open_path(os.fspath(things)) as bundle:
        return run(bundle, question)


def to_json(report: Report) -> dict[str, Any]:
    """Return the report as plain JSON data, in the published form `oidc-doctor.report/1` (docs/report.schema.json)."""
    from oidc_doctor.report.json import to_json as plain

    return plain(report)


def save_refusal(trust_policy: Mapping[str, Any] | str) -> str | None:
    """Return the message with which IAM refuses to store a role's trust policy; None where IAM stores it.

    `trust_policy` is the document or its JSON text. The message is IAM's own where one was recorded: an action that is
    none of STS's assume actions, a shared issuer without its condition, a built-in provider without its application id.
    For the policy's grammar it is the reason in our words. Raises nothing.
    """
    import json

    from oidc_doctor.judge.save_rules import answer_to_trust_policy

    if not isinstance(trust_policy, str):
        return answer_to_trust_policy(dict(trust_policy))
    try:
        return answer_to_trust_policy(json.loads(trust_policy))
    except (ValueError, RecursionError):
        return "the trust policy is not JSON"
