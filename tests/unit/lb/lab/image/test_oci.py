import gzip
import hashlib
import json
import tarfile
from pathlib import Path

import pytest

from lb.lab.errors import LabError
from lb.lab.image import oci
from lb.lab.image.layer import Layer

CONFIG = {"os": "linux", "architecture": "amd64", "config": {"Entrypoint": ["/run"]}}


def sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@pytest.fixture
def layers(tmp_path: Path) -> list[Layer]:
    made = []
    for name in ("base", "ours"):
        blob = tmp_path / name
        blob.write_bytes(gzip.compress(name.encode(), mtime=0))
        made.append(Layer(blob, sha256(blob.read_bytes()), sha256(name.encode()), f"made of {name}"))
    return made


@pytest.fixture
def members(tmp_path: Path, layers: list[Layer]) -> dict[str, bytes]:
    oci.write(tmp_path / "image.tar", "localhost/thing:1", CONFIG, layers)
    with tarfile.open(tmp_path / "image.tar") as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}


def blob(members: dict[str, bytes], descriptor: dict) -> bytes:
    """The blob that *descriptor* points to, proved to be the one."""
    data = members[f"blobs/{descriptor['digest'].replace(':', '/')}"]
    assert (sha256(data), len(data)) == (descriptor["digest"], descriptor["size"])
    return data


@pytest.mark.parametrize(
    "content", [b"", b"root:x:0:0", gzip.compress(b"no tar")], ids=["nothing", "a text", "a gzip"]
)
def test_what_is_no_image_is_named(tmp_path: Path, content: bytes):
    (tmp_path / "thing").write_bytes(content)
    with pytest.raises(LabError, match="thing is no image: it is not a tar"):
        oci.digest(tmp_path / "thing")


def test_a_tar_of_something_else_is_named(tmp_path: Path):
    with tarfile.open(tmp_path / "other.tar", "w") as archive:
        archive.add(__file__, "index.json")
    with pytest.raises(LabError, match=r"other\.tar is no image"):
        oci.digest(tmp_path / "other.tar")


def test_every_descriptor_leads_to_its_blob(members: dict[str, bytes]):
    assert json.loads(members["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    [entry] = json.loads(members["index.json"])["manifests"]
    manifest = json.loads(blob(members, entry))
    config = json.loads(blob(members, manifest["config"]))
    unzipped = [gzip.decompress(blob(members, layer)) for layer in manifest["layers"]]
    assert unzipped == [b"base", b"ours"]
    assert config["rootfs"] == {"type": "layers", "diff_ids": [sha256(data) for data in unzipped]}
    assert config["config"] == {"Entrypoint": ["/run"]}
    assert config["history"] == [{"created_by": "made of base"}, {"created_by": "made of ours"}]


def test_the_index_names_the_image_for_containerd_and_for_docker(members: dict[str, bytes]):
    [entry] = json.loads(members["index.json"])["manifests"]
    assert entry["annotations"] == {
        "io.containerd.image.name": "localhost/thing:1",
        "org.opencontainers.image.ref.name": "1",
    }
    assert entry["platform"] == {"os": "linux", "architecture": "amd64"}
    [docker] = json.loads(members["manifest.json"])
    assert docker["RepoTags"] == ["localhost/thing:1"]
    assert {docker["Config"], *docker["Layers"]} <= members.keys()


def test_the_digest_is_the_manifest_s(tmp_path: Path, members: dict[str, bytes]):
    [entry] = json.loads(members["index.json"])["manifests"]
    assert oci.digest(tmp_path / "image.tar") == sha256(blob(members, entry))
