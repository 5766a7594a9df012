"""Who may do what, written out a second time."""

import pytest

from broadcaster.domain.access import ALLOWED, Action, Role, allowed, roles_of
from broadcaster.errors import InvalidInputError

#: viewer, author, approver, duty officer, administrator.
_TABLE = {
    "look": "yes yes yes yes yes",
    "see_people": "no yes yes yes no",
    "write": "no yes no yes no",
    "edit_audience": "no yes no yes no",
    "change_people": "no yes no yes no",
    "erase": "no no no no yes",
    "approve": "no no yes yes no",
    "bypass": "no no no yes no",
    "launch": "no no yes yes no",
    "stop": "no yes yes yes no",
    "steer": "no no yes yes no",
    "edit_kinds": "no yes no no yes",
    "change_limits": "no no no yes yes",
    "audit": "no no yes yes yes",
    "administer": "no no no no yes",
}


def test_each_action_is_allowed_to_the_roles_of_the_table() -> None:
    """A change of the rule has to be made twice, hence on purpose."""
    written = {
        action.value: " ".join("yes" if role in ALLOWED[action] else "no" for role in Role)
        for action in Action
    }
    assert written == _TABLE


def test_several_roles_may_do_what_each_of_them_may() -> None:
    """Roles add up and take nothing away."""
    both = allowed([Role.AUTHOR, Role.ADMINISTRATOR])
    assert both == allowed([Role.AUTHOR]) | allowed([Role.ADMINISTRATOR])
    assert allowed([]) == frozenset()


def test_roles_are_read_from_words() -> None:
    """Case and blanks are no matter; an unknown word is named, and none is refused."""
    assert roles_of([" Viewer", "duty_officer"]) == {Role.VIEWER, Role.DUTY_OFFICER}
    with pytest.raises(InvalidInputError, match=r"role: 'king' is unknown\. Use viewer, author"):
        roles_of(["viewer", "king"])
    with pytest.raises(InvalidInputError, match="role: is empty"):
        roles_of([" "])
