"""YAML for model specs: the plain core of YAML 1.2, read without surprises.

Built on PyYAML's event stream, so that nothing is constructed but text, numbers, true, false, null,
lists and mappings. Refused, each with its line: a key that occurs twice, tags (``!!python/...``), a
second document, merge keys, and files whose aliases expand to too many values.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from evergreen.spec.problems import Problem, dotted
from evergreen.spec.scalars import read_scalar

MAX_BYTES = 256 * 1024
MAX_NODES = 20_000
MAX_DEPTH = 20

Path = tuple[str | int, ...]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Document:
    """What a YAML file says.

    Attributes:
        value: The keys of the file; empty where it could not be read at all.
        lines: Line of each key and list item, by its path.
        problems: What is wrong with it as YAML; the rest of the file was still read.
        is_readable: False where the file could not be read to its end.
    """

    value: dict[str, Any]
    lines: dict[Path, int]
    problems: tuple[Problem, ...] = ()
    is_readable: bool = True

    def line_of(self, path: Path) -> int | None:
        """Return the line of the path, or of the nearest key that holds it."""
        for length in range(len(path), 0, -1):
            line = self.lines.get(path[:length])
            if line is not None:
                return line
        return None


class _UnreadableError(Exception):
    """Reading stops here; carries the problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass
class _Node:
    """A value with the number of nodes it expands to."""

    value: Any
    size: int


@dataclass
class _Reader:
    events: Iterator[Any]
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    anchors: dict[str, _Node] = field(default_factory=dict)
    n_nodes: int = 0

    def read(self) -> Any:
        """Return the value of the only document, None where there is none."""
        next(self.events)  # the start of the stream
        if not isinstance(next(self.events), yaml.DocumentStartEvent):
            return None
        node = self._node(next(self.events), ())
        next(self.events)  # the end of the document
        after = next(self.events)
        if isinstance(after, yaml.DocumentStartEvent):
            text = "a second document begins here; one model per file: remove it and its '---'"
            self.problems.append(Problem(text, line=_line(after)))
        return node.value

    def _node(self, event: Any, path: Path) -> _Node:
        if isinstance(event, yaml.AliasEvent):
            return self._count(self._alias(event, path), event)
        if event.tag is not None:
            text = f"the tag {event.tag!r} is not allowed; write plain values, text in quotes"
            self.problems.append(Problem(text, dotted(path), _line(event)))
        if isinstance(event, yaml.ScalarEvent):
            node = self._count(_Node(self._scalar(event, path), 1), event)
        elif len(path) >= MAX_DEPTH:
            text = f"nested deeper than {MAX_DEPTH} levels"
            raise _UnreadableError(Problem(text, line=_line(event)))
        elif isinstance(event, yaml.MappingStartEvent):
            node = self._mapping(event, path)
        else:
            node = self._sequence(event, path)
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def _count(self, node: _Node, event: Any) -> _Node:
        self.n_nodes += node.size
        if self.n_nodes > MAX_NODES:
            text = f"expands to more than {MAX_NODES} values; write it without aliases ('*name')"
            raise _UnreadableError(Problem(text, line=_line(event)))
        return node

    def _alias(self, event: Any, path: Path) -> _Node:
        node = self.anchors.get(event.anchor)
        if node is None:
            text = f"the alias '*{event.anchor}' is used before or inside '&{event.anchor}'"
            raise _UnreadableError(Problem(text, dotted(path), _line(event)))
        return node

    def _mapping(self, start: Any, path: Path) -> _Node:
        node = self._count(_Node({}, 1), start)
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                text = "a key must be plain text"
                raise _UnreadableError(Problem(text, dotted(path), _line(event)))
            key, line = event.value, _line(event)
            here = (*path, key)
            if key in node.value:
                text = f"this key occurs twice, first in line {self.lines[here]}; keep one"
                self.problems.append(Problem(text, dotted(here), line))
            else:
                self.lines[here] = line
            child = self._node(next(self.events), here)
            node.value[key] = child.value
            node.size += child.size
        return node

    def _sequence(self, start: Any, path: Path) -> _Node:
        node = self._count(_Node([], 1), start)
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            here = (*path, len(node.value))
            self.lines[here] = _line(event)
            child = self._node(event, here)
            node.value.append(child.value)
            node.size += child.size
        return node

    def _scalar(self, event: Any, path: Path) -> Any:
        if not event.implicit[0]:
            return event.value
        try:
            return read_scalar(event.value)
        except ValueError as err:
            self.problems.append(Problem(str(err), dotted(path), _line(event)))
            return event.value


def parse_yaml(content: bytes) -> Document:
    """Read the bytes of a spec file.

    Mistakes do not raise: they are in ``problems``, with their lines.

    Source: YAML 1.2.2, section 10.3, core schema.
    """
    try:
        text = _decode(content)
        reader = _Reader(iter(yaml.parse(text, Loader=_LOADER)))
        value = reader.read()
    except _UnreadableError as err:
        return _unreadable(err.problem)
    except yaml.YAMLError as err:
        return _unreadable(_syntax_problem(err, content))
    if value is None:
        return _unreadable(Problem("the file is empty; it needs at least 'name: <model>'"))
    if not isinstance(value, dict):
        came = "a list" if isinstance(value, list) else f"only {value!r:.40}"
        return _unreadable(Problem(f"holds {came}; expected 'key: value' lines"))
    return Document(value, reader.lines, tuple(reader.problems))


def decode_text(content: bytes) -> str:
    """Return UTF-8 text, without its byte-order mark and with plain line ends.

    Raises:
        ValueError: It is not UTF-8; the text names the line.
    """
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as err:
        line = content[: err.start].count(b"\n") + 1
        raise ValueError(f"line {line} is not UTF-8; save the file as UTF-8") from err


def _decode(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        text = f"is {len(content)} bytes long; a spec has at most {MAX_BYTES}"
        raise _UnreadableError(Problem(text))
    try:
        return decode_text(content)
    except ValueError as err:
        raise _UnreadableError(Problem(str(err))) from err


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _unreadable(problem: Problem) -> Document:
    return Document({}, {}, (problem,), is_readable=False)


def _syntax_problem(err: yaml.YAMLError, content: bytes) -> Problem:
    mark = getattr(err, "problem_mark", None)
    if mark is None:
        return Problem(f"is not YAML: {getattr(err, 'reason', err)}")
    lines = content.decode("utf-8", "replace").splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    indent = line[: len(line) - len(line.lstrip())]
    if "\t" in indent or line[mark.column : mark.column + 1] == "\t":
        return Problem("a tab; YAML indents with spaces only", line=mark.line + 1)
    reason = getattr(err, "problem", None) or str(err)
    return Problem(
        f"is not YAML at column {mark.column + 1}: {reason}; look at the indentation,"
        " the colons and the quotes of this line and the one before",
        line=mark.line + 1,
    )
