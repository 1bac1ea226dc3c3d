"""All that a check file may import, besides the standard library.

Three kinds of check. A cause check puts one kind of Refusal into words; it decides nothing. A weakness check reads
documents that accept more than they should. A log check reads what the logs say, or do not say. The parameter names
of weakness and log checks declare what they need: a need that was not read makes the check skipped.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, NamedTuple, Protocol

from oidc_doctor.iam import arns
from oidc_doctor.model.document import ABSENT, UNKNOWN, Document, Missing, Origin
from oidc_doctor.model.evidence import AllowPolicy, AwsOidcProvider, GcpProvider, Role, Target, TargetEvidence, Token
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Refusal, Side

__all__ = [
    "ABSENT",
    "UNKNOWN",
    "AllowPolicy",
    "AwsOidcProvider",
    "Check",
    "Document",
    "Finding",
    "GcpProvider",
    "Kind",
    "Missing",
    "Origin",
    "Refusal",
    "Role",
    "Side",
    "Target",
    "TargetEvidence",
    "Token",
    "Words",
    "cause",
    "command",
    "log_check",
    "weakness",
]


class Words(NamedTuple):
    """What a cause check says: `headline` completes "AWS refuses this token: …", lower case, no full stop.

    `fix` is one next step, a full sentence. `commands` are ready to paste (build them with `command`).
    """

    headline: str
    fix: str
    commands: tuple[str, ...] = ()


class Finding(NamedTuple):
    """What a weakness or log check found."""

    message: str
    fix: str = ""
    expected: Side | None = None
    actual: Side | None = None


class Check(NamedTuple):
    """A registered check. `page` is its module docstring: Symptom, Reason, Confirm, Fix, Source."""

    code: str
    name: str
    effect: Literal["blocks", "weakens", "note"]
    function: Callable[..., Any]
    page: str
    kind: Kind | None = None
    needs: tuple[str, ...] = ()


_loading: list[Check] = []  # the checks of the file being loaded; packs.py empties it


def _register(function: Callable[..., Any], code: str, name: str, effect: Any, kind: Kind | None) -> None:
    page = function.__globals__.get("__doc__") or ""
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    _loading.append(Check(code, name, effect, function, page, kind, () if kind else names))


def cause(code: str, name: str, kind: Kind) -> Callable[[Callable[[Refusal], Words]], Callable[[Refusal], Words]]:
    """Register the check that names and explains one kind of refusal."""

    def register(function: Callable[[Refusal], Words]) -> Callable[[Refusal], Words]:
        _register(function, code, name, "blocks", kind)
        return function

    return register


def weakness(
    code: str, name: str, effect: Literal["weakens", "note"] = "weakens"
) -> Callable[[Callable[..., Iterable[Finding]]], Callable[..., Iterable[Finding]]]:
    """Register a check of documents.

    Parameters, by name: role, aws_provider, gcp_provider, token, target, service_account_policy, project_policy,
    evidence, profile, trace; each is given as read, or the check is skipped.
    """

    def register(function: Callable[..., Iterable[Finding]]) -> Callable[..., Iterable[Finding]]:
        _register(function, code, name, effect, None)
        return function

    return register


def log_check(code: str, name: str) -> Callable[[Callable[..., Iterable[Finding]]], Callable[..., Iterable[Finding]]]:
    """Register a check of the logs. Parameters, by name: silence, contradictions, attempts, and those of `weakness`."""

    def register(function: Callable[..., Iterable[Finding]]) -> Callable[..., Iterable[Finding]]:
        _register(function, code, name, "note", None)
        return function

    return register


def command(*words: str) -> str:
    """A shell command with every word quoted: the words may come from a token or a policy."""
    return " ".join(shlex.quote(word) for word in words)


# --- words -----------------------------------------------------------------------------------------------------------

_LONGEST_QUOTED = 44  # characters; longer values stand in the expected/actual pair only
_FILES = ("file:", "fileb:")  # the AWS CLI takes such a value for the name of a file


def cloud_name(refusal: Refusal) -> str:
    """AWS, or Google Cloud."""
    return "Google Cloud" if refusal.cloud == "gcp" else "AWS"


def given(words: str, *values: str) -> str:
    """`words` with each {} filled in turn, or nothing when one of the values is not known."""
    return words.format(*values) if all(values) else ""


def quoted(value: str, otherwise: str) -> str:
    """A short, printable value between backticks; `otherwise` for anything else."""
    fits = 0 < len(value) <= _LONGEST_QUOTED and value.isprintable() and "`" not in value
    return f"`{value}`" if fits else otherwise


def seconds(value: str) -> str:
    """A number of seconds with its unit; other texts carry theirs."""
    return f"{value} s" if value.isdigit() else value


def commands(words: str, *values: str) -> tuple[str, ...]:
    """The command `words` with each {} replaced by a quoted value, as the one command of a Words.

    Nothing when a value is not known, or is one that the command would not take as a plain value: an option, a file to
    be read (`file://…`), or a text with control characters.
    """
    rest = list(values)
    filled: list[str] = []
    for word in words.split():
        value = rest.pop(0) if "{}" in word else ""
        if "{}" in word and not _is_plain(value):
            return ()
        filled.append(word.replace("{}", value))
    return (command(*filled),)


def _is_plain(value: str) -> bool:
    return bool(value) and value.isprintable() and value[0] not in "-@" and not value.lower().startswith(_FILES)


def role_name(refusal: Refusal) -> str:
    """The role's name from the fact `role_arn`, or nothing."""
    _, found, path = refusal.fact("role_arn").partition(":role/")
    return path.rpartition("/")[2] if found else ""


