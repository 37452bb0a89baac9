"""The OCI image of anvil-lb, made without Docker: what a node runs as `localhost/anvil-lb:<version>`.

Three layers, each cached by a hash of what it is made from: Debian's Python (`debian`), the locked
wheels (`wheels`) and our code (`source`). The same inputs give the same bytes, so a digest says what
is inside. The builder needs the standard library, pip and Debian's apt only; the Dockerfile runs this
very builder, so both ways give one file system. It does not know where the image is going to run.
"""

from lb.lab.image.assembly import build, unpack
from lb.lab.image.oci import digest, name

__all__ = ["build", "digest", "name", "unpack"]
