"""What a saved expression is read and translated with: attributes, names, segments, the day."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from broadcaster.audience.attributes import Catalogue
from broadcaster.audience.expression import Expression
from broadcaster.audience.including import resolved
from broadcaster.audience.places import Places
from broadcaster.audience.query import parse
from broadcaster.audience.reading import Names
from broadcaster.audience.sql import Setting, condition
from broadcaster.domain.nearest import close
from broadcaster.errors import NotFoundError
from broadcaster.ports import Condition, Vault


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """Everything that was read of the database for one expression or several.

    `campaigns` can be asked for by name; those that are `forgotten` no longer, as nobody can be
    found in them.
    """

    catalogue: Catalogue
    campaigns: Mapping[str, int]
    segments: Mapping[str, str]
    today: date
    places: Places | None
    vault: Vault
    forgotten: Collection[str] = ()

    @property
    def names(self) -> Names:
        """The names that an expression may refer to."""
        return Names(segments=self.segments, campaigns=self.campaigns, forgotten=self.forgotten)

    def parse(self, text: str) -> Expression:
        """Read an expression; InvalidInputError."""
        return parse(text, self.catalogue, self.names)

    def resolve(self, expression: Expression, name: str | None = None) -> Expression:
        """Replace the segments in an expression, which is that of `name`; InvalidInputError."""
        return resolved(expression, self._meaning, (name,) if name else ())

    def condition(self, expression: Expression) -> Condition:
        """Translate an expression, the segments in it included; InvalidInputError."""
        setting = Setting(
            catalogue=self.catalogue,
            today=self.today,
            campaigns=self.campaigns,
            places=self.places,
            vault=self.vault,
        )
        return condition(self.resolve(expression), setting)

    def _meaning(self, name: str) -> Expression:
        if name not in self.segments:
            remedy = close(name, self.segments) or "Save a segment of that name."
            raise NotFoundError("segment", f"{name!r} does not exist", remedy)
        return self.parse(self.segments[name])