def trust_policy_commands(refusal: Refusal) -> tuple[str, ...]:
    """The command that stores an edited trust policy, where the role is known."""
    words = "aws iam update-assume-role-policy --role-name {} --policy-document file://trust-policy.json"
    return commands(words, role_name(refusal))


# --- documents -------------------------------------------------------------------------------------------------------


class NotReadError(Exception):
    """A weakness or log check could not look: the runner reports it as skipped, with this sentence."""


class TrustTest(NamedTuple):
    """One key of a statement's Condition. All tests of a statement must hold; one of a test's values is enough."""

    operator: str  # lower case, without set quantifier and IfExists
    quantifier: str  # lower case: forallvalues, foranyvalue, or nothing
    if_exists: bool
    key: str  # as written
    claim: str  # lower case, where the key is `<issuer>:<claim>` of a provider that the statement names
    values: tuple[tuple[str, str], ...]  # each value and its JSON pointer
    pointer: str

    @property
    def positive(self) -> bool:
        """It asks for a value, rather than forbidding one."""
        return self.operator in {"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"}

    @property
    def holds_when_absent(self) -> bool:
        """It is true when the request has no such key."""
        return self.if_exists or self.quantifier == "forallvalues"


class TrustStatement(NamedTuple):
    """A statement of a trust policy about the tokens of OIDC providers."""

    name: str  # Statement[0]
    pointer: str
    issuers: tuple[str, ...]  # of the OIDC providers in Principal, without scheme, as written
    tests: tuple[TrustTest, ...]

    @property
    def subject_tests(self) -> tuple[TrustTest, ...]:
        """The tests that ask for a value of the subject."""
        return tuple(test for test in self.tests if test.claim == "sub" and test.positive)


def allow_statements(role: Role | None) -> Iterator[TrustStatement]:
    """The Allow statements that let tokens of an OIDC provider assume the role. NotReadError: no trust policy.

    There are none where a Deny statement keeps out every subject but those it lists: an Allow may then be wide.
    """
    if role is None or any(
        test.operator.startswith("stringnot") and test.key.lower().endswith(":sub")
        for statement in _web_identity_statements(role, "Deny")
        for test in statement.tests
    ):
        return
    for statement in _web_identity_statements(role, "Allow"):
        if statement.issuers:
            yield statement


