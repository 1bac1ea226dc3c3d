"""The profile of an issuer: its addresses, the claims of its tokens, and the claims that the clouds can test."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from oidc_doctor.issuers.grammar import Grammar, SegmentRule, Subject, parse

# Parsed subjects, by grammar: proofs parse the same fifty for each edit. A grammar contains a dict and is not hashable;
# it is stored with its id, so that the id is not reused.
_PARSED: dict[int, tuple[Grammar, dict[str, Subject]]] = {}
_MOST_PARSED = 4096


@functools.cache  # the templates are those of the issuers' files
def _names_in(template: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\{(\w+)\}", template))


class IssuerMatch(NamedTuple):
    """A family of issuer addresses, written without scheme; the host is compared in lower case."""

    pattern: str
    title: str = ""
    condition_keys: bool = False  # AWS exports this issuer's own claims as condition keys
    shared_control: tuple[str, ...] = ()  # keys that IAM requires in a trust policy for this issuer
    in_issuer: bool = False  # each customer has an address of its own in this family
    domains: tuple[str, ...] = ()  # the issuer's own, which every address is in; empty where anyone may host one
    without_changes: tuple[str, ...] = ()  # names of changes of the subject's format that do not reach this family

    def fits(self, issuer: str) -> bool:
        """Whether the normalised issuer is one of this family."""
        return re.fullmatch(self.pattern, issuer) is not None

    def is_of_issuer(self, host: str) -> bool:
        """Whether a host of this family is in a domain of the issuer's own: no one else can answer there."""
        return any(host == domain or host.endswith(f".{domain}") for domain in self.domains)


class Audience(NamedTuple):
    """The values of `aud`. `{provider}` is a Google provider's whole name, `{owner}` and the like are segments."""

    fixed: str | None = None
    default: str | None = None
    aws: str | None = None
    google: str | None = None
    note: str = ""


class TokenSource(NamedTuple):
    """The place where the workload finds its token."""

    kind: Literal["variable", "path-variable", "file", "command", "request"]
    name: str
    hint: str


class Tenancy(NamedTuple):
    """The segments that separate customers: a policy without `tenant` trusts all customers of a shared issuer."""

    tenant: str | None = None
    team: str | None = None
    in_issuer: bool = False  # each customer has an issuer of its own
    names: tuple[str, ...] = ()  # segments below the team that name a workload, and that a pattern has to close
    unique: tuple[str, ...] = ()  # segments whose value belongs to one tenant or team: ids, which no other one shares
    unique_in_tenant: tuple[str, ...] = ()  # segments whose value no other team of the tenant has
    open: tuple[str, ...] = ()  # segments that the issuer's own guides leave to a wildcard
    scopes: tuple[str, ...] = ()  # segments below the team that say which run of a workload is meant: branch, type
    common: tuple[str, ...] = ()  # claims that can have the same value in every tenant: a branch, an event
    follows: Mapping[str, str] = MappingProxyType({})  # claim -> the segment with which its value changes
    condition: str = ""  # an attribute condition that admits one tenant, as an example


class FormatChange(NamedTuple):
    """A change of the subject's format. Either segments were added or one key was renamed.

    `coming` completes "The issuer writes this subject in the new form once …", where subjects of the old form are still
    issued. `find` is the command that prints the added values; `{owner}` and the like are segments of the subject.
    """

    name: str
    since: str
    token_new: str  # in words: the policy is of the old format, the token of the new
    token_old: str
    detail_new: str = ""  # how the issuer writes it, and since when
    detail_old: str = ""
    adds: tuple[str, ...] = ()
    old_key: str | None = None
    new_key: str | None = None
    coming: str = ""
    find: tuple[str, ...] = ()


class Profile(NamedTuple):
    """The profile of one issuer."""

    name: str
    title: str
    url: str | None
    matches: tuple[IssuerMatch, ...]
    self_hosted: bool  # anyone may run one, so any host can be its issuer
    audience: Audience
    token_sources: tuple[TokenSource, ...]
    tenancy: Tenancy
    grammar: Grammar
    changes: tuple[FormatChange, ...]
    own_condition_keys: tuple[str, ...]
    implied: tuple[tuple[str, str], ...]  # claim, and how its value is made of the subject's segments: {owner}/{name}
    sources: tuple[str, ...]
    claim_values: Mapping[str, tuple[str, ...]]  # claim -> values that the vendor documents; others may exist
    workspace_command: str = ""  # the vendor's command that shows the ids of the user's own organization and teams

    @property
    def shared(self) -> bool:
        """Whether a vendor's customers share the issuer, so that only the token's claims distinguish them."""
        return not self.self_hosted and not self.tenancy.in_issuer

    def parse_subject(self, text: str) -> Subject:
        """Cut a subject, or an IAM pattern for subjects, into its segments. Never raises."""
        grammar, parsed = _PARSED.setdefault(id(self.grammar), (self.grammar, {}))
        if text not in parsed:
            if len(parsed) >= _MOST_PARSED:
                parsed.clear()
            parsed[text] = parse(text, grammar)
        return parsed[text]

    def recognises(self, text: str | None) -> bool:
        """Whether a subject may be one of this issuer, by its beginning or by a segment; True without a subject."""
        if text is None:
            return True
        shape = self.grammar.recognise
        if shape:
            return re.match(shape, text) is not None
        return any(segment.known for segment in self.parse_subject(text).segments)

    def segment_rule(self, name: str) -> SegmentRule | None:
        """Return the rule of the segment of this name: its closed values, its longest length, whether it varies."""
        return self.grammar.rule(name)

    def implied_claims(self, text: str) -> dict[str, str]:
        """Return claims that equal segments of the subject, according to the issuer's documentation."""
        values = {segment.name: segment.value for segment in self.parse_subject(text).segments if segment.known}
        claims = {}
        for claim, template in self.implied:
            names = _names_in(template)
            if all(values.get(name) and "%" not in values[name] for name in names):  # % begins an escape
                claims[claim] = template.format(**values)
        return claims

    def subject_family(self, text: str) -> str:
        """Replace each part of the subject that is new in each deployment, commit or run by `*`."""
        out: list[str] = []
        done = 0
        for segment in self.parse_subject(text).segments:
            prefix = self._varying_from(segment.name, segment.value)
            if prefix is not None:
                out += [text[done : segment.value_start + len(prefix)], "*"]
                done = segment.end
        return "".join(out) + text[done:]

    def _varying_from(self, name: str, value: str) -> str | None:
        rule = self.grammar.rule(name)
        if rule is None or not value:
            return None
        return next((prefix for prefix in rule.varies if value.startswith(prefix)), None)
