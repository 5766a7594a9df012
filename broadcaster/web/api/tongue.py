"""In which language a problem is told: the one that `Accept-Language` asks for, if we have it."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from starlette.requests import Request

from broadcaster.domain.saying import Saying
from broadcaster.web.languages import Language, Languages, accepted
from broadcaster.web.telling import Telling


class Tongue:
    """Tells texts of one request; `spoken` turns true when one of them was translated."""

    def __init__(self, request: Request) -> None:
        """Find the language; English where nothing is asked for."""
        self._language: Language | None = None
        self.spoken = False
        state = request.app.state
        wanted = accepted(request.headers.get("accept-language", ""))
        found = _wanted(state.languages, wanted) if hasattr(state, "languages") else None
        if found is not None and not found.locale.source:
            self._language = found
            self._telling = Telling(found, ZoneInfo(state.runtime.settings.time_zone))

    @property
    def headers(self) -> dict[str, str]:
        """Say which language it is, and what that hung on."""
        told = self._language.locale.lang if self._language and self.spoken else "en"
        return {"Content-Language": told, "Vary": "Accept-Language"}

    def tell(self, text: str) -> str:
        """Tell a text; what is no saying, or has no translation, stays English."""
        if self._language is None or not isinstance(text, Saying):
            return text
        told = self._telling.told(text)
        self.spoken = self.spoken or "<span lang=" not in told[:12]
        return told.striptags()


def _wanted(languages: Languages, tags: Sequence[str]) -> Language | None:
    """Find the first that we have; what is like none of ours is English, as everything is."""
    for tag in tags:
        found = languages.get(tag)
        if found is not None and found.locale.language == tag.partition("-")[0].lower():
            return found
    return None
