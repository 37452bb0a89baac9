"""A ConversionReview of the API server, and the objects in the version that it wants. Pure.

What an object is in another version is `lb.config.conversion`'s to say. Source: apiextensions.k8s.io/v1.
"""

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Raw

from controller.admission.review import BadReviewError
from lb.api.conversion_review import (
    API_VERSIONS,
    KIND,
    ConversionAnswer,
    ConversionQuestion,
    ConversionRequest,
    ConversionResponse,
    Result,
)
from lb.config.rejection import Rejection

Convert = Callable[[Raw, str], Raw | Rejection]
"""An object in the version of an `apiVersion`, or why it cannot be."""

_QUESTION: Final = msgspec.json.Decoder(ConversionQuestion)


def answer(body: bytes, convert: Convert) -> bytes:
    """The answer to the review *body*. Raises BadReviewError. An object that *convert* rejects fails it."""
    try:
        asked = _QUESTION.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as unfit:
        raise BadReviewError(f"this is no {KIND} of apiextensions.k8s.io: {unfit}") from unfit
    if asked.kind != KIND or asked.api_version not in API_VERSIONS:
        raise BadReviewError(f"a {asked.kind} of {asked.api_version} came where a {KIND} is answered")
    return msgspec.json.encode(ConversionAnswer(_response(asked.request, convert), asked.api_version))


def _response(asked: ConversionRequest, convert: Convert) -> ConversionResponse:
    converted: list[Raw] = []
    for each in asked.objects:
        match convert(each, asked.desired_api_version):
            case Rejection() as why:
                return ConversionResponse(asked.uid, Result("Failure", str(why)))
            case Raw() as other:
                converted.append(other)
    return ConversionResponse(asked.uid, Result("Success"), tuple(converted))
