"""Put the facts of a job together: its tokens, what it lacks, and the conditions that accept its workload."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from oidc_doctor.ci.missing_token import named
from oidc_doctor.examine.token_view import describe
from oidc_doctor.issuers.catalogue import profile_for
from oidc_doctor.model.job import Job, JobToken, ToWrite
from oidc_doctor.setup.of_token import conditions_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oidc_doctor.ci.platforms import Platform
    from oidc_doctor.ci.token_search import Search
    from oidc_doctor.model.evidence import Target, Token
    from oidc_doctor.model.report import Report
    from oidc_doctor.model.steps import Cloud

_CLOUDS: tuple[Cloud, ...] = ("aws", "gcp")
_PULL_REQUEST_TARGET = "pull_request_target"
_OF_TARGET = (  # GitHub Docs, "Events that trigger workflows": the run is of the base repository
    "the event is pull_request_target: the token is that of the base repository, also where the author of a fork "
    "opened the pull request; run no code of the pull request in this job"
)


def job_of(
    platform: Platform,
    search: Search,
    tokens: Sequence[Token],
    targets: Sequence[Target],
    report: Report,
    *,
    assumed_audience: str = "",
) -> Job:
    """Return the facts of the job. `tokens` are those of the search, and those that the user named.

    Conditions are suggested for a cloud whose configuration decides nothing in the report: it was not read.
    """
    named_clouds = {cloud for target in targets for cloud, part in (("aws", target.aws), ("gcp", target.gcp)) if part}
    decided = {exchange.cloud for exchange in report.exchanges if exchange.prediction != "unknown"}
    wanted = [cloud for cloud in _CLOUDS if cloud not in decided and (not named_clouds or cloud in named_clouds)]
    cloud: Cloud = "gcp" if named_clouds == {"gcp"} else "aws"
    to_write = []
    for token in tokens if wanted else ():
        conditions = tuple(row for row in conditions_for(token) if row.cloud in wanted)
        if conditions:
            to_write.append(ToWrite(str(token.origin.file), conditions))
    return Job(
        platform.name,
        platform.title,
        tuple(map(_view, tokens)),
        tuple(named(missing, cloud) for missing in search.lacks),
        tuple(to_write),
        (*search.notes, *_notes(tokens)),
        assumed_audience if search.requested else "",
    )


def _view(token: Token) -> JobToken:
    issuer, subject, audience = (token.claim(name) for name in ("iss", "sub", "aud"))
    issuer = issuer if isinstance(issuer, str) else None
    subject = subject if isinstance(subject, str) else None
    listed = audience if isinstance(audience, list) else [audience] if isinstance(audience, str) else None
    profile = profile_for(issuer, subject)
    form = profile.parse_subject(subject).form if profile is not None and subject is not None else None
    rule = profile.grammar.form(form) if profile is not None and form else None
    times = describe(token, profile, time.time(), "aws")["times"]
    return JobToken(
        token.origin.file,
        issuer,
        subject,
        None if listed is None else tuple(map(str, listed)),
        profile.title if profile is not None else "",
        form or "",
        f"because {rule.because}" if rule is not None and rule.because else "",
        next((row["words"] for row in times if row["claim"] == "exp"), ""),
        token.fault or "",
    )


def _notes(tokens: Sequence[Token]) -> tuple[str, ...]:
    """Return what a token's own claims say of its run."""
    is_of_target = any(token.claims.get("event_name") == _PULL_REQUEST_TARGET for token in tokens)
    return (_OF_TARGET,) if is_of_target else ()
