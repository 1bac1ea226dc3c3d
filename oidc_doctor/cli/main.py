"""The exit code of a run, however it ends."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence

from oidc_doctor.cli.exit_codes import ExitCode, UsageError
from oidc_doctor.cli.signals import Ended, ending_by_signals
from oidc_doctor.cli.streams import open_streams, show


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code. Writes to stdout and stderr, raises nothing."""
    # A report creates many lasting objects and few cycles: with the default threshold, 60 collections free nothing.
    gc.set_threshold(50_000)
    open_streams()
    try:
        with ending_by_signals(for_good=argv is None):
            return _guarded(list(sys.argv[1:] if argv is None else argv))
    except KeyboardInterrupt:  # a second one, while the first was reported
        return ExitCode.INTERRUPTED


def _guarded(arguments: list[str]) -> int:
    try:
        from oidc_doctor.cli.commands import run_command  # late: Ctrl-C finds main() at work while files are loaded

        code = run_command(arguments)
        show("")  # what a library has written, while a failure can still be handled
    except UsageError as error:
        _complain(str(error))
        _show_examples(error.examples)
        return ExitCode.USAGE
    except Ended as ended:
        _complain(f"ended by {ended.name}")
        return ended.exit_code
    except KeyboardInterrupt:
        _complain("interrupted")
        return ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - a bug of oidc-doctor must look neither like a finding nor like a usage error
        _complain(f"internal error in oidc-doctor (your evidence is not at fault): {type(error).__name__}: {error}")
        if "-v" in arguments or "--verbose" in arguments:
            import traceback  # late: only our own defect needs it

            from oidc_doctor.cli.output import print_traceback

            print_traceback(traceback.format_exc())
        return ExitCode.BROKEN
    return code


def _show_examples(examples: tuple[str, ...]) -> None:
    if examples:
        from oidc_doctor.cli.output import note

        note("\n".join(f"  {example}" for example in examples))


def _complain(message: str) -> None:
    from oidc_doctor.cli.output import complain

    complain(message)
