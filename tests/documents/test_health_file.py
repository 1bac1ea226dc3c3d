"""Mistakes in the tables that only a health check reads."""

from __future__ import annotations

import pytest

from oidc_doctor.documents.health_file import parse_health_file
from oidc_doctor.documents.json_text import Unreadable

_ADDRESS = "https://hooks.example.com/services/T0/B0/canary4711"


@pytest.mark.parametrize(
    "row",
    [
        f'url_env = "{_ADDRESS}"',
        'apprise_env = "slack://canary4711/b/c"\nurl_env = ""',
        'apprise_env = "slack://canary4711/b/c"',
        f'url = "{_ADDRESS}"\nsecret_env = "whsec_canary4711+/="',
        f'"{_ADDRESS}" = "url"',
        f'url = ["{_ADDRESS}"]',
        f'url = "{_ADDRESS}"\nurl_env = "ALERTS_URL"',
        f"url = {_ADDRESS}",
    ],
)
def test_an_address_in_the_wrong_place_is_not_shown(row: str) -> None:
    with pytest.raises(Unreadable) as refused:
        parse_health_file(f'[[target]]\nname = "x"\nfrom = "x"\n[[notify]]\n{row}\n')
    assert "canary4711" not in str(refused.value)
    assert refused.value.line in (4, 5, 6)


def test_a_misspelled_key_is_named() -> None:
    with pytest.raises(Unreadable, match="unknown key url_evn; did you mean url_env"):
        parse_health_file('[[target]]\nname = "x"\nfrom = "x"\n[[notify]]\nurl_evn = "ALERTS_URL"\n')
