"""What the documents show is what is there."""

import re
import textwrap
from pathlib import Path

import pytest

from speaker.layer2.protocol.peer import TRANSITIONS

ROOT = Path(__file__).parents[2]


def blocks(document, language):
    text = (ROOT / document).read_text()
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```", text, flags=re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(block) for _, block in found]


@pytest.mark.parametrize("sample", ["pool", "l2advertisement", "service"])
def test_the_readme_shows_the_sample_as_it_is(sample):
    assert (ROOT / f"manifests/samples/{sample}.yaml").read_text() in blocks("README.md", "yaml")


def test_the_failure_detectors_diagram_is_drawn_from_its_table():
    drawn = [f"    {old.name} --> {new.name}: {signal.name}" for (old, signal), new in TRANSITIONS.items()]

    assert blocks("docs/layer2.md", "mermaid") == ["\n".join(["stateDiagram-v2", *drawn, ""])]


@pytest.mark.parametrize(
    "document", sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/**/*.md")), ids=lambda path: path.name
)
def test_links_between_documents_lead_somewhere(document):
    links = re.findall(r"\]\(([^)#:]+)\)", document.read_text())

    assert [link for link in links if not (document.parent / link).exists()] == []
