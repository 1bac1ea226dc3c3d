"""The real AWS CLI, imported once: `started` makes an `aws` that asks a waiting process to fork and run the command.

A command of the CLI needs 0.8 s of a core, of which 0.5 s are imports, and the tests run about a hundred. The command
has the arguments, the folder, the environment and the streams of its caller, as a process of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path

_CALLER = """#!{python} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as waiting:
    waiting.connect({place!r})
    socket.send_fds(waiting, [b" "], [0, 1, 2])
    waiting.sendall(json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode())
    waiting.shutdown(socket.SHUT_WR)
    code = waiting.recv(1)
sys.exit(code[0] if code else "the AWS CLI ended without an exit code")
"""


@contextlib.contextmanager
def started() -> Iterator[Path]:
    """Yield a folder with the program `aws`, for the start of a PATH."""
    with tempfile.TemporaryDirectory() as folder:
        place = f"{folder}/socket"
        program = Path(folder, "bin", "aws")
        program.parent.mkdir()
        program.write_text(_CALLER.format(python=sys.executable, place=place), encoding="utf-8")
        program.chmod(0o755)
        # -P: this folder has an aws.py and a google.py
        with subprocess.Popen([sys.executable, "-P", __file__, place], stdout=subprocess.PIPE) as process:
            try:
                assert process.stdout is not None
                assert process.stdout.readline() == b"waiting\n"
                yield program.parent
            finally:
                process.terminate()


def _wait(place: str) -> None:
    from awscli import clidriver, handlers  # noqa: F401 - the handlers import every command

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no command that has ended is left over
    with socket.socket(socket.AF_UNIX) as waiting:
        waiting.bind(place)
        waiting.listen()
        print("waiting", flush=True)
        while True:
            caller, _ = waiting.accept()
            with caller:
                if os.fork() == 0:
                    _run(caller)


def _run(caller: socket.socket) -> None:
    """Run the command that the caller sends, send its exit code, and end this process."""
    from awscli import clidriver

    code: object = 255
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        data, streams, _, _ = socket.recv_fds(caller, 1 << 16, 3)
        with caller.makefile("rb") as rest:
            arguments, folder, environment = json.loads(data + rest.read())
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w", encoding="utf-8"), open(2, "w", encoding="utf-8")  # noqa: SIM115
        os.chdir(folder)
        environment["AWS_DATA_PATH"] = os.environ["AWS_DATA_PATH"]  # set by the import
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = ["aws", *arguments]
        code = clidriver.main()
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - as Python ends a program
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        caller.send(bytes([code if isinstance(code, int) else 0 if code is None else 1]))
        os._exit(0)


if __name__ == "__main__":
    _wait(sys.argv[1])
