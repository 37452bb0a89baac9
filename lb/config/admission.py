"""Admission: may this change of the configuration be made, and what should its author hear?

Pure: the API server's AdmissionReview is read and answered by `controller.admission`.
"""

from enum import StrEnum

from msgspec import Struct

from lb.api.custom_resource import CustomResource


class Operation(StrEnum):
    """admission/v1 Operation."""

    CREATE = "CREATE"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


class Change(Struct, frozen=True):
    """What somebody is about to do to one object of *kind*; `new` is None for a deletion, `old` for a creation.

    Objects of a kind with several versions are in the stored one.
    """

    kind: str
    operation: Operation
    new: CustomResource | None
    old: CustomResource | None


class Answer(Struct, frozen=True):
    """Allowed, unless there are `denials`; a sentence or more each, as a person is to read them."""

    denials: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
