"""What no message may have in it: hidden characters, and links that are not the organisation's.

Such things come by copy and paste, or with a fact that somebody else filled in; nobody sees them.
"""

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from broadcaster.domain.saying import said
from broadcaster.render import bidi
from broadcaster.render.hidden import hidden as hidden_in
from broadcaster.render.wording import Fault

#: What counts as a letter or a mark, and is shown as nothing.
_BLANK = re.compile(
    "[" + "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u2800\u3164\uffa0" + "]"
)
_SCHEMED = re.compile(r"\b([a-zA-Z][a-zA-Z0-9+.-]*):/+([^\s/?#<>\"'()\[\]{}،؛]*)")
#: A name of a host without a scheme: phones make links of these.
_BARE = re.compile(r"(?<![\w@.:/\-])((?:[\w-]{1,63}\.)+([^\W\d_]{2,24}))(?![\w@-])(/?)")
#: A mailbox in a text, and its host.
MAILBOX = re.compile(r"[\w.+%-]+@((?:[\w-]+\.)+[\w-]{2,})")
_ENDINGS = frozenset(
    {
        *("app", "biz", "cc", "click", "club", "co", "com", "dev", "dz", "es", "eu", "fr", "gl"),
        *("gov", "info", "io", "is", "link", "live", "ly", "ma", "me", "mobi", "net", "news"),
        *("online", "org", "page", "qr", "ru", "shop", "site", "store", "tk", "tn", "to", "top"),
        *("tv", "uk", "us", "vip", "web", "xyz"),
    }
)
_ATTRIBUTE = re.compile(
    r"""\b(?:href|src|action|background|poster)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))"""
    r"""|\burl\(\s*["']?([^"')]*)""",
    re.IGNORECASE,
)
_BREAKS = re.compile(r"<(?!/?(?:a|abbr|b|bdi|bdo|em|i|mark|small|span|strong|u)\b)[^>]*>")
_CALLS = ("tel:", "sms:")
_SHOWN = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Ours:
    """The hosts that links may lead to, their subdomains included, and the addresses of our pages.

    `origin` is where the product's own pages are, such as `https://advisories.example.org`.
    """

    hosts: frozenset[str]
    origin: str = ""

    def has(self, host: str) -> bool:
        """Tell whether a host is ours."""
        name = host.rpartition("@")[2].partition(":")[0].rstrip(".").lower()
        return any(name == one or name.endswith(f".{one}") for one in self.hosts)


def host_of(address: str) -> str:
    """Give the host of a web address or a mailbox; empty where there is none."""
    if "://" not in address:
        return address.rpartition("@")[2].lower() if "@" in address else ""
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""


def hidden(text: str) -> Iterator[Fault]:
    """Find characters that show nothing, or change how the rest is read."""
    blank = _BLANK.search(text)
    found = hidden_in(text, "\n\t")
    if blank and (found is None or blank.start() < found[0]):
        found = blank.start() + 1, f"U+{ord(blank.group()):04X}"
    if found:
        yield Fault(
            said(
                "has the hidden character %(found)s at position %(found_2)s",
                found=found[1],
                found_2=found[0],
            ),
            said("Take it out; text that was copied may carry it."),
        )
    if not bidi.balanced(text):
        yield Fault(
            said("opens or closes a direction isolate without its partner"),
            said("Type the text anew."),
        )


def lines(markup: str) -> str:
    """Put each paragraph, entry and cell of HTML on a line of its own, as a reader sees it."""
    return _BREAKS.sub(r"\n\g<0>", markup)


def links(text: str, ours: Ours) -> Iterator[Fault]:
    """Find addresses in a text, written out, that lead elsewhere."""
    bare = bidi.strip(text)
    found: dict[str, None] = {}
    for match in _SCHEMED.finditer(bare):
        if not _is_ours(match[1], match[2], ours):
            found[match.group()] = None
    rest = _SCHEMED.sub(" ", bare)
    for match in MAILBOX.finditer(rest):
        if not ours.has(match[1]):
            found[match.group()] = None
    for match in _BARE.finditer(MAILBOX.sub(" ", rest)):
        www = match[1].lower().startswith("www.")
        if (www or match[3] or match[2].lower() in _ENDINGS) and not ours.has(match[1]):
            found[match[1]] = None
    yield from map(_not_ours, found)


def targets(markup: str, ours: Ours) -> Iterator[Fault]:
    """Find what HTML leads to or loads from elsewhere."""
    found: dict[str, None] = {}
    for match in _ATTRIBUTE.finditer(markup):
        target = html.unescape(next((one for one in match.groups() if one is not None), "")).strip()
        if not _may_lead(target, ours):
            found[target] = None
    yield from map(_not_ours, found)


def _may_lead(target: str, ours: Ours) -> bool:
    lowered = target.lower()
    if lowered.startswith("mailto:"):
        return ours.has(host_of(lowered.removeprefix("mailto:").partition("?")[0]))
    if not lowered or lowered.startswith(("#", "data:image/", *_CALLS)):
        return True
    if lowered.startswith("/"):
        return not lowered.startswith(("//", "/\\"))
    scheme, _, rest = target.partition("://")
    return _is_ours(scheme, re.split(r"[/?#\\]", rest, maxsplit=1)[0], ours)


def _is_ours(scheme: str, place: str, ours: Ours) -> bool:
    if ours.origin and f"{scheme}://{place}".lower() == ours.origin.lower():
        return True
    return scheme.lower() == "https" and "@" not in place and ours.has(place)


def _not_ours(address: str) -> Fault:
    short = address if len(address) <= _SHOWN else f"{address[: _SHOWN - 1]}…"
    return Fault(
        said("leads to %(short)s, which is not ours", short=repr(short)),
        said("Take it out; if it is the organisation's, add its host to BROADCASTER_LINK_HOSTS."),
    )


def ours_of(hosts: Iterable[str], origin: str, vetted: Iterable[str]) -> Ours:
    """Join the hosts of a setting, of our own pages and of contacts that were vetted."""
    named = {*hosts, host_of(origin), *map(host_of, vetted)}
    return Ours(hosts=frozenset(one.lower() for one in named if one), origin=origin.rstrip("/"))
