"""The public site: what is frozen stays, how it stands is said, and others read the feeds."""

import calendar
import json
import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import feedparser  # type: ignore[import-untyped]  # (the library has no types)
import pytest

from broadcaster.domain.advisory import MessageType
from broadcaster.domain.publication import PublicState, standings
from broadcaster.publication.projecting import project
from broadcaster.publication.serving import Asked
from tests.builders import NOON
from tests.public_scene import PUBLIC_URL, PublicScene, sample, scene, shipped_pages

LOCALES = ("ar", "en", "es", "fr")
_DAY = timedelta(days=1)


@pytest.fixture
def public(tmp_path: Path) -> PublicScene:
    """Give a scene."""
    return scene(tmp_path)


class _Page(HTMLParser):
    """What somebody who hears a page, or has no mouse, can find in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in {"a", "link"}:
            self.links.append(dict(attrs).get("href") or "")

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def _main(html: str) -> str:
    """Give a page without what is said above it and in its head."""
    bare = re.sub(r'<aside class="bc-state.*?</aside>\n', "", html, flags=re.DOTALL)
    return bare[bare.index("<body") :]


@pytest.mark.parametrize("tag", LOCALES)
def test_a_page_is_found_in_every_language(public: PublicScene, tag: str) -> None:
    """Whole, small, of no third party, with the others by hreflang and the alert beside it."""
    number = public.publish()
    html = public.text(f"/advisories/{number}/{tag}")
    page = _Page(html)
    assert len(html.encode()) < 100_000
    assert "contact@lydec.co.ma" in html
    (root,) = page.all("html")
    assert (root["lang"], root["dir"]) == (tag, "rtl" if tag == "ar" else "ltr")
    listed = {link["hreflang"] for link in page.all("link") if "hreflang" in link}
    assert listed == set(LOCALES)
    assert f"{PUBLIC_URL}/advisories/{number}/cap.xml" in page.links
    assert not page.all("script")
    # Its icon is within it: no browser asks for another file.
    for shown in (page, _Page(public.text(f"/advisories/{tag}"))):
        (icon,) = (link["href"] for link in shown.all("link") if link.get("rel") == "icon")
        assert icon is not None
        assert icon.startswith("data:image/svg+xml,%3Csvg ")
    assert all(
        link.startswith((PUBLIC_URL, "tel:", "mailto:", "https://client.lydec.ma"))
        for link in page.links
        if link != icon
    )


@pytest.mark.parametrize("tag", LOCALES)
def test_the_index_is_for_keyboard_and_screen_reader_too(public: PublicScene, tag: str) -> None:
    """One main that a first link leads to, headings in order, every navigation named."""
    public.publish()
    page = _Page(public.text(f"/advisories/{tag}"))
    (root,), (main,) = page.all("html"), page.all("main")
    assert (root["lang"], root["dir"]) == (tag, "rtl" if tag == "ar" else "ltr")
    assert next(attrs for name, attrs in page.tags if name == "a")["href"] == f"#{main['id']}"
    named = {heading.get("id") for heading in page.all("h2")}
    assert all(nav.get("aria-label") or nav["aria-labelledby"] in named for nav in page.all("nav"))
    headings = [int(name[1]) for name, _ in page.tags if re.fullmatch(r"h\d", name)]
    assert headings[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(headings))
    assert {section["aria-labelledby"] for section in page.all("section")} <= named
    assert {link["type"] for link in page.all("link") if link.get("type")} == {
        "application/atom+xml",
        "application/feed+json",
    }


def test_every_link_within_leads_somewhere(public: PublicScene) -> None:
    """In all languages, of lists, places, pages, feeds and alerts."""
    for _ in range(3):
        public.publish()
    paths = [path for path in public.folder.site.rglob("*") if path.suffix in {".html", ".xml"}]
    links = {
        link.removeprefix(PUBLIC_URL)
        for path in paths
        for link in re.findall(r'(?:href|uri)="([^"#]+)"', path.read_text("utf-8"))
        if link.startswith(PUBLIC_URL)
    }
    assert len(links) > 20
    for link in links:
        public.text(link)


def test_what_is_published_is_frozen(public: PublicScene) -> None:
    """Other facts later change nothing of it; nor does publishing again."""
    number = public.publish()
    said, cap = public.text(f"/advisories/{number}/fr"), public.record(number).cap
    public.advisories[number] = replace(public.advisories[number], facts={})
    public.publisher.publish()
    public.publisher.rewrite()
    assert public.text(f"/advisories/{number}/fr") == said
    assert public.record(number).cap == cap


@pytest.mark.parametrize(
    ("kind", "state", "words"),
    [
        (MessageType.UPDATE, "replaced", "This notice has been replaced."),
        (MessageType.CORRECTION, "replaced", "This notice has been replaced."),
        (MessageType.CANCEL, "withdrawn", "has been withdrawn"),
        (MessageType.ALL_CLEAR, "over", "It is over"),
    ],
)
def test_a_former_page_stays_and_says_what_followed(
    public: PublicScene, kind: MessageType, state: str, words: str
) -> None:
    """With a link to the newest, also over several; its own words are as they were."""
    first = public.publish()
    before = public.text(f"/advisories/{first}/en")
    second = public.publish(sample(message_type=MessageType.UPDATE, follows=first))
    third = public.publish(sample(message_type=kind, follows=second))
    for former in (first, second):
        page = public.text(f"/advisories/{former}/en")
        assert words in page
        assert f'bc-state bc-{state}"' in page
        assert f'href="{PUBLIC_URL}/advisories/{third}/en"' in page
    assert _main(public.text(f"/advisories/{first}/en")) == _main(before)
    newest = public.text(f"/advisories/{third}/en")
    assert f'href="{PUBLIC_URL}/advisories/{second}/en"' in newest
    assert "bc-active" in newest


def test_one_that_was_called_off_says_so(public: PublicScene) -> None:
    """On its page, in the lists, and in the feeds, which lead to what takes it back."""
    number = public.publish()
    before = public.text(f"/advisories/{number}/fr")
    public.store.off.append((number, NOON + timedelta(minutes=1)))
    public.publisher.publish()
    page = public.text(f"/advisories/{number}/fr")
    assert "Cet avis a été retiré" in page
    assert _main(page) == _main(before)
    assert "<msgType>Cancel</msgType>" in public.text(f"/advisories/{number}/cap-cancel.xml")
    assert "Retiré" in public.text("/advisories/fr")
    feed = feedparser.parse(public.text("/advisories/fr/atom.xml"))
    assert feed.entries[0].tags[0].term == "withdrawn"
    assert f"{PUBLIC_URL}/advisories/{number}/cap-cancel.xml" in [
        link.href for link in feed.entries[0].links
    ]


def test_time_alone_changes_how_it_stands(public: PublicScene) -> None:
    """From planned over active to ended, where the database answers no more, too."""
    number = public.publish()
    record = public.record(number)
    onset = NOON + timedelta(hours=2)
    frozen = record.frozen.replace('"onset": null', f'"onset": "{onset.isoformat()}"')
    public.store.held[number] = replace(record, frozen=frozen, change=99)
    public.publisher.publish()
    public.store.down = True
    for moment, state in ((NOON, "planned"), (onset, "active"), (NOON + _DAY, "ended")):
        public.clock.moment = moment
        public.publisher.reproject()
        page = public.text(f"/advisories/{number}/en")
        assert f"bc-{state}" in page
        assert f'id="{state}"' in public.text("/advisories/en")
        assert public.publisher.reproject() is None


def test_an_exercise_is_marked_and_listed_nowhere(public: PublicScene) -> None:
    """Its page is for those who take part; no search engine shows it, no channel announces it."""
    drill = public.publish(drill=True)
    real = public.publish()
    page = public.text(f"/advisories/{drill}/en")
    assert "This is an exercise" in page
    assert "noindex" in page
    for path in ("/advisories/en", "/advisories/en/atom.xml", "/advisories/en/feed.json"):
        text = public.text(path)
        assert f"/advisories/{drill}/" not in text
        assert f"/advisories/{real}/" in text
    assert public.store.announced == [(real, "town")]


@pytest.mark.parametrize("tag", LOCALES)
def test_an_independent_reader_understands_the_feeds(public: PublicScene, tag: str) -> None:
    """Atom without a complaint, and JSON Feed with the same in it."""
    first = public.publish()
    public.clock.moment += timedelta(minutes=5)
    second = public.publish(sample(message_type=MessageType.UPDATE, follows=first))
    read = feedparser.parse(public.text(f"/advisories/{tag}/atom.xml"))
    assert not read.bozo
    assert read.version == "atom10"
    assert [entry.link for entry in read.entries] == [
        f"{PUBLIC_URL}/advisories/{one}/{tag}" for one in (second, first)
    ]
    assert len({entry.id for entry in read.entries}) == 2
    assert _moment(read.entries[1].published_parsed) == NOON
    assert _moment(read.entries[1].updated_parsed) == public.clock.moment
    assert _moment(read.feed.updated_parsed) == public.clock.moment
    values = json.loads(public.text(f"/advisories/{tag}/feed.json"))
    assert values["version"] == "https://jsonfeed.org/version/1.1"
    assert values["feed_url"] == f"{PUBLIC_URL}/advisories/{tag}/feed.json"
    assert [(one["id"], one["url"], one["title"]) for one in values["items"]] == [
        (entry.id, entry.link, entry.title) for entry in read.entries
    ]
    assert all(one["content_text"] for one in values["items"])
    assert values["language"] == read.feed.language == tag


def _moment(parsed: time.struct_time) -> datetime:
    return datetime.fromtimestamp(calendar.timegm(parsed), UTC)


def test_hostile_texts_break_neither_page_nor_feed(public: PublicScene) -> None:
    """A headline, a place and a summary are shown as they are."""
    hostile = "<img src=x onerror=alert(1)>&amp;\"'\u0007]]>"
    number = public.publish()
    record = public.record(number)
    values = json.loads(record.frozen)
    for edition in values["editions"]:
        edition.update(headline=hostile, description=hostile, places=[hostile])
    public.store.held[number] = replace(record, frozen=json.dumps(values), change=99)
    public.publisher.publish()
    for path in (p for p in public.folder.site.rglob("*.html") if p.parent.name != "en"):
        assert "<img" not in path.read_text("utf-8")
    read = feedparser.parse(public.text("/advisories/fr/atom.xml"))
    assert not read.bozo
    assert read.entries[0].title == hostile.replace("\u0007", "")
    assert json.loads(public.text("/advisories/fr/feed.json"))["items"][0]["title"] == hostile


def test_lists_are_bounded_and_the_rest_is_in_the_archive(public: PublicScene) -> None:
    """A thousand notices: every page stays small, each is in a list, and chunks stay the same."""
    number = public.publish()
    entries, _ = public.folder.entries()
    one = replace(entries[number], expires=NOON + timedelta(days=400))
    many = {n: replace(one, advisory=n, sent=NOON + timedelta(minutes=n)) for n in range(1, 1001)}
    files = {
        f.path: f.make() for f in public.site.lists(many.values(), standings(many.values(), NOON))
    }
    assert max(len(content) for content in files.values()) < 100_000
    assert len([path for path in files if "/ar/archive/" in path]) == 10
    archived = "".join(files[path].decode() for path in files if "/ar/archive/" in path)
    assert {int(n) for n in re.findall(r"/advisories/(\d+)/ar\"", archived)} == set(many)
    fewer = {n: many[n] for n in range(1, 951)}
    again = {
        f.path: f.make() for f in public.site.lists(fewer.values(), standings(fewer.values(), NOON))
    }
    path = "advisories/ar/archive/3/index.html"
    assert again[path] == files[path]


def test_the_site_is_written_once_and_mended(public: PublicScene, tmp_path: Path) -> None:
    """Twice is as good as once; what is damaged is named and made anew, what is gone leaves."""
    public.publish()
    assert public.publisher.publish() is None
    assert public.publisher.differing() == []
    page = public.folder.site / "advisories/1/fr/index.html"
    page.write_text("damaged", encoding="utf-8")
    stray = public.folder.site / "advisories/fr/places/0123456789ab/index.html"
    stray.parent.mkdir(parents=True)
    stray.write_text("former", encoding="utf-8")
    assert public.publisher.differing() == ["advisories/1/fr/index.html"]
    done = public.publisher.rewrite()
    assert (done.written, done.removed) == (1, 1)
    assert not stray.parent.exists()
    other = tmp_path / "bucket"
    for left, words in {"advisories/7/fr/index.html": "gone", "robots.txt": "ours"}.items():
        (other / left).parent.mkdir(parents=True, exist_ok=True)
        (other / left).write_text(words, encoding="utf-8")
    first = public.publisher.write(other)
    assert (first.removed, (other / "advisories/7").exists()) == (1, False)
    again = public.publisher.write(other)
    assert (again.written, again.kept) == (0, first.written)
    names = {path.relative_to(other) for path in other.rglob("*") if path.is_file()}
    # What is not ours there stays.
    assert names - {Path("robots.txt")} == {
        path.relative_to(public.folder.site)
        for path in public.folder.site.rglob("*")
        if path.is_file()
    }


def test_a_lost_folder_is_made_again_from_what_is_kept(public: PublicScene, tmp_path: Path) -> None:
    """The same bytes; and one that is damaged is taken for lost."""
    public.publish()
    page = public.text("/advisories/1/ar")
    other = scene(tmp_path / "other")
    other.store = public.publisher.store  # type: ignore[assignment]  # (what is kept of both)
    other.publisher.store = public.store
    other.publisher.publish()
    assert other.text("/advisories/1/ar") == page
    (public.folder.root / "entries.json").write_text("{", encoding="utf-8")
    public.publisher.publish()
    assert public.text("/advisories/1/ar") == page
    assert public.publisher.differing() == []


def test_one_that_is_damaged_keeps_its_pages_until_it_is_taken_again(public: PublicScene) -> None:
    """Nothing else is stopped by it, with or without the database."""
    first, second = public.publish(), public.publish()
    page = public.text(f"/advisories/{first}/ar")
    (public.folder.root / "frozen" / f"{first}.json").write_text("", encoding="utf-8")
    (public.folder.root / "state.json").unlink()
    (public.folder.site / f"advisories/{second}/ar/index.html").unlink()
    assert f"frozen/{first}.json" in public.publisher.differing()
    public.store.down = True
    public.publisher.reproject()
    assert public.text(f"/advisories/{first}/ar") == page
    assert public.text(f"/advisories/{second}/ar")
    assert public.publisher.reproject() is None or public.publisher.reproject() is None
    public.store.down = False
    public.publisher.publish()
    assert public.publisher.differing() == []


def test_a_database_made_anew_shows_no_page_of_the_former(
    public: PublicScene, tmp_path: Path
) -> None:
    """Its numbers begin again, and the folder has stayed."""
    public.publish()
    public.publish()
    public.store.off.append((1, NOON))
    public.publisher.publish()
    anew = scene(tmp_path)
    number = anew.publish(sample("water_boil"))
    assert number == 1
    assert anew.text("/advisories/1/cap.xml") == anew.record(1).cap != public.record(1).cap
    for path in ("/advisories/1/cap-cancel.xml", "/advisories/2", "/advisories/2/ar"):
        assert anew.files.answer(path, Asked()) is None
    assert anew.publisher.differing() == []


def test_what_can_not_be_published_stops_nothing_else(public: PublicScene) -> None:
    """A kind that is gone, or content that is not what was approved; the reason is kept."""
    gone = public.add(replace(sample(), kind="gone"))
    good = public.publish()
    assert set(public.store.held) == {good}
    assert "'gone' is unknown" in public.store.faults[gone]
    public.whole = False
    changed = public.publish()
    assert "would not read as it was approved" in public.store.faults[changed]
    assert "publish --again" in public.store.faults[changed]


def test_a_change_of_templates_makes_every_page_anew(public: PublicScene) -> None:
    """What is around is not frozen; what is inside is."""
    public.publish()
    state = public.folder.state()
    state.fingerprint = "former"
    public.folder.save_state(state)
    with public.folder.lock():
        done = project(public.folder, public.site, NOON)
    assert done.written == 0
    assert done.kept > 15


def test_states_are_told_apart() -> None:
    """Only what is planned or active is to be gone by."""
    current = {state for state in PublicState if state.current}
    assert current == {PublicState.PLANNED, PublicState.ACTIVE}
    assert shipped_pages().locales == LOCALES
