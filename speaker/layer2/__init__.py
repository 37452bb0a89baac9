"""Layer 2: the sockets and links of this node, and the machines of `protocol` that run on them."""
