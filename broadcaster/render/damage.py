"""A locale with a file that cannot be read: what that means, and what to do."""

from broadcaster.render.findings import Gravity
from broadcaster.render.locales import Locale, Review
from broadcaster.render.wording import Fault


def gravity_of_damage(locale: Locale | None) -> Gravity:
    """Say how grave it is: where nothing was sent before, nobody is told less."""
    unreleased = locale is None or locale.review is Review.NEEDS_NATIVE_REVIEW
    return Gravity.WARNING if unreleased else Gravity.ERROR


def left_out(tag: str, problem: str) -> Fault:
    """Tell what is wrong with a file, and the remedy."""
    remedy = f"Or put a good copy of the file in its place. Until then {tag} is left out."
    return Fault(problem.removesuffix("."), remedy)
