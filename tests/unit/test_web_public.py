"""What customers reach: the public pages of advisories, and the link that ends messages."""

import gzip
import http.client
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from broadcaster import bootstrap
from broadcaster.domain.delivery import DeliveryId
from broadcaster.domain.message import Channel, MessageClass
from broadcaster.domain.tokens import sign
from tests.sandboxes import until
from tests.web_scene import FakeInside, Site, make_inside, serving


@pytest.fixture
def inside(tmp_path: Path) -> FakeInside:
    """Give the fakes."""
    return make_inside(tmp_path)


@pytest.fixture
def site(inside: FakeInside) -> Iterator[Site]:
    """Serve them."""
    with serving(inside) as site:
        yield site


def _token(inside: FakeInside, number: int = 1, purpose: str = "unsubscribe") -> str:
    return sign(bootstrap.signing_key(inside.settings), purpose, DeliveryId(1, number))


@pytest.mark.parametrize("tag", ["ar", "fr", "en", "es"])
def test_an_advisory_is_public_in_its_languages(site: Site, tag: str) -> None:
    """With contacts byte for byte, cached for a moment, its style allowed by its hash."""
    answer = site.ask(f"/advisories/1/{tag}")
    assert answer.status == 200
    assert "contact@lydec.co.ma" in answer.text
    assert "https://client.lydec.ma" in answer.text
    assert "max-age=60" in answer.headers["cache-control"]
    policy = answer.headers["content-security-policy"]
    assert "style-src 'sha256-" in policy
    assert "unsafe" not in policy
    again = site.ask(f"/advisories/1/{tag}", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status, again.text) == (304, "")


@pytest.mark.parametrize(
    "path",
    ["/advisories/1/zgh", "/advisories/1/en-XA", "/advisories/1/xx", "/advisories/2/fr"],
)
def test_what_is_not_approved_is_not_public(site: Site, path: str) -> None:
    """Unfinished locales, unknown ones, unknown advisories."""
    assert site.ask(path).status == 404


def test_what_is_not_launched_is_not_public(inside: FakeInside, site: Site) -> None:
    """A draft can't be guessed at."""
    inside.public.store.wanted.clear()
    assert site.ask("/advisories/1").status == 404
    assert site.ask("/advisories/1/fr").status == 404


def test_the_languages_of_an_advisory_are_listed(site: Site) -> None:
    """Each in its own name and direction."""
    text = site.ask("/advisories/1").text
    listed = re.findall(r'<li><h2><a href="[^"]+/advisories/1/(\w+)"', text)
    assert listed == ["ar", "en", "es", "fr"]
    assert text.count('rel="alternate" hreflang=') == 5


MEDIA_TYPES = {
    "/advisories": "text/html; charset=utf-8",
    "/advisories/": "text/html; charset=utf-8",
    "/advisories/ar": "text/html; charset=utf-8",
    "/advisories/fr/atom.xml": "application/atom+xml; charset=utf-8",
    "/advisories/fr/feed.json": "application/feed+json; charset=utf-8",
    "/advisories/1/cap.xml": "application/cap+xml; charset=utf-8",
}


def test_lists_feeds_and_alerts_are_served(site: Site) -> None:
    """Each as what it is, cached for a moment, and told apart when it changes."""
    site.ask("/advisories/1/fr")
    for path, media_type in MEDIA_TYPES.items():
        answer = site.ask(path)
        assert (answer.status, answer.headers["content-type"]) == (200, media_type)
        assert "max-age=60" in answer.headers["cache-control"]
        head = site.ask(path, method="HEAD")
        assert (head.status, head.text) == (200, "")
        assert head.headers["etag"] == answer.headers["etag"]
        assert head.headers["content-length"] == str(len(answer.text.encode()))


