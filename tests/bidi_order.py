"""In which order the characters of a line are seen: the Unicode bidirectional algorithm.

Written for tests from UAX #9 (rules P2 to L2), apart from what the program does: the program has
rules for shapes, and this says what a screen would show. Explicit embeddings are left out, which
nothing here may contain.
"""

import unicodedata
from itertools import groupby

_ISOLATES = {"\u2066": "LRI", "\u2067": "RLI", "\u2068": "FSI"}
_PDI = "\u2069"
_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_NEUTRAL = frozenset({"B", "S", "WS", "ON", "LRI", "RLI", "FSI", "PDI"})
_MARKS = frozenset("\u200e\u200f\u061c\u2066\u2067\u2068\u2069")


def displayed(text: str, direction: str) -> str:
    """Give the characters of one line as they stand on a screen from left to right."""
    return "".join(text[place] for place in order(text, direction) if text[place] not in _MARKS)


def stays_whole(text: str, start: int, end: int, direction: str) -> bool:
    """Tell whether the characters from `start` to `end` are seen side by side in their order."""
    seen = [place for place in order(text, direction) if text[place] not in _MARKS]
    places = [place for place in range(start, end) if text[place] not in _MARKS]
    first = seen.index(places[0])
    return seen[first : first + len(places)] == places


def order(text: str, direction: str) -> list[int]:
    """Give the places of the characters of one line as they are seen from left to right."""
    base = 1 if direction == "rtl" else 0
    types = [unicodedata.bidirectional(character) or "L" for character in text]
    levels = _explicit(text, types, base)
    for run in _sequences(text, types, levels):
        _resolve(text, types, levels, run, base)
    for place in range(len(text) - 1, -1, -1):
        if types[place] not in {"WS", "LRI", "RLI", "FSI", "PDI"}:
            break
        levels[place] = base
    return _reorder(levels)


def _explicit(text: str, types: list[str], base: int) -> list[int]:
    """Give each character its level from the isolates around it (X5a to X6a)."""
    levels, stack = [], [base]
    for place, character in enumerate(text):
        if character in _ISOLATES:
            levels.append(stack[-1])
            kind = types[place]
            if kind == "FSI":
                kind = "RLI" if _first_strong(text[place + 1 :]) == 1 else "LRI"
            odd = kind == "RLI"
            stack.append(stack[-1] + (1 if (stack[-1] % 2 == 0) == odd else 2))
        elif character == _PDI:
            if len(stack) > 1:
                stack.pop()
            levels.append(stack[-1])
        else:
            levels.append(stack[-1])
    return levels


def _first_strong(text: str) -> int:
    depth = 0
    for character in text:
        kind = unicodedata.bidirectional(character)
        if character in _ISOLATES:
            depth += 1
        elif character == _PDI:
            if not depth:
                return 0
            depth -= 1
        elif not depth and kind in {"L", "R", "AL"}:
            return 0 if kind == "L" else 1
    return 0


def _sequences(text: str, types: list[str], levels: list[int]) -> list[list[int]]:
    """Give the isolating run sequences (BD13)."""
    del types
    runs = [[p for p, _ in group] for _, group in groupby(enumerate(levels), key=lambda x: x[1])]
    closing: dict[int, int] = {}
    open_: list[int] = []
    for place, character in enumerate(text):
        if character in _ISOLATES:
            open_.append(place)
        elif character == _PDI and open_:
            closing[open_.pop()] = place
    by_start = {run[0]: run for run in runs}
    partners = set(closing.values())
    sequences = []
    for run in runs:
        if run[0] in partners:
            continue
        whole = list(run)
        while text[whole[-1]] in _ISOLATES and whole[-1] in closing:
            whole += by_start[closing[whole[-1]]]
        sequences.append(whole)
    return sequences


