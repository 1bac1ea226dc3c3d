"""The ARN of a role of which --role has only the name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.cli import live
from oidc_doctor.cli.exit_codes import UsageError
from oidc_doctor.cli.wrong_kind import is_role_name

if TYPE_CHECKING:
    import argparse

    from oidc_doctor.bundle.files import Bundle
    from oidc_doctor.examine.question import Question

_FORM = "arn:aws:iam::ACCOUNT:role/NAME"


def with_role_of_credentials(options: argparse.Namespace, question: Question) -> Question:
    """Return the question of a live run with the ARN of the named role, in the account of the credentials.

    Raises UsageError where the account cannot be read.
    """
    if not _is_name(options) or not live.is_live(options):
        return question
    if options.dry_run:  # nothing is read, so the account is not known
        return _with_arn(options, question, f"arn:aws:iam::*:role/{options.role}")
    from oidc_doctor.live.aws.role_name import arn_of_role
    from oidc_doctor.live.collect import CallError

    try:
        arn = arn_of_role(options.role, options.profile, (options.region or "").partition(",")[0] or None)
    except CallError as error:
        message = f"--role {options.role}: a name needs the account, which was not read ({error.message}); use {_FORM}"
        raise UsageError(message) from None
    return _with_arn(options, question, arn)


def with_role_that_was_read(options: argparse.Namespace, question: Question, bundle: Bundle | None) -> Question:
    """Return the question with the ARN of the role of this name in the bundle. Raises UsageError if there is none."""
    if not _is_name(options) or live.is_live(options):
        return question
    arns = _roles(bundle, question, options.role)
    if len(arns) != 1:
        why = "roles of this name in several accounts were read" if arns else "no role of this name was read"
        message = f"--role {options.role}: a name, and {why}; use {_FORM}"
        raise UsageError(message)
    return _with_arn(options, question, arns.pop())


def _is_name(options: argparse.Namespace) -> bool:
    return options.role is not None and is_role_name(options.role)


def _roles(bundle: Bundle | None, question: Question, name: str) -> set[str]:
    from oidc_doctor.bundle.snapshot import load_snapshot
    from oidc_doctor.model.evidence import Role

    if bundle is None:
        return set()
    roles: list[object] = []
    for evidence in load_snapshot(bundle, overrides=question.overrides).targets:
        roles += [] if evidence.aws is None else [evidence.aws.role, *evidence.aws.near_roles]
    return {role.arn for role in roles if isinstance(role, Role) and role.arn and role.arn.rpartition("/")[2] == name}


def _with_arn(options: argparse.Namespace, question: Question, arn: str) -> Question:
    options.role = arn
    overrides = question.overrides
    if overrides is None or overrides.aws is None:
        return question
    return question._replace(overrides=overrides._replace(aws=overrides.aws._replace(role_arn=arn)))
