"""The pages of a cloud's list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from oidc_doctor.live.collect import CallError


class Paging(NamedTuple):
    """How an API names the next page of a list."""

    sent_as: str  # the request's parameter
    named: str  # the answer's member
    truncated: str = ""  # the response's member that shows whether there is a next page, if `named` does not
    most: int = 100  # maximum pages to read


def pages(ask: Callable[[dict[str, Any]], Any], paging: Paging, items: str = "pages") -> Iterator[Any]:
    """Yield the response of every page; `ask` accepts the parameters of a page, none for the first page.

    Raises CallError if a response announces a next page without naming it, and for endless pages.
    """
    page: dict[str, Any] = {}
    for _ in range(paging.most):
        answer = ask(page)
        yield answer
        following = answer.get(paging.named)
        if not answer.get(paging.truncated or paging.named):
            return
        if not isinstance(following, str) or following == page.get(paging.sent_as):
            raise CallError("failed", "Malformed", "a page says that there are more, and not where")
        page = {paging.sent_as: following}
    raise CallError("failed", "TooMany", f"more than {paging.most} {items}")
