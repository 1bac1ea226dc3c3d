"""GitHub Actions: request the job's token, and say why a job cannot.

GitHub Docs, "OpenID Connect reference", "GITHUB_TOKEN reference" (pull requests from public forks get no id-token),
"Variables reference", "Webhook events and payloads".
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from oidc_doctor.ci.token_error import TokenError
from oidc_doctor.documents.github_workflow import Permission, permission_of_job
from oidc_doctor.documents.json_text import Unreadable, decode, load
from oidc_doctor.documents.regular_file import open_regular
from oidc_doctor.model.limits import EVIDENCE_FILE, YAML

if TYPE_CHECKING:
    from collections.abc import Mapping

URL, BEARER = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
_OF_PULL_REQUESTS = ("pull_request", "pull_request_review", "pull_request_review_comment")
_WORKFLOWS = ".github/workflows/"
_PERMISSION = "`permissions: id-token: write`"


class Reason(NamedTuple):
    """Why a job gets no token, and what to change. `file` is the workflow's, where it is at fault."""

    because: str
    order: str
    file: str = ""
    line: int | None = None


def request_token(environment: Mapping[str, str], audience: str | None, *, private: bool, seconds: float = 10.0) -> str:
    """Return the token that GitHub issues to the running job. Raises TokenError.

    Without an audience it is GitHub's default, the address of the repository's owner. The bearer is sent to the address
    in the environment alone: redirects are not followed. `private` allows a server at a private address.
    """
    from oidc_doctor.live.collect import CallError  # late: only a job of GitHub asks
    from oidc_doctor.live.https import Rules, fetch

    url, bearer = environment.get(URL), environment.get(BEARER)
    if not url or not bearer:
        raise TokenError(f"no {URL}; the job needs permissions: id-token: write")
    if audience is not None:
        url = f"{url}{'&' if '?' in url else '?'}audience={quote(audience, safe='')}"
    try:
        page = fetch(url, Rules(private=private), seconds, bearer=bearer)
        value = load(decode(page.body, "the answer"), "the answer").value["value"]
    except CallError as error:
        raise TokenError(str(error)) from None
    except (Unreadable, KeyError, TypeError):
        value = None
    if not isinstance(value, str):
        raise TokenError("the response contains no token")
    return value


def why_no_token(environment: Mapping[str, str]) -> Reason:
    """Return why GitHub gave this job no address to request a token from."""
    event = environment.get("GITHUB_EVENT_NAME", "")
    if event in _OF_PULL_REQUESTS and _is_of_fork(environment.get("GITHUB_EVENT_PATH", "")):
        return Reason(
            "GitHub issues no token to a job of a pull request from a fork",
            "Run the step that needs the cloud on `push` or `workflow_run`, after the change is merged; skip it for "
            "forks with `if: github.event.pull_request.head.repo.full_name == github.repository`.",
        )
    file, text = workflow_of(environment)
    job = environment.get("GITHUB_JOB", "")
    permission = permission_of_job(text, file, job) if text is not None else Permission()
    who = " Dependabot started this run, whose GITHUB_TOKEN is read-only unless the workflow says otherwise." * (
        environment.get("GITHUB_ACTOR") == "dependabot[bot]"
    )
    if permission.id_token == "write":
        return Reason(
            "GitHub gave this job no address to request a token from, although its workflow has `id-token: write`",
            f"Check that the run is of this version of {file}, and that its calling workflow also has {_PERMISSION}.",
            file,
            permission.line,
        )
    if permission.calls:
        return Reason(
            f"the job {job} of a called workflow has no permission `id-token: write`",
            f"Add {_PERMISSION} to the job in {file} that calls the workflow, and to the called workflow.{who}",
            file,
        )
    return Reason(
        "the job has no permission `id-token: write`",
        f"Add {_PERMISSION} to the job, and `contents: read` for actions/checkout; a called workflow needs it in its "
        f"caller as well.{who}",
        file,
        permission.line,
    )


def workflow_of(environment: Mapping[str, str]) -> tuple[str, str | None]:
    """Return the path in the repository of the file of this run's workflow, and its text: None if it is not there."""
    # GITHUB_WORKFLOW_REF is OWNER/REPO/.github/workflows/FILE@REF, and REF may have an @ too
    name = "/".join(environment.get("GITHUB_WORKFLOW_REF", "").split("/")[2:]).partition("@")[0]
    root = environment.get("GITHUB_WORKSPACE", "")
    place = os.path.join(root, name)
    if not root or not name.startswith(_WORKFLOWS) or "\0" in place:
        return "", None
    if not os.path.realpath(place).startswith(os.path.realpath(root) + os.sep):  # a link, or ..
        return "", None
    data = _content(place, YAML.most * 4)
    try:
        return (name, decode(data, name)) if data is not None else ("", None)
    except Unreadable:
        return "", None


def _is_of_fork(path: str) -> bool:
    """Return whether the event's pull request comes from another repository than it goes to; false if not known."""
    data = _content(path, EVIDENCE_FILE.most)
    try:
        event: Any = load(decode(data, "the event"), "the event").value if data is not None else None
    except Unreadable:
        return False
    request = event.get("pull_request") if isinstance(event, dict) else None
    head, base = (_repository(request, side) for side in ("head", "base"))
    if base is None:
        return False
    return head != base  # without a name where the fork was deleted


def _repository(request: object, side: str) -> str | None:
    branch = request.get(side) if isinstance(request, dict) else None
    repository = branch.get("repo") if isinstance(branch, dict) else None
    name = repository.get("full_name") if isinstance(repository, dict) else None
    return name if isinstance(name, str) else None


def _content(path: str, most: int) -> bytes | None:
    try:
        with open_regular(path) as stream:
            data = stream.read(most + 1)
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return None
    return data if len(data) <= most else None
