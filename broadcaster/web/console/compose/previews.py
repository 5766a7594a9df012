"""How messages look while they are worded, and as they will be sent: pages for frames."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from broadcaster.bootstrap import campaign_sheet, own_text, sheet_writer
from broadcaster.channels.sms import measure
from broadcaster.domain.advisory import Advisory
from broadcaster.domain.campaign import Campaign
from broadcaster.domain.message import Channel, PushContent
from broadcaster.domain.wording import LONGEST, key
from broadcaster.errors import ConfigurationError, InvalidInputError
from broadcaster.render.check import sample_advisory, sample_reader
from broadcaster.render.insertions import Insertion, insertions
from broadcaster.render.kinds import Kind
from broadcaster.render.sheets.cells import Sheets
from broadcaster.render.sheets.page import Look, SheetWriter, style
from broadcaster.render.worded import phrased

if TYPE_CHECKING:
    from broadcaster.bootstrap import Runtime


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A text that can be worded, as it stands in its field.

    `own` says that it is the kind's; `frozen` names the facts of which it has the value written
    out. `fault` tells why it can't be shown.
    """

    path: str
    text: str
    own: bool
    frozen: Sequence[str] = ()
    fault: InvalidInputError | None = None

    @property
    def rows(self) -> int:
        """About how many lines its field needs."""
        lines = sum(1 + len(line) // 60 for line in self.text.split("\n"))
        return min(max(lines + 1, 2), 24)


class Previews:
    """Shows what campaigns say."""

    def __init__(self, runtime: "Runtime") -> None:
        """Use the inside."""
        self._runtime = runtime
        self._writers: dict[str, SheetWriter] = {}
        self._examples: dict[tuple[str, str], tuple[Kind, str]] = {}

    def example(self, kind: Kind, tag: str) -> str:
        """Give what a message of a kind begins with, of its samples; empty where it has none."""
        known = self._examples.get((kind.name, tag))
        if known is not None and known[0] is kind:
            return known[1]
        text = ""
        if tag in kind.locales and Channel.PUSH in kind.channels:
            reader = sample_reader(self._runtime.renderer.locales[tag])
            advisory = sample_advisory(kind, kind.sample())
            try:
                content = self._runtime.renderer.preview(advisory, Channel.PUSH, tag, reader)
                text = content.title if isinstance(content, PushContent) else ""
            except ConfigurationError:
                # 'kinds check' names the fault.
                text = ""
        self._examples[kind.name, tag] = (kind, text)
        return text

    def parts(self, campaign: Campaign, advisory: Advisory, tag: str) -> Sequence[Part]:
        """Give the texts of a locale that can be worded; NotFoundError for an unknown one."""
        return [
            self._part(campaign, advisory, path, tag) for path in self.paths(campaign, advisory)
        ]

    def insertions(self, advisory: Advisory, tag: str) -> Sequence[Insertion]:
        """List what may be inserted into the texts of a locale, with what it shows."""
        renderer = self._runtime.renderer
        return insertions(renderer, renderer.kind(advisory), advisory, renderer.locales[tag])

    def paths(self, campaign: Campaign, advisory: Advisory) -> Sequence[str]:
        """List the parts of a campaign that can be worded."""
        kind = self._runtime.renderer.kind(advisory)
        used = {*campaign.channels, *((Channel.EMAIL,) if Channel.WEB in kind.channels else ())}
        return [
            one for one in LONGEST if one in kind.parts and Channel(one.partition("/")[0]) in used
        ]

    def _part(self, campaign: Campaign, advisory: Advisory, path: str, tag: str) -> Part:
        kept = advisory.wording.get(key(path, tag))
        if kept is not None:
            return Part(path=path, text=kept, own=False)
        try:
            text, frozen = own_text(self._runtime, campaign, path, tag)
        except InvalidInputError as error:
            return Part(path=path, text="", own=True, fault=error)
        return Part(path=path, text=text, own=True, frozen=frozen)

    def worded(
        self, campaign: Campaign, advisory: Advisory, tag: str, texts: Mapping[str, str]
    ) -> Mapping[str, str]:
        """Give what was worded otherwise than the kind has it, by its part."""
        parts = {one.path: one for one in self.parts(campaign, advisory, tag)}
        found = {}
        for path, text in texts.items():
            plain = tidy(text)
            part = parts.get(path)
            if part is not None and not (part.own and plain == tidy(part.text)):
                found[path] = plain
        return found

    def locale(
        self,
        campaign: Campaign,
        advisory: Advisory,
        tag: str,
        texts: Mapping[str, str],
        speech: str,
        look: Look,
    ) -> Mapping[str, object]:
        """Show the messages of a locale with texts that are not kept yet: cells by their channel.

        `speech` is the language of the page's own words. What can't be read is told in `fault`.
        """
        kind = self._runtime.renderer.kind(advisory)
        wording, fault = dict(advisory.wording), None
        for path, text in self.worded(campaign, advisory, tag, texts).items():
            try:
                phrased(advisory, kind, path, tag, text)
                wording[key(path, tag)] = text
            except InvalidInputError as error:
                fault = fault or error
        stem = f"{self._runtime.settings.public_url}/advisories/{advisory.id}"
        group = Sheets(renderer=self._runtime.renderer, measure=measure).advisory(
            replace(advisory, wording=wording),
            [tag],
            channels=(*campaign.channels, Channel.WEB),
            page=lambda locale: f"{stem}/{locale.tag}",
        )
        writer = self._writer(speech)
        cells = [
            (channel.value, writer.cell(row.cells[channel]))
            for row in group.rows
            for channel in group.channels
        ]
        return {"cells": cells, "style": style(), "fault": fault, "look": look.value}

    def sheet(self, campaign: Campaign, speech: str, look: Look) -> str:
        """Write everything that a campaign says, in all its languages, as one page."""
        group = campaign_sheet(self._runtime, campaign, ())
        return self._writer(speech).page([group], [look], campaign=campaign.name)

    def _writer(self, tag: str) -> SheetWriter:
        if tag not in self._writers:
            self._writers[tag] = sheet_writer(self._runtime.settings, tag)
        return self._writers[tag]


def tidy(text: str) -> str:
    """Give a text as wordings are kept."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip("\n")
