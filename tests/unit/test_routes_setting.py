"""The setting that says which networks serve which destination."""

import pytest

from broadcaster.domain.options import Options
from broadcaster.errors import InvalidInputError


def _read(text: str) -> dict[str, tuple[str, ...]]:
    return dict(Options("X_", {"X_ROUTES": text}).routes("ROUTES", ""))


def test_routes_are_ordered_and_may_be_special() -> None:
    """A scheme, a prefix of numbers, a mail domain; the preferred provider first."""
    assert _read("tel=a, b;tel/+212=c;mailto/example.org=d") == {
        "tel": ("a", "b"),
        "tel/+212": ("c",),
        "mailto/example.org": ("d",),
    }


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("fax=a", "'fax' is no destination"),
        ("tel/0522=a", "'tel/0522' is no destination"),
        ("mailto/Example.org=a", "is no destination"),
        ("tel=", "tel has no provider"),
        ("tel=,", "tel has no provider"),
        ("tel", "has no '='"),
    ],
)
def test_faults_are_named_with_the_remedy(text: str, fault: str) -> None:
    """The setting, the value and what to write."""
    with pytest.raises(InvalidInputError, match="X_ROUTES") as caught:
        _read(text)
    assert fault in str(caught.value)
