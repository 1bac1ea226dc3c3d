"""Kill health runs at random moments, 200 times, and count what happened to the state and to the changes.

    PYTHONPATH=tests/builders python benchmarks/health_kills.py [KILLS] [SEED]

A change is told twice at most if the kill came between a run's report and its note that it was made.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from month import World
from oidc_doctor.health import state as states

SUB = "oidc.baseten.co:sub"
OWN = "v=1:org=Org8Kd2P:team=Tm4Rx9Ws:model=mWq41ZpK:*:environment=production:type=model_container"


def main(kills: int, seed: int) -> None:
    choice, counts = random.Random(seed), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), {"aws": "healthy-aws"})
        command = [sys.executable, "-m", "oidc_doctor", "health", "--state", str(world.state)]

        def run(after: float | None = None) -> tuple[int, str]:
            process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            if after is not None:
                time.sleep(after)
                process.send_signal(signal.SIGKILL)
            output = process.communicate()[0].decode()
            return process.returncode, output

        run()
        began = time.monotonic()
        run()
        usual = time.monotonic() - began
        is_good = True
        while counts["kills"] < kills:
            is_good = not is_good
            _edit(world, OWN if is_good else OWN.replace("Tm4", "Tm5"))
            counts["changes"] += 1
            word = "resolved   AWS025" if is_good else "new        AWS025"
            told = 0
            for _ in range(choice.randint(1, 4)):
                code, output = run(choice.uniform(0.3, 1.15) * usual)
                counts["kills" if code == -signal.SIGKILL else "ended before the kill"] += 1
                told += word in output
                counts["killed after the report"] += code == -signal.SIGKILL and word in output
                try:
                    states.load(str(world.state))
                except states.StateError as error:
                    counts["damaged states"] += 1
                    print(error)
            told += word in run()[1]
            counts["told once" if told == 1 else "told more than once" if told else "lost"] += 1
            began = time.monotonic()
            counts["told after that"] += "AWS025" in run()[1]
            if counts["changes"] % 10 == 0:
                print(dict(counts), flush=True)
            usual = 0.7 * usual + 0.3 * (time.monotonic() - began)  # the machine may be busier now
    for what in ("damaged states", "lost", "told after that"):
        counts[what] += 0
    print(dict(counts))


def _edit(world: World, subject: str) -> None:
    def edit(role: dict[str, dict[str, dict[str, list[dict[str, dict[str, dict[str, str]]]]]]]) -> None:
        role["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]["StringLike"][SUB] = subject

    world.edit("aws/aws/role.json", edit)


if __name__ == "__main__":
    main(*(int(text) for text in (*sys.argv[1:], *("200", "1")[len(sys.argv) - 1 :])))
