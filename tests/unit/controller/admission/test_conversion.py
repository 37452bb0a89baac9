import json

import pytest
from msgspec import Raw

from controller.admission.conversion import answer
from controller.admission.review import BadReviewError
from lb.config.rejection import Reference, Rejection


def convert(text, wanted):
    read = json.loads(bytes(text))
    if read.get("spec") == "bad":
        return Rejection(Reference("BGPPeer", "bad"), "spec", "bad", "it is no object", "Write one.")
    return Raw(json.dumps({**read, "apiVersion": wanted}).encode())


def review(*objects, version="apiextensions.k8s.io/v1", kind="ConversionReview"):
    request = {"uid": "705ab4f5", "desiredAPIVersion": "metallb.io/v1beta2", "objects": objects}
    return json.dumps({"apiVersion": version, "kind": kind, "request": request}).encode()


@pytest.mark.parametrize("version", ["apiextensions.k8s.io/v1", "apiextensions.k8s.io/v1beta1"])
def test_objects_come_back_in_their_order_and_in_the_review_s_version(version):
    old = [{"apiVersion": "metallb.io/v1beta1", "n": n} for n in range(3)]
    assert json.loads(answer(review(*old, version=version), convert)) == {
        "apiVersion": version,
        "kind": "ConversionReview",
        "response": {
            "uid": "705ab4f5",
            "result": {"status": "Success"},
            "convertedObjects": [{"apiVersion": "metallb.io/v1beta2", "n": n} for n in range(3)],
        },
    }


def test_an_object_that_cannot_be_converted_fails_its_review_with_the_reason():
    response = json.loads(answer(review({"n": 1}, {"spec": "bad"}), convert))["response"]
    assert response == {
        "uid": "705ab4f5",
        "result": {
            "status": "Failure",
            "message": "BGPPeer bad: spec = 'bad': it is no object. Write one.",
        },
        "convertedObjects": [],
    }


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(b"[", "this is no ConversionReview of apiextensions.k8s.io: ", id="no JSON"),
        pytest.param(
            b'{"deep": ' + b"[" * 50000 + b"]" * 50000 + b"}",
            "this is no ConversionReview of apiextensions.k8s.io: ",
            id="nested without end",
        ),
        pytest.param(
            review(kind="AdmissionReview"),
            "a AdmissionReview of apiextensions.k8s.io/v1 came where a ConversionReview is answered",
            id="another kind",
        ),
        pytest.param(
            review(version="apiextensions.k8s.io/v2"),
            "a ConversionReview of apiextensions.k8s.io/v2 came where a ConversionReview is answered",
            id="another version",
        ),
    ],
)
def test_what_is_no_review_is_told_so(body, message):
    with pytest.raises(BadReviewError) as bad:
        answer(body, convert)
    assert str(bad.value).startswith(message)
