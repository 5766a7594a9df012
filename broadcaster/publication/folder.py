"""The folder of what is public: what is frozen, and the site made of it; every write is whole.

frozen/<advisory>.json     what the database keeps of a publication, never rewritten by time
entries.json               what lists need of all of them, and the mark that each was taken with
state.json                 what the site was made of, and when time will change it next
site/                      files for any web server
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from broadcaster.domain.publication import Entry
from broadcaster.errors import ConfigurationError
from broadcaster.ports import Record
from broadcaster.publication import records

_DRAFT = ".draft-"


@dataclass(kw_only=True, slots=True)
class State:
    """What the site was made of.

    `fingerprint` is that of templates and settings, `made_of` tells which entries; `keys` decide
    by advisory whether its files are as they should be, and `lists` by path.
    """

    fingerprint: str = ""
    made_of: str = ""
    next_change: datetime | None = None
    keys: dict[str, str] = field(default_factory=dict)
    lists: dict[str, str] = field(default_factory=dict)


class Folder:
    """Reads and writes it; whoever changes it holds its lock."""

    def __init__(self, root: Path) -> None:
        """Nothing is made before it is needed."""
        self.root = root
        self.site = root / "site"

    def __repr__(self) -> str:
        """Show where it is."""
        return f"Folder({str(self.root)!r})"

    @contextmanager
    def lock(self, *, wait: bool = True) -> Iterator[bool]:
        """Hold it alone among all processes of this machine; whether it is held.

        ConfigurationError when it cannot be written.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            message = (
                f"BROADCASTER_PUBLICATION: {self.root} cannot be written ({error.strerror}). "
                "Name a writable folder."
            )
            raise ConfigurationError(message) from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(descriptor)

    def entries(self) -> tuple[Mapping[int, Entry], Mapping[int, str]]:
        """Give all entries, and the mark with which each was taken; none when there is nothing."""
        values = _json(self.root / "entries.json")
        try:
            entries = [records.read_entry(one) for one in values.get("entries", ())]
            changes = {int(one): str(at) for one, at in values.get("changes", {}).items()}
        except (KeyError, TypeError, ValueError):
            # Damaged, or of another version: what the database keeps is taken anew.
            return {}, {}
        return {one.advisory: one for one in entries}, changes

    def keep(self, record: Record) -> Entry:
        """Keep what is frozen; its entry."""
        values = {
            "frozen": record.frozen,
            "cap": record.cap,
            "cancelled_at": record.cancelled_at and record.cancelled_at.isoformat(),
            "calling_off": record.calling_off,
            "change": record.change,
        }
        write(self._frozen(record.advisory), _bytes(values), durable=True)
        publication = records.read(record.frozen)
        return records.entry(publication, record.cancelled_at, record.frozen)

    def save_entries(self, entries: Mapping[int, Entry], changes: Mapping[int, str]) -> None:
        """Keep all entries."""
        values = {
            "entries": [records.entry_values(entries[one]) for one in sorted(entries)],
            "changes": {str(one): at for one, at in sorted(changes.items())},
        }
        write(self.root / "entries.json", _bytes(values), durable=True)

    def drop(self, advisory: int) -> None:
        """Take out one that is kept nowhere else any more, and its pages."""
        self._frozen(advisory).unlink(missing_ok=True)
        shutil.rmtree(self.site / "advisories" / str(advisory), ignore_errors=True)

    def record(self, advisory: int) -> Record | None:
        """Read what is frozen; None when it is not here whole."""
        values = _json(self._frozen(advisory))
        if not values:
            return None
        at = values["cancelled_at"]
        return Record(
            advisory=advisory,
            frozen=values["frozen"],
            cap=values["cap"],
            cancelled_at=datetime.fromisoformat(at) if at else None,
            calling_off=values["calling_off"],
            change=values["change"],
        )

    def stamp(self) -> str:
        """Tell the present entries from others without reading them."""
        try:
            found = (self.root / "entries.json").stat()
        except FileNotFoundError:
            return "none"
        return f"{found.st_mtime_ns}-{found.st_size}-{found.st_ino}"

    def state(self) -> State:
        """Read what the site was made of; nothing when that is not known."""
        values = _json(self.root / "state.json")
        moment = values.get("next_change")
        return State(
            fingerprint=str(values.get("fingerprint", "")),
            made_of=str(values.get("made_of", "")),
            next_change=datetime.fromisoformat(moment) if moment else None,
            keys=dict(values.get("keys", {})),
            lists=dict(values.get("lists", {})),
        )

    def save_state(self, state: State) -> None:
        """Say what the site was made of, after it was."""
        values = {
            "fingerprint": state.fingerprint,
            "made_of": state.made_of,
            "next_change": state.next_change and state.next_change.isoformat(),
            "keys": state.keys,
            "lists": state.lists,
        }
        write(self.root / "state.json", _bytes(values), durable=True)

    def _frozen(self, advisory: int) -> Path:
        return self.root / "frozen" / f"{advisory}.json"


def write(path: Path, content: bytes, *, durable: bool = False) -> bool:
    """Write a file whole or not at all, unless it is so already; whether it was written."""
    with suppress(FileNotFoundError):
        if path.stat().st_size == len(content) and path.read_bytes() == content:
            return False
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.parent / f"{_DRAFT}{os.getpid()}-{path.name}"
    try:
        with draft.open("wb") as stream:
            stream.write(content)
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return True


def remove(root: Path, path: str) -> None:
    """Remove a file below a root, and the folders that are empty then."""
    place = root / path
    place.unlink(missing_ok=True)
    for folder in place.parents:
        if folder == root:
            break
        try:
            folder.rmdir()
        except OSError:
            break


def _json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _bytes(values: Mapping[str, object]) -> bytes:
    return json.dumps(values, ensure_ascii=False, sort_keys=True).encode()
