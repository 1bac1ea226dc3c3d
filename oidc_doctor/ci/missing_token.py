"""A missing token, under the code, the name and the words of its cause check."""

from __future__ import annotations

from typing import NamedTuple

from oidc_doctor.findings import packs, run_checks
from oidc_doctor.model.job import Lack
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Refusal
from oidc_doctor.model.steps import Cloud


class MissingToken(NamedTuple):
    """Why a job has no token. `because` is a clause, `order` a sentence, both ours, with names of the job in them.

    `file` and `line` are the place of the fault in the repository; `path` is the file that was not read.
    """

    kind: Kind
    because: str
    order: str
    file: str = ""
    line: int | None = None
    certain: bool = True  # False: the platform may have a token that was not found or not issued this time
    path: str = ""


def named(missing: MissingToken, cloud: Cloud) -> Lack:
    """Return it with the words of its check. `cloud` is the one that the job would have asked."""
    check = run_checks.by_kind(packs.all_checks()).get(missing.kind)
    facts = {"because": missing.because, "order": missing.order, "path": missing.path}
    refusal = Refusal(cloud, "obtain", missing.kind, certain=missing.certain, facts=facts)
    words, _ = run_checks.say(check, refusal)
    has = "has" if missing.certain else "may have"
    return Lack(
        check.code_in(cloud) if check else "",
        check.name if check else str(missing.kind),
        f"The job {has} no OIDC token to send: {words.headline}.",
        words.fix,
        missing.certain,
        missing.file,
        missing.line,
    )
