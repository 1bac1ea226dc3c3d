"""What is in view without scrolling: the decisive texts, whole commands, and counts with their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_doctor.examine.examine import Examined
from oidc_doctor.report.parts.lines import columns, cut_in_the_middle
from oidc_doctor.report.rows import listing
from oidc_doctor.tui.widgets.page_view import PageView

Play = Callable[..., Any]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_name_confidence_and_author_are_in_view(
    size: tuple[int, int], play: Play, examined: Callable[[str], Examined], text_of: Play
) -> None:
    async def story(pilot: Any) -> None:
        lines = text_of(pilot.app).split("\n")
        at = next(number for number, line in enumerate(lines) if "changed   " in line)
        changed = " ".join(" ".join(line.split()) for line in lines[at : at + 2])
        assert "UpdateAssumeRolePolicy by" in changed
        listed = " ".join(line[: pilot.app.screen.query_one("#side").size.width] for line in lines)
        assert "AWS025" in listed
        assert "proven" in listed
        assert "subject-segment-differs" in listed
        assert "13:27 UTC" in lines[-2]
        assert "by deploy-pipeline" in lines[-2]

    play(story, present=examined("aws-wrong-team"), size=size)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
def test_a_long_command_is_folded_and_nothing_is_out_of_view(
    size: tuple[int, int], play: Play, press: Play, examined: Callable[[str], Examined], text_of: Play
) -> None:
    member = "--member='principalSet://iam.googleapis.com/projects/104729385610/locations/global/workloadIdentityPools"

    async def story(pilot: Any) -> None:
        assert "exchange ✓ 15  impersonation ✓ 7 ✗ 8" in text_of(pilot.app)
        assert "12:07 iam-cleanup" in text_of(pilot.app).replace(" UTC SetIamPolicy by", "")
        for keys in ([], ["f"]):
            await press(pilot, *keys)
            page = pilot.app.screen.query(PageView).first()
            text = str(page.query_one(".page").render())
            assert member in "".join(text.split())
            assert max(map(columns, text.split("\n"))) <= page.scrollable_content_region.width
            assert page.max_scroll_x == 0

    play(story, present=examined("gcp-impersonation-binding-removed"), size=size)


@pytest.mark.parametrize("sample", ["aws-any-tenant", "gcp-contains-production"])
def test_an_accepted_token_is_no_good_news_where_strangers_are_accepted(
    sample: str, play: Play, examined: Callable[[str], Examined]
) -> None:
    async def story(pilot: Any) -> None:
        entry, report = pilot.app.session.entry, pilot.app.session.report
        assert entry.sign == "!"
        assert listing.sentence(report, entry)[0] == "!"
        assert listing.text_to_copy(report, entry)[0]
        assert "✓" not in str(pilot.app.screen.query_one("#findings").get_option_at_index(0).prompt)

    play(story, present=examined(sample))


@given(st.text(st.characters(codec="utf-8", categories=("L", "N", "P"))), st.integers(3, 60))
def test_a_text_cut_in_the_middle_fits_and_keeps_its_ends(text: str, room: int) -> None:
    shown = cut_in_the_middle(text, room)
    assert columns(shown) <= room
    if shown != text:
        head, _, tail = shown.rpartition("…")
        assert text.startswith(head)
        assert text.endswith(tail)
