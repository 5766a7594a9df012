"""Joined from concrete adapters: what is published, where it is kept, and where it is announced."""

from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from broadcaster.bootstrap.clock import SystemClock
from broadcaster.bootstrap.runtime_campaigns import Campaigning
from broadcaster.bootstrap.texts import renderer
from broadcaster.errors import ConfigurationError
from broadcaster.settings import Settings

# Adapters are imported where they are built: a command loads only what it uses, and starts fast.
# ruff: noqa: PLC0415
if TYPE_CHECKING:
    from broadcaster.audience.areas.whereabouts import Locator
    from broadcaster.audience.expression import Expression
    from broadcaster.ledger.announcements import Announcements
    from broadcaster.ledger.publications import PostgresPublications
    from broadcaster.publication.announcing import Announcer
    from broadcaster.publication.channels import AppriseChannel
    from broadcaster.publication.folder import Folder
    from broadcaster.publication.publisher import Publisher
    from broadcaster.publication.serving import Files
    from broadcaster.publication.signature import Signer
    from broadcaster.publication.site import Site
    from broadcaster.render.editions import Editor
    from broadcaster.render.renderer import TemplateRenderer
    from broadcaster.render.site import SitePages


def site_pages(settings: Settings, renderer: "TemplateRenderer") -> "SitePages":
    """Make what renders the pages around publications."""
    from broadcaster.render.site import SitePages

    return SitePages(renderer.library, ZoneInfo(settings.time_zone))


def editor(settings: Settings, renderer: "TemplateRenderer") -> "Editor":
    """Make what makes editions."""
    from broadcaster.render.editions import Editor

    return Editor(renderer, settings.public_url, settings.region, settings.publication.names)


def site(settings: Settings, pages: "SitePages", names: "Editor") -> "Site":
    """Make what makes the files of the site."""
    from broadcaster.publication.ground import Names
    from broadcaster.publication.site import Site

    named = {tag: names.organisation(tag) for tag in pages.locales}
    subscribes = bool(settings.options("webpush").text("PRIVATE_KEY", ""))
    follow = f"{settings.public_url}/follow" if subscribes else ""
    around = Names(public_url=settings.public_url, organisations=named, follow=follow)
    return Site(pages, around)


def signer(settings: Settings) -> "Signer | None":
    """Make what signs alerts, where there is a key; ConfigurationError naming the setting."""
    given = settings.publication
    if given.key is None or given.certificate is None:
        return None
    from broadcaster.publication.signature import Signer

    return Signer(given.key, given.certificate)


def sinks(settings: Settings) -> "dict[str, AppriseChannel]":
    """Make the public channels that are set up; ConfigurationError naming the setting."""
    from broadcaster.publication.channels import AppriseChannel

    given = settings.publication
    return {
        name: AppriseChannel(name, destination, given.sink_locales[name])
        for name, destination in given.sinks.items()
    }


def examine_publication(settings: Settings) -> tuple[bool, list[str]]:
    """Try folder, key and channels; whether alerts are signed, and the channels' names.

    ConfigurationError naming the setting that is wrong.
    """
    from broadcaster.publication.folder import Folder

    with Folder(settings.publication.folder).lock():
        return signer(settings) is not None, list(sinks(settings))


class PublicAlone:
    """The public folder, where there is nothing else: it keeps up with time, and no more."""

    def __init__(self, settings: Settings) -> None:
        """Read the templates; ConfigurationError."""
        from broadcaster.publication.folder import Folder
        from broadcaster.publication.serving import Files

        texts = renderer(settings)
        self._folder = Folder(settings.publication.folder)
        self._site = site(settings, site_pages(settings, texts), editor(settings, texts))
        self._clock = SystemClock()
        self.files = Files(self._folder.site)

    def publish(self) -> object:
        """Do what can be done alone; a folder that is only to be read has all that there is."""
        with suppress(ConfigurationError, OSError):
            return self.reproject()
        return None

    def catch_up(self) -> object:
        """Do what can be done alone."""
        return self.reproject()

    def reproject(self) -> object:
        """Make the site of the folder again where time has changed it."""
        from broadcaster.publication.projecting import brought_into_step

        with self._folder.lock():
            return brought_into_step(self._folder, self._site, self._clock.now())


class Publishing(Campaigning):
    """What everybody may read."""

    @cached_property
    def public_folder(self) -> "Folder":
        """The folder of what is public."""
        from broadcaster.publication.folder import Folder

        return Folder(self.settings.publication.folder)

    @cached_property
    def public_files(self) -> "Files":
        """Answers from it."""
        from broadcaster.publication.serving import Files

        return Files(self.public_folder.site)

    @cached_property
    def publications(self) -> "PostgresPublications":
        """What was published, for good."""
        from broadcaster.ledger.publications import PostgresPublications

        return PostgresPublications(self.pool)

    @cached_property
    def announcements(self) -> "Announcements":
        """What is to be announced."""
        from broadcaster.ledger.announcements import Announcements

        return Announcements(self.pool)

    @cached_property
    def site_pages(self) -> "SitePages":
        """Renders what stands around publications."""
        return site_pages(self.settings, self.renderer)

    @cached_property
    def editor(self) -> "Editor":
        """Makes what is published of an advisory."""
        return editor(self.settings, self.renderer)

    @cached_property
    def site(self) -> "Site":
        """Makes the files of the site."""
        return site(self.settings, self.site_pages, self.editor)

    @cached_property
    def publisher(self) -> "Publisher":
        """Freezes what is due, and keeps the folder in step."""
        from broadcaster.publication.freezing import Freezer
        from broadcaster.publication.publisher import Publisher

        settings = self.settings
        freezer = Freezer(
            editor=self.editor,
            pages=self.site_pages,
            locate=self._locator(),
            signer=signer(settings),
            public_url=settings.public_url,
            sender=settings.publication.sender,
            zone=ZoneInfo(settings.time_zone),
        )
        return Publisher(
            store=self.publications,
            ledger=self.ledger,
            freezer=freezer,
            folder=self.public_folder,
            site=self.site,
            clock=self.clock,
            unchanged=self.unchanged,
            sinks=tuple(settings.publication.sinks),
        )

    @cached_property
    def sinks(self) -> "dict[str, AppriseChannel]":
        """The public channels that are set up."""
        return sinks(self.settings)

    @cached_property
    def announcer(self) -> "Announcer":
        """Announces what was published."""
        from broadcaster.publication.announcing import Announcer

        return Announcer(
            book=self.announcements,
            publications=self.publications,
            sinks=self.sinks,
            pages=self.site_pages,
            public_url=self.settings.public_url,
            clock=self.clock,
            stopping=self.stopping,
        )

    def _locator(self) -> "Locator":
        from broadcaster.audience.areas.whereabouts import Locator

        def parse(text: str) -> "Expression":
            return self.audience.knowledge(text).parse(text)

        return Locator(self.areas, parse)
