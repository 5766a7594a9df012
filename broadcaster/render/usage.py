"""What templates do with their reader, and with the texts that they make; read off their syntax.

A template may put a text that it made out at once, or look at it: measure, compare, cut or keep it.
Only where it never looks may a placeholder stand in the text for what is known later.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from jinja2 import Environment, nodes

from broadcaster.render.environment import EXTENSIONS
from broadcaster.render.extract import closure

#: What a template may ask its reader for.
FIELDS = ("name", "number", "unsubscribe_url", "page_url")

#: How many leading arguments of each are the text itself, which has to be written out.
_TEXTS = {"gettext": 1, "ngettext": 2, "pgettext": 2, "npgettext": 3}
#: The same for every reader, so that texts made of these alone may be looked at.
_CONSTANT = frozenset({"facts", "advisory", "locale", *_TEXTS})
#: Filters whose value is a text, and those that give none or fail on what is no fact.
_SPEAKING = frozenset({"escape", "forceescape", "isolate", "listing", "plain"})
FILTERS = _SPEAKING | {
    *("length", "date", "short_date", "weekday_date", "day", "time", "number", "money", "bare_url"),
}
#: Tests that do not tell a placeholder from what it stands for, or fail on it.
TESTS = frozenset({"defined", "none", "eq", "in"})

_KNOWN: frozenset[type[nodes.Node]] = frozenset(
    {
        *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Extends, nodes.Block),
        *(nodes.For, nodes.If, nodes.With, nodes.Macro, nodes.CallBlock, nodes.FilterBlock),
        *(nodes.Include, nodes.Import, nodes.FromImport, nodes.Assign, nodes.AssignBlock),
        *(nodes.Name, nodes.Const, nodes.Tuple, nodes.List, nodes.Dict, nodes.Pair),
        *(nodes.Keyword, nodes.CondExpr, nodes.Filter, nodes.Test, nodes.Call, nodes.Getattr),
        *(nodes.Getitem, nodes.Slice, nodes.Concat, nodes.Compare, nodes.Operand, nodes.And),
        *(nodes.Or, nodes.Not, nodes.Neg, nodes.Pos, nodes.Add, nodes.Sub, nodes.Mul),
        *(nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow),
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """What some templates do.

    `fields` are those of the reader that they may ask for. `blind` says that they put out at once
    every text that they make of what differs from reader to reader.
    """

    fields: tuple[str, ...]
    blind: bool


def usage(templates: Mapping[str, str], names: Sequence[str]) -> Usage:
    """Read templates and all that they stand on; ConfigurationError naming a broken one."""
    environment = Environment(extensions=list(EXTENSIONS), autoescape=True)
    environment.newstyle_gettext = True  # type: ignore[attr-defined]  # (the i18n extension adds it)
    found = dict.fromkeys(one for name in names for one in closure(templates, name))
    trees = [environment.parse(templates[name], name) for name in found]
    asked = {field for tree in trees for field in _fields(tree)}
    fields = tuple(field for field in FIELDS if field in asked)
    return Usage(fields=fields, blind=_Reading(trees).blind())


def _fields(node: nodes.Node) -> Iterator[str]:
    """List the fields asked for; all of them where the reader is handed on whole."""
    for child in node.iter_child_nodes():
        if _is_reader(child):
            asked = _asked(node)
            yield from FIELDS if asked is None else (f for f in FIELDS if f == asked)
        yield from _fields(child)


def _is_reader(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and node.name == "reader"


def _asked(node: nodes.Node) -> object:
    if isinstance(node, nodes.Getattr):
        return node.attr
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        return node.arg.value
    return None


class _Reading:
    """Follows the texts that templates make; names count as the same in all of them."""

    def __init__(self, trees: Sequence[nodes.Template]) -> None:
        self._trees = trees
        bound = {
            name.name
            for tree in trees
            for name in tree.find_all(nodes.Name)
            if name.ctx in {"store", "param"}
        } | {macro.name for tree in trees for macro in tree.find_all(nodes.Macro)}
        self._constant = _CONSTANT - bound - {str(name) for name in self._imported()}
        self._kept = {
            block.target.name
            for tree in trees
            for block in tree.find_all(nodes.AssignBlock)
            if isinstance(block.target, nodes.Name) and not self._inert(*block.body)
        } | {
            # Also what `{% trans name=macro(…) %}` is read as, when it comes first.
            name.target.name
            for tree in trees
            for name in tree.find_all(nodes.Assign)
            if isinstance(name.target, nodes.Name) and self._calls(name.node)
        }

    def blind(self) -> bool:
        return all(self._sound(tree, out=False) for tree in self._trees)

    def _calls(self, node: nodes.Node) -> bool:
        """Tell whether a value is a text that a call made of what differs from reader to reader."""
        return isinstance(node, nodes.Call) and not self._inert(node)

    def _imported(self) -> Iterator[str]:
        for tree in self._trees:
            for one in tree.find_all(nodes.Import):
                yield one.target
            for some in tree.find_all(nodes.FromImport):
                yield from (name if isinstance(name, str) else name[1] for name in some.names)

    def _sound(self, node: nodes.Node, *, out: bool) -> bool:
        """Tell whether nothing in a node looks at a text; `out`: its own value is put out."""
        if type(node) not in _KNOWN or not (self._allowed(node, out=out) or self._inert(node)):
            return False
        return all(self._sound(child, out=on) for child, on in self._children(node, out=out))

    def _allowed(self, node: nodes.Node, *, out: bool) -> bool:
        if isinstance(node, nodes.Import | nodes.FromImport):
            # What the imported template keeps could be reached by a name that is not seen here.
            return not node.with_context
        if isinstance(node, nodes.Name):
            return out or node.ctx != "load" or node.name not in self._kept
        if isinstance(node, nodes.Filter | nodes.Test):
            known = FILTERS if isinstance(node, nodes.Filter) else TESTS
            return node.name in known and (out or node.name not in _SPEAKING)
        if isinstance(node, nodes.Call):
            return self._call(node, out=out)
        return out or not isinstance(node, nodes.Concat | nodes.Add)

    def _call(self, node: nodes.Call, *, out: bool) -> bool:
        """Calls make texts; a translation without variables is the same for everybody."""
        if not self._translates(node):
            return out
        texts = node.args[: _TEXTS[node.node.name]]  # type: ignore[attr-defined]  # (it is a name)
        written = all(isinstance(text, nodes.Const) for text in texts)
        bare = node.dyn_args is None and node.dyn_kwargs is None
        return written and bare and (out or not node.kwargs)

    def _translates(self, node: nodes.Call) -> bool:
        name = node.node.name if isinstance(node.node, nodes.Name) else ""
        return name in _TEXTS and name in self._constant

    def _children(self, node: nodes.Node, *, out: bool) -> Iterator[tuple[nodes.Node, bool]]:
        """Give the nodes in a node, and for each whether its value is put out."""
        for child in node.iter_child_nodes():
            if isinstance(node, nodes.CondExpr):
                yield child, out and child is not node.test
            elif isinstance(node, nodes.Assign):
                yield child, child is node.node and self._calls(child)
            elif isinstance(node, nodes.CallBlock):
                yield child, child is node.call
            elif isinstance(node, nodes.FilterBlock):
                yield child, child is node.filter
            elif isinstance(node, nodes.Call):
                yield child, out and isinstance(child, nodes.Keyword) and self._translates(node)
            else:
                yield (
                    child,
                    isinstance(node, nodes.Output)
                    or (out and isinstance(node, nodes.Keyword | nodes.Concat)),
                )

    def _inert(self, *found: nodes.Node) -> bool:
        """Tell whether nodes stand on nothing that differs from reader to reader."""
        return all(self._same(node) for one in found for node in (one, *one.find_all(nodes.Node)))

    def _same(self, node: nodes.Node) -> bool:
        if isinstance(node, nodes.Name):
            return node.name in self._constant
        if isinstance(node, nodes.Call):
            return self._translates(node)
        if isinstance(node, nodes.Filter) and node.node is None:
            # It filters the block that it stands on.
            return False
        return not isinstance(node, nodes.Block | nodes.Include | nodes.Import | nodes.FromImport)
