"""The tree keeps the rules of `tests.layers`, and the checker reports every kind of breach when one is planted."""

from __future__ import annotations

from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.layers import FUNCTION_LINES_MAX, LAYERS, MODULE_LINES_MAX, Rule, check, layer_of

ROOT = Path(__file__).parent.parent


def test_the_tree_keeps_the_rules() -> None:
    findings = check(ROOT)
    assert not findings, "\n" + "\n".join(map(str, findings))


def test_the_table_points_down_only() -> None:
    graph = {name: layer.may_import for name, layer in LAYERS.items()}
    assert set().union(*graph.values()) <= set(LAYERS)
    order = list(TopologicalSorter(graph).static_order())
    assert order.index("orchestrator.core") < order.index("orchestrator.engine") < order.index("bidders")


def plant(root: Path, files: dict[str, str]) -> None:
    for name, source in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)


CORE = "orchestrator/core/auction.py"
STORE = "orchestrator/store/x.py"
BIDDER = "bidders/greedy.py"
LONG_FUNCTION = "def {name}():\n" + "    pass\n" * FUNCTION_LINES_MAX

PURE_ONES = ("core", "errors", "journal", "ledger", "money", "passwords")

# Each: what is planted, and the breaches that must be reported, no more and no fewer.
PLANTED: dict[str, tuple[dict[str, str], list[str]]] = {
    "eager": ({CORE: "import orchestrator.store\n"}, [f"{CORE}:1: layer"]),
    "eager, from a package": ({CORE: "\nfrom orchestrator import store\n"}, [f"{CORE}:2: layer"]),
    "eager, from a module": ({CORE: "from orchestrator.engine.driver import drive\n"}, [f"{CORE}:1: layer"]),
    "eager, relative": ({CORE: "from ..store import journal\n"}, [f"{CORE}:1: layer"]),
    "eager, relative to a package": (
        {"orchestrator/core/__init__.py": "from .. import api\n"},
        ["__init__.py:1: layer"],
    ),
    "eager, one of several": ({CORE: "from orchestrator import errors, api, money\n"}, [f"{CORE}:1: layer"]),
    "eager, in a try": (
        {CORE: "try:\n    import orchestrator.api\nexcept ImportError:\n    pass\n"},
        [f"{CORE}:2: layer"],
    ),
    "deferred": ({CORE: "def f():\n    from orchestrator.engine import drive\n"}, [f"{CORE}:2: layer: .*deferred"]),
    "deferred, async": ({CORE: "async def f():\n    import orchestrator.api\n"}, [f"{CORE}:2: layer: .*deferred"]),
    "deferred, in a method": (
        {CORE: "class A:\n    def f(self):\n        import orchestrator.api\n"},
        [f"{CORE}:3: layer: .*deferred"],
    ),
    "type-only": (
        {CORE: "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from orchestrator.store import Journal\n"},
        [f"{CORE}:3: layer: .*type-only"],
    ),
    "type-only, by attribute": (
        {CORE: "import typing\nif typing.TYPE_CHECKING:\n    import orchestrator.api\nelse:\n    import time\n"},
        [f"{CORE}:3: layer: .*type-only", f"{CORE}:5: forbidden-import: .*eager"],
    ),
    "dynamic": (
        {STORE: "import importlib\nimportlib.import_module('orchestrator.core')\n"},
        [f"{STORE}:2: layer: .*dynamic"],
    ),
    "dynamic, renamed": (
        {STORE: "from importlib import import_module as load\nload(name='orchestrator.core')\n"},
        [f"{STORE}:2: layer: .*dynamic"],
    ),
    "dynamic, relative": (
        {STORE: "from importlib import import_module\nimport_module('..core', __package__)\n"},
        [f"{STORE}:2: layer: .*dynamic"],
    ),
    "dynamic, built-in": ({STORE: "x = __import__('orchestrator.cli')\n"}, [f"{STORE}:1: layer: .*dynamic"]),
    "sideways": ({"orchestrator/store/x.py": "import orchestrator.core\n"}, ["store/x.py:1: layer"]),
    "back up to the root": ({CORE: "from orchestrator import run_request\n"}, [f"{CORE}:1: layer"]),
    "up to the command": ({"orchestrator/api.py": "import orchestrator.cli\n"}, ["api.py:1: layer"]),
    "root to the command": ({"orchestrator/__init__.py": "import orchestrator.cli\n"}, ["__init__.py:1: layer"]),
    "product to bidders": ({"orchestrator/cli/__init__.py": "import bidders.tool\n"}, ["__init__.py:1: layer"]),
    "bidder to the inside": ({BIDDER: "from orchestrator.money import Money\n"}, [f"{BIDDER}:1: layer"]),
    "bidder to the inside, as a name": ({BIDDER: "from orchestrator import core\n"}, [f"{BIDDER}:1: layer"]),
    "product to tests": ({"orchestrator/api.py": "import tests.layers\n"}, ["api.py:1: forbidden-import"]),
    "outside, eager": ({CORE: "import os.path\n"}, [f"{CORE}:1: forbidden-import"]),
    "outside, from": ({CORE: "from datetime import UTC\n"}, [f"{CORE}:1: forbidden-import"]),
    "outside, deferred": ({CORE: "def f():\n    import sqlalchemy.orm\n"}, [f"{CORE}:2: forbidden-import"]),
    "outside, dynamic": (
        {CORE: "__import__('random')\n"},
        [f"{CORE}:1: forbidden-builtin", f"{CORE}:1: forbidden-import: .*dynamic"],
    ),
    "outside, in each pure layer": (
        {f"orchestrator/{name}.py": "import io\n" for name in PURE_ONES},
        [f"orchestrator/{name}.py:1: forbidden-import" for name in PURE_ONES],
    ),
    "outside, of which nobody thought": (
        {CORE: "import io, queue\nimport sys\nfrom anything import at_all\n"},
        [f"{CORE}:1: forbidden-import"] * 2 + [f"{CORE}:2: forbidden-import", f"{CORE}:3: forbidden-import"],
    ),
    "outside, by way of what imports": (
        {CORE: "import builtins\nimport importlib\nbuiltins.open('x')\nimportlib.import_module('io')\n"},
        [f"{CORE}:1: forbidden-import", f"{CORE}:2: forbidden-import", f"{CORE}:4: forbidden-import: .*dynamic"],
    ),
    **{
        f"built in: {name}": ({CORE: f"def f(x):\n    return [{name}(x)]\n"}, [f"{CORE}:2: forbidden-builtin"])
        for name in ("__import__", "breakpoint", "eval", "exec", "hash", "input", "open", "print")
    },
    "built in, under another name": ({CORE: "read = open\nread('x')\n"}, [f"{CORE}:1: forbidden-builtin"]),
    "built in, as a default": ({CORE: "def f(say=print): ...\n"}, [f"{CORE}:1: forbidden-builtin"]),
    "built in, by subscript": ({CORE: "__builtins__['open']('x')\n"}, [f"{CORE}:1: forbidden-builtin"]),
    "built in, beside one that is exempt": (
        {"orchestrator/core/light.py": "exec('x = 1')\neval('x')\n", CORE: "exec('x = 1')\n"},
        [f"{CORE}:1: forbidden-builtin", "core/light.py:2: forbidden-builtin"],
    ),
    "in no layer": ({"orchestrator/clever.py": "x = 1\n"}, ["clever.py:1: unlisted-module"]),
    "not Python": ({CORE: "x = 1\nx = (\n"}, [f"{CORE}:2: syntax"]),
    "circle of two": (
        {
            "orchestrator/core/a.py": "\nimport orchestrator.core.b\n",
            "orchestrator/core/b.py": "def f():\n    from orchestrator.core.a import g\n",
        },
        ["core/b.py:2: import-cycle: orchestrator.core.a -> orchestrator.core.b -> orchestrator.core.a"],
    ),
    "circle of three, for types": (
        {
            "bidders/a.py": "from . import b\n",
            "bidders/b.py": "from .c import x\n",
            "bidders/c.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from bidders.a import y\n",
        },
        ["bidders/c.py:3: import-cycle: bidders.a -> bidders.b -> bidders.c -> bidders.a"],
    ),
    "circle through a package": (
        {
            "orchestrator/core/__init__.py": "from orchestrator.core.auction import clear\n",
            CORE: "from orchestrator.core import settle\n",
        },
        [f"{CORE}:1: import-cycle"],
    ),
    "forbidden name": ({"bidders/utils.py": ""}, ["bidders/utils.py:1: forbidden-name"]),
    "forbidden word in a name": ({"bidders/text_helpers.py": ""}, ["bidders/text_helpers.py:1: forbidden-name"]),
    "forbidden name of a package": ({"bidders/common/__init__.py": ""}, ["common/__init__.py:1: forbidden-name"]),
    "module too long": (
        {BIDDER: "x = 1\n" * (MODULE_LINES_MAX + 1)},
        [f"{BIDDER}:{MODULE_LINES_MAX + 1}: module-too-long"],
    ),
    "function too long": ({BIDDER: "\n" + LONG_FUNCTION.format(name="f")}, [f"{BIDDER}:2: function-too-long: f has"]),
    "method too long": (
        {BIDDER: "class A:\n" + "".join(f" {line}\n" for line in LONG_FUNCTION.format(name="f").splitlines())},
        [f"{BIDDER}:2: function-too-long: f has"],
    ),
}


