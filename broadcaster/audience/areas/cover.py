"""Which areas an expression is bound to: where everybody is whom it can select."""

from dataclasses import dataclass, replace

from broadcaster.audience.attributes import OWN_PLACE
from broadcaster.audience.expression import And, Expression, Located, Or


@dataclass(frozen=True, slots=True)
class Cover:
    """Saved areas and circles that hold everybody who can be selected; none without bounds.

    Whichever place of theirs is meant, the customer's own or their meter's, it is told alike.
    """

    places: tuple[Located, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether there are bounds at all."""
        return bool(self.places)


def cover(expression: Expression) -> Cover:
    """Find places that hold all whom an expression selects.

    Of what must hold together the first that is bound is enough; of what may hold instead all must
    be. What is excluded binds nobody.
    """
    if isinstance(expression, Located):
        return Cover((replace(expression, name=OWN_PLACE),))
    if isinstance(expression, And):
        return next((found for part in expression.parts if (found := cover(part))), Cover())
    if isinstance(expression, Or):
        covers = [cover(part) for part in expression.parts]
        if all(covers):
            return Cover(tuple(dict.fromkeys(one for each in covers for one in each.places)))
    return Cover()
