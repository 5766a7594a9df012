"""What a reader sees of a part, without mark-up."""

import html
import re

from broadcaster.render.values import Surface

_SILENT = re.compile(r"<((?:mj-)?(?:head|style)|script)\b.*?</\1>|<!--.*?-->", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


def is_markup(part: str) -> bool:
    """Tell whether a part is HTML, or becomes it."""
    return Surface.of(part) in {Surface.MAIL, Surface.PAGE}


def heard(text: str, part: str) -> str:
    """Give what a reader sees of a part, without mark-up."""
    if not is_markup(part):
        return text.strip()
    return html.unescape(_TAG.sub("", _SILENT.sub("", text))).strip()
