"""The payload of a push message, and the topic by which a later one replaces it; pure.

The same JSON is shown by our service worker and by an app: `title`, `body`, `link` (opened on a
tap), `lang` (BCP 47), `dir`, `tag` (the collapse key) and `confirm` (called once it was shown).
"""

import base64
import hashlib
import json
import re

from broadcaster.domain.message import PushContent
from broadcaster.errors import InvalidInputError

#: A service must take 4096 octets (RFC 8030, section 7.2), of which the header of one aes128gcm
#: record takes 86 and its padding delimiter and tag 17 (RFC 8188, section 2; RFC 8291, section 4).
MOST_BYTES = 3993

#: `Topic` is at most 32 characters of the URL-safe base64 alphabet (RFC 8030, section 5.4).
_TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}\Z")


def payload(content: PushContent, *, locale: str, collapse_key: str, confirm_url: str) -> bytes:
    """Build the JSON, in UTF-8; InvalidInputError when it is longer than MOST_BYTES."""
    fields = {
        "title": content.title,
        "body": content.body,
        "link": content.link,
        "lang": locale.replace("_", "-"),
        "dir": content.direction,
        "tag": collapse_key,
        "confirm": confirm_url,
    }
    data = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
    if len(data) > MOST_BYTES:
        raise InvalidInputError(
            "push payload",
            f"is {len(data)} bytes long, more than {MOST_BYTES}",
            "Shorten the title or the body.",
        )
    return data


def topic(collapse_key: str) -> str:
    """Give the collapse key itself where it is a topic, else a digest that is one."""
    if _TOPIC.match(collapse_key):
        return collapse_key
    digest = hashlib.sha256(collapse_key.encode()).digest()[:24]
    return base64.urlsafe_b64encode(digest).decode("ascii")
