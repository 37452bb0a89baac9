"""The library of both processes, room by room; `docs/architecture.md` is its map."""
