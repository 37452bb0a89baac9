"""An image as one tar: an OCI image layout, which containerd reads, with the index that Docker reads.

Source: the OCI image specification 1.0 (image-layout, manifest, config). It knows nothing of how the
layers came about.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lb.lab.errors import LabError
from lb.lab.image.layer import Layer

MEDIA = "application/vnd.oci.image"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}  # the kernel's name → the specification's


def name(version: str) -> str:
    """The image's name in a manifest; localhost is nobody's registry, so nothing is ever pulled."""
    return f"localhost/anvil-lb:{version}"


def digest(tar: Path) -> str:
    """The digest (`sha256:...`) of the manifest of the image in *tar*; raises `LabError` if there is none."""
    try:
        with tarfile.open(tar) as archive:
            index = archive.extractfile("index.json") or io.BytesIO()
            return str(json.load(index)["manifests"][0]["digest"])
    except (tarfile.TarError, LookupError, TypeError, ValueError) as error:
        raise LabError(
            f"{tar} is no image: it is not a tar, or in it is no index.json of an OCI layout. Make one by"
            " `lbctl image build` or `skopeo copy ... oci-archive:FILE`."
        ) from error


def write(tar: Path, reference: str, config: Mapping[str, Any], layers: Sequence[Layer]) -> None:
    """Write the image *reference* to *tar*; *config* is the specification's, without layers and history."""
    settings = _json(
        {
            **config,
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
            "history": [{"created_by": layer.about} for layer in layers],
        }
    )
    manifest = _manifest(settings, layers)
    with tarfile.open(tar, "w", format=tarfile.PAX_FORMAT) as archive:
        _add(archive, "oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
        _add(archive, "index.json", _index(reference, manifest, config))
        _add(archive, "manifest.json", _docker_index(reference, settings, layers))
        for blob in (manifest, settings):
            _add(archive, _path(_sha256(blob)), blob)
        for layer in layers:
            _add(archive, _path(layer.digest), layer.blob.read_bytes())


def _manifest(settings: bytes, layers: Sequence[Layer]) -> bytes:
    return _json(
        {
            "schemaVersion": 2,
            "mediaType": f"{MEDIA}.manifest.v1+json",
            "config": _descriptor("config.v1+json", _sha256(settings), len(settings)),
            "layers": [
                _descriptor("layer.v1.tar+gzip", layer.digest, layer.blob.stat().st_size) for layer in layers
            ],
        }
    )


def _index(reference: str, manifest: bytes, config: Mapping[str, Any]) -> bytes:
    entry = {
        **_descriptor("manifest.v1+json", _sha256(manifest), len(manifest)),
        "annotations": {
            "io.containerd.image.name": reference,
            "org.opencontainers.image.ref.name": reference.rpartition(":")[2],
        },
        "platform": {"architecture": config["architecture"], "os": config["os"]},
    }
    return _json({"schemaVersion": 2, "manifests": [entry]})


def _docker_index(reference: str, settings: bytes, layers: Sequence[Layer]) -> bytes:
    paths = [_path(layer.digest) for layer in layers]
    return _json([{"Config": _path(_sha256(settings)), "RepoTags": [reference], "Layers": paths}])


def _descriptor(kind: str, digest: str, size: int) -> dict[str, Any]:
    return {"mediaType": f"{MEDIA}.{kind}", "digest": digest, "size": size}


def _sha256(blob: bytes) -> str:
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"


def _path(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _add(archive: tarfile.TarFile, path: str, blob: bytes) -> None:
    member = tarfile.TarInfo(path)
    member.size = len(blob)
    archive.addfile(member, io.BytesIO(blob))
