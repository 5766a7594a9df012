"""What the team is told of an alert, in its language: what it is, since when, and what helps.

`_` only marks a text for the catalogue. Subjects are numbers of campaigns and names of networks,
limits and public channels; nothing of people.
"""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from broadcaster import bootstrap
from broadcaster.domain.alerting import News, Notice, Watched
from broadcaster.domain.announcement import Announcement
from broadcaster.render.locales import Locales, load_locales
from broadcaster.settings import Settings
from broadcaster.web.languages import Language, Languages


def _(text: str) -> str:
    return text


TITLES: Mapping[Watched, str] = {
    Watched.STALLED: _("Campaign %(subject)s stands still"),
    Watched.PROVIDER: _("The network %(subject)s fails"),
    Watched.LIMIT: _("The limit %(subject)s holds up messages"),
    Watched.RECEIPTS: _("No receipts come any more"),
    Watched.RECEIPTS_WAIT: _("Receipts are not applied"),
    Watched.DISK: _("The disk is nearly full"),
    Watched.CONNECTIONS: _("The database has hardly any connections left"),
    Watched.DOUBT: _("Messages have been in doubt for long"),
    Watched.ANNOUNCEMENT: _("The public channel %(subject)s takes no announcements"),
    Watched.WEBHOOK: _("Webhook %(subject)s is not reached"),
    Watched.DATABASE: _("The database does not answer"),
    Watched.REDIS: _("The server of limits and queues does not answer"),
}
HINTS: Mapping[Watched, str] = {
    Watched.STALLED: _("No worker takes it up. See that workers and beat run."),
    Watched.PROVIDER: _(
        "Its messages wait or go another way. Look at the network's own news and at our account."
    ),
    Watched.LIMIT: _(
        "The network asked us to be slower, or refuses much. Look at 'broadcaster limits show'."
    ),
    Watched.RECEIPTS: _(
        "Messages leave, and networks report nothing. See that they reach our public address."
    ),
    Watched.RECEIPTS_WAIT: _("See that a worker serves the queue 'control'."),
    Watched.DISK: _("Make room, or archive campaigns that ended."),
    Watched.CONNECTIONS: _("Stop what else uses the database, or allow more connections."),
    Watched.DOUBT: _(
        "Nobody knows whether they left; they are not sent again blindly. Look at the report."
    ),
    Watched.ANNOUNCEMENT: _("Look at 'broadcaster publish --check', and at the channel itself."),
    Watched.WEBHOOK: _(
        "Its receiver does not answer or refuses. See its log, and mend or remove it."
    ),
    Watched.DATABASE: _("Nothing is sent meanwhile, and nothing is lost. Start it."),
    Watched.REDIS: _("Nothing is sent meanwhile, and nothing is lost. Start it."),
}
NEWS: Mapping[News, str] = {
    News.RAISED: _("Alert: %(what)s"),
    News.LASTING: _("Still: %(what)s"),
    News.OVER: _("Over: %(what)s"),
}
SINCE = _("Since %(time)s.")
TEST_TITLE = _("A test of alerts")
TEST_BODY = _("This is how the team will be told. Nothing is wrong.")


def speaker(settings: Settings) -> "Speaker":
    """Make what speaks, from the catalogues alone: a broken template keeps nobody from being told.

    ConfigurationError when the locales themselves can't be read.
    """
    folders = [*settings.locales, bootstrap.shipped("locales")]
    locales, _faults = load_locales(folders, settings.default_locale)
    return Speaker(settings, locales)


class Speaker:
    """Puts notices into the team's language."""

    def __init__(self, settings: Settings, locales: Locales) -> None:
        """Read the catalogues; English where the language that is set is not whole here."""
        offered = Languages([*settings.locales, bootstrap.shipped("locales")], locales)
        # A catalogue that lacks a text must not keep the team from being told.
        found = offered.get(settings.watching.locale) or offered.offered()[-1]
        self._language: Language = found
        self._zone = ZoneInfo(settings.time_zone)
        self._url = settings.console_url

    def say(self, notice: Notice) -> Announcement:
        """Say what is told."""
        say = self._language.gettext
        what = say(TITLES[notice.watched]) % {"subject": notice.subject}
        time = notice.since.astimezone(self._zone).strftime("%Y-%m-%d %H:%M %Z")
        lines = [say(SINCE) % {"time": time}]
        if notice.news is not News.OVER:
            lines.append(say(HINTS[notice.watched]))
        return Announcement(
            title=say(NEWS[notice.news]) % {"what": what}, body="\n".join([*lines, self._url])
        )

    def test(self) -> Announcement:
        """Say that it is a test."""
        say = self._language.gettext
        return Announcement(title=say(TEST_TITLE), body=f"{say(TEST_BODY)}\n{self._url}")
