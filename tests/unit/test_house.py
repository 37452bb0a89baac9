"""What holds for the house as a whole: its names, its docstrings, its map, and what no file may say."""

import ast
import re
import subprocess
from pathlib import Path, PurePosixPath

import pytest

HOUSE = Path(__file__).parents[2]
PRODUCT = ("controller", "lb", "speaker")
DECIDERS = ("lb/config/*.py", "lb/ipam/*.py", "lb/announce/*.py", "speaker/*/protocol/*.py")
DRAWERS = {"base", "common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}
# Written with spaces, so that this file does not hold them.
REGISTRIES = (
    "crates io",
    "deb debian org",
    "docker io",
    "gcr io",
    "ghcr io",
    "mcr microsoft com",
    "npmjs org",
    "pkg dev",
    "proxy golang org",
    "public ecr aws",
    "pypi org",
    "pythonhosted org",
    "quay io",
    "registry k8s io",
    "security debian org",
    "snapshot debian org",
    "sum golang org",
)


def committed() -> list[str]:
    """The paths of all committed files, as far as they are still there."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=HOUSE, check=True, stdout=subprocess.PIPE, text=True
    )
    return [path for path in listed.stdout.split("\0") if path and (HOUSE / path).is_file()]


FILES = committed()
MODULES = [path for path in FILES if path.endswith(".py") and path.startswith(PRODUCT)]


def lines_with(pattern: str) -> list[str]:
    """`file:number: line` of each line in a committed file that *pattern* is found in."""
    found = re.compile(pattern, re.IGNORECASE)
    return [
        f"{path}:{number}: {line.strip()}"
        for path in FILES
        for number, line in enumerate((HOUSE / path).read_text(errors="replace").splitlines(), 1)
        if found.search(line)
    ]


def computes(path: str) -> bool:
    """Whether a module has a function with a body; an interface or an enum alone has nothing to test."""
    functions = [
        node for node in ast.walk(ast.parse((HOUSE / path).read_bytes())) if hasattr(node, "returns")
    ]
    lines = [line for function in functions for line in function.body]
    return not all(isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant) for line in lines)


def test_each_unit_test_lies_where_its_module_lies():
    tests = [
        PurePosixPath(path).relative_to("tests/unit") for path in FILES if path.startswith("tests/unit/")
    ]
    tested = [path.with_name(path.name[len("test_") :]) for path in tests if path.match("*/test_*.py")]
    homeless = [
        path for path in tested if not (HOUSE / path).exists() and not (HOUSE / path.with_suffix("")).is_dir()
    ]
    assert homeless == []


def test_each_decider_has_its_unit_test():
    deciders = [
        PurePosixPath(path) for path in MODULES if any(PurePosixPath(path).match(d) for d in DECIDERS)
    ]
    untested = [
        str(path)
        for path in deciders
        if computes(str(path)) and not (HOUSE / "tests/unit" / path.with_name(f"test_{path.name}")).exists()
    ]
    assert untested == []


def test_no_module_or_folder_of_modules_is_a_drawer():
    names = {path: PurePosixPath(path).with_suffix("").parts for path in FILES if path.endswith(".py")}
    assert [path for path, parts in names.items() if DRAWERS & set(parts)] == []


def test_each_module_and_package_says_why_it_exists():
    assert [
        path for path in MODULES if not ast.get_docstring(ast.parse((HOUSE / path).read_bytes(), path))
    ] == []


def test_no_file_holds_the_address_of_a_registry_or_an_index():
    hosts = "|".join(re.escape(host.replace(" ", ".")) for host in REGISTRIES)
    assert lines_with(rf"(?<![\w-])(?:{hosts})(?![\w-])") == []


def test_no_file_names_a_place_on_somebody_s_machine():
    assert lines_with(r"(?<![\w.-])/(?:wor[k]|home/\w+|Users/\w+)/") == []


def test_the_rooms_on_the_map_are_the_rooms_of_the_house():
    rows = re.findall(r"^\| `([\w/]+)/`", (HOUSE / "docs/architecture.md").read_text(), re.MULTILINE)
    folders = {PurePosixPath(path).parent for path in MODULES}
    rooms = {"/".join(folder.parts[: 2 if folder.parts[0] == "lb" else 1]) for folder in folders} - {"lb"}
    assert set(rows) == rooms | {"manifests", "tests"}


@pytest.mark.parametrize("page", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_the_paths_that_a_page_names_exist(page: str):
    prose = re.sub(r"^```.*?^```", "", (HOUSE / page).read_text(), flags=re.DOTALL | re.MULTILINE)
    quoted = re.findall(r"`([^`\s]+)`", prose) + re.findall(r"\]\(([^)\s]+)\)", prose)
    paths = [
        name for name in quoted if re.fullmatch(r"[\w.*-]+(/[\w.*-]*)+|[\w-]+\.(md|py|toml)|[A-Z]+", name)
    ]
    beside = (HOUSE / page).parent
    made = {"build/anvil-lb.tar", "build/bench.json"}
    missing = [
        name for name in paths if not ((HOUSE / name).exists() or (beside / name).exists() or name in made)
    ]
    assert missing == []
    assert paths
