"""The type stubs of the module say what the module has."""

import ast
import inspect
from pathlib import Path

import gummel
import pytest
from gummel import _gummel

STUBS = ast.parse((Path(gummel.__file__).parent / "_gummel.pyi").read_text(encoding="utf-8"))
CLASSES = {node.name: node for node in STUBS.body if isinstance(node, ast.ClassDef)}
FUNCTIONS = {node.name: node for node in STUBS.body if isinstance(node, ast.FunctionDef)}


def is_public(name: str) -> bool:
    return not name.startswith("_")


def members(cls: ast.ClassDef) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in cls.body if isinstance(node, ast.FunctionDef)}


def decorated(node: ast.FunctionDef, name: str) -> bool:
    return any(isinstance(d, ast.Name) and d.id == name for d in node.decorator_list)


def parameters(node: ast.FunctionDef) -> list[tuple[str, object]]:
    """Names, and defaults where there are."""
    names = [a.arg for a in node.args.args]
    defaults = [ast.literal_eval(d) for d in node.args.defaults]
    none = [inspect.Parameter.empty] * (len(names) - len(defaults))
    return [pair for pair in zip(names, none + defaults) if pair[0] not in ("self", "cls")]


def actual(function: object) -> list[tuple[str, object]]:
    shown = inspect.signature(function).parameters.values()
    return [(p.name, p.default) for p in shown if p.name != "self"]


def test_names_of_the_module_are_those_of_the_stubs():
    declared = {n.target.id for n in STUBS.body if isinstance(n, ast.AnnAssign)} | set(CLASSES) | set(FUNCTIONS)
    there = {n for n in vars(_gummel) if is_public(n)} | {"__version__"}
    assert declared == there


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_have_the_declared_parameters(name):
    assert actual(getattr(_gummel, name)) == parameters(FUNCTIONS[name])


@pytest.mark.parametrize("name", [n for n in CLASSES if n != "GummelError"])
def test_classes_have_the_declared_members(name):
    cls, declared = getattr(_gummel, name), members(CLASSES[name])
    assert {n for n in vars(cls) if is_public(n)} == {n for n in declared if is_public(n)}
    assert not [n for n in CLASSES[name].body if isinstance(n, ast.AnnAssign)], "an attribute would be writable"
    for member, node in declared.items():
        value = inspect.getattr_static(cls, member)
        if decorated(node, "property"):
            assert inspect.isgetsetdescriptor(value), member
        elif member == "__new__":
            assert actual(cls) == parameters(node)
        elif is_public(member):
            assert isinstance(value, staticmethod) == decorated(node, "staticmethod"), member
            assert actual(getattr(cls, member)) == parameters(node), member
        else:
            assert callable(getattr(cls, member))


def test_properties_cannot_be_written(table):
    for name, node in members(CLASSES["Table"]).items():
        if decorated(node, "property"):
            with pytest.raises(AttributeError):
                setattr(_gummel.Table(table), name, None)


def test_errors_are_those_that_are_declared():
    assert issubclass(_gummel.GummelError, ValueError)
    (base,) = CLASSES["GummelError"].bases
    assert isinstance(base, ast.Name) and base.id == "ValueError"
