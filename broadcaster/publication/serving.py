"""Answering from the folder: what a request gets, from memory where the file has not changed."""

import base64
import gzip
import hashlib
import os
import re
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path

#: A page may be shown again for so long, seconds: a correction is to be seen soon.
_CACHED = "public, max-age=60"
_KEPT = 256
_LARGEST = 5_000_000
_SEGMENT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}", re.ASCII)
_DEEPEST = 6
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_LANG = re.compile(r'<html lang="([A-Za-z0-9-]{1,40})"')
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/feed+json; charset=utf-8",
}
_XML = {"atom.xml": "application/atom+xml; charset=utf-8"}
_CAP = "application/cap+xml; charset=utf-8"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A whole answer."""

    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class _File:
    stamp: tuple[int, int, int]
    headers: dict[str, str]
    tag: str
    modified: datetime
    plain: bytes
    packed: bytes


class Files:
    """Reads the site; safe for several threads."""

    def __init__(self, site: Path) -> None:
        """Answer from the files below `site`."""
        self._site = site
        self._held: OrderedDict[str, _File] = OrderedDict()
        self._lock = threading.Lock()

    def answer(self, path: str, asked: "Asked") -> Answer | None:
        """Answer for an address such as `/advisories/12/ar`; None when there is no such file."""
        name = _name(path)
        found = self._file(name) if name else None
        if found is None:
            return None
        packed = asked.gzip and bool(found.packed)
        tag = f'"{found.tag}-gz"' if packed else f'"{found.tag}"'
        headers = {**found.headers, "ETag": tag}
        if _fresh(found, asked):
            for gone in ("Content-Type", "Content-Language"):
                headers.pop(gone, None)
            return Answer(status=304, headers=headers, body=b"")
        if packed:
            headers["Content-Encoding"] = "gzip"
        return Answer(status=200, headers=headers, body=found.packed if packed else found.plain)

    def _file(self, name: str) -> _File | None:
        path = self._site / name
        try:
            stat = os.stat(path)  # noqa: PTH116  (at each request: a tenth of the time)
        except (FileNotFoundError, NotADirectoryError):
            return None
        stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        with self._lock:
            held = self._held.get(name)
            if held is not None and held.stamp == stamp:
                self._held.move_to_end(name)
                return held
        if stat.st_size > _LARGEST:
            return None
        try:
            content = path.read_bytes()
        except (FileNotFoundError, IsADirectoryError):
            return None
        made = _made(name, content, stamp)
        with self._lock:
            self._held[name] = made
            while len(self._held) > _KEPT:
                self._held.popitem(last=False)
        return made


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What a request says of what it has and can read."""

    if_none_match: str = ""
    if_modified_since: str = ""
    gzip: bool = False


def accepts_gzip(header: str) -> bool:
    """Tell whether an Accept-Encoding header allows it (RFC 9110, 12.5.3)."""
    for item in header[:200].split(","):
        name, _, weight = item.partition(";")
        if name.strip().lower() == "gzip":
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def _name(path: str) -> str:
    """Find the file of an address; empty for what can be none of ours."""
    parts = [part for part in path.split("/") if part]
    if len(parts) > _DEEPEST or not all(_SEGMENT.fullmatch(part) for part in parts):
        return ""
    last = parts[-1] if parts else ""
    if not last.endswith((".xml", ".json")):
        parts.append("index.html")
    return "/".join(parts)


def _made(name: str, content: bytes, stamp: tuple[int, int, int]) -> _File:
    last = name.rpartition("/")[2]
    suffix = Path(last).suffix
    modified = datetime.fromtimestamp(stamp[0] // 1_000_000_000, UTC)
    headers = {
        "Content-Type": _TYPES.get(suffix) or _XML.get(last, _CAP),
        "Cache-Control": _CACHED,
        "Last-Modified": format_datetime(modified, usegmt=True),
        "Vary": "Accept-Encoding",
    }
    if suffix == ".html":
        text = content.decode()
        headers["Content-Security-Policy"] = policy(text)
        language = _LANG.search(text)
        if language:
            headers["Content-Language"] = language[1]
    packed = gzip.compress(content, 6, mtime=0)
    return _File(
        stamp=stamp,
        headers=headers,
        tag=hashlib.sha256(content).hexdigest()[:32],
        modified=modified,
        plain=content,
        packed=packed if len(packed) < len(content) else b"",
    )


def _fresh(found: _File, asked: Asked) -> bool:
    """Tell whether the asker has it already (RFC 9110, 13.2.2: tags count before times)."""
    if asked.if_none_match:
        given = {tag.strip().removeprefix("W/") for tag in asked.if_none_match[:1000].split(",")}
        return bool(given & {f'"{found.tag}"', f'"{found.tag}-gz"', "*"})
    if asked.if_modified_since:
        try:
            since = parsedate_to_datetime(asked.if_modified_since[:100])
        except (ValueError, OverflowError):
            return False
        return since.tzinfo is not None and found.modified <= since
    return False


def policy(html: str) -> str:
    """Write what a page may load: its own styles, told by their hash, and nothing else."""
    hashes = [hashlib.sha256(style.encode()).digest() for style in _STYLE.findall(html)]
    styles = " ".join(f"'sha256-{base64.b64encode(one).decode()}'" for one in hashes) or "'none'"
    return (
        f"default-src 'none'; style-src {styles}; img-src 'self' data:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )
