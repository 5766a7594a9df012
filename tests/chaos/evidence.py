"""Reads what the referee compares: the networks' files, the ledger's rows, the customers made."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg

from broadcaster.domain.customer import CustomerRecord
from broadcaster.domain.message import DELIVERY_CHANNELS, MessageClass
from tests.chaos.referee import Request, Row, Taken

#: The file of each channel, the field that names who received, and the one that holds our id.
_FILES = {
    "sms": ("sms.jsonl", "to", "callback"),
    "email": ("email.jsonl", "to", "sender"),
    "push": ("push.jsonl", "address", "confirm"),
}
#: Our id in a callback's URL, in the sender of a mail, in the link of a confirmation.
_DELIVERY = re.compile(r"(?:/|b\+)([0-9]{1,9})-([0-9]{1,9})(?:$|[.-])")
#: A relay that says goodbye has not taken a message, nor been sent one.
_GOODBYE = 421

_ROWS = """
SELECT delivery.campaign_id, delivery.number, customer.number, delivery.channel,
       COALESCE(address.value, ''), delivery.status, delivery.reason, delivery.reference
FROM delivery LEFT JOIN customer ON customer.id = delivery.customer_id
              LEFT JOIN address ON address.id = delivery.address_id
"""


class Counting:
    """Counts what the networks have taken so far, reading each file once."""

    def __init__(self, folder: Path) -> None:
        """Nothing is read yet."""
        self._paths = [folder / name for name, _, _ in _FILES.values()]
        self._read = dict.fromkeys(self._paths, 0)
        self.total = 0

    def look(self) -> int:
        """Read what is new, and give the count."""
        for path in self._paths:
            if path.exists():
                with path.open("rb") as file:
                    file.seek(self._read[path])
                    new = file.read()
                self._read[path] += len(new)
                self.total += new.count(b"\n")
        return self.total


def taken(folder: Path) -> Iterator[Taken]:
    """Read what the networks took; ValueError for a message that carries no id of ours."""
    for channel, (name, who, mark) in _FILES.items():
        for line in _lines(folder / name):
            found = _DELIVERY.search(line[mark].partition("@")[0])
            if found is None:
                message = f"{name} has a message without a delivery"
                raise ValueError(message)
            yield Taken(
                campaign=int(found[1]),
                number=int(found[2]),
                channel=channel,
                address=line[who],
                at=line["at"],
                fate=line["fate"],
                reference=line.get("sid"),
            )


def requests(folder: Path) -> Iterator[Request]:
    """Read the requests that the networks got, whatever they answered."""
    for line in _lines(folder / "requests.jsonl"):
        if line["what"] == "send" and line["status"] != _GOODBYE:
            yield Request(at=line["at"], network=line["network"], units=line["units"])


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        with path.open(encoding="ascii") as lines:
            for line in lines:
                yield json.loads(line)


def rows(database_url: str) -> list[Row]:
    """Read the ledger."""
    with psycopg.connect(database_url) as connection:
        return [
            Row(
                campaign=campaign,
                number=number,
                customer=customer,
                channel=channel,
                address=address,
                status=status,
                reason=reason,
                reference=reference,
            )
            for (
                campaign,
                number,
                customer,
                channel,
                address,
                status,
                reason,
                reference,
            ) in connection.execute(_ROWS)
        ]


def targeted(customers: Iterable[CustomerRecord]) -> frozenset[tuple[str, str]]:
    """Name everybody once for each channel."""
    return frozenset(
        (customer.number, channel.value) for customer in customers for channel in DELIVERY_CHANNELS
    )


def owed(customers: Iterable[CustomerRecord]) -> frozenset[tuple[str, str]]:
    """Name those with an address that nobody shares, on a channel that they did not refuse."""
    reachable: dict[tuple[str, str], str] = {}
    shared: Counter[str] = Counter()
    for customer in customers:
        for address in customer.addresses:
            shared[address.value] += 1
            channel = address.scheme.channel
            if (channel, MessageClass.SERVICE) not in customer.opted_out:
                reachable[customer.number, channel.value] = address.value
    return frozenset(who for who, value in reachable.items() if shared[value] == 1)


def limits(settings: Mapping[str, float]) -> dict[str, float]:
    """Give the limits by the networks' names."""
    names = {"twilio": "carrier", "smtp": "mail"}
    return {names.get(name, name): rate for name, rate in settings.items()}
