"""Find the OIDC tokens of a running job, each where its platform or its cloud client keeps it.

Nothing but the environment, the files that it names and the platform itself is asked; no cloud is called.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from oidc_doctor.ci import buildkite, fly, github
from oidc_doctor.ci.client_configuration import configuration_of, is_oidc, token_of
from oidc_doctor.ci.missing_token import MissingToken
from oidc_doctor.ci.platforms import ANY, BUILDKITE_AGENT, FLY, GITHUB_ACTIONS, GITLAB_CI, PLATFORMS, Platform
from oidc_doctor.ci.secret_values import SecretValues
from oidc_doctor.ci.token_error import TokenError
from oidc_doctor.documents.regular_file import open_regular
from oidc_doctor.documents.token import parse_token
from oidc_doctor.live.own_settings import web_identity_profile
from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import Token
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.limits import JOB_TOKENS, TOKEN

_CONFIGURATION = "GOOGLE_APPLICATION_CREDENTIALS"
_OF_CLUSTER = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # for the cluster's own API server, by default
# JWTs of platforms that are no OIDC tokens of the job: the bearers of a platform's own services
_NOT_OF_JOB = (
    *(github.BEARER, "ACTIONS_RUNTIME_TOKEN", "GITHUB_TOKEN", "CI_JOB_TOKEN", "CI_REGISTRY_PASSWORD"),
    *("CI_DEPENDENCY_PROXY_PASSWORD", "CI_DEPLOY_PASSWORD", "SYSTEM_ACCESSTOKEN", "BUILDKITE_AGENT_ACCESS_TOKEN"),
)


class Search(NamedTuple):
    """The tokens of a job, and why one is missing. `notes` are sentences about what was not read.

    `requested` is whether the first token was issued for the audience that was asked for here.
    """

    tokens: tuple[Token, ...]
    lacks: tuple[MissingToken, ...] = ()
    notes: tuple[str, ...] = ()
    requested: bool = False


class _Found(NamedTuple):
    text: str
    place: str
    label: str


def find_tokens(
    environment: Mapping[str, str], platform: Platform, audience: str | None, secrets: SecretValues, *, private: bool
) -> Search:
    """Return the tokens of the job, the platform's own first, each text once. Their texts are added to `secrets`.

    `audience` is asked of a platform that issues tokens on request; `private` allows its server a private address.
    """
    found: list[_Found] = []
    lacks: list[MissingToken] = []
    notes: list[str] = []
    found += _asked(environment, platform, audience, lacks, private=private)
    requested = bool(found)
    for source in (_in_variables(environment), _in_files(environment, lacks), _of_clients(environment, notes)):
        found += source
    if platform in (GITLAB_CI, ANY):
        found += _jwts(environment, {row.text for row in found})
    if not found and not lacks:
        found += _of_places((_OF_CLUSTER,))
    places: dict[str, list[_Found]] = {}
    for row in found:
        secrets.add_token(row.text)
        places.setdefault(row.text.strip(), []).append(row)
    if len(places) > JOB_TOKENS.most:
        notes.append(f"{len(places) - JOB_TOKENS.most} further tokens of the environment were not judged")
    tokens = [
        parse_token(rows[0].text, Origin(" and ".join(dict.fromkeys(row.place for row in rows))), rows[0].label)
        for rows in list(places.values())[: JOB_TOKENS.most]
    ]
    if tokens or environment.get("AWS_ACCESS_KEY_ID"):  # the job may well use the other token, or no token at all
        lacks = [lack._replace(certain=False) for lack in lacks]
    if not tokens and not lacks and platform.because:
        certain = not any(environment.get(name) for name in platform.unless)
        lacks.append(MissingToken(Kind.TOKEN_NOT_ISSUED, platform.because, platform.order, certain=certain))
    return Search(tuple(tokens), tuple(lacks), tuple(notes), requested)


def _asked(
    environment: Mapping[str, str],
    platform: Platform,
    audience: str | None,
    lacks: list[MissingToken],
    *,
    private: bool,
) -> Iterator[_Found]:
    """Yield the token of a platform that issues it on request."""
    requests: dict[str, tuple[str, Callable[[], str]]] = {
        GITHUB_ACTIONS.name: (
            f"the token service of GitHub Actions ({github.URL})",
            lambda: github.request_token(environment, audience, private=private),
        ),
        BUILDKITE_AGENT.name: (
            f"{buildkite.AGENT} oidc request-token",
            lambda: buildkite.request_token(environment, audience),
        ),
        FLY.name: (f"the socket {fly.SOCKET}", lambda: fly.request_token(audience, path=fly.SOCKET)),
    }
    if platform.name not in requests:
        return
    place, request = requests[platform.name]
    if platform is GITHUB_ACTIONS and not (environment.get(github.URL) and environment.get(github.BEARER)):
        reason = github.why_no_token(environment)
        lacks.append(MissingToken(Kind.TOKEN_NOT_ISSUED, *reason, certain=True))
        return
    try:
        text = request()
    except TokenError as error:
        because = f"{place} issued no token ({error})"
        order = "Run the job again; if it fails in the same way, look at the platform's status page."
        lacks.append(MissingToken(Kind.TOKEN_NOT_ISSUED, because, order, certain=False))
        return
    yield _Found(text, f"{place}, audience {audience}" if audience else place, platform.name)


def _in_variables(environment: Mapping[str, str]) -> Iterator[_Found]:
    for platform in PLATFORMS:
        for name in _names(environment, platform.variables):
            if name not in platform.paths and not name.endswith("_PATH"):
                yield _Found(environment[name], f"the variable {name}", platform.name)


def _names(environment: Mapping[str, str], wanted: tuple[str, ...]) -> list[str]:
    """Return the variables that are set, of names and of beginnings of names, which end with _."""
    starts = tuple(name for name in wanted if name.endswith("_"))
    others = sorted(name for name in environment if starts and name.startswith(starts) and name not in wanted)
    return [name for name in (*wanted, *others) if environment.get(name)]


def _in_files(environment: Mapping[str, str], lacks: list[MissingToken]) -> Iterator[_Found]:
    """Yield the tokens of the files that variables name, and of known places."""
    named: dict[str, tuple[str, str]] = {}
    for platform in (*PLATFORMS, ANY):
        for name in _names(environment, platform.paths):
            named.setdefault(name, (environment[name], platform.name or "token"))
    for name, (path, label) in named.items():
        try:
            yield _Found(_text(path), f"the file {path} of the variable {name}", label)
        except OSError as error:
            lacks.append(_unreadable(path, name, error))
    places = [place for platform in PLATFORMS for place in platform.places]
    yield from _of_places(place for place in places if place not in {path for path, _ in named.values()})


def _of_places(places: Iterator[str] | tuple[str, ...]) -> Iterator[_Found]:
    for place in places:
        try:
            yield _Found(_text(place), f"the file {place}", "token")
        except OSError:
            continue


def _of_clients(environment: Mapping[str, str], notes: list[str]) -> Iterator[_Found]:
    """Yield the tokens that the configurations of the AWS and the Google client name."""
    profile = web_identity_profile(environment)
    if profile is not None and profile.file != environment.get("AWS_WEB_IDENTITY_TOKEN_FILE"):
        try:
            yield _Found(_text(profile.file), f"the file {profile.file} of {profile.place}", "token")
        except OSError as error:
            notes.append(f"{profile.place}: its token file {profile.file} was not read: {error.strerror or error}")
    path = environment.get(_CONFIGURATION)
    if not path:
        return
    try:
        configuration = configuration_of(_text(path).encode("utf-8", "surrogateescape"), path).content
        named = token_of(configuration or b"{}", path, _CONFIGURATION, _read, anywhere=True)
    except OSError as error:
        notes.append(f"{_CONFIGURATION} {path}: not read: {error.strerror or error}")
        return
    if named.warning:
        notes.append(named.warning)
    if named.token is not None:
        yield _Found(named.text, f"the token file of {_CONFIGURATION}", "token")


def _jwts(environment: Mapping[str, str], known: set[str]) -> Iterator[_Found]:
    """Yield the variables whose value is an OIDC token, under names of the user's own."""
    for name, value in sorted(environment.items()):
        if not value.startswith("eyJ") or value in known or name in _NOT_OF_JOB or len(value) > TOKEN.most:
            continue
        token = parse_token(value, Origin(name))
        if is_oidc(token) and "sub" in token.claims and "aud" in token.claims:
            yield _Found(value, f"the variable {name}", "token")


def _unreadable(path: str, name: str, error: OSError) -> MissingToken:
    because = f"the token file {path} of {name} was not read ({error.strerror or error})"
    if isinstance(error, PermissionError):
        return MissingToken(Kind.TOKEN_FILE_UNREADABLE, because, "", certain=True, path=path)
    order = f"Write the token to {path} in a step before this one, or unset {name} where another token is meant."
    return MissingToken(Kind.TOKEN_NOT_ISSUED, because, order, certain=True)


def _read(path: str, _: str) -> bytes:
    with open_regular(path) as stream:
        return stream.read(4 * TOKEN.most)


def _text(path: str) -> str:
    """Return a text of the bounded beginning of a file. Raises OSError."""
    try:
        return _read(os.path.expanduser(path), "").decode("utf-8", "surrogateescape")
    except ValueError:  # a NUL in the name
        raise OSError("not a name of a file") from None
