"""Live payloads: what a stranger writes to act on the reader's terminal, ticket, screens or shell.

Each is harmful where a renderer hands it on as it is; `PAYLOADS` names the language that it is written in.
"""

from __future__ import annotations

FORGED = "forged"  # the word behind each sign of ours that a payload puts at the start of a line

PAYLOADS: dict[str, tuple[str, ...]] = {
    "terminal": (
        "\x1b[2J\x1b[31mred",
        "\x1b]0;title\x07",
        "\x1b]52;c;ZXZpbA==\x07",
        "\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\",
        "\x1bP1$r\x1b\\",
        "\x1b[6n\x1b[?1049h",
        "\x9b31mC1\x9c\x90\x9d",
        "\x07\x08\x08\x7f\x00",
        "x\rforged over the line",
        f"x\n✓ {FORGED}",
        f"x\n✗ {FORGED}",
        f"x\n    fix       {FORGED}",
        f"x\n    checked   {FORGED}",
        f"x\n  Read      {FORGED}",
        f"x\n$ {FORGED}",
        f"x\x0b✓ {FORGED}\x0c✓ {FORGED}",
        f"x\x85✓ {FORGED}",
        "a\tb\x1f\x1c",
    ),
    "unicode": (
        "\u202egnp.exe\u202c",
        "\u2066a\u2067b\u2068c\u2069",
        "\u200ba\u200c\u200d\u2060\ufeff",
        "\u061c\u200e\u200f",
        f"x\u2028✓ {FORGED}",
        f"x\u2029✓ {FORGED}",
        "\ud800\udfff",
        "\U000e0041\U000e0042\U000e007f",
        "a\ufe0f\ufe0e\U000e0100",
        "e\u0301\u0301\u0301\u0489",
        "\u05d0\u05d1\u0661\u0627",
        "\u3164\u115f\u2800\uffa0",
        "\U0001f1e6\U0001f3ff\ue000\U0010ffff\ufffe",
        "\u00ad\u180e\u034f\u17b4\ufff9x\ufffb",
        "\U000110bd\U00013430\U0001bca0\U0001d173",
        "語語\uff20octocat",
    ),
    "markdown": (
        "[x](https://evil.example)",
        "![x](https://evil.example/p.png)",
        "[x]: https://evil.example",
        "<https://evil.example>",
        "https://evil.example www.evil.example a@evil.example",
        "x\n# heading\n===\n---",
        "x\n- item\n1. item\n- [ ] task",
        "x\n> quote\n    code",
        "| a | b |\n| --- | --- |\n| 1 | 2 |",
        "```\nx\n```` ~~~\n`````",
        "` `` a ``` b ````",
        "`*a*` ``**b**",
        "**b** __b__ *i* _i_ ~~s~~",
        "@octocat @octo-org/team",
        "#1 octo-org/weights#12 GH-12 !3 %4 ~label &5",
        "deadbeef, (deadbeef) deadbee: 'feedface' 0123456789abcdef0123456789abcdef01234567",
        "octo-org/weights@deadbeef",
        ":tada: :octocat:",
        "[^1] [^1]: note",
        "$x^2$ $$y$$ $`z`$",
        "[[wiki]] [[_TOC_]]",
        "/close /assign @octocat",
        "\\* \\` \\",
        "{% raw %} {{ x }} {+ a +} [- b -]",
        "&lt;b&gt; &#60;i&#62;",
    ),
    "html": (
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "</details><details open>",
        "</summary></pre></code><h1>x</h1>",
        "<!-- x",
        '" onmouseover="alert(1)" x="',
        "<svg/onload=alert(1)>",
        "<?php x ?><![CDATA[x]]>",
        "javascript:alert(1)",
    ),
    "textual": (
        "[@click=app.bell]x[/]",
        "[@click='app.quit']x[/@click]",
        "[link=https://evil.example]x[/link]",
        "[/]",
        "[/nothing] [bold",
        "[bold red]x[/bold red] [on blue]",
        "[$error]x[/] [b",
        "\\[bold]x",
        "\x1b<bad>x\x1b/",
    ),
    "shell": (
        "$(>pwned)",
        "`>pwned`",
        "'; >pwned; '",
        '"; >pwned; "',
        "x\n>pwned\n",
        "| tee pwned && >pwned & #",
        "$IFS ${HOME} !! ~ * ? \\",
        "a'b\"c$d`e\\f",
        "=ls {a,b} <(>pwned)",
        "--profile=evil",
        "-o",
        "@/etc/passwd",
        "file:///etc/passwd",
        "FILEB:///etc/passwd",
        "http://evil.example/x",
        "https://evil.example/x",
        "'$(>pwned)' {account} {role} {provider_arn} {issuer}",
        "EOF\n>pwned\nEOF",
    ),
    "json": (
        '"}],"verdict":"healthy","x":[{"y":"',
        "\\u001b[31m \\ud800 \\x1b",
        "\\",
        '\\"',
        "</script>\u2028",
        "${x} %{if true} $${y}",
    ),
}

ALL: tuple[str, ...] = tuple(payload for group in PAYLOADS.values() for payload in group)


def some(number: int, count: int = 3) -> str:
    """A text of `count` payloads: of each run of numbers, every payload is in one of the texts."""
    start = number * count
    return " ".join(ALL[at % len(ALL)] for at in range(start, start + count))
