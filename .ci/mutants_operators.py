"""What may be changed in a module so that a good test fails: every mutant of a source text, in the order of the text.

Left alone is what no test should pin: docstrings, annotations, texts for people, log messages, names of types.
"""

import ast
import copy
import os
from collections.abc import Iterator
from dataclasses import dataclass

BOUNDARY = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
SWAPPED = {ast.Eq: ast.NotEq, ast.In: ast.NotIn, ast.Is: ast.IsNot}
SWAPPED |= {other: one for one, other in SWAPPED.items()}
ARITHMETIC = {ast.Add: ast.Sub, ast.Mult: ast.FloorDiv, ast.Div: ast.Mult, ast.BitOr: ast.BitAnd, ast.Mod: ast.Mult}
ARITHMETIC |= {ast.Sub: ast.Add, ast.FloorDiv: ast.Mult, ast.BitAnd: ast.BitOr}
#: Calls whose texts people read in their own language.
TRANSLATIONS = {"_"} | {
    f"{name}{lazy}"
    for name in ("gettext", "ngettext", "pgettext", "npgettext", "gettext_noop")
    for lazy in ("", "_lazy")
}
LOG_METHODS = {"debug", "info", "warning", "error", "exception", "critical"}
#: Keywords that people read, or that say what cannot be otherwise.
NO_BEHAVIOUR = {"help_text", "label", "verbose_name", "verbose_name_plural", "strict"}
#: Calls that make types, or say where log lines come from.
DEFINITIONS = {"TypeVar", "getLogger", "NewType", "ParamSpec"}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
BODIES = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.ClassDef, *FUNCTIONS[:2])
#: An identity shows at least this much of what stands around the change, as far as the statement goes.
CONTEXT = 90


@dataclass(frozen=True)
class Mutant:
    """One change: ``number`` finds it again in the same text, ``identity`` in a text whose lines or files moved.

    ``lines`` are those whose tests may notice it, the changed one first. ``at_import`` means that it happens when the
    module is read, and ``name`` is then the constant, class or function that it is about.
    """

    number: int
    operator: str
    function: str
    before: str
    after: str
    lines: tuple[int, ...]
    at_import: bool
    name: str

    @property
    def identity(self) -> str:
        return f"{self.function}: {self.before} → {self.after}"


def mutants_of(source: str) -> list[Mutant]:
    """Everything that could be changed in this text."""
    return [mutant for mutant, _ in _Changes(ast.parse(source)).all()]


def mutated(source: str, number: int) -> ast.Module:
    """The text's tree after one change."""
    changes = _Changes(ast.parse(source))
    for mutant, (old, new) in changes.all():
        if mutant.number == number:
            return ast.fix_missing_locations(_replaced(changes.tree, old, new))
    raise LookupError(number)


