"""What a wording may say: its statements, values and conditions, each with what it costs."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from jinja2 import nodes

from broadcaster.domain.advisory import FactValue
from broadcaster.domain.saying import Listed, Saying, said
from broadcaster.errors import InvalidInputError
from broadcaster.render.facts import Fact
from broadcaster.render.facttypes import FactType
from broadcaster.render.unreadable import REMEDY, piece
from broadcaster.render.usage import FIELDS

#: How deep expressions and statements may stand in each other.
_DEEPEST = 20
#: How many steps a wording may take, and what each costs: a filter forty times what putting a text
#: out costs, each entry of a list that is joined two more.
_STEPS, _STEP, _FILTER, _ENTRY = 20_000, 1, 40, 2

#: Longer numbers are no numbers that anybody reads.
_LARGEST = 10**12

_MOMENTS = frozenset({FactType.DATETIME})
_DAYS = frozenset({FactType.DATETIME, FactType.DATE})
_LISTS = frozenset({FactType.LIST, FactType.PLACES})
_TEXTS = frozenset({FactType.TEXT, FactType.LOCALIZED, FactType.NAME})
_LINKS = frozenset({FactType.PHONE, FactType.EMAIL, FactType.URL})
#: What each filter takes; a value that needs one has to have one of these.
_TAKES: Mapping[str, frozenset[FactType]] = MappingProxyType(
    {
        "date": _DAYS,
        "short_date": _DAYS,
        "weekday_date": _DAYS,
        "day": _DAYS,
        "time": _MOMENTS,
        "number": frozenset({FactType.NUMBER}),
        "money": frozenset({FactType.MONEY}),
        "listing": _LISTS,
        "bare_url": frozenset({FactType.URL}),
        "isolate": _TEXTS,
    }
)
#: What stands as it is.
_PLAIN = _TEXTS | _LINKS
_ADVISORY: Mapping[str, FactType] = MappingProxyType(
    {
        "effective": FactType.DATETIME,
        "expires": FactType.DATETIME,
        **dict.fromkeys(("severity", "urgency", "certainty", "message_type"), FactType.CHOICE),
    }
)
_LOCALE = frozenset({"tag", "lang", "direction", "script", "autonym"})
_LOOP = frozenset({"first", "last"})
_COMPARED = frozenset({"eq", "ne", "lt", "lteq", "gt", "gteq", "in", "notin"})

_Facts = frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Vocabulary:
    """What a wording may speak of: the facts of a kind with an advisory's values, and its blocks.

    `blocks` are the names that it may use; with one alone or none it needs not name it.
    """

    facts: Mapping[str, Fact]
    values: Mapping[str, FactValue]
    blocks: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Scope:
    """Where a statement stands: how often it runs, what is known to be there, the loop's name."""

    times: int = 1
    there: _Facts = frozenset()
    entry: str = ""