def policy_origin(role: Role | None, pointer: str) -> Origin | None:
    """Where a value of the role's trust policy was read."""
    policy = role.trust_policy if role else None
    return policy.at(pointer) if isinstance(policy, Document) else None


# Claims that do not say whose the workload is: they scope a statement, but not to a tenant.
_NOBODYS_CLAIMS = frozenset(
    {
        "amr",
        "aud",
        "azp",
        "base_ref",
        "build_branch",
        "commit",
        "env",
        "environment",
        "event_name",
        "exp",
        "head_ref",
        "iat",
        "iss",
        "jti",
        "nbf",
        "oaud",
        "pipeline_source",
        "ref",
        "ref_path",
        "ref_protected",
        "ref_type",
        "run_attempt",
        "run_id",
        "run_number",
        "runner_environment",
        "sha",
        "step_key",
        "terraform_run_phase",
        "type",
        "user_access_level",
        "v",
        "workflow",
    }
)
# Issuers whose tenant is told by the audience (the shared-issuer controls of IAM ask for it there).
_AUDIENCE_IS_TENANT = ("oidc.vercel.com", "api.pulumi.com/oidc", "sandboxes.cloud")


def is_nobodys(claim: str) -> bool:
    """Whether the claim can have the same values in every tenant of an issuer: audience, times, ref, environment."""
    return claim.lower() in _NOBODYS_CLAIMS


def bound_elsewhere(statement: TrustStatement) -> bool:
    """Whether a test of something else than the subject says whose tokens are let in."""
    tenant_audience = all(issuer.lower() in _AUDIENCE_IS_TENANT for issuer in statement.issuers)
    for test in statement.tests:
        if test.key.lower() == "sts:roleauthorizedbyidp" and not test.holds_when_absent:
            return True
        names_tenant = test.claim not in ("", "sub") and not is_nobodys(test.claim)
        names_tenant = names_tenant or (test.claim == "aud" and tenant_audience)
        open_values = any(not value.strip("*?") for value, _ in test.values)
        if names_tenant and test.positive and not test.holds_when_absent and not open_values:
            return True
    return False


def open_subjects(
    statement: TrustStatement, is_open: Callable[[str], object], *, pasted: bool = False
) -> list[tuple[str, str]]:
    """The subject patterns, with JSON pointers, by which the statement is open in the sense of `is_open`.

    Nothing where another test closes it. Only StringLike has patterns; `${*}` is an ordinary star, and three or more
    stars in pasted evidence are somebody's redaction.
    """
    found: list[tuple[str, str]] = []
    for test in statement.subject_tests:
        here = []
        for value, pointer in test.values:
            pattern = re.sub(r"\$\{[*?$]\}", "\0", value)
            if pasted:
                pattern = re.sub(r"\*{3,}", "\0", pattern)
            if test.operator == "stringlike" and is_open(pattern):
                here.append((value, pointer))
        if not here:
            return []
        found += here
    return [] if bound_elsewhere(statement) else found


class CelTest(NamedTuple):
    """One test of a claim in an attribute condition."""

    claim: str  # the token's claim, also where the condition goes through the attribute mapping
    operator: str  # ==, !=, <, in, startsWith, endsWith, contains, matches, …
    values: tuple[str, ...]  # the texts that it is compared with
    text: str  # as it stands in the condition


def loose_tests(provider: GcpProvider, binds: Callable[[CelTest], bool]) -> tuple[CelTest, ...] | None:
    """The tests of a way through the attribute condition on which `binds` is false throughout, or None.

    Whatever cannot be read as a test of one claim is taken to bind: nothing is reported that is not plainly so.
    """
    from oidc_doctor.cel.errors import CelError  # late: most runs meet no attribute condition
    from oidc_doctor.cel.parser import parse

    try:
        return _loose(parse(provider.condition or "true"), provider, binds)
    except CelError:
        return None