class _Replacing(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return ast.copy_location(self.new, node) if node is self.old else self.generic_visit(node)


def _replaced(tree, old, new):
    return _Replacing(old, new).visit(tree)


class _Changes:
    """Walks a tree and knows where each node stands."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.parents: dict[ast.AST, ast.AST] = {}
        self.fields: dict[ast.AST, str] = {}
        for parent in ast.walk(tree):
            for field, value in ast.iter_fields(parent):
                for child in value if isinstance(value, list) else [value]:
                    if isinstance(child, ast.AST):
                        self.parents[child], self.fields[child] = parent, field

    def all(self) -> Iterator[tuple[Mutant, tuple[ast.AST, ast.AST]]]:
        number = 0
        for node in ast.walk(self.tree):
            if not hasattr(node, "lineno") and not isinstance(node, ast.comprehension):
                continue
            changes = list(_changes(node, self.parents.get(node), self.fields.get(node, "")))
            if not changes or self._left_alone(node):
                continue
            for operator, old, new in changes:
                yield self._mutant(number, operator, old, new), (old, new)
                number += 1

    def _above(self, node: ast.AST) -> Iterator[ast.AST]:
        while node is not None:
            yield node
            node = self.parents.get(node)

    def _left_alone(self, node: ast.AST) -> bool:
        for inner in self._above(node):
            outer, field = self.parents.get(inner), self.fields.get(inner, "")
            if field in ("annotation", "returns", "type_params") or _is_text(inner):
                return True
            if isinstance(inner, ast.Assign) and outer is self.tree and _is_type_or_list(inner):
                return True
            if isinstance(inner, ast.If) and ast.unparse(inner.test) in ("TYPE_CHECKING", "__name__ == '__main__'"):
                return True
        return False

    def _mutant(self, number: int, operator: str, old: ast.AST, new: ast.AST) -> Mutant:
        inside = self._inside(old)
        shown = self._shown(old)
        before, after = ast.unparse(shown), ast.unparse(self._with(shown, old, new))
        if isinstance(old, ast.ExceptHandler):
            before, after = _header(old), _header(new)
        if isinstance(parent := self.parents[old], ast.arguments):
            before, after = (f"{_defaulting(parent, old)}={text}" for text in (before, after))
        before, after = _difference(_one_line(before), _one_line(after))
        names = [n.name for n in self._above(old) if isinstance(n, (*FUNCTIONS[:2], ast.ClassDef))]
        function = ".".join(reversed(names)) or self._assigned(old) or "module"
        statement = next(n for n in self._above(old) if isinstance(n, (ast.stmt, ast.ExceptHandler)))
        name = names[-1] if names else self._assigned(old)
        return Mutant(number, operator, function, before, after, _lines(statement, old), not inside, name)

    def _inside(self, node: ast.AST) -> bool:
        """Whether it runs when a function is called."""
        return any(
            isinstance(self.parents.get(inner), FUNCTIONS) and self.fields[inner] == "body"
            for inner in self._above(node)
        )

    def _assigned(self, node: ast.AST) -> str:
        top = [n for n in self._above(node) if isinstance(n, ast.stmt)][-1]
        targets = getattr(top, "targets", None) or [getattr(top, "target", None)]
        return next((n.id for target in targets if target for n in ast.walk(target) if isinstance(n, ast.Name)), "")

    def _shown(self, node: ast.AST) -> ast.AST:
        """As much around the node as says where it stands."""
        shown = node
        while (outer := self.parents.get(shown)) is not None:
            if isinstance(shown, ast.stmt) or isinstance(outer, (*BODIES, ast.Module, ast.ExceptHandler)):
                break
            if not hasattr(outer, "lineno") or len(ast.unparse(outer)) > CONTEXT:
                if hasattr(outer, "lineno") or self.parents[outer] is self.tree:
                    break
                if isinstance(self.parents[outer], BODIES):
                    break
            shown = outer
        return shown

    def _with(self, shown: ast.AST, old: ast.AST, new: ast.AST) -> ast.AST:
        """A copy of what is shown, changed."""
        if shown is old:
            return new
        path = []
        for inner in self._above(old):
            if inner is shown:
                break
            parent, field = self.parents[inner], self.fields[inner]
            value = getattr(parent, field)
            path.append((field, value.index(inner) if isinstance(value, list) else None))
        made = copy.deepcopy(shown)
        place = made
        for field, index in reversed(path[1:]):
            place = getattr(place, field) if index is None else getattr(place, field)[index]
        field, index = path[0]
        if index is None:
            setattr(place, field, new)
        else:
            getattr(place, field)[index] = new
        return made


def _lines(statement: ast.stmt | ast.ExceptHandler, node: ast.AST) -> tuple[int, ...]:
    """Where the node stands, then the rest of its statement without what is below; the body, for a default of it."""
    at = getattr(node, "lineno", statement.lineno)
    below = getattr(statement, "body", [])
    if isinstance(statement, FUNCTIONS) and statement.lineno <= at < below[0].lineno:
        return (at, *range(below[0].lineno, statement.end_lineno + 1))
    last = max(statement.lineno, below[0].lineno - 1 if below else statement.end_lineno)
    return (at, *(line for line in range(statement.lineno, last + 1) if line != at))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _difference(before: str, after: str) -> tuple[str, str]:
    """Both texts, without most of what they have in common if they are long."""
    if len(before) <= 2 * CONTEXT:
        return before, after
    head = len(os.path.commonprefix([before, after]))
    tail = len(os.path.commonprefix([before[head:][::-1], after[head:][::-1]]))
    start, end = max(0, head - CONTEXT // 2), max(0, tail - CONTEXT // 2)
    return tuple(f"{'…' * (start > 0)}{text[start : len(text) - end]}{'…' * (end > 0)}" for text in (before, after))


def _defaulting(arguments: ast.arguments, default: ast.AST) -> str:
    """The name of the argument that has this default."""
    usual = [*arguments.posonlyargs, *arguments.args]
    pairs = [*zip(usual[::-1], arguments.defaults[::-1], strict=False)]
    pairs += zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return next(argument.arg for argument, given in pairs if given is default)


def _header(handler: ast.ExceptHandler) -> str:
    return f"except {ast.unparse(handler.type) if handler.type else ''}: {ast.unparse(handler.body[0])}"


def _called(node: ast.AST) -> str:
    """The last part of the name of what a call calls."""
    function = getattr(node, "func", None)
    return getattr(function, "attr", None) or getattr(function, "id", "")


def _is_text(node: ast.AST) -> bool:
    """Whether nothing in it is for a test to pin."""
    if isinstance(node, ast.keyword) and node.arg in NO_BEHAVIOUR:
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True  # a docstring
    if not isinstance(node, ast.Call):
        return False
    if _called(node) in TRANSLATIONS | DEFINITIONS:
        return True
    return _called(node) in LOG_METHODS and "log" in ast.unparse(node.func).partition(".")[0].lower()


def _is_type_or_list(node: ast.Assign) -> bool:
    """``Writes = dict[…]`` and ``__all__``."""
    name = getattr(node.targets[0], "id", "")
    return name.startswith("__") or (name[:1].isupper() and not name.isupper() and "_" not in name)


def _changes(node: ast.AST, parent: ast.AST | None, field: str) -> Iterator[tuple[str, ast.AST, ast.AST]]:
    """(operator, what is replaced, by what) of one node."""
    yield from _of_operators(node)
    yield from _of_conditions(node)
    if isinstance(node, ast.Constant):
        yield from _of_constants(node, parent, field)
    elif isinstance(node, ast.Call):
        yield from _of_keywords(node)
    elif isinstance(node, ast.ExceptHandler):
        yield from _of_handlers(node)
    elif isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield "return None", node, ast.Return(ast.Constant(None))
    elif _is_removable(node):
        yield "statement removed", node, ast.Pass()


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _changed(node: ast.AST, **fields: object) -> ast.AST:
    made = copy.copy(node)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def _of_operators(node):
    if isinstance(node, ast.Compare):
        for index, operator in enumerate(node.ops):
            for name, table in (("boundary", BOUNDARY), ("comparison", SWAPPED)):
                if other := table.get(type(operator)):
                    yield name, node, _changed(node, ops=[*node.ops[:index], other(), *node.ops[index + 1 :]])
    elif isinstance(node, ast.BoolOp):
        yield "and/or", node, _changed(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "not", node, node.operand
    elif isinstance(node, (ast.BinOp, ast.AugAssign)) and (other := ARITHMETIC.get(type(node.op))):
        yield "arithmetic", node, _changed(node, op=other())


def _of_conditions(node):
    if isinstance(node, (ast.If, ast.IfExp, ast.While)):
        for forced in (True, False)[isinstance(node, ast.While) :]:
            yield f"condition {forced}", node.test, ast.Constant(forced)
    elif isinstance(node, ast.comprehension):
        for condition in node.ifs:
            yield "condition True", condition, ast.Constant(True)


def _of_constants(node, parent, field):
    value = node.value
    name = "default" if isinstance(parent, ast.arguments) else "constant"
    if isinstance(value, bool):
        yield name, node, ast.Constant(not value)
    elif isinstance(value, (int, float)):
        yield name, node, ast.Constant(value + 1)
    elif isinstance(value, str) and value and not isinstance(parent, (ast.JoinedStr, ast.FormattedValue)):
        yield "string", node, ast.Constant("")
    elif value is None and isinstance(parent, ast.arguments):
        yield name, node, ast.Constant(0)


def _of_keywords(node):
    for index, keyword in enumerate(node.keywords):
        if keyword.arg and keyword.arg not in NO_BEHAVIOUR:
            yield "keyword dropped", node, _changed(node, keywords=node.keywords[:index] + node.keywords[index + 1 :])


def _of_handlers(node):
    if not isinstance(node.body[0], ast.Raise):
        yield "handler raises", node, _changed(node, body=[ast.Raise()])
    if not (len(node.body) == 1 and isinstance(node.body[0], ast.Pass)):
        yield "handler passes", node, _changed(node, body=[ast.Pass()])
    if isinstance(node.type, ast.Tuple):
        for index in range(len(node.type.elts)):
            fewer = _changed(node.type, elts=node.type.elts[:index] + node.type.elts[index + 1 :])
            yield "handler catches less", node.type, fewer


def _is_removable(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Call) and not _is_text(node.value)
    if isinstance(node, ast.Assign):
        return all(isinstance(target, (ast.Attribute, ast.Subscript)) for target in node.targets)
    return isinstance(node, (ast.AugAssign, ast.Raise, ast.Break, ast.Continue, ast.Delete))