def _resolve(  # noqa: C901, PLR0912, PLR0915  (the rules of the standard in their order)
    text: str, types: list[str], levels: list[int], run: list[int], base: int
) -> None:
    level = levels[run[0]]
    embedding = "R" if level % 2 else "L"
    before = levels[run[0] - 1] if run[0] else base
    last = run[-1]
    after = levels[last + 1] if last + 1 < len(text) and text[last] not in _ISOLATES else base
    sos = "R" if max(level, before) % 2 else "L"
    eos = "R" if max(level, after) % 2 else "L"
    kinds = [types[place] for place in run]
    size = range(len(run))
    for n in size:  # W1
        if kinds[n] == "NSM":
            previous = kinds[n - 1] if n else sos
            kinds[n] = "ON" if previous in {"LRI", "RLI", "FSI", "PDI"} else previous
    strong = sos
    for n in size:  # W2, W3
        if kinds[n] in {"L", "R", "AL"}:
            strong = kinds[n]
        elif kinds[n] == "EN" and strong == "AL":
            kinds[n] = "AN"
    kinds = ["R" if kind == "AL" else kind for kind in kinds]
    for n in size[1:-1]:  # W4
        sides = kinds[n - 1], kinds[n + 1]
        if (kinds[n] in {"ES", "CS"} and sides == ("EN", "EN")) or (
            kinds[n] == "CS" and sides == ("AN", "AN")
        ):
            kinds[n] = kinds[n - 1]
    n = 0
    while n < len(kinds):  # W5
        if kinds[n] == "ET":
            end = n
            while end < len(kinds) and kinds[end] == "ET":
                end += 1
            beside = (n and kinds[n - 1] == "EN") or (end < len(kinds) and kinds[end] == "EN")
            kinds[n:end] = ["EN" if beside else "ET"] * (end - n)
            n = end
        n += 1
    kinds = ["ON" if kind in {"ES", "ET", "CS", "BN"} else kind for kind in kinds]  # W6
    strong = sos
    for n in size:  # W7
        if kinds[n] in {"L", "R"}:
            strong = kinds[n]
        elif kinds[n] == "EN" and strong == "L":
            kinds[n] = "L"
    _brackets(text, run, kinds, sos, embedding)
    n = 0
    while n < len(kinds):  # N1, N2
        if kinds[n] in _NEUTRAL:
            end = n
            while end < len(kinds) and kinds[end] in _NEUTRAL:
                end += 1
            left = _side(kinds[n - 1]) if n else sos
            right = _side(kinds[end]) if end < len(kinds) else eos
            kinds[n:end] = [left if left == right else embedding] * (end - n)
            n = end
        else:
            n += 1
    for place, kind in zip(run, kinds, strict=True):  # I1, I2
        if level % 2 == 0:
            levels[place] += {"L": 0, "R": 1, "AN": 2, "EN": 2}[kind]
        else:
            levels[place] += {"R": 0, "L": 1, "AN": 1, "EN": 1}[kind]


def _side(kind: str) -> str:
    return "L" if kind == "L" else "R"


def _brackets(text: str, run: list[int], kinds: list[str], sos: str, embedding: str) -> None:
    """Give pairs of brackets the direction of what they hold (N0)."""
    for start, end in _pairs(text, run, kinds):
        inside = {_side(kind) for kind in kinds[start + 1 : end] if kind not in _NEUTRAL}
        if not inside:
            continue
        earlier = [_side(kind) for kind in kinds[:start] if kind not in _NEUTRAL]
        context = earlier[-1] if earlier else sos
        kinds[start] = kinds[end] = embedding if embedding in inside else context


def _pairs(text: str, run: list[int], kinds: list[str]) -> list[tuple[int, int]]:
    """Find the pairs of brackets (BD16)."""
    stack: list[tuple[str, int]] = []
    pairs = []
    for n, place in enumerate(run):
        character = text[place]
        if kinds[n] != "ON":
            continue
        if character in _BRACKETS:
            stack.append((_BRACKETS[character], n))
        elif character in _BRACKETS.values():
            for depth in range(len(stack) - 1, -1, -1):
                if stack[depth][0] == character:
                    pairs.append((stack[depth][1], n))
                    del stack[depth:]
                    break
    return sorted(pairs)


def _reorder(levels: list[int]) -> list[int]:
    """Turn around every run of a level and above, from the highest down (L2)."""
    places = list(range(len(levels)))
    for level in range(max(levels, default=0), 0, -1):
        start = 0
        while start < len(places):
            if levels[places[start]] < level:
                start += 1
                continue
            end = start
            while end < len(places) and levels[places[end]] >= level:
                end += 1
            places[start:end] = reversed(places[start:end])
            start = end
    return places
