"""Open a changed document, a folder of them or a plan as a bundle: what `--with` lays over evidence."""

from __future__ import annotations

import os
from typing import Any

from oidc_doctor.bundle import contract
from oidc_doctor.bundle.file_alone import path_of
from oidc_doctor.bundle.files import Bundle, BundleError
from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.documents.json_text import Unreadable, load, printable
from oidc_doctor.documents.trust_policy import parse_policy
from oidc_doctor.model.evidence import ROLE_POLICIES
from oidc_doctor.things.open import open_path
from oidc_doctor.things.plan_file import text_of_plan
from oidc_doctor.things.recognise import place_of, recognise_word
from oidc_doctor.things.thing import Kind, noun_of

_CONFIGURATION = ("aws/", "gcp/", contract.ISSUER)
# Files of these folders that describe the client or who asks, not what a cloud is configured to accept.
_NOT_CHANGED = ("gcp/credentials.json", "aws/caller-identity.json", "aws/simulation.json", "gcp/troubleshooting.json")
_OF_LISTS = {  # a list of what a target has one of: each is matched by its name
    "aws/roles.json": "aws/role.json",
    "gcp/providers.json": "gcp/provider.json",
    "gcp/pools.json": "gcp/pool.json",
}
_RESOURCE_POLICIES = "bucket-policy.json, repository-policy.json or key-policy.json"
_EXAMPLES = "a role, a trust policy, a provider, a policy or a plan"


def open_changed(path: str) -> Bundle:
    """Open the change at `path`, with each document at its place in a bundle. Raises BundleError.

    A policy alone is the role's trust policy if its statements name a Principal, otherwise a policy of the role. The
    name of the file decides where the content leaves it open.
    """
    bundle = _opened(path)
    if any(is_configuration(name) for name in bundle.names()):
        return _with_path(bundle, path) if bundle.loose and not bundle.is_plan else bundle
    if bundle.is_plan:
        return bundle  # a plan that leaves open or deletes all that it is about has no file
    what = next((noun_of(contract.split_target(name)[1]) for name in bundle.names() if contract.is_known(name)), "")
    bundle.close()
    found = f"{what}, and --with takes" if what else "nothing that changes a configuration; --with takes"
    raise BundleError(f"{printable(path)}: {found} {_EXAMPLES}")


def _opened(path: str) -> Bundle:
    try:
        is_alone = os.path.isfile(path) and text_of_plan(path) is None
    except (OSError, ValueError, Unreadable):
        is_alone = True  # opening it says what is wrong
    if not is_alone:
        return open_path(path)
    try:
        return open_bundle(path, _place_of)
    except BundleError:
        thing = recognise_word(path)
        if thing.kind is Kind.NOTHING and thing.hint:
            message = f"{printable(path)}: {thing.hint}"
            raise BundleError(message) from None
        raise


def _with_path(bundle: Bundle, path: str) -> Bundle:
    """Return the bundle of a file alone, shown by its whole path: the present document may have the same name."""
    members = {name: bundle.member(name) for name in bundle.names()}
    return Bundle(bundle.label, members, shown=dict.fromkeys(members, printable(path)), loose=True)


def is_configuration(name: str) -> bool:
    """Return whether a file of a bundle is configuration of a cloud or of the issuer."""
    path = contract.split_target(name)[1]
    if path in _NOT_CHANGED or contract.is_log(path) or not contract.is_known(name):
        return False
    return path.startswith(_CONFIGURATION)


def _place_of(text: str, file: str) -> str | None:
    """Return the contract path of a changed document. Raises Unreadable for broken JSON."""
    by_name = _place_of_path(file)
    if by_name is not None:
        load(text, file)  # broken JSON is reported as that
        return by_name
    place = place_of(text, file)
    place = _OF_LISTS.get(place or "", place)
    if place in (None, "aws/role.json"):
        return _place_of_policy(text, file) or place
    return place


def _place_of_path(file: str) -> str | None:
    """Return the place that the end of a path names, as in change/aws/role-policies/weights.json."""
    parts = os.path.abspath(file).replace(os.sep, "/").split("/")
    for number in (3, 2):
        path = "/".join(parts[-number:])
        if is_configuration(path) and "/" in path:
            return path
    return None


def _place_of_policy(text: str, file: str) -> str | None:
    """Return the place of a policy that names no role; None for a trust policy, and for what is no policy."""
    value: Any = load(text, file).value
    if not isinstance(value, dict) or {"Role", "AssumeRolePolicyDocument", "Roles"} & value.keys():
        return None
    try:
        policy = parse_policy(text, file).value
    except Unreadable:
        return None
    listed = policy.get("Statement") if isinstance(policy, dict) else None
    statements = [one for one in (listed if isinstance(listed, list) else [listed]) if isinstance(one, dict)]
    names_principal = any("Principal" in one or "NotPrincipal" in one for one in statements)
    names_resource = any("Resource" in one or "NotResource" in one for one in statements)
    if names_principal and names_resource and path_of(text, file) in (None, "aws/role.json"):
        message = f"a policy of a resource, by its content; name the file {_RESOURCE_POLICIES}"
        raise Unreadable(file, None, None, message)
    if names_principal or not names_resource:
        return None
    name = value.get("PolicyName")
    stem = os.path.splitext(os.path.basename(file))[0]
    own = name if isinstance(name, str) and _is_plain(name) else stem
    return ROLE_POLICIES.replace("*", own)


def _is_plain(name: str) -> bool:
    return "/" not in name and "\\" not in name and name.strip(". ") == name != ""
