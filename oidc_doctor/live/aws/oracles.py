"""AWS's own evaluation of the policies and (--try) of the token, only if the user allows it."""

from __future__ import annotations

import base64
import json
from typing import Any

from oidc_doctor.live.aws.account import Account, file_name, member, repository_of
from oidc_doctor.live.aws.client import with_call_errors
from oidc_doctor.live.collect import CallError, Collector, Following, Grant, Reader
from oidc_doctor.live.pages import Paging, pages
from oidc_doctor.model.evidence import Token
from oidc_doctor.model.times import rfc3339


class Oracles(Account):
    """Readers of AWS's own evaluation."""

    # --------------------------------------------------------------------------------------------------------- oracles

    def oracles(self) -> list[Reader]:
        """Return readers of AWS's evaluation of the policies, only if the user allows it."""
        readers = [self.resource_controls()]
        if self.role_name:
            readers.append(self.validation())
        if self.role_name and (self.aws.s3_bucket or self.aws.ecr_repository):
            readers.append(self.simulation())
        return readers

    def validation(self) -> Reader:
        """Access Analyzer's findings on the trust policy."""
        path, call = self.path("access-analyzer.json"), "access-analyzer:ValidatePolicy"

        def read(collector: Collector) -> None:
            role = collector.needed(self.name("role"), "the role")
            policy = role["AssumeRolePolicyDocument"]
            text = policy if isinstance(policy, str) else json.dumps(policy)

            def ask(page: dict[str, Any]) -> Any:
                return self.ask(
                    collector,
                    "accessanalyzer",
                    self.region,
                    "validate_policy",
                    policyDocument=text,
                    policyType="RESOURCE_POLICY",
                    validatePolicyResourceType="AWS::IAM::AssumeRolePolicyDocument",
                    **page,
                )

            answers = pages(ask, Paging("nextToken", "nextToken"))
            findings = [finding for answer in answers for finding in member(answer, "findings", list)]
            collector.save(path, call, {"findings": findings})
            for finding in findings:
                if isinstance(finding, dict) and finding.get("findingType") in ("ERROR", "SECURITY_WARNING"):
                    note = f"{finding.get('issueCode')}: {finding.get('findingDetails')}"
                    collector.warn(f"Access Analyzer says of the trust policy: {note}")

        return Reader(self.name("validation"), path, call, read, (self.name("role"),), (Grant(call),))

    def simulation(self) -> Reader:
        """The policy simulator's decisions on the role's use of the bucket or repository."""
        path, call = self.path("simulation.json"), "iam:SimulatePrincipalPolicy"
        simulated: list[tuple[tuple[str, ...], str]] = []
        if self.aws.s3_bucket:
            bucket = f"arn:{self.partition}:s3:::{self.aws.s3_bucket}"
            simulated += [(("s3:ListBucket",), bucket), (("s3:GetObject",), f"{bucket}/*")]
        if self.aws.ecr_repository:
            account, region, name = repository_of(self.aws.ecr_repository)
            place = f"arn:{self.partition}:ecr:{region or self.region}:{account or self.account}:repository/{name}"
            pull = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
            simulated += [(("ecr:GetAuthorizationToken",), "*"), (pull, place)]

        def read(collector: Collector) -> None:
            self.require_own_account(collector)
            results: list[Any] = []
            for actions, resource in simulated:
                answer = self.iam(
                    collector,
                    "simulate_principal_policy",
                    PolicySourceArn=self.aws.role_arn,
                    ActionNames=list(actions),
                    ResourceArns=[resource],
                )
                results += member(answer, "EvaluationResults", list)
            collector.save(path, call, {"EvaluationResults": results})
            for result in results:
                if isinstance(result, dict) and result.get("EvalDecision") not in (None, "allowed"):
                    call_on = f"{result.get('EvalActionName')} on {result.get('EvalResourceName')}"
                    note = f"{call_on}: {result.get('EvalDecision')}"
                    collector.warn(f"the policy simulator says of the role: {note}")

        grants = (Grant(call, self.role_arn or "*"),)
        return Reader(self.name("simulation"), path, call, read, (self.name("caller"),), grants)

    def resource_controls(self) -> Reader:
        """The organization's resource control policies, readable from its management or a delegated account."""
        path, call = self.path("rcps/"), "organizations:ListPolicies"
        describe = Grant("organizations:DescribePolicy")

        def policy(identity: str) -> Reader:
            place = self.path(f"rcps/{file_name(identity)}.json")

            def read(collector: Collector) -> None:
                answer = self.ask(collector, "organizations", self.home, "describe_policy", PolicyId=identity)
                member(member(answer, "Policy", dict), "Content", str)
                collector.save(place, "organizations:DescribePolicy", answer)

            return Reader(self.name(f"rcp:{identity}"), place, "organizations:DescribePolicy", read, (), (describe,))

        def read(collector: Collector) -> None:
            def ask(page: dict[str, Any]) -> Any:
                parameters = {"Filter": "RESOURCE_CONTROL_POLICY", **page}
                return self.ask(collector, "organizations", self.home, "list_policies", **parameters)

            for answer in pages(ask, Paging("NextToken", "NextToken")):
                for entry in member(answer, "Policies", list):
                    if isinstance(entry, dict) and isinstance(entry.get("Id"), str):
                        collector.start(policy(entry["Id"]))
            collector.record(path, call, "ok")

        return Reader(self.name("rcps"), path, call, read, (), (Grant(call),), (Following(path, (describe,)),))

    # ----------------------------------------------------------------------------------------------------------- --try

    def exchange(self, token: Token) -> Reader:
        """Present the token to AWS once, for its actual response. Needs no permission, creates an event in CloudTrail.

        The credentials of a success are neither read nor stored.
        """
        path, call = f"{self.prefix}error.txt", "sts:AssumeRoleWithWebIdentity"
        request: dict[str, Any] = {
            "RoleArn": self.aws.role_arn,
            "RoleSessionName": self.aws.role_session_name or "oidc-doctor-try",
        }
        if self.aws.duration_seconds:
            request["DurationSeconds"] = self.aws.duration_seconds
        if self.aws.provider_id:
            request["ProviderId"] = self.aws.provider_id
        if self.aws.policy:
            request["Policy"] = self.aws.policy

        def read(collector: Collector) -> None:
            client = self.clients.unsigned("sts", self.region)
            raw = compact(token)
            at = collector.clocks.now()
            try:
                answer = collector.call(
                    lambda: with_call_errors(
                        lambda: client.assume_role_with_web_identity(**request, WebIdentityToken=raw)
                    )
                )
            except CallError as failure:
                if not failure.answered or failure.heals:  # throttled, or AWS's own fault: no decision on the token
                    raise
                text = f"An error occurred ({failure.code}) when calling the AssumeRoleWithWebIdentity operation: "
                collector.save(path, call, text + failure.message.replace(raw, "(the token)"))
                return
            claims = {name: answer.get(name) for name in ("SubjectFromWebIdentityToken", "Provider", "Audience")}
            del answer
            place = self.path(f"cloudtrail/{self.region}/try.json")
            collector.save(place, call, {"Records": [_success(at, self.region, request, claims)]})

        return Reader(self.name("try"), path, call, read)


