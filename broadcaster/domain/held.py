"""Why Broadcaster itself puts a campaign on hold: said where it does, known again where shown.

Ledgers keep the English text; what a person wrote as a reason stays as it was written.
"""

import re

from broadcaster.domain.saying import Saying, said


def refusing(provider: str, code: str) -> Saying:
    """Say that a provider refuses us, with its code."""
    return said("%(provider)s refuses us (%(code)s)", provider=provider, code=code)


def in_vain(provider: str, times: int, code: str) -> Saying:
    """Say that nothing came of many messages in a row."""
    return said(
        "%(provider)s: %(times)s times in a row messages came to nothing (%(code)s)",
        provider=provider,
        times=times,
        code=code,
    )


def unlike() -> Saying:
    """Say that what would be sent is something else."""
    return said("what would be sent is not what was approved")


def remedy(text: str) -> Saying | None:
    """Say what to do about a kept reason, where we know; what a person wrote has none."""
    if text != unlike():
        return None
    return said(
        "Restart the workers with the templates that were approved, then resume it; "
        "or cancel it, and make a new campaign."
    )


_TEMPLATES = tuple(one.template for one in (refusing("", ""), in_vain("", 0, ""), unlike()))


def known_again(text: str) -> Saying | None:
    """Give a kept reason as it was said; None when a person wrote it."""
    for template in _TEMPLATES:
        shape = re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>.{1,200})", re.escape(template))
        found = re.fullmatch(shape, text[:1000])
        if found:
            return Saying(template, None, found.groupdict())
    return None