def test_who_has_it_already_gets_nothing(site: Site) -> None:
    """By its tag, weak or among others, else by its time; junk is as nothing."""
    answer = site.ask("/advisories/1/fr")
    tag, time_ = answer.headers["etag"], answer.headers["last-modified"]
    assert time_.endswith("GMT")
    for name, value, status in (
        ("If-None-Match", tag, 304),
        ("If-None-Match", f'"other", W/{tag}', 304),
        ("If-None-Match", '"other"', 200),
        ("If-Modified-Since", time_, 304),
        ("If-Modified-Since", "Thu, 01 Jan 2015 00:00:00 GMT", 200),
        ("If-Modified-Since", "junk", 200),
        ("If-Modified-Since", f"Thu, 01 Jan 2015 00:00:00 +{'9' * 60}", 200),
    ):
        again = site.ask("/advisories/1/fr", headers={name: value})
        assert again.status == status
        assert bool(again.text) is (status == 200)


def test_pages_are_packed_for_who_can_unpack(site: Site) -> None:
    """With a tag of their own, by which both forms are known."""
    plain = site.ask("/advisories/1/ar")
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)
    connection.request("GET", "/advisories/1/ar", headers={"Accept-Encoding": "br, gzip"})
    response = connection.getresponse()
    packed = response.read()
    assert response.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed).decode() == plain.text
    assert len(packed) < len(plain.text.encode()) / 2
    tag = response.headers["ETag"]
    connection.close()
    assert tag != plain.headers["etag"]
    assert "Accept-Encoding" in plain.headers["vary"]
    assert site.ask("/advisories/1/ar", headers={"If-None-Match": tag}).status == 304
    refused = site.ask("/advisories/1/ar", headers={"Accept-Encoding": "gzip;q=0"})
    assert "content-encoding" not in refused.headers


def test_the_folder_answers_where_the_database_is_down(inside: FakeInside, site: Site) -> None:
    """What was published is there; of the rest it can't be said, which is no 404."""
    assert site.ask("/advisories/1/fr").status == 200
    inside.public.store.down = True
    for path in ("/advisories/1/fr", "/advisories/1/cap.xml", "/advisories/ar"):
        assert site.ask(path).status == 200
    inside.public.clock.moment += timedelta(days=2)
    until(lambda: "bc-ended" in site.ask("/advisories/1/fr").text)
    until(lambda: site.ask("/advisories/2/fr").status == 503)


def test_a_folder_that_is_full_answers_with_what_it_has(inside: FakeInside, site: Site) -> None:
    """Of the rest it can't be said whether it is public."""
    assert site.ask("/advisories/1/fr").status == 200
    lock = inside.public.folder.root / ".lock"
    lock.unlink()
    lock.mkdir()
    until(lambda: site.ask("/advisories/2/fr").status == 503)
    assert site.ask("/advisories/1/fr").status == 200


OUTSIDE = (
    "/advisories/../../entries.json",
    "/advisories/%2e%2e/%2e%2e/entries.json",
    "/advisories/..%2f..%2fentries.json",
    "/advisories/1/.draft-1-cap.xml",
    "/advisories/1/fr%00",
    "/advisories/" + "a/" * 300,
    "/entries.json",
)


def test_nothing_outside_the_site_is_served(site: Site) -> None:
    """Whatever an address is made of."""
    site.ask("/advisories/1/fr")
    assert [site.ask(path).status for path in OUTSIDE] == [404] * len(OUTSIDE)


def test_looking_at_the_unsubscribe_link_changes_nothing(inside: FakeInside, site: Site) -> None:
    """Mail scanners look at every link; the page is in the language of the message."""
    answer = site.ask(f"/unsubscribe/{_token(inside)}", headers={"Accept-Language": "en"})
    assert answer.status == 200
    assert '<html lang="fr"' in answer.text
    assert inside.optouts.ended == []


def test_one_click_ends_messages(inside: FakeInside, site: Site) -> None:
    """RFC 8058: a POST, without cookie, login or redirect; repeating it is no fault."""
    for _ in range(2):
        path = f"/unsubscribe/{_token(inside)}"
        answer = site.post(path, b"List-Unsubscribe=One-Click")
        assert answer.status == 200
        assert "C’est noté" in answer.text
        assert "set-cookie" not in answer.headers
    assert set(inside.optouts.ended) == {DeliveryId(1, 1)}


