"""Run the fuzz targets, guided by coverage.

    python tests/fuzz/fuzz.py [--runs N] [--jobs N] [TARGET …]

Each target runs in a process of its own, from the seeds of the repository, with a fixed random seed. Prints a line for
each target with its executions, and exits with 1 where one raised, hung for over 20 s (a whole report for over 60 s) or
used over 1 GiB; the input is then in the folder that is printed. Needs the extra `fuzz` (Atheris).
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

# Of 10,000 executions, how many each target has; the rest is shared by the others, the quick ones. So each has about as
# much time: a report takes a thousand times as long as a condition.
SHARES = {
    "documents": 200, "archives": 200, "outputs": 200, "trust_policies": 200, "expressions": 200, "subjects": 200,
    "errors": 200, "tables": 200, "annotations": 200, "plans": 100, "explanations": 80, "rows": 60, "extracts": 60,
    "sql_commands": 60, "things": 40, "learnt_files": 20, "ci_jobs": 20, "api_arguments": 20, "workloads": 10,
    "expect_files": 4, "alone": 1.5, "captures": 1.5, "proposed": 1, "reports": 0.6, "health_states": 0.6,
    "plan_reports": 0.4,
}  # fmt: skip
HUNG = dict.fromkeys(("alone", "captures", "reports", "proposed", "health_states", "plan_reports"), 60)  # else 20 s
EXECUTED = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
NOT_INSTRUMENTED = ("oidc_doctor.tui", "oidc_doctor.live", "oidc_doctor.__main__")  # no target runs them


def fuzz_one(name: str, corpus: str, runs: int, artifacts: str) -> None:
    """Fuzz one target in this process; libFuzzer ends the process."""
    import atheris

    with atheris.instrument_imports(include=["oidc_doctor"]):
        import oidc_doctor

        for module in pkgutil.walk_packages(oidc_doctor.__path__, "oidc_doctor."):
            if not module.name.startswith(NOT_INSTRUMENTED):
                importlib.import_module(module.name)
        from fuzz_targets import TARGETS
    target = TARGETS[name]
    for index, seed in enumerate(target.seeds()):
        (Path(corpus) / f"seed-{index}").write_bytes(seed)
    limits = [f"-timeout={HUNG.get(name, 20)}", "-rss_limit_mb=1024", "-max_len=20000"]
    output = ["-verbosity=0", "-print_final_stats=1", f"-artifact_prefix={artifacts}/{name}-"]
    atheris.Setup([sys.argv[0], f"-runs={runs}", "-seed=1", *limits, *output, corpus], target.run)
    atheris.Fuzz()


def shares(names: list[str], runs: int) -> dict[str, int]:
    """How many executions each target has, the quick ones first."""
    slow = {name: max(1, round(runs * SHARES[name] / 10_000)) for name in names if name in SHARES}
    quick = [name for name in names if name not in SHARES]
    if not quick:
        return dict.fromkeys(names, -(-runs // max(1, len(names))))
    return dict.fromkeys(quick, -(-(runs - sum(slow.values())) // len(quick))) | slow


def main() -> int:
    """Run the targets named, or all."""
    parser = argparse.ArgumentParser(description="Fuzz the parsers, evaluators and renderers.")
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    parser.add_argument("--runs", type=int, default=1_000_000, help="executions of all targets together")
    parser.add_argument("--artifacts", default=tempfile.gettempdir(), help="folder for inputs that fail")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="targets that run at once")
    parser.add_argument("--one", nargs=2, metavar=("TARGET", "CORPUS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        fuzz_one(*options.one, options.runs, options.artifacts)
    from fuzz_targets import TARGETS

    if strange := set(options.targets) - set(TARGETS):
        parser.error(f"no such target: {', '.join(sorted(strange))}; there are {', '.join(TARGETS)}")

    def fuzz(target: tuple[str, int]) -> tuple[int, bool]:
        name, runs = target
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as corpus:
            command = [sys.executable, "-P", __file__, "--one", name, corpus, "--runs", str(runs)]
            command += ["--artifacts", options.artifacts]
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        count = int((EXECUTED.search(done.stderr) or [0, 0])[1])
        good = done.returncode == 0 and count >= runs
        line = f"{name:15} {count:>9,} executions in {time.monotonic() - started:6.0f} s  {'ok' if good else 'FAILED'}"
        more = [] if good else [done.stdout[-4000:], done.stderr[-4000:], f"inputs: {options.artifacts}/{name}-*"]
        print(line, *more, sep="\n", flush=True)
        return count, good

    with ThreadPoolExecutor(options.jobs) as pool:
        answers = list(pool.map(fuzz, shares(options.targets or list(TARGETS), options.runs).items()))
    failed = sum(not good for _, good in answers)
    print(f"{'all':15} {sum(count for count, _ in answers):>9,} executions, {failed} targets failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
