"""Many tokens, targets, expectations and roles."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from cost_inputs.bundles import PROGRAM, SAMPLES, Command, bundle, exact, report, sample_tokens, trust

if TYPE_CHECKING:
    from pathlib import Path


def tokens(place: Path) -> Command:
    """Fifty sample tokens."""
    folder = bundle(place, "healthy-aws")
    sample_tokens(folder)
    return report(folder)


def expectations(place: Path) -> Command:
    """A file of 500 expectations."""
    entries = "".join(f"'{exact(number)}',\n" for number in range(500))
    return expect(place, f"[[expect]]\nstrangers = 'refused'\naccepted = [\n{entries}]\n")


def escaped(place: Path) -> Command:
    """A file of 20,000 expectations whose texts are not found in its lines."""
    return expect(place, "[[expect]]\naccepted = [\n" + '"\\u0061",\n' * 20_000 + "]\n")


def expect(place: Path, text: str) -> Command:
    """Test the healthy role with this file of expectations."""
    (place / "expect.toml").write_text(text, encoding="utf-8")
    return [*PROGRAM, "expect", str(place / "expect.toml"), str(SAMPLES / "healthy-aws/aws/role.json")]


def tables(place: Path, count: int = 500) -> Command:
    """A file of expectations with a table for each of so many subjects."""
    rows = (f"[[expect]]\nstrangers = 'refused'\naccepted = ['{exact(number)}']\n" for number in range(count))
    return expect(place, "".join(rows))


def accepted_tables(place: Path) -> Command:
    """A table for each of 500 subjects that the trust accepts: their strangers are different ones."""
    folder = trust(place, {"StringLike": {"oidc.baseten.co:sub": exact(0).replace("=m0", "=*")}})
    command = tables(place)
    return [*command[:-1], str(folder / "aws/role.json")]


def sixty_tables(place: Path) -> Command:
    """A table for each of the 60 exact subjects of a trust."""
    folder = trust(place, {"StringEquals": {"oidc.baseten.co:sub": [exact(number) for number in range(60)]}})
    command = tables(place, 60)
    return [*command[:-1], str(folder / "aws/role.json")]


def targets(place: Path) -> Command:
    """A bundle of 500 roles, each a target of its own, and no token."""
    folder = bundle(place, "healthy-aws")
    text = (folder / "aws/role.json").read_text(encoding="utf-8")
    for name in ("aws/role.json", "oidc-doctor.toml", "claims.json", "token.jwt"):
        (folder / name).unlink(missing_ok=True)
    for number in range(500):
        below = folder / f"targets/t{number:03}/aws"
        below.mkdir(parents=True)
        (below / "role.json").write_text(text.replace("BasetenRuntimeRole", f"R{number}"), encoding="utf-8")
        shutil.copy(folder / "aws/oidc-provider.json", below)
    return report(folder)


def target_tables(place: Path) -> Command:
    """An oidc-doctor.toml of 1,100 targets, of which 500 are read."""
    folder = bundle(place, "healthy-gcp")
    pool = json.loads((folder / "gcp/provider.json").read_text(encoding="utf-8"))["name"]
    rows = (f"[[target]]\nname = 't{n}'\ngcp.provider = '{pool}{n}'\n" for n in range(1_100))
    (folder / "oidc-doctor.toml").write_text("".join(rows), encoding="utf-8")
    return report(folder)


def account(place: Path) -> Command:
    """A list of 1,600 roles, each of which is judged for the token."""
    folder = bundle(place, "healthy-aws")
    role = json.loads((folder / "aws/role.json").read_text(encoding="utf-8"))["Role"]
    keys = ("Arn", "RoleName", "AssumeRolePolicyDocument")
    text = json.dumps({key: role[key] for key in keys}, separators=(",", ":"))
    roles = ",".join(text.replace("BasetenRuntimeRole", f"R{number}") for number in range(1_600))
    (folder / "aws/roles.json").write_text(f'{{"Roles":[{roles}]}}', encoding="utf-8")
    return [*report(folder), "--account"]


def google_account(place: Path) -> Command:
    """A list of 1,000 providers, each in a pool of its own."""
    folder = bundle(place, "healthy-gcp")
    provider = json.loads((folder / "gcp/provider.json").read_text(encoding="utf-8"))
    pools = [f"{provider['name'].partition('/providers/')[0]}{number}" for number in range(1_000)]
    listed = [provider | {"name": f"{name}/providers/p"} for name in pools]
    (folder / "gcp/providers.json").write_text(json.dumps(listed, separators=(",", ":")), encoding="utf-8")
    (folder / "gcp/pools.json").write_text(json.dumps([{"name": name, "state": "ACTIVE"} for name in pools]), "utf-8")
    return [*report(folder), "--account"]


INPUTS = {
    "tokens": tokens,
    "expectations": expectations,
    "expectations, escaped": escaped,
    "tables of expectations": tables,
    "tables, each accepted": accepted_tables,
    "tables of exact subjects": sixty_tables,
    "targets": targets,
    "tables of targets": target_tables,
    "account": account,
    "account of Google": google_account,
}
