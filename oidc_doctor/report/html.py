"""A report as one page of HTML that needs nothing else: no script, no picture, no font, no request.

Every value is visible text (see parts.escape) and escaped once, by the templates; none is in an attribute, but for the
addresses of the vendors' pages, which parts.links makes.
"""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment

    from oidc_doctor.model.health import Health
    from oidc_doctor.model.report import Report


def render_html(report: Report, **_layout: object) -> str:
    """Return the report as a page of HTML. Ends with a newline."""
    from oidc_doctor.report.html_parts.page import page_of

    return _filled("report.html", page=page_of(report))


def render_health_html(health: Health, **_layout: object) -> str:
    """Return a health run as a page of HTML, with the path of each target. Ends with a newline.

    Secrets are removed from the finished page by the caller, with parts.markup.
    """
    from oidc_doctor.report.html_parts.health_page import health_page_of

    return _filled("health.html", page=health_page_of(health))


def _filled(name: str, **values: object) -> str:
    return _templates().get_template(name).render(values)


@cache
def _templates() -> Environment:
    import jinja2

    loader = jinja2.PackageLoader("oidc_doctor.report.html_parts")
    templates = jinja2.Environment(
        loader=loader,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    style, _, _ = loader.get_source(templates, "style.css")
    # The page allows this style sheet alone, so one that a stranger planted would not apply.
    templates.globals["style_hash"] = f"sha256-{b64encode(sha256(style.encode()).digest()).decode()}"
    return templates
