import os
import tarfile
from pathlib import Path

import pytest

from lb.lab.image import layer


def grow(tree: Path, names: list[str], mtime: int, mode: int) -> None:
    """The same tree, made in another order, at another time, under another umask."""
    before = os.umask(mode)
    for name in names:
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"I am {name}")
        os.utime(path, (mtime, mtime))
    (tree / "run").chmod(0o700)
    (tree / "link").symlink_to("/b/c")
    (tree / "tmp").mkdir()
    (tree / "tmp").chmod(0o1777)
    os.umask(before)


@pytest.fixture
def trees(tmp_path: Path) -> list[Path]:
    first, second = tmp_path / "first", tmp_path / "second"
    grow(first, ["run", "a", "b/c", "b/a"], mtime=1, mode=0o022)
    grow(second, ["b/a", "b/c", "a", "run"], mtime=1_000_000, mode=0o077)
    return [first, second]


def test_equal_trees_give_equal_bytes(trees: list[Path], tmp_path: Path):
    for tree in trees:
        layer.pack(tree, tmp_path / f"{tree.name}.tar")
    assert (tmp_path / "first.tar").read_bytes() == (tmp_path / "second.tar").read_bytes()


def test_another_content_gives_other_bytes(trees: list[Path], tmp_path: Path):
    (trees[1] / "a").write_text("I am b")
    for tree in trees:
        layer.pack(tree, tmp_path / f"{tree.name}.tar")
    assert (tmp_path / "first.tar").read_bytes() != (tmp_path / "second.tar").read_bytes()


def test_everybody_may_read_and_nobody_else_may_write(trees: list[Path], tmp_path: Path):
    layer.pack(trees[1], tmp_path / "tar")
    with tarfile.open(tmp_path / "tar") as archive:
        modes = {member.name: oct(member.mode) for member in archive if not member.issym()}
        owners = {(member.uid, member.gid, member.uname, member.mtime) for member in archive}
    assert modes == {
        "a": "0o644",
        "b": "0o755",
        "b/a": "0o644",
        "b/c": "0o644",
        "run": "0o755",
        "tmp": "0o1777",
    }
    assert owners == {(0, 0, "", 0)}


def test_a_cached_layer_unpacks_to_what_was_packed(
    trees: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = layer.layer("kind", "key", "about", lambda tree: grow(tree, ["run", "b/c"], 1, 0o022))
    root = tmp_path / "root"
    root.mkdir()
    layer.unpack(made.blob, root)
    assert [str(path.relative_to(root)) for path in layer.walk(root)] == ["b", "b/c", "link", "run", "tmp"]
    assert (root / "b/c").read_text() == "I am b/c"
    assert (root / "link").readlink() == Path("/b/c")
