"""Where a campaign's advisory holds: the areas that its audience is bound to, as CAP says them."""

from collections.abc import Callable

from broadcaster.audience.areas.cap import cap_area
from broadcaster.audience.areas.cover import cover
from broadcaster.audience.areas.store import Areas
from broadcaster.audience.expression import Expression, InArea
from broadcaster.domain.campaign import Campaign
from broadcaster.errors import InvalidInputError
from broadcaster.ports import Whereabouts

#: So much of the outlines of areas is told, characters; more is told by their names alone.
_LONGEST = 500_000


class Locator:
    """Finds it in the expression; `parse` reads one."""

    def __init__(self, areas: Areas, parse: Callable[[str], Expression]) -> None:
        """Use saved areas."""
        self._areas = areas
        self._parse = parse

    def __call__(self, campaign: Campaign) -> Whereabouts:
        """Find out; nothing when the expression is bound to no area, or is not read any more."""
        try:
            places = cover(self._parse(campaign.expression)).places
            versions = {one: self._areas.get(one.area) for one in places if isinstance(one, InArea)}
        except InvalidInputError:
            return Whereabouts()
        names: list[str] = []
        polygons: list[str] = []
        circles: list[str] = []
        for place in places:
            if isinstance(place, InArea):
                found = cap_area(versions[place])
                names.append(found.description)
                polygons += found.polygons
                circles += found.circles
            else:
                kilometres = f"{place.metres / 1000:f}"
                circles.append(f"{place.latitude:f},{place.longitude:f} {kilometres}")
        if sum(len(one) for one in polygons) > _LONGEST:
            polygons = []
        return Whereabouts(names=tuple(names), polygons=tuple(polygons), circles=tuple(circles))
