"""No module of the SDK imports itself in a circle, not even for its types."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

SDK = Path(__file__).parents[2] / "layers" / "shared" / "forgeledger" / "sdk"


def imports_of(path: Path) -> set[str]:
    """The SDK's modules that a file imports anywhere in it, so under TYPE_CHECKING as well."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names & modules().keys()


def modules() -> dict[str, Path]:
    package = SDK.parents[1]
    return {
        ".".join(path.relative_to(package).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sorted(SDK.rglob("*.py"))
    }


def circle_in(graph: dict[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_the_modules_of_the_sdk_import_each_other_in_no_circle():
    graph = {name: imports_of(path) for name, path in modules().items()}

    assert "forgeledger.sdk.delivery" in graph["forgeledger.sdk.errors"]
    assert circle_in(graph) == []


def test_a_circle_is_found():
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})
