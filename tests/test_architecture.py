"""The house: who may import whom, how large a folder and a file may be, and what every file must have."""

from __future__ import annotations

import ast
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from envs import TASKS
from envs.text_mdp import TextMDP

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("envs", "algorithms", "benchmarks")
FILES = sorted(p for top in PACKAGES for p in (ROOT / top).rglob("*.py"))

# from the lowest layer to the highest; a module may import its own layer and those below; names of one line are one layer
LAYERS = (
    ("envs.seeding", "envs.validation", "envs.registry", "envs.naming", "envs.files"),
    ("envs.api",),
    ("envs.text_mdp", "envs.splits"),
    ("envs.text_env", "envs.enumeration", "envs.delayed", "envs.custom"),
    ("envs.solver",),
    ("envs.language.models",),
    ("envs.language.data",),
    ("envs.language",),
    ("envs.text", "envs.control"),
    ("envs.language.tasks", "envs.language.named"),
    ("envs.tasks",),
    ("envs.named", "envs.gymnasium_env"),
    ("envs.exports",),
    ("envs.random_policy",),
    ("envs.custom.repeats", "envs.custom.rehearsal"),
    ("envs",),
    ("algorithms.tunable", "algorithms.parts"),
    ("algorithms.policies",),
    ("algorithms.estimators",),
    ("algorithms.staleness",),
    ("algorithms.training_config",),
    ("algorithms.composition",),
    ("algorithms.training",),
    ("algorithms.asynchronous",),
    ("algorithms.algorithm", "algorithms.cost"),
    ("algorithms.variant",),
    ("algorithms.language",),
    ("algorithms.references", "algorithms.conformance"),
    ("algorithms.variants", "algorithms.textbook"),
    ("algorithms",),
    ("benchmarks.validation",),
    ("benchmarks.store", "benchmarks.published"),
    ("benchmarks.sharing",),
    ("benchmarks.design",),
    ("benchmarks.language",),
    ("benchmarks.imports", "benchmarks.loading"),
    ("benchmarks.statistics",),
    ("benchmarks.findings",),
    ("benchmarks.figures",),
    ("benchmarks.experiments",),
    ("benchmarks.reports", "benchmarks.playback"),
    ("benchmarks.execution",),
    ("benchmarks.tuning", "benchmarks.speed", "benchmarks.libraries", "benchmarks.judging"),
    ("benchmarks.cli",),
    ("benchmarks.api",),
    ("benchmarks",),
)
# a folder of declarations grows with what the suite holds
REGISTRIES = {"algorithms/variants", "envs/text", "benchmarks/experiments"}
MOST_MODULES, MOST_LINES, FEW_LINES = 14, 300, 250
LONG = {  # files of more than FEW_LINES lines, each with its reason
    "envs/api.py": "the contract between environments and learners is read as one",
    "algorithms/training/learner.py": "an update's steps and the state that they share are one object",
    "algorithms/training/run.py": "the loop and what its saved state holds are one object",
    "envs/text/overopt.py": "two reward models and their closed forms, which are read side by side",
    "envs/text_mdp.py": "the contract of a text MDP is read as one",
}

pytestmark = pytest.mark.xdist_group("tree")  # one process parses all files

# packages that may be missing, and may therefore be imported where they are used
OPTIONAL = {
    "distrax",
    "envpool",
    "flax",
    "gguf",
    "gymnax",
    "jax",
    "optax",
    "psycopg",
    "ray",
    "stable_baselines3",
    "tensorboard",
    "tokenizers",
    "transformers",
    "vaderSentiment",
}
NEEDS_OPTIONAL = {"algorithms.references.sb3_env"}  # modules of ours whose classes derive from those of such a package
# packages that only these parts of the house know
CONFINED = {
    "matplotlib": ("benchmarks.figures", "benchmarks.tuning.figures", "benchmarks.playback.gif"),
    "seaborn": ("benchmarks.figures", "benchmarks.tuning.figures"),
    "optuna": ("benchmarks.tuning",),
    "pyarrow": ("benchmarks.store",),
    "safetensors": (
        "benchmarks.store",
        "benchmarks.playback.policy_files",
        "envs.language",
        "algorithms.language",
        "benchmarks.language",
    ),
    "stable_baselines3": ("algorithms.references", "benchmarks.speed.libraries"),
    "torch": ("algorithms", "benchmarks", "envs.language"),
    "transformers": ("envs.language.models", "benchmarks.language"),
    "tyro": ("benchmarks.cli", "benchmarks.__main__"),
}


