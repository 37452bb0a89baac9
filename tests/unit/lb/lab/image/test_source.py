from lb.lab.image import source


def test_our_packages_go_in_without_the_lab_and_without_this_machine_s_bytecode():
    names = source.contents().keys()
    assert {"controller/__init__.py", "speaker/__init__.py", "lb/cli/image.py"} <= names
    assert [name for name in names if name.startswith("lb/lab") or "__pycache__" in name] == []


def test_the_metadata_says_the_version_of_pyproject():
    metadata = source.contents()[f"anvil_lb-{source.version()}.dist-info/METADATA"]
    assert f"Name: anvil-lb\nVersion: {source.version()}\n" in metadata.decode()
