import pytest

from lb.config.rejection import LONGEST, Caution, Reference, Rejection, named, shown

EDGE = Reference("IPAddressPool", "edge", "metallb-system")


def test_a_rejection_names_object_field_value_reason_and_remedy():
    rejection = Rejection(
        EDGE,
        "spec.addresses[1]",
        "10.0.0.9-10.0.0.1",
        "the range ends before it starts",
        "Write 10.0.0.1-10.0.0.9.",
    )
    assert str(rejection) == (
        "IPAddressPool metallb-system/edge: spec.addresses[1] = '10.0.0.9-10.0.0.1': "
        "the range ends before it starts. Write 10.0.0.1-10.0.0.9."
    )


def test_an_object_without_a_namespace_goes_by_its_name():
    assert str(Reference("Node", "n1")) == "Node n1"


def test_a_megabyte_of_a_value_is_cut_and_its_length_told():
    rejection = Rejection(EDGE, "spec.addresses[0]", "7" * 1_000_000, "this is no range", "Write one.")
    assert str(rejection) == (
        "IPAddressPool metallb-system/edge: spec.addresses[0] = "
        f"'{'7' * (LONGEST - 1)}... (1000002 characters): this is no range. Write one."
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param("a\nb", r"'a\nb'", id="line end, so that a message stays one line"),
        pytest.param("\x1b[31m", r"'\x1b[31m'", id="terminal control"),
        pytest.param([], "[]", id="list"),
        pytest.param({"a": [1, None]}, "{'a': [1, None]}", id="object"),
        pytest.param(None, "None", id="nothing"),
    ],
)
def test_a_value_is_shown_as_it_stands(value, text):
    assert shown(value) == text


def test_a_name_from_outside_stands_in_one_line_without_quotes():
    assert named("edge") == "edge"
    assert named("a\nb") == r"a\nb"
    assert named("e" * 200) == "e" * LONGEST + "... (200 characters)"


def test_a_caution_reads_like_a_rejection():
    said = (EDGE, "metadata.name", "edge", "nobody announces it", "Create an L2Advertisement.")
    assert str(Caution(*said)) == str(Rejection(*said))
    assert Caution(*said) != Rejection(*said)
