"""Filled messages equal rendered ones: made-up templates, hostile readers, every surface."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcaster.domain.message import Channel
from broadcaster.ports import Reader
from tests import skeleton_sources, skeletons

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


@pytest.mark.parametrize("prying", [False, True])
@given(st.data())
@settings(max_examples=100, deadline=None)
def test_sms_are_filled_as_rendered(locales: Path, prying: bool, data: st.DataObject) -> None:  # noqa: FBT001  (pytest gives it by name)
    """An SMS is the same, from whatever template and for whatever reader."""
    source = data.draw(skeleton_sources.sources(prying=prying))
    _check(locales, {"sms/body.txt": source}, data.draw(_READERS))


@pytest.mark.parametrize("prying", [False, True])
@given(st.data())
@settings(max_examples=60, deadline=None)
def test_push_is_filled_as_rendered(locales: Path, prying: bool, data: st.DataObject) -> None:  # noqa: FBT001  (as above)
    """Title, body and link of a push message are the same."""
    parts = {
        "push/title.txt": data.draw(skeleton_sources.sources(prying=prying)),
        "push/body.txt": data.draw(skeleton_sources.sources(prying=prying)),
    }
    _check(locales, parts, data.draw(_READERS))


@pytest.mark.parametrize("prying", [False, True])
@given(st.data())
@settings(max_examples=100, deadline=None)
def test_mails_are_filled_as_rendered(locales: Path, prying: bool, data: st.DataObject) -> None:  # noqa: FBT001  (as above)
    """Subject, text and HTML of a mail are the same, also where the subject is in the HTML."""
    parts = skeletons.mail(
        data.draw(skeleton_sources.columns(prying=prying)),
        subject=data.draw(skeleton_sources.sources(prying=prying)),
        text=data.draw(skeleton_sources.sources(prying=prying)),
    )
    _check(locales, parts, data.draw(_READERS))
