import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from controller.admission.review import ALL_WARNINGS, PATHS, WARNING, BadReviewError, answer, fitted
from lb.config.admission import Answer, Operation

OURS = "metallb-system"
POOLS = "/validate-metallb-io-v1beta1-ipaddresspool"


def pool(namespace=OURS, **spec):
    return {
        "apiVersion": "metallb.io/v1beta1",
        "kind": "IPAddressPool",
        "metadata": {"name": "lan", "namespace": namespace, "annotations": {"a": "b"}},
        "spec": {"addresses": ["192.0.2.0/24"], **spec},
    }


def review(operation="CREATE", new=None, old=None, namespace=OURS, **changed):
    kind = {"group": "metallb.io", "version": "v1beta1", "kind": "IPAddressPool"}
    request = {
        "uid": "705ab4f5",
        "kind": kind,
        "requestKind": kind,
        "name": "lan",
        "namespace": namespace,
        "operation": operation,
        "object": new,
        "oldObject": old,
        "dryRun": False,
        **changed,
    }
    return json.dumps(
        {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
    ).encode()


class Decider:
    def __init__(self, said=Answer()):  # noqa: B008 - frozen
        self.said = said
        self.asked = []

    def __call__(self, change):
        self.asked.append(change)
        return self.said


def answered(body, said=Answer(), path=POOLS):  # noqa: B008 - frozen
    return json.loads(answer(body, path, OURS, Decider(said)))["response"]


def test_the_paths_are_those_of_metallb():
    assert set(PATHS) == {
        "/validate-metallb-io-v1beta2-bgppeer",
        "/validate-metallb-io-v1beta1-bfdprofile",
        "/validate-metallb-io-v1beta1-bgpadvertisement",
        "/validate-metallb-io-v1beta1-community",
        "/validate-metallb-io-v1beta1-ipaddresspool",
        "/validate-metallb-io-v1beta1-l2advertisement",
    }


def test_the_manifest_sends_each_kind_in_its_version_to_its_path():
    manifest = Path(__file__).parents[4] / "manifests/webhook.yaml"
    configuration = list(yaml.safe_load_all(manifest.read_text()))[-1]
    sent = {}
    for webhook in configuration["webhooks"]:
        (rule,) = webhook["rules"]
        sent.setdefault(webhook["clientConfig"]["service"]["path"], set()).update(
            (*rule["apiGroups"], version, plural)
            for version in rule["apiVersions"]
            for plural in rule["resources"]
        )
    plurals = {"Community": "communities"}
    assert sent == {
        path: {(kind.group, kind.version, plurals.get(kind.kind, f"{kind.kind.lower()}s"))}
        for path, kind in PATHS.items()
    }


def test_an_object_is_allowed():
    expected = {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": {"uid": "705ab4f5", "allowed": True},
    }
    assert json.loads(answer(review(new=pool()), POOLS, OURS, Decider())) == expected


def test_a_denial_is_told_as_forbidden_each_reason_in_its_line():
    response = answered(review(new=pool()), Answer(denials=("Too few.", "Too many."), warnings=("Old.",)))
    assert response == {
        "uid": "705ab4f5",
        "allowed": False,
        "status": {"code": 403, "reason": "Forbidden", "message": "Too few.\nToo many."},
        "warnings": ["Old."],
    }


@pytest.mark.parametrize(
    ("operation", "new", "old"),
    [
        pytest.param("CREATE", pool(), None, id="creation"),
        pytest.param("UPDATE", pool(autoAssign=False), pool(), id="update"),
        pytest.param("DELETE", None, pool(), id="deletion"),
    ],
)
def test_a_change_is_decided_upon_with_what_was_and_what_is_to_be(operation, new, old):
    decide = Decider()
    answer(review(operation, new, old), POOLS, OURS, decide)
    (change,) = decide.asked
    assert (change.kind, change.operation) == ("IPAddressPool", Operation(operation))
    for given_, seen in ((new, change.new), (old, change.old)):
        assert (seen is None) == (given_ is None)
        if seen:
            assert (seen.metadata.name, seen.metadata.annotations) == ("lan", {"a": "b"})
            assert json.loads(bytes(seen.spec)) == given_["spec"]


def test_an_object_in_another_namespace_is_not_made_and_told_where_it_belongs():
    response = answered(review(new=pool("default"), namespace="default"))
    assert not response["allowed"]
    assert response["status"]["message"] == (
        "IPAddressPool default/lan: metadata.namespace = 'default': resource must be created in"
        " metallb-system namespace. In others it is not read."
    )


@pytest.mark.parametrize("operation", ["UPDATE", "DELETE"])
def test_an_object_that_is_in_another_namespace_may_be_changed_and_deleted(operation):
    decide = Decider(Answer(denials=("No.",)))
    new = pool("default") if operation == "UPDATE" else None
    body = review(operation, new, pool("default"), namespace="default")
    assert json.loads(answer(body, POOLS, OURS, decide))["response"]["allowed"]
    assert decide.asked == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(
            b"", "this is no AdmissionReview of admission.k8s.io/v1: Input data was truncated", id="empty"
        ),
        pytest.param(
            review(new=pool())[:-1] + b', "deep": ' + b"[" * 50000 + b"]" * 50000 + b"}",
            "this is no AdmissionReview of admission.k8s.io/v1: maximum recursion depth exceeded while"
            " deserializing an object",
            id="nested without end",
        ),
        pytest.param(
            b"{}",
            "this is no AdmissionReview of admission.k8s.io/v1: Object missing required field `request`",
            id="without a request",
        ),
        pytest.param(
            review(new=[]),
            "this is no AdmissionReview of admission.k8s.io/v1: Expected `object | null`, got `array` - at"
            " `$.request.object`",
            id="no object",
        ),
        pytest.param(
            review(new=pool(), kind={"group": "metallb.io", "version": "v1beta1", "kind": "Community"}),
            "a Community of metallb.io/v1beta1 came where a IPAddressPool of metallb.io/v1beta1 is reviewed."
            " Correct rules and path in the ValidatingWebhookConfiguration.",
            id="another kind",
        ),
        pytest.param(
            review("CONNECT"),
            "the operation CONNECT is not reviewed. Take it out of the rules.",
            id="another operation",
        ),
        pytest.param(review("UPDATE", old=pool()), "the UPDATE comes without its object", id="no new object"),
        pytest.param(review("DELETE"), "the DELETE comes without its oldObject", id="no old object"),
    ],
)
def test_what_is_no_review_is_told_so(body, message):
    with pytest.raises(BadReviewError) as bad:
        answer(body, POOLS, OURS, Decider())
    assert str(bad.value) == message


def test_warnings_pass_whole_while_the_api_server_passes_all():
    long = ("a" * 3000, "b" * 500)
    assert fitted(long) == long


def test_many_long_warnings_are_cut_so_that_a_reader_sees_it():
    shown = fitted(f"{n}: {'x' * 400}" for n in range(10))
    assert len(shown) == 10
    assert shown[3] == f"3: {'x' * 250}..."


def test_warnings_without_end_are_counted():
    shown = fitted(f"{n}: {'x' * 400}" for n in range(100))
    assert len(shown) == 14
    assert shown[-1] == "87 more warnings are not shown"


def test_a_warning_is_one_line_and_comes_once():
    assert fitted(["one\n\ttwo", "one two", "\x7fé"]) == ("one two", " é")


@given(st.lists(st.text(max_size=600), max_size=40))
def test_warnings_always_pass(warnings):
    shown = fitted(warnings)
    total = sum(map(len, shown))
    assert total <= ALL_WARNINGS
    assert total <= ALL_WARNINGS - 512 or max(map(len, shown)) <= WARNING