SCANNERS: dict[str, dict[str, str]] = {
    "a mail scanner": {"User-Agent": "Mozilla/5.0 (compatible; MailScanner)"},
    "a prefetch": {"Purpose": "prefetch", "Sec-Purpose": "prefetch;prerender"},
    "an unfurler": {"User-Agent": "facebookexternalhit/1.1", "Range": "bytes=0-1024"},
    "a preview": {"Sec-Fetch-Dest": "empty", "Accept": "image/*"},
}


def test_scanners_of_links_end_nothing(inside: FakeInside, site: Site) -> None:
    """Whatever looks at the link or guesses at it; what posts without the word is refused."""
    path = f"/unsubscribe/{_token(inside)}"
    for headers in SCANNERS.values():
        for method in ("GET", "HEAD"):
            assert site.ask(path, method=method, headers=headers).status == 200
    for method in ("OPTIONS", "PUT", "DELETE", "PATCH", "PROPFIND"):
        assert site.ask(path, method=method).status == 405
    for body in (b"", b"x", b"List-Unsubscribe=", b"List-Unsubscribe=one-click", b"&" * 3000):
        assert site.post(path, body).status == 400
    assert site.ask(f"{path}/undo").status == 405
    assert (inside.optouts.ended, inside.optouts.undone) == ([], [])


def test_mail_programs_may_send_either_form_of_the_word(inside: FakeInside, site: Site) -> None:
    """Both are in RFC 8058, section 3.1; other fields do no harm."""
    path = f"/unsubscribe/{_token(inside)}"
    parts = (
        b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\n'
        b"One-Click\r\n--x--\r\n"
    )
    kind = {"Content-Type": 'multipart/form-data; boundary="x"'}
    assert site.ask(path, method="POST", body=parts, headers=kind).status == 200
    assert site.post(path, b"List-Unsubscribe=One-Click").status == 200
    assert site.post(path, b"a=1&List-Unsubscribe=One-Click").status == 200
    wrong = parts.replace(b"One-Click", b"Two-Clicks")
    assert site.ask(path, method="POST", body=wrong, headers=kind).status == 400
    broken = {"Content-Type": "multipart/form-data"}
    assert site.ask(path, method="POST", body=parts, headers=broken).status == 400


def test_a_click_by_mistake_is_taken_back_by_the_page(inside: FakeInside, site: Site) -> None:
    """Its button posts; the page says what holds then, in the language that was read."""
    path = f"/unsubscribe/{_token(inside)}"
    done = site.post(f"{path}?lang=en", b"List-Unsubscribe=One-Click")
    assert f'action="{path}/undo?lang=en"' in done.text
    back = site.post(f"{path}/undo?lang=en", b"")
    assert "You go on receiving them" in back.text
    assert f'href="{path}?lang=fr"' in back.text
    assert inside.optouts.undone == [DeliveryId(1, 1)]
    assert site.post("/unsubscribe/1-1.forged/undo", b"").status == 404


def test_the_page_says_what_still_comes(inside: FakeInside, site: Site) -> None:
    """By what the link would end."""
    path = f"/unsubscribe/{_token(inside)}?lang=en"
    assert "still be told what protects life" in site.ask(path).text
    inside.optouts.ends = (MessageClass.PROMOTIONAL,)
    assert "still be told of cuts" in site.ask(path).text
    inside.optouts.message_class = MessageClass.SAFETY
    assert "end all messages in this way but such warnings" in site.ask(path).text
    done = site.post(path, b"List-Unsubscribe=One-Click")
    assert "no more messages in this way but warnings" in done.text


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_forged_links_end_nothing(inside: FakeInside, site: Site, method: str) -> None:
    """Nor those for another purpose, nor of deliveries that don't exist."""
    forged = (_token(inside)[:-1], _token(inside, purpose="confirm"), _token(inside, 9), "1-1", "x")
    for token in forged:
        assert site.ask(f"/unsubscribe/{token}", method=method).status == 404
    assert inside.optouts.ended == []


