import msgspec
import pytest

from lb.cluster import errors
from lb.cluster.errors import Call, Conflict, GiveUp, Relist, Retry
from lb.cluster.resource import L2_ADVERTISEMENTS, SERVICES

LIST = Call("list", SERVICES)
PATCH = Call("patch", SERVICES, "shop", "web", "status")


def status(code, reason, message, **more):
    return msgspec.json.encode({"kind": "Status", "code": code, "reason": reason, "message": message, **more})


def refused(call, code, reason, message="said", headers=None, **more):
    return errors.refused(call, code, headers or {}, status(code, reason, message, **more))


@pytest.mark.parametrize(
    ("code", "reason", "kind"),
    [
        (400, "BadRequest", GiveUp),
        (401, "Unauthorized", GiveUp),
        (403, "Forbidden", GiveUp),
        (404, "NotFound", GiveUp),
        (408, "Timeout", Retry),
        (409, "Conflict", Conflict),
        (409, "AlreadyExists", Conflict),
        (410, "Expired", Relist),
        (410, "Gone", Relist),
        (422, "Invalid", GiveUp),
        (429, "TooManyRequests", Retry),
        (500, "InternalError", Retry),
        (503, "ServiceUnavailable", Retry),
        (504, "Timeout", Retry),
    ],
)
def test_the_kind_of_error_says_what_to_do_next(code, reason, kind):
    error = refused(LIST, code, reason)
    assert (type(error), error.code, error.reason) == (kind, code, reason)


def test_forbidden_names_the_rule_that_is_missing():
    error = refused(PATCH, 403, "Forbidden", 'User "x" cannot patch resource "services/status"')
    assert str(error) == (
        'patch /api/v1/namespaces/shop/services/web/status: 403 Forbidden: User "x" cannot patch resource'
        ' "services/status". Grant it: a Role in namespace shop with apiGroups [""], resources'
        ' ["services/status"], verbs ["patch"].'
    )


def test_forbidden_in_the_whole_cluster_asks_for_a_cluster_role():
    error = refused(LIST, 403, "Forbidden", "no")
    assert str(error) == (
        "list /api/v1/services: 403 Forbidden: no. Grant it: a ClusterRole with"
        ' apiGroups [""], resources ["services"], verbs ["list"].'
    )


def test_a_kind_that_is_not_served_asks_for_its_crd():
    call = Call("list", L2_ADVERTISEMENTS, "metallb-system")
    error = errors.refused(call, 404, {"Content-Type": "text/plain"}, b"404 page not found\n")
    assert isinstance(error, GiveUp)
    assert str(error) == (
        "list /apis/metallb.io/v1beta1/namespaces/metallb-system/l2advertisements: 404 Not Found: nothing is"
        " served there. Is the CRD l2advertisements.metallb.io installed?"
    )


@pytest.mark.parametrize(
    ("headers", "details", "seconds"),
    [
        pytest.param({"Retry-After": "7"}, None, 7, id="header"),
        pytest.param({}, {"retryAfterSeconds": 3}, 3, id="status"),
        pytest.param({"Retry-After": "1"}, {"retryAfterSeconds": 3}, 3, id="the longer of both"),
        pytest.param({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None, 0, id="a date"),
        pytest.param({"Retry-After": "-5"}, None, 0, id="nonsense"),
        pytest.param({}, None, 0, id="none"),
    ],
)
def test_retry_after_is_kept(headers, details, seconds):
    assert refused(LIST, 429, "TooManyRequests", headers=headers, details=details).after == seconds


@pytest.mark.parametrize("code", [200, 302, 502])
def test_a_page_of_a_proxy_is_retried_and_not_repeated_in_the_log(code):
    error = errors.refused(LIST, code, {"Content-Type": "text/html"}, b"<html>Authorization: Bearer s3cret")
    assert isinstance(error, Retry)
    assert str(error) == (
        f"list /api/v1/services: {code} with 34 bytes of text/html, which is not the API server's JSON. Look"
        " for a proxy or load balancer that answers in its place."
    )


def test_an_expired_watch_event_means_list_again():
    told = errors.Status("Status", 410, "Expired", "too old resource version: 5 (9)")
    error = errors.by_status(Call("watch", SERVICES), 410, told)
    assert isinstance(error, Relist)
    assert str(error) == "watch /api/v1/services: 410 Expired: too old resource version: 5 (9)"


def test_json_which_is_no_status_is_not_taken_for_one():
    assert errors.status_of(b'{"kind": "ServiceList", "items": []}') is None
    assert errors.status_of(b"[]") is None
    assert errors.status_of(b'{"kind": "Sta') is None
