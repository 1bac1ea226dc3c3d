"""How many attribute conditions a second: ``python benchmarks/cel_speed.py``.

The yardstick is the same test as a plain Python function on the same bindings, measured in the same run, so that
numbers from different machines can be compared by their ratio. Other engines are measured where they are installed.
"""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from oidc_doctor import cel

if TYPE_CHECKING:
    from collections.abc import Callable

CONDITIONS = {
    "A": "google.subject.startsWith('v=1:org=a:team=b:')",
    "B": "assertion.repository_owner == 'x' && assertion.ref.matches('refs/(heads|tags)/.*')",
    "C": "'g' in google.groups || attribute.env in ['prod', 'staging']",
    "D": "assertion.sub.split(':').exists(p, p == 'team=b') && google.groups.all(g, size(g) > 1)",
}
SECONDS = 0.5
BATCH = 200


def bindings() -> dict[str, dict[str, Any]]:
    """Fresh bindings, as one token gives them."""
    return {
        "google": {"subject": "v=1:org=a:team=b:model=c", "groups": ["aa", "bb"]},
        "attribute": {"env": "prod"},
        "assertion": {
            "iss": "https://oidc.example.com",
            "sub": "v=1:org=a:team=b:model=c",
            "aud": "oidc.example.com",
            "repository_owner": "x",
            "ref": "refs/heads/main",
            "iat": 1_700_000_000,
            "exp": 1_700_003_600,
        },
    }


def in_python(bound: dict[str, dict[str, Any]]) -> bool:
    """The yardstick: condition A by hand."""
    return str(bound["google"]["subject"]).startswith("v=1:org=a:team=b:")


def per_second(run: Callable[[], object]) -> float:
    """Calls a second, the best of three measurements."""
    best = 0.0
    for _ in range(3):
        count = 0
        start = time.perf_counter()
        while (spent := time.perf_counter() - start) < SECONDS / 3:
            for _ in range(BATCH):
                run()
            count += BATCH
        best = max(best, count / spent)
    return best


def import_milliseconds() -> float:
    """The time that ``import oidc_doctor.cel`` adds to a fresh interpreter, the best of five."""
    code = "import time; s = time.perf_counter(); import oidc_doctor.cel; print(time.perf_counter() - s)"
    command = [sys.executable, "-c", code]
    times = [float(subprocess.run(command, capture_output=True, check=True).stdout) for _ in range(5)]
    return min(times) * 1000


def peers(text: str) -> dict[str, Callable[[], object]]:
    """Condition A on other engines that are installed, with fresh bindings."""
    found: dict[str, Callable[[], object]] = {}
    if importlib.util.find_spec("celpy"):
        celpy = importlib.import_module("celpy")
        environment = celpy.Environment()
        program = environment.program(environment.compile(text))
        # celpy keeps the name google for itself: only the dotted name can be bound
        found["celpy"] = lambda: program.evaluate(
            {"google.subject": celpy.json_to_cel(bindings()["google"]["subject"])}
        )
    if importlib.util.find_spec("cel"):
        other = importlib.import_module("cel")
        found["cel"] = lambda: other.evaluate(text, bindings())
    return found


def main() -> None:
    """Measure and print."""
    write = sys.stdout.write
    write(f"import oidc_doctor.cel: {import_milliseconds():.1f} ms\n")
    yardstick = per_second(lambda: in_python(bindings()))
    write(f"yardstick (condition A in Python, fresh bindings): {yardstick:,.0f}/s\n\n")
    write(f"{'':4}{'compile':>12}{'evaluate':>12}{'fresh':>12}{'trace':>12}{'nodes':>7}{'fresh/yardstick':>17}\n")
    for name, text in CONDITIONS.items():
        program = cel.compile(text)
        bound = bindings()
        nodes = sum(1 for _ in program.trace(bound).walk())
        fresh = per_second(lambda program=program: program.evaluate(bindings()))  # type: ignore[misc]
        row = [
            per_second(lambda text=text: cel.compile(text)),  # type: ignore[misc]
            per_second(lambda program=program, bound=bound: program.evaluate(bound)),  # type: ignore[misc]
            fresh,
            per_second(lambda program=program, bound=bound: program.trace(bound)),  # type: ignore[misc]
        ]
        write(f"{name:4}" + "".join(f"{rate:>12,.0f}" for rate in row) + f"{nodes:>7}{fresh / yardstick:>17.2f}\n")
    for name, run in peers(CONDITIONS["A"]).items():
        write(f"\n{name}, condition A, fresh bindings: {per_second(run):,.0f}/s")
    write("\n")


if __name__ == "__main__":
    main()
