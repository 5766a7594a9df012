"""Which areas an expression is bound to: where everybody is whom it can select."""

from dataclasses import dataclass

from broadcaster.audience.expression import And, Expression, InArea, Near, Or

#: A place that an expression names: a saved area, or a circle.
Bound = InArea | Near


@dataclass(frozen=True, slots=True)
class Cover:
    """Places that together hold everybody who can be selected; none when there are no bounds."""

    places: tuple[Bound, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether there are bounds at all."""
        return bool(self.places)


def cover(expression: Expression) -> Cover:
    """Find places that hold all whom an expression selects.

    Of what must hold together the first that is bound is enough; of what may hold instead all must
    be. What is excluded binds nobody.
    """
    if isinstance(expression, InArea | Near):
        return Cover((expression,))
    if isinstance(expression, And):
        return next((found for part in expression.parts if (found := cover(part))), Cover())
    if isinstance(expression, Or):
        covers = [cover(part) for part in expression.parts]
        if all(covers):
            return Cover(tuple(dict.fromkeys(one for each in covers for one in each.places)))
    return Cover()