def trust_documents(evidence: TargetEvidence) -> tuple[Role | None, GcpProvider | None]:
    """The role with its trust policy and the Google provider, as far as they were read. NotReadError: neither was."""
    role = evidence.aws.role if evidence.aws else None
    provider = evidence.gcp.provider if evidence.gcp else None
    known_role = role if isinstance(role, Role) and isinstance(role.trust_policy, Document) else None
    known_provider = provider if isinstance(provider, GcpProvider) else None
    if known_role is None and known_provider is None:
        msg = "neither a trust policy nor a workload identity provider was read"
        raise NotReadError(msg)
    return known_role, known_provider


def customers_of(issuer: str, evidence: TargetEvidence, profile: object) -> str:
    """The name of the vendor, where the profile says that all its customers share this issuer; else nothing."""
    title = str(getattr(profile, "title", "") or getattr(profile, "name", ""))
    spoken_of = [evidence.target.issuer, *(token.claims.get("iss") for token in evidence.tokens)]
    known = {bare_issuer(each) for each in spoken_of if isinstance(each, str)}
    # a trust policy may name several issuers, and the profile is of one
    same = bare_issuer(issuer) in known if known else title.partition(" ")[0].lower() in bare_issuer(issuer)
    return title if same and getattr(profile, "shared", False) else ""


def bare_issuer(issuer: str) -> str:
    """An issuer URL without its scheme and in lower case, for a comparison of documents (the clouds are stricter)."""
    return issuer.lower().removeprefix("https://").rstrip("/")


def account_of(arn: str | None) -> str:
    """The 12-digit account in an ARN, or nothing (a redacted one says nothing)."""
    account = arns.account_of(arn or "") or ""
    return account if re.fullmatch(r"\d{12}", account) else ""


class Silence(Protocol):
    """A note on what the logs do not hold."""

    @property
    def kind(self) -> str:
        """no-events-found, not-logged-by-vendor, delivery-delay, window-does-not-cover, exchange-logging-off."""

    @property
    def headline(self) -> str:
        """What is silent."""

    @property
    def detail(self) -> str:
        """Why that says little."""


def _web_identity_statements(role: Role, effect: str) -> Iterator[TrustStatement]:
    policy = role.trust_policy
    if isinstance(policy, Missing):
        msg = f"{policy.what}: {policy.reason}"
        raise NotReadError(msg)
    statements = policy.value.get("Statement") if isinstance(policy.value, dict) else None
    several = isinstance(statements, list)
    for index, statement in enumerate(_listed(statements)):
        if isinstance(statement, dict) and statement.get("Effect") == effect and _is_about_web_identity(statement):
            pointer = f"/Statement/{index}" if several else "/Statement"
            issuers = _issuers(statement.get("Principal"))
            tests = tuple(_tests(statement.get("Condition"), issuers, pointer + "/Condition"))
            yield TrustStatement(f"Statement[{index}]", pointer, issuers, tests)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _is_about_web_identity(statement: dict[str, Any]) -> bool:
    if "Action" in statement:
        return any(_like(str(each), "sts:assumerolewithwebidentity") for each in _listed(statement["Action"]))
    excluded = _listed(statement.get("NotAction"))
    return bool(excluded) and not any(_like(str(each), "sts:assumerolewithwebidentity") for each in excluded)


def _like(pattern: str, text: str) -> bool:
    """Whether an action pattern covers `text`; in time linear in both, since the pattern is somebody else's."""
    pattern = pattern.lower()
    at = start = resume = 0
    star = -1
    while at < len(text):
        if start < len(pattern) and pattern[start] == "*":
            star, resume = start, at
            start += 1
        elif start < len(pattern) and pattern[start] in ("?", text[at]):
            start += 1
            at += 1
        elif star >= 0:
            resume += 1
            start, at = star + 1, resume
        else:
            return False
    return not pattern[start:].strip("*")


def _issuers(principal: Any) -> tuple[str, ...]:
    federated = principal.get("Federated") if isinstance(principal, dict) else None
    arns = [str(each) for each in _listed(federated)]
    return tuple(arn.split(":oidc-provider/", 1)[1] for arn in arns if ":oidc-provider/" in arn)


