"""Everything that decides how messages read, in memory: templates, kinds, locales, catalogues.

Read once. Files that change later change nothing in a running process: what was hashed at
approval is what is sent.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from broadcaster.domain.nearest import close
from broadcaster.domain.saying import said
from broadcaster.errors import BroadcasterError, ConfigurationError, DamagedError, NotFoundError
from broadcaster.render.catalogues import (
    Catalogue,
    DraftTexts,
    Key,
    PseudoTexts,
    SourceTexts,
    Texts,
    parse,
    read_catalogue,
)
from broadcaster.render.extract import Use, check_known, closure, uses
from broadcaster.render.factlist import SHARED, shared_tables
from broadcaster.render.kinds import Broken, Kind, catalogue_tag, load_base, load_kinds
from broadcaster.render.locales import PSEUDOS, Locale, Review, canonical, load_locales
from broadcaster.render.reviews import Reviews, State, load_reviews
from broadcaster.render.reviews import fingerprint as fingerprint_of_texts
from broadcaster.render.sources import digest


class Library:
    """What the folders of templates and locales hold, earlier folders overlaying later ones."""

    def __init__(
        self, templates: Sequence[Path], locales: Sequence[Path], *, default_locale: str
    ) -> None:
        """Read everything; ConfigurationError naming the file.

        A broken kind stops only itself, a catalogue that cannot be read only its locale; `damaged`
        tells, by tag, what is wrong with it.
        """
        self.locales, files = load_locales(locales, default_locale)
        self.damaged: dict[str, str] = dict(self.locales.damaged)
        kinds, self.broken = load_kinds(templates)
        own = self._own_catalogues(kinds)
        self.catalogues: Mapping[str, Catalogue] = {
            tag: self._catalogue(locale, [*files.get(tag, ()), *own.get(tag, ())])
            for tag, locale in self.locales.items()
            if locale.translatable and not locale.source and not locale.pseudo
        }
        self.reviews: Mapping[str, Reviews] = {
            tag: self._reviewed(locales, tag) for tag in self.locales if tag not in PSEUDOS
        }
        self.templates: Mapping[str, str] = dict(load_base(templates)) | {
            f"{kind.name}/{path}": text
            for kind in kinds.values()
            for path, text in kind.texts.items()
        }
        self._uses: dict[str, tuple[Use, ...]] = {}
        self.kinds: Mapping[str, Kind] = self._offer(kinds)

    def __repr__(self) -> str:
        """Show what there is."""
        return f"Library(kinds={sorted(self.kinds)}, locales={sorted(self.locales)})"

    @property
    def faults(self) -> Mapping[str, str]:
        """Say in words, by kind, why it cannot be used."""
        return {name: str(broken) for name, broken in self.broken.items()}

    @property
    def shared(self) -> frozenset[str]:
        """Name the facts that kinds share."""
        return frozenset(shared_tables(self.templates.get(SHARED, "")))

    def kind(self, name: str) -> Kind:
        """Give a kind; NotFoundError, or ConfigurationError when its folder is broken."""
        if name in self.broken:
            raise ConfigurationError(str(self.broken[name]))
        if name not in self.kinds:
            known = ", ".join(sorted(self.kinds)) or "none"
            meant = close(name, self.kinds)
            remedy = f"{meant} Else use one of {known}." if meant else f"Use one of {known}."
            raise NotFoundError("kind", f"{name[:60]!r} is unknown", remedy)
        return self.kinds[name]

    def locale(self, tag: str) -> Locale:
        """Give a locale by its exact tag, aliases followed; NotFoundError."""
        found = self.locales.get(tag if tag in PSEUDOS else canonical(tag) or "")
        if found is not None and found.alias:
            found = self.locales[found.alias]
        if found is None or not found.translatable:
            tags = [tag for tag, one in self.locales.items() if one.translatable]
            known, meant = ", ".join(tags), close(tag, tags) if tag else ""
            remedy = f"{meant} Else use one of {known}." if meant else f"Use one of {known}."
            raise NotFoundError("locale", f"{tag[:60]!r} is unknown", remedy)
        return found

    def uses(self, kind: str) -> tuple[Use, ...]:
        """List where a kind's parts ask for texts, the layouts they stand on included."""
        if kind not in self._uses:
            self._uses[kind] = self._find_uses(self.kinds[kind])
        return self._uses[kind]

    def texts(self, locale: Locale, *, draft: bool) -> Texts:
        """Give the texts of a locale; for a draft, missing ones in marked English."""
        if locale.pseudo:
            return PseudoTexts(right_to_left=locale.direction == "rtl")
        if locale.source:
            return SourceTexts()
        catalogue = self.catalogues[locale.tag]
        return DraftTexts(catalogue=catalogue) if draft else catalogue

    def missing(self, uses: Sequence[Use], locale: Locale) -> list[Key]:
        """List the texts that are not there, or not certain, in a locale."""
        if locale.source or locale.pseudo:
            return []
        catalogue = self.catalogues[locale.tag]
        keys = dict.fromkeys(use.key for use in uses)
        return [key for key in keys if not catalogue.has(key)]

    def why_not(self, kind: str, locale: Locale) -> str | None:
        """Tell why a kind may not go to customers in a locale; None when it may."""
        if locale.tag in self.damaged:
            return said("its texts there cannot be read")
        lacking = len(self.missing(self.uses(kind), locale))
        reasons = []
        if lacking:
            reasons.append(said("%(lacking)s of its texts are not translated", lacking=lacking))
        awaited = self.awaits(kind, locale)
        if awaited:
            reasons.append(said("it awaits %(awaited)s", awaited=awaited))
        if len(reasons) > 1:
            return said("%(one)s and %(other)s", one=reasons[0], other=reasons[1])
        return reasons[0] if reasons else None

    def awaits(self, kind: str, locale: Locale) -> str | None:
        """Tell what a kind's texts wait for before anybody may have them; None when nothing.

        The gate of the whole locale comes first; where it leaves the matter to the kinds, texts
        go out as they were approved, or not at all.
        """
        if locale.review is Review.APPROVED:
            return None
        if locale.review is Review.NEEDS_NATIVE_REVIEW:
            return said("review by a native speaker")
        state = self.state(kind, locale)
        if state is State.DRAFTED:
            return said("approval")
        return said("approval of its changed texts") if state is State.LAPSED else None

    def state(self, kind: str, locale: Locale) -> State:
        """Tell where a kind's texts stand in a locale."""
        if locale.tag not in self.reviews:
            return State.DRAFTED
        return self.reviews[locale.tag].state(kind, self.text_fingerprint(kind, locale))

    def text_fingerprint(self, kind: str, locale: Locale) -> str:
        """Hash what translators wrote for a kind in a locale, and what they wrote it for."""
        forms = self.catalogues[locale.tag].forms if locale.tag in self.catalogues else {}
        return fingerprint_of_texts((use.key for use in self.uses(kind)), forms.get)

    def fingerprint(self, kind: str) -> str:
        """Hash a kind's folder, the layout, and its texts and settings in every locale."""
        self.kind(kind)
        pieces = [kind, self.locales.default]
        for name in sorted(self.templates):
            if name.startswith(("_base/", f"{kind}/")):
                pieces += [name, self.templates[name]]
        keys = sorted({use.key for use in self.uses(kind)}, key=repr)
        for tag, locale in self.locales.items():
            pieces += [tag, repr(locale)]
            if tag in self.catalogues:
                forms = self.catalogues[tag].forms
                pieces += [repr((key, forms.get(key))) for key in keys]
            if locale.review is Review.PER_KIND:
                pieces.append(repr(self.awaits(kind, locale)))
        return digest(pieces)

    def _catalogue(self, locale: Locale, files: Sequence[str]) -> Catalogue:
        """Read a locale's texts; none where a file is damaged, which is noted."""
        if locale.tag not in self.damaged:
            try:
                return read_catalogue(locale, files)
            except DamagedError as error:
                self.damaged[locale.tag] = str(error)
        return read_catalogue(locale, ())

    def _reviewed(self, folders: Sequence[Path], tag: str) -> Reviews:
        """Read who answers for a locale's texts; nobody where the file cannot be read."""
        try:
            return load_reviews(folders, tag)
        except DamagedError as error:
            self.damaged.setdefault(tag, str(error))
            return Reviews()

    def _own_catalogues(self, kinds: dict[str, Kind]) -> Mapping[str, list[str]]:
        """Give the translations that kinds bring along; set aside kinds with broken ones."""
        found: dict[str, list[str]] = {}
        for name, kind in sorted(kinds.items()):
            brought = {
                tag: text for path, text in kind.texts.items() if (tag := catalogue_tag(path))
            }
            faults: list[BroadcasterError] = []
            for tag, text in brought.items():
                try:
                    parse(text, tag)
                except ConfigurationError as error:
                    line = str(error).partition(".po, ")[2]
                    faults.append(ConfigurationError(f"{name}/locales/{tag}.po, {line}"))
            if faults:
                self.broken[name] = Broken(faults=tuple(faults), texts=kind.texts)
                del kinds[name]
                continue
            for tag, text in brought.items():
                found.setdefault(tag, []).append(text)
        return found

    def _find_uses(self, kind: Kind) -> tuple[Use, ...]:
        names: dict[str, None] = {}
        for part in kind.parts:
            names |= dict.fromkeys(closure(self.templates, f"{kind.name}/{part}"))
        return tuple(use for name in names for use in uses(self.templates, name))

    def _offer(self, kinds: Mapping[str, Kind]) -> Mapping[str, Kind]:
        """Say of each kind in which locales it may go to customers; set broken ones aside."""
        offered: dict[str, Kind] = {}
        for name, kind in kinds.items():
            faults: list[BroadcasterError] = []
            for part in kind.parts:
                try:
                    check_known(self.templates, f"{name}/{part}")
                except ConfigurationError as error:
                    faults.append(error)
            if faults:
                self.broken[name] = Broken(faults=tuple(faults), texts=kind.texts)
                continue
            try:
                self._uses[name] = self._find_uses(kind)
                tags = [
                    tag
                    for tag, locale in self.locales.items()
                    if locale.translatable and self.why_not(name, locale) is None
                ]
                offered[name] = kind.with_locales(tags)
            except ConfigurationError as error:
                self.broken[name] = Broken(faults=(error,), texts=kind.texts)
        return MappingProxyType(offered)
