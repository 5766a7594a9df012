"""Our own pages where no server is needed: what a command writes is what the console shows."""

from zoneinfo import ZoneInfo

from broadcaster import bootstrap
from broadcaster.render.locales import Locales
from broadcaster.settings import Settings
from broadcaster.web.dossier import Documents
from broadcaster.web.languages import Languages
from broadcaster.web.pages import Pages


def own_pages(settings: Settings, locales: Locales) -> Pages:
    """Make the pages, in all languages that are whole; ConfigurationError naming a broken one."""
    folders = [*settings.locales, bootstrap.shipped("locales")]
    return Pages(Languages(folders, locales), ZoneInfo(settings.time_zone))


def documents(settings: Settings, pages: Pages, locales: Locales) -> Documents:
    """Make what writes evidence."""
    return Documents(pages, locales, ZoneInfo(settings.time_zone))