def _tests(block: Any, issuers: tuple[str, ...], pointer: str) -> Iterator[TrustTest]:
    for name, keys in block.items() if isinstance(block, dict) else ():
        quantifier, _, operator = str(name).lower().rpartition(":")
        for key, values in keys.items() if isinstance(keys, dict) else ():
            here = f"{pointer}/{_escaped(name)}/{_escaped(key)}"
            several = isinstance(values, list)
            yield TrustTest(
                operator.removesuffix("ifexists"),
                quantifier,
                operator.endswith("ifexists"),
                key,
                _claim(key, issuers),
                tuple((str(value), f"{here}/{at}" if several else here) for at, value in enumerate(_listed(values))),
                here,
            )


def _escaped(member: str) -> str:
    return member.replace("~", "~0").replace("/", "~1")


def _claim(key: str, issuers: tuple[str, ...]) -> str:
    for issuer in issuers:
        if key.lower().startswith(issuer.lower() + ":"):
            return key[len(issuer) + 1 :].lower()
    return ""


def _loose(expr: Any, provider: GcpProvider, binds: Callable[[CelTest], bool]) -> tuple[CelTest, ...] | None:
    if expr.op in ("and", "or"):
        ways = [_loose(child, provider, binds) for child in expr.children]
        open_ways = [way for way in ways if way is not None]
        if not open_ways or (expr.op == "and" and len(open_ways) < len(ways)):
            return None
        return tuple(test for way in open_ways for test in way)
    if expr.op == "has" or (expr.op == "literal" and expr.value is True):
        return ()
    negated = expr.op == "not"
    test = _cel_test(expr.children[0] if negated else expr, provider)
    if test is None:
        return None
    if negated != (test.operator == "!="):  # it forbids some values: everything else is let in
        return ()
    return None if binds(test) else (test,)


def _cel_test(expr: Any, provider: GcpProvider) -> CelTest | None:
    if expr.op not in ("compare", "in") and not (expr.op == "call" and expr.method):
        return None
    names = [_claim_of(child, provider) for child in expr.children]
    texts = [text for child in expr.children for text in _texts(child)]
    claims = [name for name in names if name]
    understood = len(claims) == 1 and len(expr.children) == 2 and texts  # noqa: PLR2004  # a claim and a text
    if not understood:
        return None
    return CelTest(claims[0], expr.name, tuple(texts), (provider.condition or "")[expr.start : expr.end])


def _texts(expr: Any) -> list[str]:
    items = expr.children if expr.op == "list" else (expr,)
    return [str(item.value) for item in items if item.op == "literal" and isinstance(item.value, (str, int))]


def _claim_of(expr: Any, provider: GcpProvider, *, through_mapping: bool = True) -> str:
    from oidc_doctor.cel.errors import CelError
    from oidc_doctor.cel.parser import parse
    from oidc_doctor.cel.syntax import path_of

    path = path_of(expr, frozenset())
    if path is None or len(path) < 2:  # noqa: PLR2004  # a variable and a key
        return ""
    if path[0] == "assertion":
        return ".".join(path[1:])
    if not through_mapping:
        return ""
    if not isinstance(provider.mapping, dict):
        return "sub" if path == ("google", "subject") else ""
    try:
        return _claim_of(parse(provider.mapping.get(".".join(path), "")), provider, through_mapping=False)
    except CelError:
        return ""


__all__ += [
    "CelTest",
    "NotReadError",
    "Silence",
    "TrustStatement",
    "TrustTest",
    "account_of",
    "allow_statements",
    "bare_issuer",
    "bound_elsewhere",
    "cloud_name",
    "commands",
    "customers_of",
    "given",
    "is_nobodys",
    "loose_tests",
    "open_subjects",
    "policy_origin",
    "quoted",
    "role_name",
    "seconds",
    "trust_documents",
    "trust_policy_commands",
]
