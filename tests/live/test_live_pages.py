"""The pages of a cloud's list: all of them, and an error where they do not end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from oidc_doctor.live.collect import CallError
from oidc_doctor.live.pages import Paging, pages

MARKER = Paging("Marker", "NextMarker", truncated="IsTruncated", most=3)
TOKEN = Paging("pageToken", "nextPageToken", most=3)


def read(paging: Paging, *answers: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The pages that were read, and the parameters that each was asked for with."""
    waiting, asked = iter(answers), []

    def ask(page: dict[str, Any]) -> dict[str, Any]:
        asked.append(page)
        return next(waiting)

    return list(pages(ask, paging)), asked


def test_every_page_is_read_and_asked_for_by_its_name() -> None:
    answers = [{"nextPageToken": "b"}, {"nextPageToken": "c"}, {}]
    assert read(TOKEN, *answers) == (answers, [{}, {"pageToken": "b"}, {"pageToken": "c"}])


def test_a_list_that_is_not_truncated_ends_whatever_it_names() -> None:
    answers = [{"IsTruncated": True, "NextMarker": "b"}, {"IsTruncated": False, "NextMarker": "c"}]
    assert read(MARKER, *answers) == (answers, [{}, {"Marker": "b"}])


def numbered() -> Iterator[dict[str, Any]]:
    yield from ({"IsTruncated": True, "NextMarker": str(number)} for number in range(9))


@pytest.mark.parametrize(
    ("paging", "answers", "message"),
    [
        (MARKER, [{"IsTruncated": True}], "a page says that there are more, and not where"),
        (TOKEN, [{"nextPageToken": 7}], "a page says that there are more, and not where"),
        (TOKEN, [{"nextPageToken": "b"}, {"nextPageToken": "b"}], "a page says that there are more, and not where"),
        (MARKER, list(numbered()), "more than 3 pages"),
    ],
)
def test_pages_that_do_not_end_are_an_error(paging: Paging, answers: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(CallError) as error:
        read(paging, *answers)
    assert error.value.message == message
