"""Explain missing AWS credentials: the profile or variable that names them, and the command to get them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.commands import command
from oidc_doctor.model.obstacle import Obstacle

if TYPE_CHECKING:
    from oidc_doctor.live.collect import CallError

_MOST_NAMED = 8  # profiles


class _Settings(NamedTuple):
    """The user's own configuration of the AWS CLI."""

    profiles: dict[str, dict[str, Any]]
    file: str  # the path of the configuration file
    unreadable: bool = False


def credentials_obstacle(profile: str | None, failure: CallError) -> Obstacle:
    """Describe a failure to find or use credentials. `profile` is from --profile."""
    settings = _settings()
    chosen = profile or os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE")
    by = "--profile" if profile else "AWS_PROFILE"
    profiles = tuple(sorted(settings.profiles))
    if settings.unreadable:
        return Obstacle("credentials", "aws", f"No AWS credentials: {settings.file} cannot be parsed.", (), profiles)
    if chosen and chosen not in settings.profiles:
        text = f"No AWS credentials: {by} {chosen} is not in {settings.file} ({_listed(profiles)})."
        return Obstacle("credentials", "aws", text, _log_in(None, settings) or _set_up(chosen), profiles)
    if failure.code == "NoCredentialsError":
        return Obstacle(
            "credentials",
            "aws",
            _none_found(chosen, settings),
            _log_in(chosen, settings) or ("aws configure sso",),
            profiles,
        )
    source = f"profile {chosen}" if chosen else _default_source(settings)
    if failure.code == "OtherAccount":
        text = f"No AWS credentials of the role's account: {failure.message} ({_listed(profiles)})."
        return Obstacle("credentials", "aws", text, (), profiles)
    if failure.answered:
        text = f"AWS refused the credentials of {source}: {failure.code}."
    elif _is_sso(settings.profiles.get(chosen or "default", {})):
        text = f"No AWS credentials: the SSO session of {source} has expired, or there was none ({failure.code})."
    else:
        text = f"No AWS credentials: those of {source} cannot be used: {failure.message.rstrip('.')}."
    return Obstacle(
        "credentials", "aws", text, _log_in(chosen or "default", settings, again=failure.answered), profiles
    )


def _settings() -> _Settings:
    from botocore import exceptions as errors
    from botocore.session import Session

    session: Any = Session()  # botocore publishes no types
    file = _short(str(session.get_config_variable("config_file")))
    try:
        return _Settings(dict(session.full_config.get("profiles", {})), file)
    except errors.ConfigParseError:
        return _Settings({}, file, unreadable=True)


def _none_found(chosen: str | None, settings: _Settings) -> str:
    if chosen:
        return f"No AWS credentials: profile {chosen} of {settings.file} names none."
    there = _listed(tuple(sorted(settings.profiles)))
    return (
        f"No AWS credentials: no variable AWS_ACCESS_KEY_ID, and no default profile with credentials in "
        f"{settings.file} ({there})."
    )


def _default_source(settings: _Settings) -> str:
    if os.environ.get("AWS_ACCESS_KEY_ID"):
        return "the variable AWS_ACCESS_KEY_ID"
    return "profile default" if "default" in settings.profiles else "this machine"


def _log_in(chosen: str | None, settings: _Settings, *, again: bool = False) -> tuple[str, ...]:
    """Return the command to get credentials for the profile, or for any profile with its own login."""
    if again and os.environ.get("AWS_ACCESS_KEY_ID"):
        return (command("aws", "sts", "get-caller-identity"),)  # variables take precedence over any profile
    names = [chosen] if chosen in settings.profiles else list(settings.profiles)
    for name in names:
        section = settings.profiles.get(name or "", {})
        login = "sso" if _is_sso(section) else "login" if "login_session" in section else ""
        words = ["aws", "sso", "login"] if login == "sso" else ["aws", "login"]
        if login and name:
            return tuple(filter(None, [_with_profile(words, name)]))
    if chosen in settings.profiles and chosen is not None:
        return tuple(filter(None, [_with_profile(["aws", "configure"], chosen)]))
    return () if settings.profiles else ("aws configure sso",)


def _set_up(name: str) -> tuple[str, ...]:
    return tuple(filter(None, [_with_profile(["aws", "configure", "sso"], name)]))


def _with_profile(words: list[str], name: str) -> str:
    """Return a command of the AWS CLI for a profile; empty for a name that a shell or the CLI would misread."""
    quoted = command("profile", name).partition(" ")[2]  # the guard refuses a name like an option
    return f"{' '.join(words)} --profile {quoted}" if quoted else ""


def _is_sso(section: dict[str, Any]) -> bool:
    return "sso_session" in section or "sso_start_url" in section


def _listed(names: tuple[str, ...]) -> str:
    if not names:
        return "it has no profiles"
    others = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"its profiles: {', '.join(names[:_MOST_NAMED])}{others}"


def _short(path: str) -> str:
    """Return a path with ~ for the home folder."""
    home = os.path.expanduser("~")
    return f"~{path[len(home) :]}" if home != "/" and path.startswith(home + os.sep) else path