@dataclass(slots=True)
class Grammar:
    """Goes through a wording, refusing what is not its language, and counts steps."""

    vocabulary: Vocabulary
    name: str
    blocks: list[str] = field(default_factory=list)
    literals: list[str] = field(default_factory=list)
    loose: int = 0
    steps: int = 0

    def check_depth(self, tree: nodes.Node) -> None:
        """Refuse what stands too deep, without standing so deep oneself."""
        waiting = [(tree, 0)]
        while waiting:
            node, depth = waiting.pop()
            if depth > _DEEPEST:
                raise self._refuse(node, "is nested too deeply")
            waiting += [(child, depth + 1) for child in node.iter_child_nodes()]

    def whole(self, tree: nodes.Template) -> None:
        """Read statements that may be blocks."""
        for node in tree.body:
            if not isinstance(node, nodes.Block):
                # What stands between blocks is shown nowhere: only white space may.
                if not self.loose and not _is_blank(node):
                    self.loose = node.lineno
                self._statement(node, _Scope())
                continue
            known = ", ".join(self.vocabulary.blocks) or "none"
            if node.name not in self.vocabulary.blocks:
                problem = f"has the unknown block {node.name[:60]!r}"
                raise self._refuse(node, problem, f"Known are: {known}.")
            if node.name in self.blocks or node.scoped or node.required:
                raise self._refuse(node, f"has the block {node.name} in a way that is not allowed")
            self.blocks.append(node.name)
            self._body(node.body, _Scope())

    def _body(self, body: Sequence[nodes.Node], scope: _Scope) -> None:
        for node in body:
            self._statement(node, scope)

    def _statement(self, node: nodes.Node, scope: _Scope) -> None:
        self._count(node, _STEP, scope)
        if isinstance(node, nodes.Output):
            for child in node.nodes:
                self._shown(child, scope)
        elif isinstance(node, nodes.If):
            self._if(node, scope)
        elif isinstance(node, nodes.For):
            self._for(node, scope)
        else:
            called = piece(node)
            raise self._refuse(node, f"has {called.problem}; a wording can not", called.remedy)

    def _if(self, node: nodes.If, scope: _Scope) -> None:
        there = scope.there
        for branch in (node, *node.elif_):
            self._asked(branch.test, scope)
            inside = there | _known(branch.test, sure=True)
            self._body(branch.body, _Scope(scope.times, inside, scope.entry))
            there |= _known(branch.test, sure=False)
        self._body(node.else_, _Scope(scope.times, there, scope.entry))

    def _for(self, node: nodes.For, scope: _Scope) -> None:
        fact = _field(node.iter, "facts")
        plain = isinstance(node.target, nodes.Name) and not (node.test or node.recursive)
        if scope.entry or not plain or node.else_ or self._type(fact) not in _LISTS:
            remedy = "Write {% for street in facts.streets %}…{% endfor %}, one not within another."
            raise self._refuse(node, "goes through something in a way that is not allowed", remedy)
        target = node.target.name  # type: ignore[attr-defined]  # (it is a name)
        if target in {"facts", "reader", "advisory", "locale", "loop"}:
            raise self._refuse(node, f"takes the name {target}", "Take another name.")
        entries = self.vocabulary.values.get(fact or "")
        times = scope.times * (len(entries) if isinstance(entries, list) else 0)
        self._guard(node, fact, scope)
        self._body(node.body, _Scope(max(times, 1), scope.there, target))

    def _shown(self, node: nodes.Node, scope: _Scope) -> None:
        """Read what is put out."""
        self._count(node, _STEP, scope)
        if isinstance(node, nodes.TemplateData):
            self.literals.append(node.data)
        elif isinstance(node, nodes.Const) and _is_short(node.value):
            self.literals.append(str(node.value))
        elif isinstance(node, nodes.CondExpr) and node.expr2 is not None:
            self._asked(node.test, scope)
            there = scope.there | _known(node.test, sure=True)
            self._shown(node.expr1, _Scope(scope.times, there, scope.entry))
            there = scope.there | _known(node.test, sure=False)
            self._shown(node.expr2, _Scope(scope.times, there, scope.entry))
        elif isinstance(node, nodes.Filter):
            self._filtered(node, scope)
        elif not self._is_entry(node, scope):
            self._value(node, scope, _PLAIN)

    def _filtered(self, node: nodes.Filter, scope: _Scope) -> None:
        takes = _TAKES.get(node.name)
        if takes is None:
            known = ", ".join(_TAKES)
            raise self._refuse(node, f"uses the filter {node.name[:40]!r}", f"Use {known}.")
        if node.args or node.kwargs or node.dyn_args or node.dyn_kwargs or node.node is None:
            raise self._refuse(node, f"uses the filter {node.name} in a way that is not allowed")
        fact = _field(node.node, "facts")
        entries = self.vocabulary.values.get(fact) if fact else None
        size = len(entries) * _ENTRY if isinstance(entries, list) else 0
        self._count(node, _FILTER + size, scope)
        if not (self._is_entry(node.node, scope) and takes is _TEXTS):
            self._value(node.node, scope, takes)

    def _value(self, node: nodes.Node, scope: _Scope, takes: frozenset[FactType]) -> None:
        """Check that a value can be put out, alone or by the filter that takes these types."""
        if takes >= _TEXTS and (
            _field(node, "reader") in FIELDS or _field(node, "locale") in _LOCALE
        ):
            return
        if (kind := _ADVISORY.get(_field(node, "advisory") or "")) is not None:
            self._fits(node, kind, takes)
        else:
            fact = _field(node, "facts")
            kind = self._type(fact)
            if kind is None:
                raise self._absent(node)
            self._fits(node, kind, takes)
            self._guard(node, fact, scope)

    def _absent(self, node: nodes.Node) -> InvalidInputError:
        """Refuse what is no value; what is misspelt is told with what there is."""
        called = piece(node)
        named = node.node if isinstance(node, nodes.Getattr) else node
        if not isinstance(named, nodes.Name):
            return self._refuse(
                node, f"puts out {called.problem}; a wording can not", called.remedy
            )
        remedy = self._meant(node) or called.remedy
        problem = said(
            "line %(line)s has %(name)s, which is not there",
            line=node.lineno,
            name=called.problem,
        )
        return InvalidInputError(self.name, problem, remedy)

    def _meant(self, node: nodes.Node) -> Saying | None:
        """Name what may be meant: a fact, also without its owner, or a field of the reader."""
        for owner, names in (("facts", self.vocabulary.facts), ("reader", FIELDS)):
            word = _field(node, owner) or (node.name if isinstance(node, nodes.Name) else "")
            close = difflib.get_close_matches(word, names, n=1)
            if close:
                return said("Did you mean %(name)s?", name=f"{owner}.{close[0]}")
        if _field(node, "facts"):
            return said("Facts are %(names)s.", names=Listed(self.vocabulary.facts))
        return None

    def _fits(self, node: nodes.Node, kind: FactType, takes: frozenset[FactType]) -> None:
        if kind is FactType.CHOICE and kind not in takes:
            name, fact = piece(node).problem, self.vocabulary.facts.get(_field(node, "facts") or "")
            example = fact.choices[0] if fact and fact.choices else "update"
            problem = f"shows {name}, of which customers would read the code, such as {example!r}"
            asked = f'{{% if {name} == "{example}" %}}'
            remedy = f"Write the word itself, within {asked} where it differs."
            raise self._refuse(node, problem, remedy)
        if kind not in takes:
            filters = [name for name, types in _TAKES.items() if kind in types]
            remedy = f"Write it with {' or '.join(f'|{one}' for one in filters)}."
            problem = (
                f"shows {piece(node).problem}, a {kind.value}, in a way that it can not be shown"
            )
            raise self._refuse(node, problem, remedy if kind not in _PLAIN else "Leave the filter.")

    def _guard(self, node: nodes.Node, fact: str | None, scope: _Scope) -> None:
        """Refuse to show a fact that this advisory leaves out."""
        if fact and self.vocabulary.values.get(fact) is None and fact not in scope.there:
            remedy = f"Take it out, or write {{% if facts.{fact} %}} around it."
            raise self._refuse(node, f"shows facts.{fact}, which has no value here", remedy)

    def _asked(self, node: nodes.Node, scope: _Scope) -> None:
        """Read a condition."""
        self._count(node, _STEP, scope)
        if isinstance(node, nodes.Not):
            self._asked(node.node, scope)
        elif isinstance(node, nodes.And | nodes.Or):
            self._asked(node.left, scope)
            self._asked(node.right, scope)
        elif isinstance(node, nodes.Compare):
            self._compared(node)
        elif not (
            self._is_known(node)
            or _field(node, "reader") in FIELDS
            or (scope.entry and _field(node, "loop") in _LOOP)
        ):
            called = piece(node)
            raise self._refuse(node, f"asks for {called.problem}; a wording can not", called.remedy)

    def _compared(self, node: nodes.Compare) -> None:
        """Read a comparison of what is the same for all readers with something written."""
        asked = node.expr
        if isinstance(asked, nodes.Filter) and asked.name == "length" and not asked.args:
            fact = _field(asked.node, "facts") if asked.node else None
            fits = self._type(fact) in _LISTS
        else:
            fits = self._is_known(asked)
        for operand in node.ops:
            written = operand.expr
            items = written.items if isinstance(written, nodes.List | nodes.Tuple) else [written]
            const = all(isinstance(item, nodes.Const) for item in items)
            fits = fits and const and operand.op in _COMPARED
        if not fits:
            remedy = 'Compare a fact with what is written: {% if facts.service == "water" %}.'
            raise self._refuse(node, "compares what it can not", remedy)

    def _is_known(self, node: nodes.Node) -> bool:
        """Tell whether something is the same for all readers, and there to be asked for."""
        return (
            self._type(_field(node, "facts")) is not None
            or _field(node, "advisory") in _ADVISORY
            or _field(node, "locale") in _LOCALE
        )

    def _is_entry(self, node: nodes.Node, scope: _Scope) -> bool:
        return isinstance(node, nodes.Name) and node.name == scope.entry

    def _type(self, fact: str | None) -> FactType | None:
        found = self.vocabulary.facts.get(fact or "")
        return found.type if found else None

    def _count(self, node: nodes.Node, steps: int, scope: _Scope) -> None:
        self.steps += steps * scope.times
        if self.steps > _STEPS:
            raise self._refuse(node, f"takes more than {_STEPS:,} steps", "Say less.")

    def _refuse(self, node: nodes.Node, problem: str, remedy: str = REMEDY) -> InvalidInputError:
        return InvalidInputError(self.name, f"line {node.lineno} {problem}", remedy)


def _field(node: nodes.Node | None, owner: str) -> str | None:
    """Give the field of facts, reader, advisory or locale that an expression names."""
    plain = isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name)
    return node.attr if plain and node.node.name == owner else None  # type: ignore[union-attr]  # (see above)


def _known(test: nodes.Node, *, sure: bool) -> _Facts:
    """Give the facts that are there when a condition holds, or when it does not."""
    if isinstance(test, nodes.Not):
        return _known(test.node, sure=not sure)
    if isinstance(test, nodes.And | nodes.Or):
        left, right = _known(test.left, sure=sure), _known(test.right, sure=sure)
        return left | right if isinstance(test, nodes.And) is sure else left & right
    fact = _field(test, "facts")
    return frozenset({fact}) if fact and sure else frozenset()


def _is_short(value: object) -> bool:
    """Tell whether something written can be put out: a text, or a number of some digits."""
    return isinstance(value, str) or (isinstance(value, int) and abs(value) < _LARGEST)


def _is_blank(node: nodes.Node) -> bool:
    if not isinstance(node, nodes.Output):
        return False
    return all(isinstance(one, nodes.TemplateData) and not one.data.strip() for one in node.nodes)
