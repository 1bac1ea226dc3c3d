r"""Text that a chat service shows as written, although a stranger wrote parts of it.

Chat services act on texts: `@here` wakes a team, `<!channel>` too, `[text](address)` hides where a link leads. Such a
text is broken by writing one of its characters as its escape, `\x40here`, as `visible` does with unclear characters: a
reader sees that it was there, and no service knows the notation.
"""

from __future__ import annotations

import re

from oidc_doctor.report.parts.escape import code_point, visible

# Of an address such as reader@project.iam.gserviceaccount.com the @ stays, unless a name for everyone follows, which
# Discord finds within a word as well.
_MENTION = re.compile(r"(?<![\w.+-])@|@(?!\w)|@(?=everyone|here|channel|all|room|group|team)", re.IGNORECASE)
_TAG = re.compile(r"<(?=[^\s=<])")  # Slack and Google Chat: <!here>, <@U1>, <users/all>, <address|text>; HTML
_LINK = re.compile(r"(?<=\])\(")  # Markdown: [text](address)
_FENCE = "```"


def defused(text: str) -> str:
    """Return a stranger's text on one line: without tokens, unclear characters, mentions, tags and disguised links."""
    text = visible(text).replace(_FENCE, code_point("`") * len(_FENCE))
    for pattern in (_MENTION, _TAG, _LINK):
        text = pattern.sub(lambda match: code_point(match[0]), text)
    return text


def fenced(text: str) -> str:
    """Return `defused` text for a service that reads every text as Markdown: `*` and `_` stay as written."""
    return f"{_FENCE}\n{text}\n{_FENCE}"
