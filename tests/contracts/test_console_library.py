"""The team's pages of kinds, translations, providers and limits, over real servers."""

import io
import stat
import zipfile
from collections.abc import Iterator, Mapping
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path

import pytest

from broadcaster.domain.access import Role
from broadcaster.web.console.library.shelf import Read, Shelf
from tests.desk_scene import DeskSite, serving_desk
from tests.rows import Rows
from tests.unit.test_kinds_adding import TRANSLATED
from tests.web_scene import Answer, wait

_EDGE = "the-edge-of-a-part"
Files = list[tuple[str, str, bytes]]


@pytest.fixture
def site(database_url: str, redis_url: str, home: Path, tmp_path: Path) -> Iterator[DeskSite]:
    """Serve with folders of the organisation's own."""
    given = {"TEMPLATES": str(tmp_path / "kinds"), "LOCALES": str(tmp_path / "texts")}
    for folder in given.values():
        Path(folder).mkdir()
    with serving_desk(database_url, redis_url, home, given) as opened:
        yield opened


def test_a_kind_is_brought_in_answered_for_replaced_and_removed(
    site: DeskSite, tmp_path: Path
) -> None:
    """Each step by those who may, and in the audit trail; campaigns go on with what was read."""
    path = "/kinds/bring-in"
    zipped = [("files", "water_back.zip", _zip(TRANSLATED, "water_back/"))]
    assert _send(site, path, Role.DUTY_OFFICER, zipped).status == 403
    placed = _send(site, path, Role.AUTHOR, zipped)
    assert (placed.status, placed.headers["location"]) == (303, "/kinds/water_back?done=placed")
    assert (tmp_path / "kinds" / "water_back" / "kind.toml").is_file()
    again = _send(site, path, Role.AUTHOR, zipped)
    assert again.status == 409
    page = site.ask("/kinds/water_back?lang=fr", Role.VIEWER)
    assert "pas encore en vigueur" in page.text
    assert "frame-src 'self'" in page.headers["content-security-policy"]
    sheet = site.ask("/kinds/water_back/sheet?in=ar&look=dark", Role.VIEWER)
    assert (sheet.status, sheet.headers["x-frame-options"]) == (200, "SAMEORIGIN")
    assert sheet.headers["content-security-policy"].endswith("frame-ancestors 'self'; sandbox")
    assert "عاد الماء" in sheet.text

    review = "/kinds/water_back/review"
    nobody = site.post(review, Role.ADMINISTRATOR, locale="fr", by=" ", native="yes")
    assert nobody.status == 422
    read = site.post(review, Role.ADMINISTRATOR, locale="fr", by="Salma Idrissi", native="yes")
    assert read.status == 303
    assert "Salma Idrissi" in (tmp_path / "texts" / "fr" / "review.toml").read_text("utf-8")
    assert "relus" in site.ask("/kinds/water_back?lang=fr", Role.VIEWER).text

    remove = "/kinds/water_back/remove"
    assert site.post(remove, Role.AUTHOR, confirm="water").status == 422
    gone = site.post(remove, Role.AUTHOR, confirm="water_back")
    assert (gone.status, gone.headers["location"]) == (303, "/kinds?done=removed")
    assert list((tmp_path / "kinds").iterdir()) == []
    listed = Rows(site.runtime.pool).ask(
        "SELECT actor, action FROM audit WHERE subject = 'kind water_back' ORDER BY id"
    )
    assert listed == [
        ("the author", "add_kind"),
        ("the administrator", "approve_texts"),
        ("the author", "remove_kind"),
    ]


