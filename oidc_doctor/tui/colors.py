"""The colours of a theme, adjusted so that every text on the screens can be read on every background.

Textual derives the colours of text from a theme's accents without regard to the ground: of its 21 themes, two kept
all of ours readable. The adjustment keeps the hue, and moves a colour towards black or white only as far as it must.
The terminal's own colours (the ANSI themes) are unknown to a program and cannot be adjusted: there, a selection and
the refused step are in reverse video.
"""

from __future__ import annotations

from textual.color import BLACK, WHITE, Color

LEAST_CONTRAST = 4.5  # WCAG 2.1, level AA, for text of a usual size
_AIM = 4.6  # rounding to whole channels costs a little
_ROOM = 10.0  # contrast of black or white on the ground of a selected row: the rest is room for its colours
_STEPS = 25
_COLORED = ("text-primary", "text-secondary", "text-accent", "text-warning", "text-error", "text-success")
_FOREGROUND = (
    "foreground",
    "footer-foreground",
    "footer-description-foreground",
    "block-cursor-foreground",
    "block-cursor-blurred-foreground",
    "input-selection-foreground",
    "text",
    "link-color",
    "link-color-hover",
    "button-foreground",
)
_MUTED = ("foreground-muted", "foreground-disabled", "text-muted", "text-disabled")
_CURSORS = {"block-cursor-background": 0.45, "block-cursor-blurred-background": 0.2, "block-hover-background": 0.1}
_SELECTIONS = ("input-selection-background", "screen-selection-background")


def readable(variables: dict[str, str], *, ansi: bool) -> dict[str, str]:
    """Return the variables of a theme, with colours that reach LEAST_CONTRAST instead of those that do not."""
    return variables | (_TERMINAL if ansi else _adjusted(variables))


# In reverse video a selected row keeps the colour of its signs, and one that has no focus is underlined.
_TERMINAL = {
    "block-cursor-foreground": "ansi_default",
    "block-cursor-background": "ansi_default",
    "block-cursor-text-style": "bold reverse",
    "block-cursor-blurred-foreground": "ansi_default",
    "block-cursor-blurred-background": "ansi_default",
    "block-cursor-blurred-text-style": "bold underline",
    "block-hover-background": "ansi_default",
    **dict.fromkeys(_MUTED, "ansi_default"),
    "frame": "ansi_default",
}


def in_rich(variables: dict[str, str], name: str) -> str:
    """Return a colour of the theme in the words of Rich, which the table and the editor are drawn by."""
    return variables[name].removeprefix("ansi_")


def contrast(one: Color, other: Color) -> float:
    """Return the contrast ratio of two opaque colours as WCAG defines it, from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: Color) -> float:
    red, green, blue = (
        channel / 12.92 if channel <= 0.03928 else ((channel + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - WCAG's numbers
        for channel in color.normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _adjusted(variables: dict[str, str]) -> dict[str, str]:
    background = Color.parse(variables["background"])
    grounds = [background, background + Color.parse(variables["surface"])]
    panel = background + Color.parse(variables["panel"])
    pole = max((WHITE, BLACK), key=lambda end: min(contrast(end, ground) for ground in (*grounds, panel)))
    primary = Color.parse(variables["primary"])
    adjusted: dict[str, str] = {}
    for name, share in _CURSORS.items():
        ground = _ground(background, primary, share, pole)
        grounds.append(ground)
        adjusted[name] = ground.hex
    adjusted |= dict.fromkeys(_SELECTIONS, adjusted["block-cursor-background"])
    for name in _COLORED:  # these stand on no panel
        adjusted[name] = _legible(Color.parse(variables[name]), grounds, pole).hex
    grounds.append(panel)
    foreground = _legible(Color.parse(variables["foreground"]), grounds, pole)
    adjusted |= dict.fromkeys(_FOREGROUND, foreground.hex)
    muted = _legible(background.blend(foreground, 0.6, alpha=1), grounds, pole)
    adjusted |= dict.fromkeys(_MUTED, muted.hex)
    adjusted |= {"footer-background": panel.hex, "footer-key-background": panel.hex}
    adjusted |= {"input-cursor-background": foreground.hex, "input-cursor-foreground": background.hex}
    key = Color.parse(variables["footer-key-foreground"])
    adjusted["footer-key-foreground"] = _legible(key, grounds, pole).hex
    adjusted["block-cursor-text-style"] = "bold"
    adjusted["block-cursor-blurred-text-style"] = "none"
    adjusted["frame"] = background.blend(foreground, 0.3, alpha=1).hex
    return adjusted


def _ground(background: Color, primary: Color, share: float, pole: Color) -> Color:
    """Return the ground of a selected row: as much of `primary` as leaves room for coloured text on it."""
    for step in range(_STEPS):
        ground = background.blend(primary, share * (_STEPS - step) / _STEPS, alpha=1)
        if contrast(pole, ground) >= _ROOM:
            return ground
    return background


def _legible(color: Color, grounds: list[Color], pole: Color) -> Color:
    """Return `color`, moved towards `pole` until it can be read on all `grounds`."""
    for step in range(_STEPS):
        moved = color.blend(pole, step / _STEPS, alpha=1)
        if all(contrast(moved, ground) >= _AIM for ground in grounds):
            return moved
    return pole
