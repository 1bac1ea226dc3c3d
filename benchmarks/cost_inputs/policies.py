"""Trust policies of many small parts, each with a log of 300 refused subjects."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cost_inputs.bundles import Command, bundle, edit, records, report

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SUB = "oidc.baseten.co:sub"
Statements = list[Any]


def policy(statements: Callable[[dict[str, Any]], Statements]) -> Callable[[Path], Command]:
    """A healthy bundle with these statements, made of the healthy one, and with a log."""

    def build(place: Path) -> Command:
        folder = bundle(place, "healthy-aws")

        def change(role: Any) -> None:
            document = role["Role"]["AssumeRolePolicyDocument"]
            document["Statement"] = statements(document["Statement"][0])

        edit(folder / "aws/role.json", change)
        records(folder, 300)
        return report(folder)

    return build


def condition(block: dict[str, Any]) -> Callable[[Path], Command]:
    """The same with one statement, which has this Condition."""
    return policy(lambda healthy: [healthy | {"Condition": block}])


def element(name: str, value: Any, **more: Any) -> Callable[[Path], Command]:
    """The same with one statement, which has this element in place of the positive one."""
    positive = name.removeprefix("Not")

    def statements(healthy: dict[str, Any]) -> Statements:
        return [{key: old for key, old in healthy.items() if key != positive} | {name: value} | more, healthy]

    return policy(statements)


def resource_controls(place: Path) -> Command:
    """400 resource control policies of one statement, with a log of 20 refused subjects."""
    folder = bundle(place, "healthy-aws")
    (folder / "aws/rcps").mkdir()
    for number in range(400):
        statement = {"Effect": "Deny", "Principal": "*", "Action": "sts:*", "Resource": "*"}
        statement["Condition"] = {"StringNotEqualsIfExists": {"aws:ResourceOrgID": f"o-{number}"}}  # type: ignore[assignment]
        text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        (folder / f"aws/rcps/p{number:03}.json").write_text(text, encoding="utf-8")
    records(folder, 20)
    return report(folder)


INPUTS: dict[str, Callable[[Path], Command]] = {
    "variables x subjects": condition({"StringLike": {SUB: [f"${{aws:RequestTag/x{n}}}*" for n in range(290)]}}),
    "excluded x subjects": condition({"StringNotLike": {SUB: [f"*{n}*" for n in range(900)]}}),
    "operators x subjects": condition({f"o{n}": {} for n in range(800)}),
    "numbers x subjects": condition({"NumericEquals": {SUB: list(range(1400))}}),
    "networks x subjects": condition({"IpAddress": {"aws:SourceIp": [f"10.0.{n}.1" for n in range(250)]}}),
    "ARNs x subjects": condition({"ArnLike": {"aws:FederatedProvider": [f"arn:*:*:*:*:a{n}" for n in range(350)]}}),
    "long value x subjects": condition({"StringLike": {SUB: "*a" * 3600}}),
    "principals x subjects": element("Principal", {"Federated": [f"a{n}.co" for n in range(650)]}),
    "NotPrincipal x subjects": element("NotPrincipal", {"AWS": [f"{n:012}" for n in range(450)]}),
    "actions x subjects": element("Action", [f"sts:a{n}" for n in range(600)]),
    "NotAction x subjects": element("NotAction", [f"sts:a{n}*" for n in range(550)], Effect="Deny"),
    "statements x subjects": policy(lambda _: [{"Effect": "Deny"} for _ in range(400)]),
    "empty statements x subjects": policy(lambda _: [{} for _ in range(2600)]),
    "numbers for statements": policy(lambda _: [0 for _ in range(4000)]),
    "resource control policies": resource_controls,
}
