"""Freezing: an advisory becomes what is published of it, once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from broadcaster.domain.advisory import Advisory
from broadcaster.domain.campaign import Campaign
from broadcaster.domain.publication import Publication
from broadcaster.ports import Editing, Locating, PublicPages, Record, Signing, Whereabouts
from broadcaster.publication import cap, records

#: A page of more octets is refused: it is read over slow networks.
LARGEST_PAGE = 100_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Freezer:
    """Makes records. `sender` is CAP's: empty for the host of `public_url`."""

    editor: Editing
    pages: PublicPages
    locate: Locating
    signer: Signing | None
    public_url: str
    sender: str
    zone: ZoneInfo

    def freeze(
        self, campaign: Campaign, advisory: Advisory, earlier: Sequence[Record], now: datetime
    ) -> Record:
        """Render everything; errors as those of the renderer, ValueError for a page too large.

        `earlier` are those before it in its thread, the first first.
        """
        sent = now.replace(microsecond=0)
        before = [records.read(one.frozen) for one in earlier]
        where, keys = self._where(campaign, before)
        categories, responses = self.editor.words(advisory)
        onset = self.editor.onset(advisory)
        frozen = Publication(
            advisory=advisory.id,
            version=advisory.version,
            kind=advisory.kind,
            message_type=advisory.message_type,
            follows=before[-1].advisory if before else None,
            drill=campaign.drill,
            identifier=cap.identifier(self.public_url, advisory.id, advisory.version, sent),
            sender=self.sender or urlsplit(self.public_url).hostname or "localhost",
            sent=sent,
            effective=advisory.effective,
            onset=onset if onset is not None and onset < advisory.expires else None,
            expires=advisory.expires,
            severity=advisory.severity,
            urgency=advisory.urgency,
            certainty=advisory.certainty,
            categories=categories,
            responses=responses,
            polygons=where.polygons,
            circles=where.circles,
            place_keys=self.editor.place_keys(advisory, keys),
            references=tuple(one.reference for one in before if one.drill == campaign.drill),
            editions=self.editor.editions(advisory, keys),
        )
        for edition in frozen.editions:
            if len(edition.html.encode()) > LARGEST_PAGE:
                message = f"the page in {edition.locale} has more than {LARGEST_PAGE:,} octets"
                raise ValueError(message)
        document = self._signed(cap.alert(frozen, self.public_url, self.zone))
        return Record(advisory=advisory.id, frozen=records.written(frozen), cap=document)

    def calling_off(self, record: Record, at: datetime) -> str:
        """Write the alert that takes a publication back, in each of its languages."""
        frozen = records.read(record.frozen)
        headlines = {
            edition.locale: self.pages.page(
                "withdrawn.txt", edition.locale, {"headline": edition.headline}
            ).strip()
            for edition in frozen.editions
            if edition.locale in self.pages.locales
        }
        sent = at.replace(microsecond=0)
        return self._signed(cap.cancellation(frozen, sent, headlines, self.public_url, self.zone))

    def _where(
        self, campaign: Campaign, before: Sequence[Publication]
    ) -> tuple[Whereabouts, tuple[str, ...]]:
        """Say where it holds: where its audience is, else where what it follows held."""
        found = self.locate(campaign)
        if found.names or found.circles or not before:
            return found, found.names
        last = before[-1]
        return Whereabouts(polygons=last.polygons, circles=last.circles), last.place_keys

    def _signed(self, document: str) -> str:
        return self.signer.sign(document) if self.signer else document
