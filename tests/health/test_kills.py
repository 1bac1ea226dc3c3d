"""A run that is killed at any moment leaves a whole state, and loses no change."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from month import World
from oidc_doctor.health import state as states

BAD = "v=1:org=Org8Kd2P:team=Tm5Rx9Ws:model=mWq41ZpK:*:environment=production:type=model_container"
SUB = "oidc.baseten.co:sub"


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(6))
def test_kills_at_random_moments(tmp_path: Path, seed: int) -> None:
    choice = random.Random(seed)
    world = World(tmp_path, {"aws": "healthy-aws"})
    command = [sys.executable, "-m", "oidc_doctor", "health", "--state", str(world.state)]
    began = time.monotonic()
    subprocess.run(command, cwd=world.folder, check=True, capture_output=True)
    usual = time.monotonic() - began

    def break_it(role: dict[str, dict[str, dict[str, list[dict[str, dict[str, dict[str, str]]]]]]]) -> None:
        role["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]["StringLike"][SUB] = BAD

    world.edit("aws/aws/role.json", break_it)
    for _ in range(5):
        process = subprocess.Popen(command, cwd=world.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(choice.uniform(0.5, 1.05) * usual)
        process.send_signal(signal.SIGKILL)
        output = process.communicate()[0].decode()
        states.load(str(world.state))  # raises where it is not whole
        if "new" in output:
            break
    else:
        done = subprocess.run(command, cwd=world.folder, check=False, capture_output=True, text=True)
        assert done.returncode == 1, done.stderr
        output = done.stdout
    assert "new        AWS025" in output
    # told, and possibly once more, if the kill came between the report and the note that it was made
    subprocess.run(command, cwd=world.folder, check=False, capture_output=True)
    last = subprocess.run(command, cwd=world.folder, check=False, capture_output=True, text=True)
    assert "nothing changed" in last.stdout
    left = {path.name for path in tmp_path.iterdir()} - {"aws", "oidc-doctor.toml", "state.json", "state.json.lock"}
    assert all(name.startswith(".oidc-doctor-") for name in left), "only the file that a killed run was writing"
