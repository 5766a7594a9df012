"""What reads and makes customers, from settings and a catalogue: no server is needed."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from broadcaster.domain.message import Address, Scheme
from broadcaster.settings import Settings

# Adapters are imported where they are built: a command loads only what it uses, and starts fast.
# ruff: noqa: PLC0415
if TYPE_CHECKING:
    from broadcaster.audience.attributes import Catalogue
    from broadcaster.audience.importer import Importer
    from broadcaster.audience.maker import Maker
    from broadcaster.ports import CheckPhone


def importer(settings: Settings, catalogue: "Catalogue", region: str = "") -> "Importer":
    """Make what reads files of customers; InvalidInputError for a region that does not exist.

    `catalogue` says which attributes there are. `region` is where telephone numbers would be
    dialled; empty for the setting's.
    """
    from broadcaster.audience.importer import Importer
    from broadcaster.channels import phones

    known = phones.check_region(region or settings.region)
    return Importer(
        phone_check(settings, known),
        catalogue,
        locale=settings.default_locale,
        time_zone=settings.time_zone,
        region=settings.region,
        trunk=phones.trunk(known),
    )


def phone_check(settings: Settings, region: str = "") -> "CheckPhone":
    """Make what checks numbers as they would be dialled in a region, or else in the setting's."""
    from broadcaster.channels import phones

    return phones.reader(region or settings.region)


def maker(settings: Settings, seed: int) -> "Maker":
    """Make what makes fictional customers, whose browsers subscribe at the simulated service."""
    from broadcaster.audience.maker import Maker
    from broadcaster.sandbox.subscriptions import keys

    return Maker(
        seed,
        push_base_url=f"http://127.0.0.1:{settings.sandbox.push_port}",
        subscription_keys=keys,
        time_zone=settings.time_zone,
    )


def address_reader(settings: Settings, region: str = "") -> Callable[[str], Address]:
    """Make what reads a text as an address of any scheme, or says what is wrong with it.

    What has an @ is a mailbox, what begins with https: a Web Push endpoint, what has many letters
    a token of the app, and anything else a telephone number as it would be dialled in `region`.
    What programs do to addresses is undone where nothing was lost, as in files of customers: else
    somebody who refused messages would get them because of a mark that nobody sees.
    The reader raises `CellError`; InvalidInputError here for a region that does not exist.
    """
    from broadcaster.audience import mailbox, repairs
    from broadcaster.audience.cells import CellError
    from broadcaster.audience.subscription import endpoint, is_token
    from broadcaster.channels import phones

    known = phones.check_region(region or settings.region)

    def read(raw: str) -> Address:
        text = raw.strip()
        if text.startswith(("https:", "http:")):
            return Address(scheme=Scheme.WEBPUSH, value=endpoint(text), keys={})
        if "@" in text:
            found = mailbox.check(text)
            if found.value is None and (mended := repairs.mailbox(text)):
                found = mailbox.check(mended.value)
            if found.value is None:
                raise CellError(found.problem or "is no mailbox", found.remedy or "Correct it.")
            return Address(scheme=Scheme.MAILTO, value=found.value, keys={})
        if is_token(text):
            return Address(scheme=Scheme.FCM, value=text, keys={})
        phone = phones.check(text, region=known)
        if not phone.sms_capable and (mended := repairs.phone(text)):
            phone = phones.check(mended.value, region=known)
        if phone.e164 is None or not phone.sms_capable:
            problem, remedy = phone.problem or "is no number", phone.remedy or "Correct it."
            raise CellError(problem, remedy)
        return Address(scheme=Scheme.TEL, value=phone.e164, keys={})

    return read
