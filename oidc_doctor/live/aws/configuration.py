"""Read the configuration of AWS: the role, its policies, the OIDC providers, and the resources of the workload."""

from __future__ import annotations

import functools
import json
import re
from typing import TYPE_CHECKING, Any

from oidc_doctor.live.aws.account import Account, file_name, member, policy_text, repository_of
from oidc_doctor.live.collect import CallError, Collector, Following, Grant, Reader
from oidc_doctor.model.arns import ARN_FIELDS

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_NEAR = 8  # providers that are read in addition to the issuer's own
_PROVIDER_ARN = re.compile(r"arn:[\w-]+:iam::\d{12}:oidc-provider/[^\"\\\s]+")


class AwsConfiguration(Account):
    """The readers of the configuration. The docstring of each reader names its result."""

    # --------------------------------------------------------------------------------------------------- the role

    def role(self) -> Reader:
        """GetRole's Role."""
        path, call = self.path("role.json"), "iam:GetRole"

        def read(collector: Collector) -> dict[str, Any]:
            self.require_own_account(collector)
            try:
                answer = self.iam(collector, "get_role", RoleName=self.role_name)
            except CallError as failure:
                raise self.absent(collector, failure) from None
            role: dict[str, Any] = member(answer, "Role", dict)
            member(role, "Arn", str)
            member(role, "AssumeRolePolicyDocument", dict | str)
            collector.save(path, call, answer)
            boundary = role.get("PermissionsBoundary")
            arn = boundary.get("PermissionsBoundaryArn") if isinstance(boundary, dict) else None
            if isinstance(arn, str):
                collector.start(self.managed(arn, "boundary", self.path("boundary.json")))
            return role

        return Reader(
            self.name("role"),
            path,
            call,
            read,
            (self.name("caller"),),
            (Grant(call, self.role_arn or "*"),),
            (Following(self.path("boundary.json"), self.policy_grants()),),
        )

    def policy_grants(self) -> tuple[Grant, ...]:
        """Grants for reading a managed policy, AWS's own included."""
        places = [
            f"arn:{self.partition}:iam::{self.account or '*'}:policy/*",
            f"arn:{self.partition}:iam::aws:policy/*",
        ]
        return tuple(Grant(f"iam:{call}", place) for call in ("GetPolicy", "GetPolicyVersion") for place in places)

    def managed(self, arn: str, short: str, path: str) -> Reader:
        """A managed policy's default version: its document."""
        call = "iam:GetPolicyVersion"

        def read(collector: Collector) -> None:
            policy = member(self.iam(collector, "get_policy", PolicyArn=arn), "Policy", dict)
            version = member(policy, "DefaultVersionId", str)
            answer = self.iam(collector, "get_policy_version", PolicyArn=arn, VersionId=version)
            member(member(answer, "PolicyVersion", dict), "Document", dict | str)
            collector.save(path, call, answer)

        return Reader(self.name(short), path, call, read, (), self.policy_grants())

    def policy_list(self) -> Reader:
        """The names of the role's inline policies, each of which is then read."""
        path, call = self.path("role-policy-list.json"), "iam:ListRolePolicies"
        inline = Grant("iam:GetRolePolicy", self.role_arn or "*")

        def policy(name: str) -> Reader:
            place = self.path(f"role-policies/inline-{file_name(name)}.json")

            def read(collector: Collector) -> None:
                answer = self.iam(collector, "get_role_policy", RoleName=self.role_name, PolicyName=name)
                member(answer, "PolicyDocument", dict | str)
                collector.save(place, "iam:GetRolePolicy", answer)

            return Reader(self.name(f"inline:{name}"), place, "iam:GetRolePolicy", read, (), (inline,))

        def read(collector: Collector) -> None:
            self.require_own_account(collector)
            names = self.listed(collector, "list_role_policies", "PolicyNames", RoleName=self.role_name)
            collector.save(path, call, {"PolicyNames": names})
            collector.start(*(policy(name) for name in names if isinstance(name, str)))

        grants = (Grant(call, self.role_arn or "*"),)
        follows = (Following(self.path("role-policies/"), (inline,)),)
        return Reader(self.name("policies"), path, call, read, (self.name("caller"),), grants, follows)

    def attached(self) -> Reader:
        """The role's managed policies, each of which is then read."""
        path, call = self.path("attached-policies.json"), "iam:ListAttachedRolePolicies"

        def read(collector: Collector) -> None:
            self.require_own_account(collector)
            policies = self.listed(
                collector, "list_attached_role_policies", "AttachedPolicies", RoleName=self.role_name
            )
            collector.save(path, call, {"AttachedPolicies": policies})
            arns = [
                policy["PolicyArn"]
                for policy in policies
                if isinstance(policy, dict) and isinstance(policy.get("PolicyArn"), str)
            ]
            for arn in dict.fromkeys(arns):
                place = self.path(f"role-policies/attached-{file_name(arn.rpartition('/')[2])}.json")
                collector.start(self.managed(arn, f"attached:{arn}", place))

        grants = (Grant(call, self.role_arn or "*"),)
        follows = (Following(self.path("role-policies/"), self.policy_grants()),)
        return Reader(self.name("attached"), path, call, read, (self.name("caller"),), grants, follows)

    # --------------------------------------------------------------------------------------------------- providers

    def provider_list(self) -> Reader:
        """The ARNs of the account's OIDC providers."""
        path, call = self.path("oidc-providers.json"), "iam:ListOpenIDConnectProviders"

        def read(collector: Collector) -> list[str]:
            self.require_own_account(collector)
            answer = self.iam(collector, "list_open_id_connect_providers")
            entries = member(answer, "OpenIDConnectProviderList", list)
            arns = [entry.get("Arn") for entry in entries if isinstance(entry, dict)]
            collector.save(path, call, answer)
            return [arn for arn in arns if isinstance(arn, str)]

        return Reader(self.name("providers"), path, call, read, (self.name("caller"),), (Grant(call),))

    def provider(self) -> Reader:
        """The providers that the token or the trust policy may mean: {ARN: GetOpenIDConnectProvider's answer}."""
        path, call = self.path("oidc-provider.json"), "iam:GetOpenIDConnectProvider"

        def provider_of(collector: Collector, arn: str) -> dict[str, Any]:
            answer = self.iam(collector, "get_open_id_connect_provider", OpenIDConnectProviderArn=arn)
            member(answer, "Url", str)
            return {"Arn": arn, **answer}

        def read(collector: Collector) -> dict[str, Any]:
            arns = collector.needed(self.name("providers"), "the list of providers")
            role = collector.answer(self.name("role"))
            nearest = _near_providers(arns, self.scope.issuers, role)
            if not nearest:
                issuers = ", ".join(self.scope.issuers) or "the role's trust policy"
                if self.scope.issuers or role is not None:
                    raise CallError("not_found", "NoSuchProvider", f"none of {len(arns)} is of {issuers}")
                return {}  # no evidence identifies a provider: only the list can be read
            results = collector.side_by_side([functools.partial(provider_of, collector, arn) for arn in nearest])
            providers = [result for result in results if not isinstance(result, CallError)]
            failures = [result for result in results if isinstance(result, CallError)]
            if not providers:
                raise failures[0]
            for arn, result in zip(nearest, results, strict=True):
                if isinstance(result, CallError):
                    collector.warn(f"{arn} could not be read: {result}")
            collector.save(path, call, providers[0] if len(providers) == 1 else providers)
            return {provider["Arn"]: provider for provider in providers}

        account = self.account or "*"
        return Reader(
            self.name("provider"),
            path,
            call,
            read,
            (self.name("providers"), self.name("role")),
            (Grant(call, f"arn:{self.partition}:iam::{account}:oidc-provider/*"),),
        )

    # ------------------------------------------------------------------------------------- the workload's resources

    def resources(self) -> list[Reader]:
        """Bucket, key and repository, where the target names them."""
        readers = []
        if self.aws.s3_bucket:
            readers += [self.bucket_policy(self.aws.s3_bucket), self.bucket_encryption(self.aws.s3_bucket)]
        if self.aws.ecr_repository:
            readers.append(self.repository_policy(self.aws.ecr_repository))
        return readers

    def bucket_policy(self, bucket: str) -> Reader:
        """The policy of the bucket that the target names."""
        path, call = self.path("bucket-policy.json"), "s3:GetBucketPolicy"

        def read(collector: Collector) -> None:
            answer = self.bucket(collector, "get_bucket_policy", bucket, call)
            policy_text(answer, "Policy")
            collector.save(path, call, answer)

        grants = (Grant(call, f"arn:{self.partition}:s3:::{bucket}"),)
        return Reader(self.name("bucket-policy"), path, call, read, (self.name("caller"),), grants)

    def bucket_encryption(self, bucket: str) -> Reader:
        """The bucket's encryption, and the policy of the key that it names."""
        path, call = self.path("bucket-encryption.json"), "s3:GetBucketEncryption"

        def read(collector: Collector) -> None:
            answer = self.bucket(collector, "get_bucket_encryption", bucket, grants[0].permission)
            rules = member(member(answer, "ServerSideEncryptionConfiguration", dict), "Rules", list)
            collector.save(path, call, answer)
            for rule in rules:
                box = rule.get("ApplyServerSideEncryptionByDefault") if isinstance(rule, dict) else None
                key = box.get("KMSMasterKeyID") if isinstance(box, dict) else None
                if isinstance(key, str) and "alias/" not in key:
                    collector.start(self.key_policy(key))
                    return

        grants = (Grant("s3:GetEncryptionConfiguration", f"arn:{self.partition}:s3:::{bucket}"),)
        follows = (Following(self.path("key-policy.json"), (self.key_grant("*"),)),)
        return Reader(self.name("bucket-encryption"), path, call, read, (self.name("caller"),), grants, follows)

    def key_grant(self, key: str) -> Grant:
        """Grants for reading a key's policy."""
        arn = key if key.startswith("arn:") else f"arn:{self.partition}:kms:*:*:key/{key}"
        return Grant("kms:GetKeyPolicy", arn)

    def key_policy(self, key: str) -> Reader:
        """The policy of a KMS key, named by its id or ARN."""
        path, call = self.path("key-policy.json"), "kms:GetKeyPolicy"
        parts = key.split(":")
        region = parts[3] if key.startswith("arn:") and len(parts) >= ARN_FIELDS else self.region

        def read(collector: Collector) -> None:
            answer = self.ask(collector, "kms", region, "get_key_policy", KeyId=key, PolicyName="default")
            policy_text(answer, "Policy")
            collector.save(path, call, answer)

        return Reader(self.name("key-policy"), path, call, read, (), (self.key_grant(key),))

    def repository_policy(self, repository: str) -> Reader:
        """The policy of the ECR repository that the target names."""
        path, call = self.path("repository-policy.json"), "ecr:GetRepositoryPolicy"
        account, region, name = repository_of(repository)
        region = region or self.region

        def read(collector: Collector) -> None:
            owners = {self.owner_of(collector, name), collector.answer(self.name("caller"))}
            if account not in (None, *owners):
                raise CallError(
                    "failed",
                    "OtherAccount",
                    f"the repository is of account {account}, and the credentials are of another; "
                    f"--resource-account {account} reads it",
                )
            owner = account or self.owner_of(collector, name)
            answer = self.ask(collector, "ecr", region, "get_repository_policy", repositoryName=name, registryId=owner)
            policy_text(answer, "policyText")
            collector.save(path, call, answer)

        owner = account or self.account or "*"
        grants = (Grant(call, f"arn:{self.partition}:ecr:{region}:{owner}:repository/{name}"),)
        return Reader(self.name("repository-policy"), path, call, read, (self.name("caller"),), grants)


def _near_providers(arns: list[str], issuers: Sequence[str], role: dict[str, Any] | None) -> list[str]:
    """Return the ARNs of the issuers' providers, of providers of the same host, and of those in the trust policy."""
    named_arns = set(_PROVIDER_ARN.findall(json.dumps(role.get("AssumeRolePolicyDocument")))) if role else set()
    urls = {url.removeprefix("https://") for url in issuers}
    hosts = {url.partition("/")[0].lower() for url in urls}

    def rank(arn: str) -> int:
        url = arn.partition(":oidc-provider/")[2]
        if url in urls:
            return 0
        if arn in named_arns:
            return 1
        return 2 if url.partition("/")[0].lower() in hosts else 3

    near_arns = [arn for arn in arns if rank(arn) < 3]  # noqa: PLR2004 - the last rank: of another host
    return sorted(near_arns, key=rank)[:_MOST_NEAR]