def test_what_is_no_sound_kind_changes_nothing(site: DeskSite, tmp_path: Path) -> None:
    """Ways out of the folder, links, bombs, too many files, and names that are none."""
    link = zipfile.ZipInfo("water_back/sms/link.txt")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    bomb = _zip({**TRANSLATED, "sms/more.txt": "\0" * 40_000_000}, "water_back/")
    tries: list[tuple[Files, int, str]] = [
        (
            [("files", "a.zip", _zip({**TRANSLATED, "../../out.txt": "x"}, "water_back/"))],
            422,
            "out.txt",
        ),
        ([("files", "a.zip", _zip(TRANSLATED, "water_back/", link))], 422, "is a link"),
        ([("files", "a.zip", bomb)], 422, "larger than"),
        ([("files", "../../etc/passwd", b"root"), ("files", "kind.toml", b"x")], 422, "name"),
        ([("files", "a.zip", b"PK\x03\x04 and nothing more")], 422, "zip archive"),
        ([("files", "water_back/kind.toml", b"\xff\xfe")], 422, "UTF-8"),
        ([("files", f"water_back/sms/{n}.txt", b"x") for n in range(102)], 400, ""),
        ([("files", "a.zip", b"x" * 3_000_000)], 413, ""),
        ([], 422, "is empty"),
    ]
    for files, status, word in tries:
        answer = _send(site, "/kinds/bring-in?lang=en", Role.AUTHOR, files)
        assert (answer.status, word in answer.text) == (status, True), (
            files[:1],
            answer.text[-500:],
        )
    assert list((tmp_path / "kinds").iterdir()) == []
    assert not (tmp_path / "out.txt").exists()
    for name in ("..%2f..%2fetc", "Water", "a" * 50):
        assert site.ask(f"/kinds/{name}", Role.VIEWER).status == 404
    forged = _send(site, "/kinds/bring-in", Role.AUTHOR, tries[0][0], csrf="of another session")
    assert forged.status == 403


def test_a_catalogue_is_taken_out_and_only_a_sound_one_brought_in(
    site: DeskSite, tmp_path: Path
) -> None:
    """A translation that lost what is filled in would go to customers as it is."""
    path = "/kinds/by-language/fr/advisories.po"
    taken = site.ask(path, Role.VIEWER)
    assert taken.status == 200
    assert 'filename="advisories-fr.po"' in taken.headers["content-disposition"]
    for content, word in ((b"no catalogue", "catalogue"), (b"\xff", "UTF-8")):
        refused = _send(site, path, Role.AUTHOR, [("catalogue", "fr.po", content)])
        assert (refused.status, word in refused.text) == (422, True)
    lines = taken.text.splitlines()
    place = next(n for n, line in enumerate(lines) if line.startswith("msgstr") and "%(" in line)
    broken = [*lines[:place], 'msgstr "%(nobody)s"', *lines[place + 1 :]]
    lost = _send(site, path, Role.AUTHOR, [("catalogue", "fr.po", "\n".join(broken).encode())])
    assert lost.status == 422
    assert list((tmp_path / "texts").iterdir()) == []
    whole = _send(site, path, Role.AUTHOR, [("catalogue", "fr.po", taken.text.encode())])
    assert whole.status == 303
    file = tmp_path / "texts" / "fr" / "LC_MESSAGES" / "advisories.po"
    assert file.read_text("utf-8") == taken.text
    assert site.ask("/kinds/by-language/en/advisories.po", Role.VIEWER).status == 404
    assert site.ask("/kinds/by-language/..%2f/advisories.po", Role.VIEWER).status == 404
    assert site.ask("/kinds/by-language?lang=ar", Role.VIEWER).status == 200


def test_limits_are_shown_live_changed_by_those_on_call_and_written_down(site: DeskSite) -> None:
    """Within bounds, for all workers, and back again; the gauges follow."""
    page = site.ask("/providers?lang=en", Role.VIEWER)
    assert page.status == 200
    assert "Change a limit" not in page.text
    site.runtime.troubles.turned("smtp", site.runtime.clock.now(), well=False)
    limit = min(site.runtime.settings.limits)
    change = "/providers/limits"
    assert site.post(change, Role.AUTHOR, NAME=limit, RATE="5", what="set").status == 403
    for name, rate in (
        (limit, "0"),
        (limit, "nan"),
        (limit, "<b>"),
        ("<script>", "5"),
        ("no", "5"),
    ):
        wrong = site.post(f"{change}?lang=en", Role.DUTY_OFFICER, NAME=name, RATE=rate, what="set")
        assert wrong.status == 422
        assert "<script>5" not in wrong.text
    assert site.post(change, Role.DUTY_OFFICER, NAME=limit, RATE="7.5", what="set").status == 303
    assert site.runtime.rate_limits.changes()[limit].rate == 7.5
    assert "the duty_officer" in _first_event(site, "/providers/events?lang=en")
    assert site.post(change, Role.DUTY_OFFICER, NAME=limit, what="reset").status == 303
    assert site.runtime.rate_limits.changes()[limit].rate is None
    noted = Rows(site.runtime.pool).ask(
        "SELECT actor, action FROM audit WHERE subject = %s ORDER BY id", f"limit {limit}"
    )
    assert noted == [("the duty_officer", "set_limit"), ("the duty_officer", "reset_limit")]
    health = site.runtime.networks.health(site.runtime.clock.now())
    assert health["smtp"].open
    later = site.runtime.clock.now() + timedelta(minutes=2)
    assert not site.runtime.networks.health(later)["smtp"].open
    assert "smtp" not in site.runtime.networks.health(later + timedelta(minutes=10))


