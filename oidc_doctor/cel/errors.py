"""The errors of an expression, each with its position in the text."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Code = Literal[
        "syntax",
        "no_such_key",
        "no_such_attribute",
        "no_such_function",
        "no_such_overload",
        "divide_by_zero",
        "overflow",
        "range",
        "invalid_argument",
        "bad_pattern",
        "result_type",
        "limit",
        "unknown",
    ]

CODES: frozenset[str] = frozenset(
    {
        "syntax",  # the text is not an expression
        "no_such_key",  # a map lacks the key; `key` and `path` say which
        "no_such_attribute",  # a variable that nothing declares or binds; `key` is its name
        "no_such_function",
        "no_such_overload",  # the operator or function does not accept values of these types
        "divide_by_zero",
        "overflow",
        "range",  # a number, time or place outside of what the type or the text holds
        "invalid_argument",  # the right type with a value that cannot be used
        "bad_pattern",  # not a regular expression that RE2 accepts
        "result_type",  # `Program.check` only: the whole expression has another type than wanted
        "limit",  # this evaluator's own bounds: nesting, work, size of a produced value
        "unknown",  # the caller bound `UNKNOWN` here, or a library that decides is not installed (`lacks`)
    }
)


class CelError(Exception):
    """A syntax, type or evaluation error.

    `start` and `end` are character offsets into `text`, the whole expression; -1 when the position is unknown.
    `key` is the missing key or name (text from the expression or, for a computed key, from a claim) and
    `path` the dotted path that was looked up, such as ``assertion.environment``, when the operand is a path.
    `lacks` says which library is not installed and how to install it, where that alone leaves the value unknown.
    """

    def __init__(
        self,
        code: Code,
        message: str,
        start: int = -1,
        end: int = -1,
        *,
        key: object = None,
        path: str | None = None,
        lacks: str = "",
    ) -> None:
        super().__init__(code, message)
        self.code: Code = code
        self.message = message
        self.start = start
        self.end = end
        self.key = key
        self.path = path
        self.lacks = lacks
        self.text = ""

    def __str__(self) -> str:
        return self.message

    def placed(self, start: int, end: int) -> CelError:
        """Set the error's position unless it already has a more exact one."""
        if self.start < 0:
            self.start = start
            self.end = end
        return self

    def caret(self, width: int = 100) -> str:
        """Return the line at fault with ``^`` below the position; an empty string when the position is unknown.

        Unprintable characters are replaced by spaces, so that an expression cannot send escape sequences to a terminal.
        """
        if self.start < 0:
            return ""
        line_start = self.text.rfind("\n", 0, self.start) + 1
        line_end = self.text.find("\n", self.start)
        line = self.text[line_start : line_end if line_end >= 0 else len(self.text)]
        column = self.start - line_start
        length = max(1, min(self.end - self.start, len(line) - column))
        before = after = ""
        if len(line) > width:
            cut = max(0, min(column - width // 3, len(line) - width))
            before = "..." if cut else ""
            after = "..." if cut + width < len(line) else ""
            line = line[cut : cut + width]
            column = column - cut + len(before)
            length = max(1, min(length, len(before) + len(line) - column))
        printable = "".join(c if c.isprintable() else " " for c in line)
        return f"{before}{printable}{after}\n{' ' * column}{'^' * length}"


def quoted(value: object, limit: int = 80) -> str:
    """Return a short, printable form of a key or value for an error message."""
    text = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."
