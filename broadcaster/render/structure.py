"""What must hold of a kind's files whatever the language; read off the syntax of its templates."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from jinja2 import Environment, nodes

from broadcaster.domain.message import Channel
from broadcaster.domain.saying import said
from broadcaster.render.environment import EXTENSIONS
from broadcaster.render.extract import Use, closure
from broadcaster.render.facttypes import FactType
from broadcaster.render.findings import Gravity
from broadcaster.render.heard import heard
from broadcaster.render.kinds import ALL_PARTS, WORDS, Kind, catalogue_tag
from broadcaster.render.wording import Fault, literal_faults, source_faults

#: Facts that lead somewhere.
_LEADING = frozenset({FactType.URL, FactType.PHONE, FactType.EMAIL})
#: Stands for what an expression puts out.
_VALUE = "\ufffc"
#: Templates that are kept as read: layouts belong to every kind.
_KEPT = 1000
_STYLE = re.compile(r"<(?:mj-)?style\b.*?</", re.DOTALL)
_BLOCK = re.compile(r"\{%-?\s*block\s+(\w+)")


class Flaw(NamedTuple):
    """A fault of a file: where in the kind, what, and how grave."""

    part: str
    place: str
    fault: Fault
    gravity: Gravity = Gravity.ERROR


def flaws(kind: Kind, templates: Mapping[str, str], uses: tuple[Use, ...]) -> Iterator[Flaw]:
    """Find what is wrong with a kind's files."""
    yield from _files(kind)
    yield from _described(kind, templates)
    for key, use in {use.key: use for use in reversed(uses)}.items():
        for fault in source_faults(key):
            yield Flaw(use.template, str(key), fault)
    found = _standing_on(kind, templates)
    styles = frozenset(block for name in found for block in _style_blocks(templates[name]))
    for name in found:
        yield from _bare(name, templates[name], styles)


def _files(kind: Kind) -> Iterator[Flaw]:
    for part in kind.parts:
        if part not in kind.texts:
            yield Flaw(part, part, Fault(said("is missing"), said("Write this part.")))
    yield from strays(kind.texts)


def strays(texts: Iterable[str]) -> Iterator[Flaw]:
    """Find files that are no part."""
    for path in texts:
        if path not in {*ALL_PARTS, WORDS, "kind.toml"} and not catalogue_tag(path):
            fault = Fault(
                said("is no part and is never sent"),
                said("Parts are %(names)s.", names=", ".join(ALL_PARTS)),
            )
            yield Flaw(path, path, fault, Gravity.WARNING)


def _described(kind: Kind, templates: Mapping[str, str]) -> Iterator[Flaw]:
    """Check what `kind.toml` says against the rest."""
    if kind.link and kind.facts[kind.link].type not in _LEADING:
        problem = said("names %(link)s, which leads nowhere", link=kind.link)
        yield Flaw("kind.toml", "link", Fault(problem, said("Name a url, a phone or an email.")))
    if (kind.cap.description or kind.cap.instruction) and Channel.EMAIL not in kind.channels:
        problem = said("names blocks of a mail that the kind has not")
        yield Flaw(
            "kind.toml", "cap", Fault(problem, said("Add the channel email, or take them out."))
        )
    named = {name for path in _standing_on(kind, templates) for name in _names(templates[path])}
    for name in kind.facts:
        if name not in named and name != kind.link:
            fault = Fault(said("is told to nobody"), said("Show it in a part, or take it out."))
            yield Flaw("kind.toml", f"facts.{name}", fault, Gravity.WARNING)


def _standing_on(kind: Kind, templates: Mapping[str, str]) -> tuple[str, ...]:
    """Name the kind's templates and all that they stand on."""
    found: dict[str, None] = {}
    for part in kind.parts:
        found |= dict.fromkeys(closure(templates, f"{kind.name}/{part}"))
    return tuple(found)


def _style_blocks(source: str) -> list[str]:
    """Name the blocks that a layout leaves for style sheets."""
    return [name for style in _STYLE.findall(source) for name in _BLOCK.findall(style)]


@lru_cache(maxsize=_KEPT)
def _bare(name: str, source: str, styles: frozenset[str]) -> tuple[Flaw, ...]:
    """Find words and contacts that a template says past its texts, so that none translates them."""
    tree = _tree(source)
    silent = _outputs(block for block in tree.find_all(nodes.Block) if block.name in styles)
    spoken = _outputs(branch for branch in tree.find_all(nodes.If) if _by_locale(branch))
    found = [Flaw(name, "", fault) for fault in literal_faults(_data(tree, silent))]
    fault = Fault(
        said("stands outside of %(mark)s", mark="{% trans %}"),
        said("Put it into a text that can be translated."),
    )
    found += [Flaw(name, words, fault) for words in _words(_data(tree, silent | spoken), name)]
    if spoken:
        # A template may itself say one thing in one language and another in the next.
        words = _words(_data(tree, silent), name)
        found += [Flaw(name, some, fault, Gravity.WARNING) for some in words]
    return tuple(found)


def _tree(source: str) -> nodes.Template:
    return Environment(extensions=list(EXTENSIONS), autoescape=True).parse(source)


def _by_locale(branch: nodes.If) -> bool:
    """Tell whether a template goes one way or another by the language."""
    return any(node.name == "locale" for node in branch.test.find_all(nodes.Name))


def _outputs(found: Iterable[nodes.Node]) -> frozenset[int]:
    return frozenset(id(output) for node in found for output in node.find_all(nodes.Output))


def _words(data: str, name: str) -> Iterator[str]:
    """Give the beginning of the words of what a template puts out, if there are any."""
    said = heard(data, name).replace(_VALUE, " ")
    words = [word for word in said.split() if any(map(str.isalpha, word))]
    if words:
        yield " ".join(words)[:60]


def _data(tree: nodes.Template, silent: frozenset[int]) -> str:
    """Give what a template puts out, in order, with a stand-in for what expressions do."""
    pieces = []
    for output in tree.find_all(nodes.Output):
        for node in output.nodes if id(output) not in silent else ():
            if isinstance(node, nodes.TemplateData):
                pieces.append(node.data)
            else:
                pieces.append(str(node.value) if isinstance(node, nodes.Const) else _VALUE)
    return "".join(pieces)


@lru_cache(maxsize=_KEPT)
def _names(source: str) -> frozenset[str]:
    """Give every name that a template asks something for."""
    tree = _tree(source)
    items = [node.arg for node in tree.find_all(nodes.Getitem)]
    named = {str(item.value) for item in items if isinstance(item, nodes.Const)}
    return frozenset(node.attr for node in tree.find_all(nodes.Getattr)) | named
