"""A sheet as one HTML file: nothing is fetched, no script is needed, nothing in it can act.

Mails and pages stand in frames with an empty `sandbox`, and the policy of the file holds within
them too: no script, no form, no image from elsewhere, no way out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from importlib import resources
from typing import TYPE_CHECKING

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from broadcaster.domain.message import Channel
from broadcaster.render.sheets import reading
from broadcaster.render.sheets.cells import Cell, Group
from broadcaster.render.speech import ConsoleSpeech

if TYPE_CHECKING:
    from collections.abc import Callable


class Look(StrEnum):
    """How a sheet looks, and how what it shows is asked to look."""

    LIGHT = "light"
    DARK = "dark"


def _file(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text("utf-8")


@dataclass(frozen=True, kw_only=True)
class SheetWriter:
    """Writes sheets whose own words are those of one language of the console."""

    speech: ConsoleSpeech

    def page(
        self,
        groups: Sequence[Group],
        looks: Sequence[Look] = (Look.LIGHT,),
        *,
        campaign: str = "",
    ) -> str:
        """Write the whole file; `campaign` names the campaign whose words these are."""
        return self._render(
            "page.html",
            {"groups": groups, "looks": looks, "campaign": campaign, "style": Markup(style())},  # noqa: S704  (our own file)
        )

    def cell(self, cell: Cell) -> str:
        """Write one message as a piece of a page; that page brings `style()` and a look's class."""
        return self._render("cell.html", {"cell": cell})

    def _render(self, name: str, values: Mapping[str, object]) -> str:
        return self._environment.get_template(name).render(values)

    @cached_property
    def _environment(self) -> Environment:
        environment = Environment(
            loader=FunctionLoader(_file),
            autoescape=True,
            undefined=StrictUndefined,
            extensions=["jinja2.ext.i18n"],
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.policies["ext.i18n.trimmed"] = True
        # Given by the extension, which has no types.
        install: Callable[..., None] = vars(environment)["install_gettext_callables"]
        install(self.speech.gettext, self.speech.ngettext, newstyle=True)
        environment.filters.update(
            number=lambda count: self.speech.number(Decimal(count)),
            label=self._label,
            beginning=reading.beginning,
            height=reading.height,
        )
        environment.globals.update(locale=self.speech.locale, Channel=Channel)
        return environment

    def _label(self, group: Group) -> str:
        """Give a kind's name in the sheet's language, else in English, else as its folder."""
        labels = group.labels
        return labels.get(self.speech.language) or labels.get("en") or group.kind


def style() -> str:
    """Give the styles that cells and sheets need; all selectors are below the class `sheet`."""
    return _file("sheet.css")
