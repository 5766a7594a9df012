"""The renderer and what checks it, from the folders that are in force."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from broadcaster.errors import ConfigurationError
from broadcaster.settings import Settings

# Adapters are imported where they are built: a command loads only what it uses, and starts fast.
# ruff: noqa: PLC0415
if TYPE_CHECKING:
    from broadcaster.bootstrap.runtime import Runtime
    from broadcaster.domain.campaign import Campaign
    from broadcaster.domain.message import Address, Content
    from broadcaster.render.check import KindChecker
    from broadcaster.render.locales import Locales
    from broadcaster.render.renderer import TemplateRenderer
    from broadcaster.render.sheets.cells import Group, Sheets
    from broadcaster.render.sheets.page import SheetWriter
    from broadcaster.render.speech import ConsoleSpeech


def shipped(name: str) -> Path:
    """Find the folder of templates or locales that came with the product.

    In an installed wheel they are inside the package, in a checkout beside it.
    """
    inside = Path(str(resources.files("broadcaster"))) / "_shipped" / name
    if inside.is_dir():
        return inside
    beside = Path(__file__).resolve().parent.parent.parent / name
    if beside.is_dir():
        return beside
    message = f"The folder of {name} is missing from the installation. Install it again."
    raise ConfigurationError(message)


def renderer(settings: Settings, *first: Path) -> "TemplateRenderer":
    """Make the renderer, with the organisation's own folders before those shipped.

    `first` are folders of kinds before all others.
    """
    from broadcaster.render.renderer import TemplateRenderer

    return TemplateRenderer(
        [*first, *settings.templates, shipped("templates")],
        [*settings.locales, shipped("locales")],
        default_locale=settings.default_locale,
        time_zone=settings.time_zone,
    )


def damaged_texts(settings: Settings, made: "TemplateRenderer | None" = None) -> Sequence[str]:
    """Tell which catalogues cannot be read, each with its file and the remedy.

    Of messages as `made` found it, or as it is now; and of our own pages. Nothing falls back to
    another file of the locale: it is left out.
    """
    from broadcaster.errors import DamagedError
    from broadcaster.render.poreader import read
    from broadcaster.render.sources import read_text

    library = (made or renderer(settings)).library
    found = [*library.damaged.values()]
    for folder in [*settings.locales, shipped("locales")]:
        for path in sorted(folder.glob("*/LC_MESSAGES/console.po")):
            try:
                read(read_text(path), path.relative_to(folder).as_posix())
            except DamagedError as error:
                found.append(str(error))
    return tuple(found)


def speech(settings: Settings, tag: str) -> "ConsoleSpeech":
    """Give the language of a locale, as the console speaks it; NotFoundError."""
    from broadcaster.render.locales import load_locales
    from broadcaster.render.speech import speech as spoken

    folders = [*settings.locales, shipped("locales")]
    locales, _ = load_locales(folders, settings.default_locale)
    return spoken(tag, locales, folders)


def code_writer(settings: Settings, locales: "Locales") -> "Callable[[Address, str, str], Content]":
    """Make what writes the message with a code, for an address in one of the locales."""
    from broadcaster.render.codes import code_message
    from broadcaster.render.speech import speech as spoken

    folders = [*settings.locales, shipped("locales")]

    @lru_cache(maxsize=16)
    def speak(tag: str) -> "ConsoleSpeech":
        return spoken(tag, locales, folders)

    def write(address: "Address", code: str, locale: str) -> "Content":
        return code_message(speak(locale), address.scheme.channel, code)

    return write


def kind_checker(settings: Settings, *first: Path) -> "KindChecker":
    """Make what checks kinds before a campaign finds out; `first` as `renderer` has it."""
    from broadcaster.channels.sms import measure
    from broadcaster.render.check import KindChecker

    return KindChecker(renderer=renderer(settings, *first), measure=measure)


def sheets(settings: Settings) -> "Sheets":
    """Make what shows kinds by locale and channel."""
    from broadcaster.channels.sms import measure
    from broadcaster.render.sheets.cells import Sheets

    return Sheets(renderer=renderer(settings), measure=measure)


def sheet_writer(settings: Settings, tag: str) -> "SheetWriter":
    """Make what writes sheets, its own words in the language of a locale; NotFoundError."""
    from broadcaster.render.sheets.page import SheetWriter

    return SheetWriter(speech=speech(settings, tag))


def campaign_sheet(runtime: "Runtime", campaign: "Campaign", locales: Sequence[str]) -> "Group":
    """Show how a campaign reads: its own channels, and its public page.

    Errors as `Sheets.advisory`.
    """
    from broadcaster.channels.sms import measure
    from broadcaster.domain.message import Channel
    from broadcaster.render.sheets.cells import Sheets

    advisory = runtime.ledger.advisory(campaign.advisory_id)
    stem = f"{runtime.settings.public_url}/advisories/{advisory.id}"
    return Sheets(renderer=runtime.renderer, measure=measure).advisory(
        advisory,
        locales,
        channels=(*campaign.channels, Channel.WEB),
        page=lambda locale: f"{stem}/{locale.tag}",
    )


def sandbox_account(settings: Settings) -> Path:
    """Make the service account that the simulated push service knows."""
    from broadcaster.sandbox.service_account import service_account_file

    port = settings.sandbox.push_port
    return service_account_file(settings.home / "sandbox", f"http://127.0.0.1:{port}")