@pytest.mark.parametrize(("files", "expected"), PLANTED.values(), ids=PLANTED.keys())
def test_a_planted_breach_is_reported(tmp_path: Path, files: dict[str, str], expected: list[str]) -> None:
    plant(tmp_path, files)
    findings = [str(finding) for finding in check(tmp_path)]
    assert len(findings) == len(expected), findings
    for finding, pattern in zip(findings, expected, strict=True):
        place, _, message = pattern.partition(": .*")
        assert place in finding
        assert message in finding


def test_every_rule_has_a_planted_breach() -> None:
    reported = {line.split(": ")[1] for _, expected in PLANTED.values() for line in expected}
    assert reported == set(Rule)


def test_what_is_allowed_is_not_reported(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            "orchestrator/__init__.py": "def f():\n    from orchestrator.api import run_request\n",
            "orchestrator/errors.py": "class VickreyError(Exception): ...\n",
            "orchestrator/money.py": "from decimal import Decimal\nfrom orchestrator import errors\n",
            "orchestrator/core/__init__.py": "from .auction import clear\n",
            CORE: "import hashlib\nfrom orchestrator.money import Money\nfrom . import lot\nlot.open(opened)\n",
            "orchestrator/core/lot.py": "x = 1\n" * MODULE_LINES_MAX,
            "orchestrator/store/__init__.py": "import sqlalchemy, os\nfrom ..ledger import Book\n__import__('io')\n",
            "orchestrator/api.py": "from orchestrator.core import clear\nfrom orchestrator.store import Journal\n",
            "orchestrator/cli/__init__.py": "from orchestrator.api import run_request\nx = open('orchestrator.cli')\n",
            BIDDER: "import orchestrator\nfrom orchestrator import Money, testing\nfrom . import policies\n",
            "bidders/policies/__init__.py": LONG_FUNCTION.format(name="f").removesuffix("    pass\n"),
        },
    )
    assert check(tmp_path) == []


def test_a_tree_without_packages_breaks_no_rule(tmp_path: Path) -> None:
    assert check(tmp_path) == []


def test_layers_are_found_by_the_longest_name() -> None:
    assert layer_of("orchestrator.core.auction") == "orchestrator.core"
    assert layer_of("orchestrator") == "orchestrator"
    assert layer_of("bidders.policies.fixed") == "bidders"
    assert layer_of("orchestrator.corelike") is None
