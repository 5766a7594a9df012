"""One person: found by an address, and told what is held about them."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from broadcaster.settings import Settings

# Adapters are imported where they are built: a command loads only what it uses, and starts fast.
# ruff: noqa: PLC0415
if TYPE_CHECKING:
    from broadcaster.bootstrap.runtime import Runtime
    from broadcaster.domain.message import Address

#: What of a message is words.
_WORDS = ("subject", "title", "body", "text")


def address_of(settings: Settings, text: str) -> "Address":
    """Read what somebody gives as an address: a mailbox, or else a telephone number.

    InvalidInputError when it is neither.
    """
    from broadcaster.audience import mailbox
    from broadcaster.channels import phones
    from broadcaster.domain.message import Address, Scheme
    from broadcaster.errors import InvalidInputError

    if "@" in text:
        found = mailbox.check(text)
        if found.value:
            return Address(scheme=Scheme.MAILTO, value=found.value, keys={})
        problem, remedy = found.problem, found.remedy
    else:
        number = phones.check(text, region=settings.region)
        if number.e164 and not number.error:
            return Address(scheme=Scheme.TEL, value=number.e164, keys={})
        problem, remedy = number.problem, number.remedy
    raise InvalidInputError("--address", problem or "is none", remedy or "Mend it.")


def disclosed(runtime: "Runtime", number: str, by: str, purpose: str) -> dict[str, Any]:
    """Give everything that is held about a customer, with the messages' texts as they read now.

    `as_approved` tells whether what makes the text is what was approved then. A text that can't be
    made any more is left out.
    """
    from broadcaster.errors import BroadcasterError

    held = runtime.disclosure.collect(number, by, purpose)
    names = held["customer"]["name"], held["customer"]["name_latin"]
    for message in held["messages"]:
        if message["locale"] is None or not message["attempts"]:
            continue
        with suppress(BroadcasterError):
            message["text"], message["as_approved"] = _text(runtime, number, names, message)
    return held


def _text(
    runtime: "Runtime", number: str, names: tuple[str, str | None], message: Mapping[str, Any]
) -> tuple[dict[str, str], bool]:
    from broadcaster.domain.delivery import DeliveryId
    from broadcaster.domain.message import Channel
    from broadcaster.ports import Reader

    campaign = runtime.ledger.campaign(message["campaign_id"])
    advisory = runtime.ledger.advisory(message["advisory_id"])
    locale = message["locale"]
    reader = Reader(
        name=names[0] if locale.startswith("ar") else names[1] or names[0],
        number=number,
        unsubscribe_url=runtime.links.unsubscribe(DeliveryId.parse(message["delivery"])),
        page_url=runtime.links.page(advisory.id, locale),
    )
    content = runtime.renderer.render(advisory, Channel(message["channel"]), locale, reader)
    parts = {name: getattr(content, name, None) for name in _WORDS}
    text = {name: part for name, part in parts.items() if isinstance(part, str)}
    return text, runtime.unchanged(campaign, advisory)


def write_private(path: Path, text: str) -> None:
    """Write a new file that its owner alone can read; InvalidInputError when that can't be done."""
    from broadcaster.errors import InvalidInputError

    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        remedy = "Name a new file in a folder that can be written."
        raise InvalidInputError("--out", f"{path}: {error.strerror}", remedy) from error
