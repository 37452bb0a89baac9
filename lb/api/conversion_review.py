"""ConversionReview (apiextensions.k8s.io): the API server has custom resources put in another version.

Its versions v1 and v1beta1 are alike in what is here.
"""

from msgspec import Raw, field

from lb.api.meta import Value

API_VERSIONS = ("apiextensions.k8s.io/v1", "apiextensions.k8s.io/v1beta1")
KIND = "ConversionReview"


class ConversionRequest(Value, frozen=True):
    """Which objects are wanted in which `apiVersion`."""

    uid: str
    desired_api_version: str = field(name="desiredAPIVersion")
    objects: tuple[Raw, ...]


class Result(Value, frozen=True, omit_defaults=True):
    """meta/v1 Status: `Success`, or `Failure` with why."""

    status: str
    message: str = ""


class ConversionResponse(Value, frozen=True):
    """The objects in their order; none where one could not be converted."""

    uid: str
    result: Result
    converted_objects: tuple[Raw, ...] = ()


class ConversionQuestion(Value, frozen=True):
    """The review as it comes."""

    request: ConversionRequest
    api_version: str
    kind: str


class ConversionAnswer(Value, frozen=True):
    """The review as it goes back, in the version in which it came."""

    response: ConversionResponse
    api_version: str
    kind: str = KIND
