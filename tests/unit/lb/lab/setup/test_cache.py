import os
from pathlib import Path

import pytest

from lb.lab.setup import cache


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def write(text: str):
    return lambda place: (place / "text").write_text(text)


def names(kind: str) -> list[str]:
    return sorted(path.name for path in cache.directory().glob(f"{kind}-*"))


def test_an_entry_is_made_once_per_key():
    made = [cache.entry("word", key, write(text), kept=2) for key, text in ("a1", "a2", "b3")]
    assert [(place / "text").read_text() for place in made] == ["1", "1", "3"]


def test_an_entry_whose_making_fails_does_not_appear_and_the_next_attempt_starts_anew():
    def fail(place: Path) -> None:
        (place / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.entry("word", "a", fail)
    assert not cache.place("word", "a").exists()
    made = cache.entry("word", "a", write("whole"))
    assert [path.name for path in made.iterdir()] == ["text"]


def test_the_entries_used_last_are_kept():
    for age, key in enumerate("abc"):
        os.utime(cache.entry("word", key, write(key), kept=3), (age, age))
    cache.entry("word", "a", write("never called"), kept=3)
    cache.entry("word", "d", write("d"), kept=3)
    assert names("word") == ["word-a", "word-c", "word-d"]


def test_one_entry_of_a_kind_is_kept_unless_more_are_asked_for():
    cache.entry("other", "a", write("a"))
    for key in "ab":
        cache.entry("word", key, write(key))
    assert names("word") == ["word-b"]
    assert names("other") == ["other-a"]


def test_a_key_tells_its_parts_apart():
    assert len({cache.key(parts) for parts in ([b"ab", b"c"], [b"a", b"bc"], [b"abc"], [b"abc", b""])}) == 4
