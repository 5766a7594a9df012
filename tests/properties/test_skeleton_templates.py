"""Filled messages equal rendered ones: made-up templates, hostile readers, every surface."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcaster.domain.message import Channel
from broadcaster.ports import Reader
from tests import skeleton_sources, skeletons

_PLAIN = [
    Reader(name=name, number=number, unsubscribe_url=f"https://x.test/{name}", page_url=page)
    for name, number, page in (
        ("Ali", "1", "https://x.test/1/ar"),
        ("Alix", "Ali", "Ali"),
        ("Fatima & Zahra", "", "https://x.test/1?a=1&b=2"),
        ("", "22", ""),
        ("A", "A", "Alix"),
    )
]
_READERS = st.lists(skeleton_sources.READERS, min_size=1, max_size=4)


@pytest.fixture(scope="module")
def locales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give three locales of made-up words."""
    folder = tmp_path_factory.mktemp("locales")
    skeletons.write_locales(folder)
    return folder


def _check(locales: Path, parts: dict[str, str], readers: list[Reader]) -> None:
    channel = Channel(next(iter(parts)).partition("/")[0])
    with tempfile.TemporaryDirectory() as folder:
        skeletons.write_kind(Path(folder), parts)
        renderer = skeletons.make(Path(folder), locales)
        if "made" in renderer.kinds:
            assert skeletons.differences(renderer, channel, readers) == []


@pytest.mark.parametrize("field", skeleton_sources.FIELDS)
def test_every_way_to_say_something_is_filled_as_rendered(
    tmp_path: Path, locales: Path, field: str
) -> None:
    """Each way to put out, pass on or look at each field gives the same, for plain readers."""
    other = "reader.number" if field == "reader.name" else "reader.name"
    shapes = (*skeleton_sources.GENTLE, *skeleton_sources.PRYING)
    for number, shape in enumerate(shapes):
        source = skeleton_sources.speak(shape, field, other)
        skeletons.write_kind(tmp_path, {"sms/body.txt": source}, f"made_{number}")
    renderer = skeletons.make(tmp_path, locales)
    assert len(renderer.kinds) > len(shapes) * 0.9
    for kind in renderer.kinds:
        assert skeletons.differences(renderer, Channel.SMS, _PLAIN, kind) == []


@pytest.mark.parametrize("prying", [False, True])
@given(st.data())
@settings(max_examples=50, deadline=None)
def test_sms_are_filled_as_rendered(locales: Path, prying: bool, data: st.DataObject) -> None:  # noqa: FBT001  (pytest gives it by name)
    """An SMS is the same, from whatever template and for whatever reader."""
    source = data.draw(skeleton_sources.sources(prying=prying))
    _check(locales, {"sms/body.txt": source}, data.draw(_READERS))


@pytest.mark.parametrize("prying", [False, True])
@given(st.data())
@settings(max_examples=20, deadline=None)
def test_push_is_filled_as_rendered(locales: Path, prying: bool, data: st.DataObject) -> None:  # noqa: FBT001  (as above)
    """Title, body and link of a push message are the same."""
    parts = {
        "push/title.txt": data.draw(skeleton_sources.sources(prying=prying)),
        "push/body.txt": data.draw(skeleton_sources.sources(prying=prying)),
    }
    _check(locales, parts, data.draw(_READERS))


@pytest.mark.parametrize("prying", [False, True])
@given(st.data())
@settings(max_examples=40, deadline=None)
def test_mails_are_filled_as_rendered(locales: Path, prying: bool, data: st.DataObject) -> None:  # noqa: FBT001  (as above)
    """Subject, text and HTML of a mail are the same, also where the subject is in the HTML."""
    parts = skeletons.mail(
        data.draw(skeleton_sources.columns(prying=prying)),
        subject=data.draw(skeleton_sources.sources(prying=prying)),
        text=data.draw(skeleton_sources.sources(prying=prying)),
    )
    _check(locales, parts, data.draw(_READERS))
