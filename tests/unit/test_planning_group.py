"""Customers who are told alike, as they are shown where something fails."""

from broadcaster.planning.groups import Group


def test_a_group_shows_no_name() -> None:
    """With one customer a group, its forms are the name as it is."""
    group = Group(1, 7, "fr", (None,), ("+212661",), ("xAmina Bennani",), None)
    for shown in (repr(group), str(group), f"{group}", f"{[group]}"):
        assert "Amina" not in shown
        assert "661" not in shown
        assert "customer=7" in shown
