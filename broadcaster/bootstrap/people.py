"""What reads and makes customers, from settings and a catalogue: no server is needed."""

from typing import TYPE_CHECKING

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
