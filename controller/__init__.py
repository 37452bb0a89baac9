"""The process that allocates: gives Services their addresses and writes them into their status."""