def test_tariffs_are_taken_as_a_whole_or_not_at_all(site: DeskSite) -> None:
    """A line that is wrong is named, and nothing of the table is kept."""
    path, head = "/providers/tariffs", b"provider,prefix,price,per,currency,valid_from\n"
    good = head + b"twilio,+212,0.35,1,MAD,2020-01-01\n"
    wrong = _send(
        site, path, Role.ADMINISTRATOR, [("table", "t.csv", good + b"twilio,x,1,1,MAD,\n")]
    )
    assert wrong.status == 422
    assert "line 3" in wrong.text
    assert site.runtime.tariffs.list() == []
    assert _send(site, path, Role.ADMINISTRATOR, [("table", "t.csv", good)]).status == 303
    assert "0.35 MAD" in site.ask(path, Role.VIEWER).text
    assert site.ask("/providers/check", Role.VIEWER).status == 403


def test_every_kind_is_listed_with_what_is_translated(site: DeskSite) -> None:
    """In each language, with who answers for it; a broken kind says so in its place."""
    page = site.ask("/kinds?lang=ar", Role.VIEWER)
    assert page.status == 200
    assert "remote_services" in page.text
    assert "24/24" in page.text
    assert "read-again" not in page.text
    assert site.ask("/kinds/none_such", Role.VIEWER).status == 404


def test_long_checks_answer_at_once_say_how_far_they_are_and_are_done_once(
    site: DeskSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of all kinds and of everything, in the reader's language; until a file changes."""
    monkeypatch.setattr(Read, "kinds", ["planned_outage"])

    def looked(path: str, role: Role) -> str:
        page = site.ask(f"{path}?lang=fr", role)
        assert page.status == 200
        return page.text

    assert 'id="course"' in looked("/kinds/all-findings", Role.VIEWER)
    wait(lambda: "data-running" not in looked("/kinds/all-findings", Role.VIEWER))
    assert "Un type a été vérifié" in looked("/kinds/all-findings", Role.VIEWER)
    first = looked("/providers/check", Role.DUTY_OFFICER)
    assert "data-running" in first
    # All that Broadcaster says of itself here is French.
    assert 'lang="en"' not in first.replace('lang="en" dir="ltr" hreflang', "")
    wait(lambda: "data-running" not in looked("/providers/check", Role.DUTY_OFFICER))
    shelf = Shelf(site.runtime)
    assert shelf.found() is shelf.found()
    assert shelf.read_again() is shelf.now()


def _zip(files: Mapping[str, str], below: str, *more: zipfile.ZipInfo) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in files.items():
            archive.writestr(below + path, text)
        for info in more:
            archive.writestr(info, "kind.toml")
    return packed.getvalue()


def _send(site: DeskSite, path: str, role: Role, files: Files, csrf: str = "") -> Answer:
    """Post a form with files, as a browser does."""
    fields = [("csrf", csrf or site.desk.csrf(site.token(role))), ("name", "")]
    lines = [
        f'--{_EDGE}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields
    ]
    for field, name, content in files:
        head = f'--{_EDGE}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
        lines.append(f"{head}Content-Type: application/octet-stream\r\n\r\n".encode())
        lines.append(content + b"\r\n")
    body = b"".join([*lines, f"--{_EDGE}--\r\n".encode()])
    kind = {"Content-Type": f"multipart/form-data; boundary={_EDGE}"}
    return site.ask(path, role, method="POST", body=body, headers=kind)


def _first_event(site: DeskSite, path: str) -> str:
    """Give the first thing that a watcher hears."""
    connection = HTTPConnection("127.0.0.1", site.port, timeout=10)
    try:
        cookie = {"Cookie": f"broadcaster={site.token(Role.VIEWER)}"}
        connection.request("GET", path, headers=cookie)
        response = connection.getresponse()
        lines = []
        while not (line := response.readline().decode()).startswith("data"):
            lines.append(line)
        while line.strip():
            lines.append(line)
            line = response.readline().decode()
        return "".join(lines)
    finally:
        connection.close()
