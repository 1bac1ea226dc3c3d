"""The command line of capture; cli hands its arguments over."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

from oidc_doctor.bundle.files import BundleError
from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.capture.capture import CaptureError, capture, check_place
from oidc_doctor.capture.diff import difference
from oidc_doctor.documents.json_text import printable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from oidc_doctor.bundle.files import Bundle
    from oidc_doctor.capture.capture import Captured
    from oidc_doctor.examine.question import Question


def configure(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the options that are capture's own."""
    parser.add_argument("-o", "--output", metavar="BUNDLE", help="the folder or .tar.gz to write")
    parser.add_argument("--no-redact", action="store_true", help="keep names; signatures and secrets go in any case")
    parser.add_argument(
        "--map",
        metavar="FILE",
        help="where the originals stay, for your eyes (default BUNDLE.map.json); an earlier one's key is used again",
    )
    parser.add_argument("--diff", nargs=2, metavar=("A", "B"), help="show what differs between two bundles")


def command(options: argparse.Namespace, gather: Callable[[], tuple[Bundle | None, Question]]) -> int:
    """Run it; returns the exit code: 0, or 3 where the copy does not give the original's answer. Raises CaptureError.

    `gather` gives the evidence, saved or live, and what the command line gives besides.
    """
    if options.diff:
        return _diff(*options.diff)
    if not options.output:
        raise CaptureError("capture: say where to write, with -o FOLDER or -o FILE.tar.gz")
    check_place(options.output)  # before a live run has read for minutes
    bundle, question = gather()
    try:
        captured = capture(bundle, question, options.output, redact=not options.no_redact, map_file=options.map)
    finally:
        if bundle is not None:
            bundle.close()
    if not options.quiet:
        for line in _told(captured):
            print(line, file=sys.stderr)
    return 3 if captured.differs else 0


def _diff(one: str, other: str) -> int:
    try:
        with open_bundle(one) as before, open_bundle(other) as after:
            lines = list(difference(before, after))
    except BundleError as error:
        raise CaptureError(str(error)) from None
    sys.stdout.write("\n".join(lines) + "\n" if lines else "")
    return 1 if lines else 0


def _told(captured: Captured) -> list[str]:
    redacted = captured.redacted
    lines = [f"{len(redacted.names)} files written to {printable(captured.place)}"]
    if captured.map:
        lines.append(
            f"{len(redacted.images)} names replaced; the originals stay with you, in {printable(captured.map)}"
        )
    if captured.mode == "letters":
        lines.append(
            "a pattern looks into the middle of words, so each letter stands for one letter throughout: "
            "this is easier to undo than usual"
        )
    for name, what in redacted.removed.items():
        found = ", ".join(f"{item} ({count} times)" if count > 1 else item for item, count in what.items())
        lines.append(f"removed from {printable(name)}: {printable(found)}")
    if redacted.left_out:
        lines.append(f"left out, being no part of a bundle: {', '.join(map(printable, redacted.left_out[:8]))}")
    if not captured.differs:
        return [*lines, "checked: a report on it gives the same causes, findings and predictions"]
    copy = "the redacted copy" if captured.map else "the copy"
    lines += [f"{copy} yields different {name}: {printable(how)}" for name, how in captured.differs.items()]
    command = f"oidc-doctor --report --from {shlex.quote(captured.place)}"
    return [*lines, f"compare its report with yours before you send it: {printable(command)}"]
