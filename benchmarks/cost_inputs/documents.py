"""Documents: expressions, keys, lists, certificates, configurations."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from cost_inputs.bundles import Command, bundle, condition, edit, report, with_text

if TYPE_CHECKING:
    from pathlib import Path


def starts_with(place: Path) -> Command:
    """An attribute condition of as many `startsWith` as fit."""
    return condition(place, "||".join(f"assertion.sub.startsWith('{n % 10}')" for n in range(130)))


def matches(place: Path) -> Command:
    """An attribute condition of as many `matches` as fit."""
    return condition(place, "||".join(f"assertion.sub.matches('{n % 10}x')" for n in range(140)))


def audience(place: Path) -> Command:
    """A client configuration with an audience of a mebibyte."""
    folder = bundle(place, "healthy-gcp")
    edit(folder / "gcp/credentials.json", lambda box: box.update(audience="//iam.googleapis.com/" + "a/" * 500_000))
    return report(folder)


def pattern(place: Path) -> Command:
    """A pattern of checks of 120,000 characters."""
    return [*report(bundle(place, "healthy-aws")), "--check", "*a" * 60_000]


def many_attributes(place: Path) -> Command:
    """An attribute mapping of 50 long expressions."""
    folder = bundle(place, "healthy-gcp")
    expression = "+".join(["assertion.sub.extract('{x}:')"] * 60)
    mapping = {f"attribute.a{number}": expression for number in range(50)} | {"google.subject": "assertion.sub"}
    edit(folder / "gcp/provider.json", lambda provider: provider.update(attributeMapping=mapping))
    return report(folder)


def chain(place: Path) -> Command:
    """A certificate chain of a mebibyte, all of it beginnings of certificates."""
    folder = bundle(place, "healthy-aws")
    (folder / "issuer/chain.pem").write_text("-----BEGIN CERTIFICATE-----\n" * 37_000, encoding="utf-8")
    return report(folder)


def listed(place: Path) -> Command:
    """A list of half a million entries in place of a role."""
    return with_text(place, "aws/role.json", f"[{'1,' * 524_000}1]")


def repeated(place: Path) -> Command:
    """A key set of 69,000 objects with a repeated member."""
    return with_text(place, "issuer/jwks.json", '[{"a":0,"a":1}' + ',{"a":0,"a":1}' * 69_000 + "]")


def services(place: Path) -> Command:
    """A list of 16,000 services of Google."""
    listing = [{"config": {"name": f"s{number}.googleapis.com"}, "state": "ENABLED"} for number in range(16_000)]
    return with_text(place, "gcp/services.json", json.dumps(listing), "healthy-gcp")


def encoded_error(place: Path) -> Command:
    """An error text of 16,000 pieces of base64, each of which may have a secret."""
    pieces = (base64.b64encode(f"user name and so on number {n:06} of the list, x".encode()) for n in range(16_000))
    return with_text(place, "error.txt", b" ".join(pieces).decode())


def nested_truss(place: Path) -> Command:
    """A Truss configuration of lists in lists."""
    return with_text(place, "truss/config.yaml", f"[{','.join(['[' * 45 + ']' * 45] * 650)}]")


def truss(place: Path) -> Command:
    """A Truss configuration of 64 KiB, all of it elements."""
    return with_text(place, "truss/config.yaml", f"[{'a,' * 32_000}]")


INPUTS = {
    "startsWith": starts_with,
    "matches": matches,
    "audience": audience,
    "pattern of --check": pattern,
    "mapping": many_attributes,
    "chain": chain,
    "list of entries": listed,
    "repeated names": repeated,
    "services": services,
    "Truss configuration": truss,
    "Truss configuration, nested": nested_truss,
    "error of base64": encoded_error,
}