@pytest.mark.parametrize(
    ("tag", "words"), [("ar", "أخبرونا"), ("fr", "dites-le-nous"), ("en", "or tell us")]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_that_can_not_be_honoured_says_so(
    inside: FakeInside, site: Site, method: str, tag: str, words: str
) -> None:
    """It never says that anything was noted, and tells how else messages can be ended."""
    for page in ("unsubscribe", "preferences"):
        path = f"/{page}/{_token(inside, 3)}?lang={tag}"
        answer = site.ask(path) if method == "GET" else site.post(path, b"shown=sms")
        assert answer.status == 410
        assert words in answer.text
    assert inside.optouts.ended == []


@pytest.mark.parametrize("tag", ["ar", "fr", "en"])
def test_preferences_are_shown_in_every_language(inside: FakeInside, site: Site, tag: str) -> None:
    """Each box has a label and its group a legend, for whoever hears the page; a look is a look."""
    answer = site.ask(f"/preferences/{_token(inside)}?lang={tag}")
    assert answer.status == 200
    assert f'<html lang="{tag}"' in answer.text
    boxes = re.findall(r'<input type="checkbox" id="([\w-]+)"', answer.text)
    assert boxes == [
        f"{channel}-{what}"
        for channel in ("sms", "email")
        for what in ("service", "promotional", "nothing")
    ]
    assert all(f'<label for="{box}">' in answer.text for box in boxes)
    assert answer.text.count("<fieldset>") == answer.text.count("<legend>") == 2
    described = set(re.findall(r'aria-describedby="([\w-]+)"', answer.text))
    assert described == {"warnings", "sms-agree"}
    assert all(f'id="{one}"' in answer.text for one in described)
    assert "noindex" in answer.text
    assert "set-cookie" not in answer.headers
    assert inside.optouts.wanted[Channel.EMAIL] == set(MessageClass)


def test_preferences_say_why_warnings_still_come(inside: FakeInside, site: Site) -> None:
    """In the language of the message where none is asked for; and where nothing arrives."""
    path = f"/preferences/{_token(inside)}"
    assert '<html lang="fr"' in site.ask(path, headers={"Accept-Language": "en"}).text
    text = site.ask(f"{path}?lang=en").text
    assert "not to know of a danger could harm you" in text
    assert text.count("Messages can’t reach you here") == 1
    assert f"{path}?lang=en" in site.ask(f"/unsubscribe/{_token(inside)}?lang=en").text


def test_a_choice_is_what_was_shown_and_ticked(inside: FakeInside, site: Site) -> None:
    """What the form did not show stays; nothing at all means warnings too."""
    path = f"/preferences/{_token(inside)}?lang=en"
    answer = site.post(path, b"shown=email&email=service")
    assert answer.status == 200
    assert 'role="status"' in answer.text
    assert inside.optouts.wanted[Channel.EMAIL] == {MessageClass.SERVICE, MessageClass.SAFETY}
    assert MessageClass.SERVICE in inside.optouts.wanted[Channel.SMS]
    site.post(path, b"shown=sms&sms=service&sms=nothing&shown=web&web=service")
    assert inside.optouts.wanted[Channel.SMS] == set()
    assert Channel.WEB not in inside.optouts.wanted
    again = site.ask(path).text
    assert re.search(r'id="sms-nothing"[^>]* checked', again)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"List-Unsubscribe=One-Click", 400),
        (b"shown=pigeon", 400),
        ("shown=é".encode(), 400),
        (b"shown=sms&" * 60, 400),
        (b"x" * 5000, 413),
    ],
)
def test_what_is_no_form_of_ours_changes_nothing(
    inside: FakeInside, site: Site, body: bytes, status: int
) -> None:
    """Nor does a forged link."""
    before = dict(inside.optouts.wanted)
    assert site.post(f"/preferences/{_token(inside)}", body).status == status
    for token in (_token(inside)[:-1], _token(inside, purpose="confirm"), _token(inside, 9)):
        assert site.post(f"/preferences/{token}", b"shown=sms").status == 404
        assert site.ask(f"/preferences/{token}").status == 404
    assert inside.optouts.wanted == before
