"""What must be known to use or remove a lab from another process: one JSON file per lab, written first.

The record plans names before anything bears them, so that cleaning never depends on how far a killed run
got. Processes are not in it: the kernel knows them by the lab's namespaces.
"""

import dataclasses
import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lb.lab import addressing, cgroups, namespaces, processes
from lb.lab.addressing import BRIDGE, CONTROL_PLANE
from lb.lab.errors import LabError
from lb.lab.machine import kill, kill_and_wait
from lb.lab.processes import Process

LABS = Path("/var/lib/anvil-lb")  # on a disk, not in memory: nodes keep their images there


@dataclass(frozen=True)
class Record:
    """A lab's plan: its hosts and where all of theirs lies.

    *owner* is the process that the lab ends with, None when it stays until `lbctl lab down`. *cgroups*
    is by machine, then by controllers; *programs* are those that the lab was started with.
    """

    name: str
    owner: Process | None
    nodes: tuple[str, ...]
    clients: tuple[str, ...]
    cgroups: Mapping[str, Mapping[str, str]]
    programs: Mapping[str, str]

    @property
    def directory(self) -> Path:
        """Where the lab's files are."""
        return LABS / self.name

    @property
    def machines(self) -> tuple[str, ...]:
        """The control plane and the nodes."""
        return (CONTROL_PLANE, *self.nodes)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Everybody on the segment."""
        return (*self.machines, *self.clients)

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Whatever has a network namespace."""
        return (BRIDGE, *self.hosts)

    def namespace(self, host: str) -> str:
        """The name of *host*'s network namespace."""
        return addressing.namespace(self.name, host)


def create(name: str, nodes: int, programs: Mapping[str, Path]) -> Record:
    """The record of a new lab owned by this process; raises `LabError` if *name* is taken."""
    addressing.check_lab_name(name)
    names = addressing.node_names(nodes)
    groups = {
        machine: {key: str(path) for key, path in cgroups.plan(addressing.namespace(name, machine)).items()}
        for machine in (CONTROL_PLANE, *names)
    }
    paths = {program: str(path) for program, path in programs.items()}
    record = Record(name, processes.find(os.getpid()), names, (), groups, paths)
    written = _write(record)
    try:
        os.link(written, _file(name))  # whole at once, and only if there is none
    except FileExistsError:
        raise LabError(f"lab {name!r} exists already; `lbctl lab down --name {name}` removes it") from None
    finally:
        written.unlink()
    return record


def find(name: str) -> Record:
    """The record of the lab *name*; raises `LabError` if there is none."""
    try:
        return _read(_file(name))
    except FileNotFoundError:
        known = ", ".join(sorted(record.name for record in everything())) or "none"
        raise LabError(f"there is no lab {name!r} (running: {known}); `lbctl lab up` starts one") from None


def everything() -> list[Record]:
    """The records of all labs of this machine."""
    found = []
    for file in LABS.glob("*.json"):
        with suppress(FileNotFoundError):  # removed meanwhile
            found.append(_read(file))
    return found


def add_client(record: Record, client: str) -> Record:
    """*record* with one more client, written; call while `locked`. Raises `LabError` if it cannot be."""
    addressing.check_host_name(client)
    if client in record.namespaces:
        raise LabError(f"a client cannot be called {client!r}: lab {record.name!r} has that already")
    if len(record.clients) == addressing.MOST_CLIENTS:
        raise LabError(f"lab {record.name!r} has {addressing.MOST_CLIENTS} clients; it takes no more")
    return _replace(record, clients=(*record.clients, client))


def give_up_ownership(name: str) -> None:
    """Let the lab *name* outlive the process that made it."""
    with locked():
        _replace(find(name), owner=None)


def remove(name: str) -> None:
    """Take down all that the lab's record names, then the record; what is gone already is no error."""
    with suppress(FileNotFoundError):
        _take_down(_read(_file(name)))
    with suppress(OSError):  # other labs are there
        LABS.rmdir()


def remove_leftovers() -> list[str]:
    """Remove every lab whose owner is dead; returns their names."""
    left = [record.name for record in everything() if record.owner and not record.owner.alive]
    for name in left:
        remove(name)
    return left


@contextmanager
def locked() -> Iterator[None]:
    """Change records while nobody else on this machine does."""
    directory = os.open(LABS, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        yield
    finally:
        os.close(directory)


def _take_down(record: Record) -> None:
    spaces = [record.namespace(host) for host in record.namespaces]
    for space in spaces:  # all of them first, so that none has time to notice another's end
        kill(space)
    for space in spaces:
        kill_and_wait(space)
        namespaces.remove(space)
    for groups in record.cgroups.values():
        cgroups.remove([Path(path) for path in groups.values()])
    shutil.rmtree(record.directory, ignore_errors=True)
    _file(record.name).unlink(missing_ok=True)


def _replace(record: Record, **changes: Any) -> Record:
    changed = dataclasses.replace(record, **changes)
    _write(changed).replace(_file(record.name))
    return changed


def _file(name: str) -> Path:
    return LABS / f"{name}.json"


def _write(record: Record) -> Path:
    LABS.mkdir(parents=True, exist_ok=True)
    beside = LABS / f".{record.name}.{os.getpid()}"
    beside.write_text(json.dumps(dataclasses.asdict(record), indent=2))
    return beside


def _read(file: Path) -> Record:
    fields = json.loads(file.read_text())
    owner = fields.pop("owner")
    nodes, clients = tuple(fields.pop("nodes")), tuple(fields.pop("clients"))
    return Record(owner=Process(**owner) if owner else None, nodes=nodes, clients=clients, **fields)
