"""The process on each node: announces the addresses that this node is elected for."""
