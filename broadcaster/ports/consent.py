"""Records of consent as the database keeps them; who reads them shares this."""

from collections.abc import Sequence
from typing import Any

from broadcaster.domain.consent import ConsentRecord, Ground, Source
from broadcaster.domain.message import Channel, MessageClass

#: The columns of a record, in the order that `kept_record` reads.
KEPT_RECORD = """
id, customer_id, address_id, channel, ground, classes::text[], granted, source, at, proof,
recorded_by
"""


def kept_record(row: Sequence[Any]) -> ConsentRecord:
    """Read a row of `KEPT_RECORD`."""
    id_, customer, address, channel, ground, classes, granted, source, at, proof, by = row
    return ConsentRecord(
        id=id_,
        customer=customer,
        address=address,
        channel=Channel(channel),
        ground=Ground(ground),
        classes=tuple(MessageClass(one) for one in classes),
        granted=granted,
        source=Source(source),
        at=at,
        proof=proof,
        by=by,
    )
