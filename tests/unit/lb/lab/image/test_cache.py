import os
from pathlib import Path

import pytest

from lb.lab.image import cache


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def write(text: str):
    return lambda place: (place / "text").write_text(text)


def test_an_entry_is_made_once_per_key():
    with cache.locked():
        first = cache.entry("word", "a", write("first"))
        again = cache.entry("word", "a", write("again"))
        other = cache.entry("word", "b", write("other"))
    assert [(place / "text").read_text() for place in (first, again, other)] == ["first", "first", "other"]


def test_an_entry_whose_making_fails_does_not_appear_and_the_next_build_clears_it():
    def fail(place: Path) -> None:
        (place / "half").touch()
        raise KeyboardInterrupt

    with cache.locked(), pytest.raises(KeyboardInterrupt):
        cache.entry("word", "a", fail)
    assert not (cache.directory() / "word-a").exists()
    with cache.locked():
        assert [path.name for path in cache.directory().iterdir()] == ["lock"]


def test_only_the_entries_used_last_are_kept():
    with cache.locked():
        for age, key in enumerate("abcde"):
            place = cache.entry("word", key, write(key))
            os.utime(place, (age, age))
        cache.entry("word", "a", write("never called"))
    assert sorted(path.name for path in cache.directory().glob("word-*")) == ["word-a", "word-d", "word-e"]


def test_a_key_tells_its_parts_apart():
    assert len({cache.key("ab", "c"), cache.key("a", "bc"), cache.key("abc"), cache.key(b"abc", "")}) == 4
    assert cache.key("abc") == cache.key(b"abc")
