"""An evaluator for AWS IAM policies, of trust and of permissions, which explains every part of its decision."""

from oidc_doctor.iam.access import Access, AppliedPolicy, PolicyAnswer, PolicySet, decide_access
from oidc_doctor.iam.callers import Caller
from oidc_doctor.iam.conditions import compile_conditions, conditions_hold, is_key_name
from oidc_doctor.iam.context import UNKNOWN, Unknown
from oidc_doctor.iam.controls import control_statements
from oidc_doctor.iam.many_policies import AskedOfMany, SharedPolicy, SharedStatements
from oidc_doctor.iam.policies import IDENTITY, RESOURCE, Decision, Policy, StatementResult, compile_policy
from oidc_doctor.iam.trace import Node
from oidc_doctor.iam.variables import variable_keys

__all__ = [
    "IDENTITY",
    "RESOURCE",
    "UNKNOWN",
    "Access",
    "AppliedPolicy",
    "AskedOfMany",
    "Caller",
    "Decision",
    "Node",
    "Policy",
    "PolicyAnswer",
    "PolicySet",
    "SharedPolicy",
    "SharedStatements",
    "StatementResult",
    "Unknown",
    "compile_conditions",
    "compile_policy",
    "conditions_hold",
    "control_statements",
    "decide_access",
    "is_key_name",
    "variable_keys",
]