def module_of(path: Path) -> str:
    """The dotted name of a file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in FILES}


@cache
def tree_of(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text())


@cache
def imports(path: Path) -> tuple[tuple[str, bool], ...]:
    """What a file imports, anywhere in it, type-only imports too; and whether the import stands inside a function."""
    tree = tree_of(path)
    functions = [n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))]
    inside = {id(n) for function in functions for n in ast.walk(function)}
    found: list[tuple[str, bool]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, id(node) in inside) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: a relative import"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                found.append((full if full in MODULES else str(node.module), id(node) in inside))
    return tuple(found)


@cache
def imports_by_name(path: Path) -> set[str]:
    """The modules of ours that a file names in a string, which is how a table imports them when they are asked for.

    A registry names a package, and imports its modules. Every string counts that is the full name of a module.
    """
    constants = [n.value for n in ast.walk(tree_of(path)) if isinstance(n, ast.Constant)]
    dotted = {text for text in constants if isinstance(text, str) and "." in text}  # "envs" alone is also a word
    return {m for m in MODULES if m in dotted or m.rpartition(".")[0] in dotted}


def graph() -> dict[str, set[str]]:
    """Module -> the modules of ours that it imports, at once or when they are asked for."""
    return {
        name: ({m for m, _ in imports(path) if m in MODULES} | imports_by_name(path)) - {name}
        for name, path in MODULES.items()
    }


def circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """The strongly connected components of more than one module (Tarjan, 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(arrows[node]):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            component = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(component) > 1:
                found.append(sorted(component))

    for node in sorted(arrows):
        if node not in index:
            visit(node)
    return found


def layer(module: str) -> int:
    """The place of a module in LAYERS, by the longest name that fits."""
    fits = [
        (len(name), place)
        for place, names in enumerate(LAYERS)
        for name in names
        if module == name or module.startswith(f"{name}.")
    ]
    return max(fits)[1]


def within(module: str, places: tuple[str, ...]) -> bool:
    """Whether a module is one of these or lies in one of them."""
    return any(module == place or module.startswith(f"{place}.") for place in places)


def test_no_module_imports_itself_through_others() -> None:
    assert circles(graph()) == []


def test_a_circle_would_be_found() -> None:
    arrows = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set()}
    assert circles(arrows) == [["a", "b", "c"]]


def test_imports_point_down() -> None:
    up = {m: sorted(other for other in arrows if layer(other) > layer(m)) for m, arrows in graph().items()}
    assert {module: others for module, others in up.items() if others} == {}


def test_what_a_table_imports_by_name_is_seen() -> None:
    arrows = graph()
    assert arrows["benchmarks.cli"] >= {"benchmarks.cli.run", "benchmarks.cli.tune"}
    assert arrows["algorithms"] >= {"algorithms.variants.ppo", "algorithms.variants.random"}
    assert "benchmarks.experiments.ladder" in arrows["benchmarks.experiments"]
    assert arrows["envs.tasks"] >= {"envs.text.lock", "envs.control.classic"}


def test_only_optional_packages_are_imported_inside_functions() -> None:
    inside = {m: {name for name, local in imports(path) if local} for m, path in MODULES.items()}
    wrong = {m: {n for n in names if n.split(".")[0] not in OPTIONAL} - NEEDS_OPTIONAL for m, names in inside.items()}
    assert {module: names for module, names in wrong.items() if names} == {}


