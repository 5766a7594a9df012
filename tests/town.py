"""Amina and her neighbours in a sealed database: who is looked for, disclosed and erased."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from broadcaster.audience.store import Customers
from broadcaster.domain.customer import BrokenAddress, CustomerRecord
from broadcaster.domain.delivery import DeliveryId
from broadcaster.domain.message import Address, Channel, MessageClass, Scheme
from broadcaster.ledger.archive import Archive
from broadcaster.privacy.erasure import Erased
from broadcaster.privacy.vault import KeyVault
from broadcaster.reports.evidence import write_evidence
from broadcaster.reports.reports import Reports
from tests.builders import NOON, customer, receipt, recorded, submission
from tests.rows import Pool, Rows
from tests.vaults import erasure, sealed, vault

SHARED = Address(scheme=Scheme.TEL, value="+212661999999", keys={})
AMINA = replace(
    customer(7),
    number="K-778812",
    name="أمينة بناني",
    name_latin="Amina Bennani",
    attributes={"district": "Derb-Sultan-7", "meter_place": (-7.6312345, 33.5771234)},
    addresses=(
        Address(scheme=Scheme.TEL, value="+212661234567", keys={}),
        Address(scheme=Scheme.MAILTO, value="amina@bennani-k7.test", keys={}),
        Address(
            scheme=Scheme.WEBPUSH,
            value="https://push.example.test/of-amina",
            keys={"auth": "auth-of-amina", "p256dh": "point-of-amina"},
        ),
        SHARED,
    ),
    broken=(BrokenAddress(channel=Channel.SMS, raw="05-22-BROKEN", fault="NOT_MOBILE"),),
    opted_out=((Channel.PUSH, MessageClass.PROMOTIONAL),),
    household="meter-778-of-amina",
    location=(-7.6198712, 33.5883114),
)
REFERENCE = "SMnetworkreference"
#: What is hers alone.
VALUES = (
    AMINA.number,
    AMINA.name,
    "Amina Bennani",
    "+212661234567",
    "amina@bennani-k7.test",
    "https://push.example.test/of-amina",
    "auth-of-amina",
    "point-of-amina",
    "05-22-BROKEN",
    "Derb-Sultan-7",
    "meter-778-of-amina",
    "-7.6198712",
    "-7.6312345",
    "33.5771234",
    "33.5883114",
    REFERENCE,
)


class Town:
    """Amina and others, who were told of two campaigns; the first is archived."""

    def __init__(self, pool: Pool, folder: Path) -> None:
        self.pool = pool
        self.rows = Rows(pool)
        self.folder = folder
        self.keys: KeyVault = vault(1)
        self.reports = Reports(pool, self.keys)

    def settle(self, records: Sequence[CustomerRecord]) -> None:
        Customers(self.pool, self.keys).save(records)

    def told(self, name: str, channels: Sequence[Channel] = (Channel.SMS,)) -> int:
        campaign = self.rows.running(name=name, channels=channels)
        planned = self.rows.ask(
            "SELECT delivery.number, customer.number FROM delivery"
            " JOIN customer ON customer.id = customer_id"
            " WHERE campaign_id = %s AND status = 'planned' ORDER BY 1",
            campaign,
        )
        self.rows.tell(
            "UPDATE delivery SET status = 'submitting', attempts = 1, provider = 'sandbox'"
            " WHERE campaign_id = %s AND status = 'planned'",
            campaign,
        )
        for number, person in planned:
            delivery = DeliveryId(campaign, number)
            reference = REFERENCE if person == AMINA.number else f"other-{number}"
            said = recorded(submission(delivery, reference=reference))
            self.rows.ledger.record([said], NOON)
            news = receipt(delivery, reference=reference, dedupe=f"{reference}:{delivery}")
            self.rows.ledger.receive([news], NOON)
        self.rows.ledger.apply_receipts(NOON, 100)
        return campaign

    def archive(self, campaign: int) -> Path:
        self.rows.tell(
            "UPDATE campaign SET status = 'completed', finished_at = %s WHERE id = %s",
            NOON,
            campaign,
        )
        self.rows.tell(
            "UPDATE batch SET done = true, lease_until = NULL, settle_at = NULL"
            " WHERE campaign_id = %s",
            campaign,
        )
        archive, file = Archive(self.pool), self.folder / f"{campaign}.csv.gz"
        seen = archive.mark(campaign, timedelta(0), NOON)
        kept = write_evidence(lambda stream: self.reports.export(campaign, stream), file)
        doubt = {"delivery": f"{campaign}-1", "customer": AMINA.number, "reference": REFERENCE}
        figures = {**self.reports.summary(campaign), "in_doubt_list": [doubt]}
        archive.let_go(campaign, seen, kept.as_dict(), figures, "amina", NOON)
        return file


@pytest.fixture
def town(pool: Pool, tmp_path: Path) -> Town:
    """Give a town whose database is sealed."""
    made = Town(pool, tmp_path)
    made.keys = sealed(pool, 1)
    made.settle([AMINA, customer(8, addresses=(SHARED,)), customer(9)])
    return made


def shown(held: str) -> list[str]:
    """Give what is hers in a text."""
    return [value for value in VALUES if value in held]


def erase(town: Town, **changes: object) -> Erased:
    """Erase Amina."""
    values = {"number": AMINA.number, "by": "youssef", "reason": "asked for it", "now": NOON}
    return erasure(town.pool, town.keys).erase(**{**values, **changes})  # type: ignore[arg-type]  # (a test's own changes)