def compact(token: Token) -> str:
    """Reassemble the JWT. Raises ValueError for a token that is no compact JWT."""
    if token.kind != "jwt" or not token.signing_input:
        raise ValueError("not a compact JWT")
    return token.signing_input.decode() + "." + base64.urlsafe_b64encode(token.signature).rstrip(b"=").decode()


def _success(at: float, region: str, request: dict[str, Any], claims: dict[str, Any]) -> dict[str, Any]:
    """Return a success in the form of a CloudTrail record, with an id that marks it as ours."""
    return {
        "eventName": "AssumeRoleWithWebIdentity",
        "eventSource": "sts.amazonaws.com",
        "eventTime": rfc3339(at),
        "eventID": f"try-{int(at)}",
        "awsRegion": region,
        "userIdentity": {
            "type": "WebIdentityUser",
            "userName": claims["SubjectFromWebIdentityToken"],
            "identityProvider": claims["Provider"],
        },
        "requestParameters": {"roleArn": request["RoleArn"], "roleSessionName": request["RoleSessionName"]},
        "responseElements": {
            "credentials": {"accessKeyId": "(not kept)"},
            "subjectFromWebIdentityToken": claims["SubjectFromWebIdentityToken"],
            "provider": claims["Provider"],
            "audience": claims["Audience"],
        },
    }
