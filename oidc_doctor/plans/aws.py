"""The roles of a plan and the OIDC providers that they trust, as the files that the AWS CLI prints of them.

Source: hashicorp/aws, Resources aws_iam_role and aws_iam_openid_connect_provider, and the data source
aws_iam_openid_connect_provider: their arguments and attributes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.judge.aws.arns import federated
from oidc_doctor.model.arns import account_of
from oidc_doctor.model.document import texts_in
from oidc_doctor.model.evidence import Target, TargetAws
from oidc_doctor.model.planned import PlannedChange, PlanNote
from oidc_doctor.model.unknown_value import UnknownValue
from oidc_doctor.plans.accounts import Accounts, has_issuer, issuer_of, may_be_named
from oidc_doctor.plans.gaps import Symbolic
from oidc_doctor.plans.masked import Open, first_open
from oidc_doctor.plans.permissions import Permissions
from oidc_doctor.plans.policy_document import TYPE as DOCUMENT
from oidc_doctor.plans.policy_document import Renderer
from oidc_doctor.plans.references import referenced
from oidc_doctor.plans.target_files import TargetFiles
from oidc_doctor.plans.words import ACCOUNT, assumed_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidc_doctor.model.document import Json
    from oidc_doctor.plans.gaps import Gaps
    from oidc_doctor.plans.plan import Plan, Resource

ROLE, PROVIDER = "aws_iam_role", "aws_iam_openid_connect_provider"
_ROLE_FILE, _PROVIDER_FILE = "aws/role.json", "aws/oidc-provider.json"
_CLIENT_ID = "aws_iam_openid_connect_provider_client_id"
_WEB = ("Federated", "sts:AssumeRoleWithWebIdentity")  # a text of a policy that may trust tokens has one of them


class Trust(NamedTuple):
    """A trust policy: its JSON text, or its value with open parts, or an `Open` for all of it."""

    value: Any
    rebuilt_from: str = ""  # the address of the data source that it was rendered from
    by_own_key: bool = False  # the data source is the one of the role's own key

    @property
    def principals(self) -> frozenset[str]:
        """The Federated principals of its Allow statements."""
        value = self.value
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                return frozenset()
        return frozenset(name for name, _ in federated(value)) if isinstance(value, dict) else frozenset()


class AwsPart:
    """The targets of AWS in a plan."""

    def __init__(self, plan: Plan, gaps: Gaps) -> None:
        self.plan = plan
        self.gaps = gaps
        self.accounts = Accounts(plan)
        self.renderer = Renderer(plan, self._symbolic)
        self.permissions = Permissions(plan, gaps, self._policy_of, lambda *part: self._rebuilt_of(*part).value)
        self.providers = [*plan.of_type(PROVIDER), *plan.of_type(PROVIDER, mode="data")]
        self._policies: dict[tuple[str, str], Any] = {}
        self._has_client_ids = bool(plan.of_type(_CLIENT_ID))

    def targets(self) -> Iterator[TargetFiles]:
        """Yield the files of each role that may trust tokens; of every role, where none may."""
        trusts = {role.address: self._trust(role) for role in self.plan.of_type(ROLE)}
        roles = [role for role in self.plan.of_type(ROLE) if _may_trust_tokens(trusts[role.address])]
        if roles and len(roles) < len(trusts):
            left = len(trusts) - len(roles)
            what = (
                "1 role trusts no federated principal, and is"
                if left == 1
                else (f"{left:,} roles trust no federated principal, and are")
            )
            self.plan.notes.append(PlanNote(self.plan.label, f"{what} not judged"))
        for role in roles or self.plan.of_type(ROLE):
            yield self._target(role, trusts[role.address])

    def _target(self, role: Resource, trust: Trust) -> TargetFiles:
        arn = self.accounts.arn(role, "role", self._path_and_name(role))
        part = TargetFiles(Target(role.address, aws=TargetAws(role_arn=arn)), self.plan, self.gaps)
        before_arn = (role.before or {}).get("arn")
        part.changes.append(_planned(role, _ROLE_FILE, before_arn, arn if role.after is not None else ""))
        part.changes += [
            _planned(other, _ROLE_FILE, "", before_arn)
            for other in self.plan.of_type(ROLE)
            if "delete" in role.actions and other.actions == ("create",) and self._is_same_name(other, role)
        ]
        if role.doubt:
            part.leave_out(_ROLE_FILE, role)
        elif role.after is None:
            part.delete(_ROLE_FILE, role.address)
        else:
            self._put_role(part, role, trust, arn)
        self._put_providers(part, role, trust)
        self._put_earlier(part, role)
        return part

    def _is_same_name(self, other: Resource, role: Resource) -> bool:
        """Whether a new role has the name and path of one that the plan takes away, in the same account."""
        new, old = other.after or {}, role.before or {}
        names = [(values.get("name"), values.get("path")) for values in (new, old)]
        return names[0] == names[1] and isinstance(names[0][0], str) and self.accounts.share_account(other, role)

    # The role

    def _trust(self, role: Resource) -> Trust:
        if role.doubt or role.after is None:
            return Trust((role.before or {}).get("assume_role_policy"))
        value = role.after.get("assume_role_policy")
        if isinstance(value, Open) and value.why == "unknown":
            return self._rebuilt(role, "assume_role_policy", value)
        return Trust(value if isinstance(value, str | Open) else Open("assume_role_policy", "shape"))

    def _rebuilt(self, resource: Resource, attribute: str, value: Open) -> Trust:
        """Return a policy of which the plan shows the data source that renders it."""
        return self._rebuilt_of(resource, self.plan.expression_of(resource, attribute), value)

    def _rebuilt_of(self, resource: Resource, expression: Json, value: Open) -> Trust:
        source = referenced(self.plan, resource, expression)
        if source is None or source.resource.type != DOCUMENT or not source.is_attribute("json", "minified_json"):
            return Trust(value)
        document = source.resource
        rendered = (document.after or {}).get("json")
        if not isinstance(rendered, Open) or rendered.why != "unknown":
            return Trust(value)  # a known document leaves no policy open: the value is computed from more
        policy = self.renderer.policy(document)
        return Trust(policy, document.address, source.by_own_key)

    def _put_role(self, part: TargetFiles, role: Resource, trust: Trust, arn: str) -> None:
        values = role.after or {}
        duration = values.get("max_session_duration")
        if duration is not None and (not isinstance(duration, int | Open) or isinstance(duration, bool)):
            duration = Open("max_session_duration", "shape")
        blocking = next((value for value in (trust.value, duration) if isinstance(value, Open)), None)
        if blocking is not None:
            is_rebuilt = blocking is trust.value and trust.rebuilt_from
            source = self.plan.resources[trust.rebuilt_from] if is_rebuilt else role
            part.leave_open(_ROLE_FILE, source, blocking)
            return
        box: dict[str, Any] = {"RoleName": self._name(role), "Arn": arn}
        if isinstance(trust.value, dict):
            document = self.plan.resources[trust.rebuilt_from]
            filled, opened = self.gaps.filled(trust.value, document.address)
            part.name_open(opened, document, _ROLE_FILE)
            box["AssumeRolePolicyDocument"] = Symbolic(json.dumps(filled))
            named = self.renderer.named.get(trust.rebuilt_from, {})
            part.assumed += assumed_of(trust.rebuilt_from, [*named], by_own_key=trust.by_own_key)
        else:
            box["AssumeRolePolicyDocument"] = trust.value
        if isinstance(duration, int):
            box["MaxSessionDuration"] = duration
        boundary = values.get("permissions_boundary")
        if boundary not in (None, ""):
            box["PermissionsBoundary"] = {"PermissionsBoundaryArn": boundary}
        part.put(_ROLE_FILE, box, role)
        account = self.accounts.account(role)
        others = {account_of(name) for name in trust.principals} - {None, account}
        if others and not self.accounts.is_known(role):
            part.unknown.append(UnknownValue(role.address, "arn", ACCOUNT, _ROLE_FILE, account))
        self.permissions.put(part, role, self._name(role))
        self.permissions.put_resources(part, arn)

    def _policy_of(self, resource: Resource, attribute: str) -> Any:
        """Return a policy of a resource: its text, its value where it is rebuilt, or an Open."""
        value = (resource.after or {}).get(attribute)
        if not isinstance(value, Open) or value.why != "unknown":
            return value
        if (resource.address, attribute) not in self._policies:
            self._policies[resource.address, attribute] = self._rebuilt(resource, attribute, value).value
        return self._policies[resource.address, attribute]

    def _name(self, role: Resource) -> Any:
        values = role.values
        name, prefix = values.get("name"), values.get("name_prefix")
        if isinstance(name, Open) and isinstance(prefix, str) and prefix:
            return Symbolic(prefix + self.gaps.text(role.address, "name"))
        return name

    def _path_and_name(self, role: Resource) -> str:
        values = role.values
        path, name = values.get("path"), self._name(role)
        place = self.gaps.text(role.address, path.path) if isinstance(path, Open) else path
        place = place if isinstance(place, str) and place else "/"
        return f"{place}{name if isinstance(name, str) and name else self.gaps.text(role.address, 'name')}"

    # Its providers

    def _symbolic(self, resource: Resource) -> str | None:
        """Return the ARN of a provider, as far as the plan shows it; None if it does not show the issuer."""
        values = resource.after or {}
        url, arn = values.get("url"), values.get("arn")
        if resource.type != PROVIDER or resource.doubt:
            return None
        if isinstance(arn, str) and ":oidc-provider/" in arn:
            return arn
        if not isinstance(url, str) or not url:
            return None
        return self.accounts.arn(resource, "oidc-provider/", issuer_of(url))

    def _put_providers(self, part: TargetFiles, role: Resource, trust: Trust) -> None:
        """Write the providers of the role's account, those that the role trusts first."""
        principals = trust.principals
        principals_then = Trust((role.before or {}).get("assume_role_policy")).principals
        arns = {provider.address: self._symbolic_of_either(provider) for provider in self.providers}
        near = [provider for provider in self.providers if self.accounts.share_account(role, provider)]
        kept = [provider for provider in near if provider.after is not None and not provider.doubt]
        if principals and all(has_issuer(name) for name in principals):
            # a provider that no statement names says nothing of the tokens that this role accepts
            kept = [provider for provider in kept if may_be_named(arns[provider.address], principals)]
        kept.sort(key=lambda provider: arns[provider.address] not in principals)
        lost = [provider for provider in near if self._is_lost(provider, principals)]
        for provider in near:
            trusted_then = (provider.before or {}).get("arn") in principals_then
            if provider.mode == "managed" and (arns[provider.address] in principals or trusted_then):
                before, after = self._url(provider.before), self._url(provider.after)
                part.changes.append(_planned(provider, _PROVIDER_FILE, before, after))
        gone = {self._symbolic_then(provider) for provider in lost}
        if lost and principals <= gone and first_open(trust.value) is None:
            part.delete(_PROVIDER_FILE, lost[0].address)
            return
        kept = [provider for provider in kept if arns[provider.address] not in gone]  # a data source read it before
        named = [provider for provider in kept if isinstance(arns[provider.address], str)]
        if named:
            part.put_all(
                _PROVIDER_FILE, [(provider, self._provider(provider, arns[provider.address])) for provider in named]
            )
        for provider in kept:
            if provider not in named:
                url = first_open((provider.after or {}).get("url")) or Open("url", "shape")
                if named and not principals <= {arns[other.address] for other in named}:
                    part.name_unknown(provider, url, _PROVIDER_FILE)
                elif not named:
                    part.leave_open(_PROVIDER_FILE, provider, url)
        for provider in near:
            if provider.doubt:
                part.leave_out(_PROVIDER_FILE, provider)

    def _is_lost(self, provider: Resource, principals: frozenset[str]) -> bool:
        """Whether the plan takes away a provider that the role trusts, and no resource is one of its issuer."""
        if provider.mode == "data" or provider.before is None or provider.doubt:
            return False
        then = self._symbolic_then(provider)
        issuer = self._url(provider.before)
        later = [self._url(other.after) for other in self.plan.of_type(PROVIDER) if other.after is not None]
        is_doubtful = any(other.doubt for other in self.plan.of_type(PROVIDER))
        return then in principals and not is_doubtful and issuer not in later and "" not in later

    def _symbolic_of_either(self, provider: Resource) -> str | None:
        return self._symbolic(provider) if provider.after is not None else self._symbolic_then(provider)

    def _symbolic_then(self, provider: Resource) -> str | None:
        """Return the ARN that a provider had before the plan."""
        return self._symbolic(provider._replace(after=provider.before))

    def _url(self, values: dict[str, Any] | None) -> str:
        url = (values or {}).get("url")
        return issuer_of(url) if isinstance(url, str) else ""

    def _provider(self, provider: Resource, arn: str | None) -> dict[str, Any]:
        values = provider.after or {}
        box: dict[str, Any] = {"Url": (arn or "").partition(":oidc-provider/")[2], "Arn": arn}
        clients = values.get("client_id_list")
        if isinstance(clients, list) and not self._has_client_ids:
            box["ClientIDList"] = clients
        thumbprints = values.get("thumbprint_list")
        if isinstance(thumbprints, list) and all(isinstance(text, str) for text in thumbprints):
            box["ThumbprintList"] = thumbprints
        return box

    # Before the plan

    def _put_earlier(self, part: TargetFiles, role: Resource) -> None:
        values = role.before
        policy = (values or {}).get("assume_role_policy")
        if values is None or role.doubt or not isinstance(policy, str) or role.actions == ("no-op",):
            return
        arn = values.get("arn")
        box = {"RoleName": values.get("name"), "Arn": arn, "AssumeRolePolicyDocument": policy}
        if all(isinstance(value, str) for value in box.values()):
            part.put(_ROLE_FILE, box, role, earlier=True)


def _may_trust_tokens(trust: Trust) -> bool:
    """Whether a policy may be about tokens: it is open, or names a federated principal, or any principal."""
    value = trust.value
    if isinstance(value, str):
        return any(word in value for word in _WEB) or '"*"' in value or "NotPrincipal" in value
    return not isinstance(value, dict) or any(word in texts_in(value) for word in _WEB) or bool(trust.rebuilt_from)


def _planned(resource: Resource, place: str, before: Any, after: Any) -> PlannedChange:
    texts = [value if isinstance(value, str) else "" for value in (before, after)]
    return PlannedChange(resource.address, resource.type, resource.actions, place, resource.why, *texts)
