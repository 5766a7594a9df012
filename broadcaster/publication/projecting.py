"""Bringing a site into step: only what has changed is made anew, and written whole."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from broadcaster.domain.publication import next_change, standings
from broadcaster.publication import folder as folders
from broadcaster.publication.folder import Folder, State
from broadcaster.publication.ground import SiteFile
from broadcaster.publication.lists import PARTS
from broadcaster.publication.site import Site


@dataclass(frozen=True, kw_only=True, slots=True)
class Projected:
    """What was done: files that were written, were so already, and were taken away."""

    written: int
    kept: int
    removed: int


def in_step(folder: Folder, site: Site, now: datetime) -> bool:
    """Tell whether the site was made of what there is, and time has changed nothing since."""
    state = folder.state()
    if state.made_of != folder.stamp() or state.fingerprint != site.fingerprint:
        return False
    return state.next_change is None or state.next_change > now


def project(
    folder: Folder, site: Site, now: datetime, root: Path | None = None, *, anew: bool = False
) -> Projected:
    """Make the site of a folder, in its place or below another root; its lock must be held.

    `anew` makes every file, not only those of what has changed. Idempotent: what a killed run left
    half done is finished by the next. What is not here whole keeps its files, and is to be taken
    from the database again; pages of what is kept nowhere any more go.
    """
    place = root or folder.site
    made_of = folder.stamp()
    entries, changes = folder.entries()
    standing = standings(entries.values(), now)
    former = folder.state() if root is None else State()
    fresh = anew or root is not None or former.fingerprint != site.fingerprint
    state = State(
        fingerprint=site.fingerprint,
        made_of=made_of,
        next_change=next_change(entries.values(), now),
    )
    written = kept = 0
    gone, lost = set[str](), set[int]()
    for number, entry in sorted(entries.items()):
        key = site.key(entry, standing[number], entries)
        if fresh or former.keys.get(str(number)) != key:
            record = folder.record(number)
            if record is None:
                lost.add(number)
                continue
            made = list(site.publication(record, entry, standing[number], entries))
            new, same = _write(place, made)
            written, kept = written + new, kept + same
            gone |= _strays(place, number, made)
        state.keys[str(number)] = key
    if fresh:
        for number in _left_over(place, entries):
            gone |= _strays(place, number, ())
    listed = list(site.lists(entries.values(), standing))
    state.lists = {one.path: one.key for one in listed}
    due = [one for one in listed if fresh or former.lists.get(one.path) != one.key]
    new, same = _write(place, due)
    gone |= _lists(place, site.locales) - set(state.lists)
    for path in gone:
        folders.remove(place, path)
    if root is None:
        if lost:
            folder.save_entries(entries, {n: mark for n, mark in changes.items() if n not in lost})
        folder.save_state(state)
    return Projected(written=written + new, kept=kept + same, removed=len(gone))


def brought_into_step(folder: Folder, site: Site, now: datetime) -> Projected | None:
    """Make what is not in step; None when all is. The folder's lock must be held."""
    return None if in_step(folder, site, now) else project(folder, site, now)


def differing(folder: Folder, site: Site, now: datetime) -> list[str]:
    """Name the files of a folder's site that are not what they should be; makes all in memory."""
    entries, _ = folder.entries()
    standing = standings(entries.values(), now)
    wrong = []
    for number, entry in sorted(entries.items()):
        record = folder.record(number)
        if record is None:
            wrong.append(f"frozen/{number}.json")
            continue
        made = list(site.publication(record, entry, standing[number], entries))
        wrong += _different(folder.site, made)
        wrong += sorted(_strays(folder.site, number, made))
    return wrong + _different(folder.site, site.lists(entries.values(), standing))


def _lists(place: Path, locales: Iterable[str]) -> set[str]:
    """Name the lists that are there, of which some may have lost their entries."""
    return {
        found.relative_to(place).as_posix()
        for tag in locales
        for sort in PARTS
        for found in (place / "advisories" / tag / sort).glob("*/index.html")
    }


def _strays(place: Path, number: int, made: Iterable[SiteFile]) -> set[str]:
    """Name files of a publication that another of its number left: another language, an end."""
    found = (place / "advisories" / str(number)).glob("**/[!.]*.*")
    return {one.relative_to(place).as_posix() for one in found} - {one.path for one in made}


def _left_over(place: Path, entries: Collection[int]) -> list[int]:
    """Name the publications of a site that are kept nowhere any more."""
    found = (one.name for one in (place / "advisories").glob("[1-9]*") if one.name.isdecimal())
    return sorted({int(name) for name in found if name.isascii()} - set(entries))


def _different(place: Path, made: Iterable[SiteFile]) -> list[str]:
    wrong = []
    for one in made:
        path = place / one.path
        if not path.is_file() or path.read_bytes() != one.make():
            wrong.append(one.path)
    return wrong


def _write(place: Path, made: Iterable[SiteFile]) -> tuple[int, int]:
    new = same = 0
    for one in made:
        if folders.write(place / one.path, one.make()):
            new += 1
        else:
            same += 1
    return new, same
