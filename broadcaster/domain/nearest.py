"""What was probably meant by a word that nothing is called."""

import difflib
import unicodedata
from collections.abc import Callable, Iterable


def close(
    word: str, known: Iterable[str], meant: Callable[[str], str] = lambda found: found
) -> str:
    """Ask whether the nearest name was meant; empty when none is near.

    Letters are compared without case and accents. `meant` gives what a name found stands for.
    """
    plain = {_plain(name): name for name in known}
    found = difflib.get_close_matches(_plain(word), plain, n=1)
    return f'Did you mean "{meant(plain[found[0]])}"?' if found else ""


def _plain(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text[:200]).casefold()
    return "".join(one for one in apart if not unicodedata.combining(one))