def packages_of(module: str) -> set[str]:
    """The top-level packages that a module imports."""
    return {name.split(".")[0] for name, _ in imports(MODULES[module])}


def test_a_package_is_known_where_it_belongs() -> None:
    wrong = {m: [n for n, places in CONFINED.items() if n in packages_of(m) and not within(m, places)] for m in MODULES}
    assert {module: names for module, names in wrong.items() if names} == {}


def test_packages_import_downwards() -> None:
    above = {"envs": {"algorithms", "benchmarks"}, "algorithms": {"benchmarks"}, "benchmarks": set[str]()}
    wrong = {m: packages_of(m) & ({"tests", "docs"} | above[m.split(".")[0]]) for m in MODULES}
    assert {module: names for module, names in wrong.items() if names} == {}


@cache
def asked(path: Path) -> set[str]:
    """The classes whose instances a file looks for; what it asserts is known already."""
    asserted = {id(n) for a in ast.walk(tree_of(path)) if isinstance(a, ast.Assert) for n in ast.walk(a)}
    calls = [n for n in ast.walk(tree_of(path)) if isinstance(n, ast.Call) and id(n) not in asserted]
    kinds = [call.args[1] for call in calls if isinstance(call.func, ast.Name) and call.func.id == "isinstance"]
    return {n.id for kind in kinds for n in ast.walk(kind) if isinstance(n, ast.Name)}


def test_whether_something_has_a_capability_is_asked_in_one_module() -> None:
    """A runtime-checkable Protocol is what a part may have besides its own. One function looks, and others ask that."""
    kinds = [n for path in FILES for n in ast.walk(tree_of(path)) if isinstance(n, ast.ClassDef)]
    capabilities = {k.name for k in kinds if "runtime_checkable" in map(ast.unparse, k.decorator_list)}
    assert "HasFrontier" in capabilities
    places = {name: [m for m, path in MODULES.items() if name in asked(path)] for name in capabilities}
    assert {name: modules for name, modules in places.items() if len(modules) > 1} == {}


def test_a_folder_is_small_enough_to_be_seen_at_once() -> None:
    modules = Counter(str(path.relative_to(ROOT).parent) for path in FILES if path.name != "__init__.py")
    assert {f: n for f, n in modules.items() if f not in REGISTRIES and n > MOST_MODULES} == {}


def test_a_file_is_short_enough_to_be_read_at_once() -> None:
    lines = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in FILES}
    assert {f: n for f, n in lines.items() if n > (MOST_LINES if f in LONG else FEW_LINES)} == {}


def test_every_module_says_what_it_is_for() -> None:
    assert [str(path) for path in FILES if not ast.get_docstring(tree_of(path))] == []


@pytest.mark.parametrize("path", sorted((ROOT / "envs" / "text").glob("[a-z]*.py")), ids=lambda p: p.stem)
def test_every_text_task_has_a_complete_card(path: Path) -> None:
    card = ast.get_docstring(ast.parse(path.read_text())) or ""
    for part in ("state", "action", "dynamics", "reward", "end", "optimum", "figures", "isolates", "source"):
        assert f"\n    {part} " in card or f"\n{part} " in card, part


def test_every_text_task_has_small_and_medium_presets() -> None:
    names = {name for name, task in TASKS.items() if isinstance(task.factory, TextMDP)}
    for family in {name.partition("/")[0] for name in names}:
        for size in ("small", "medium"):
            assert any(name.startswith(family + "/") and name.endswith(size) for name in names), (family, size)


def test_no_registry_host_is_named() -> None:
    hosts = ("pypi" + ".org", "pytorch" + ".org", "pythonhosted" + ".org")
    for path in [*ROOT.glob("*.py"), *ROOT.glob("*.toml"), *ROOT.glob("*.txt"), ROOT / ".ci" / "run"]:
        assert not any(host in path.read_text() for host in hosts), path
