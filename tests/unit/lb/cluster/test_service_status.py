from lb.api.service import LoadBalancerIngress
from lb.cluster.service_status import body


def test_the_patch_holds_the_version_the_address_and_our_annotations_and_nothing_else():
    patch = body("7", [LoadBalancerIngress(ip="10.0.0.1")], {"metallb.io/ip-allocated-from-pool": "edge"})
    assert patch == {
        "metadata": {
            "resourceVersion": "7",
            "annotations": {"metallb.io/ip-allocated-from-pool": "edge"},
        },
        "status": {"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}},
    }


def test_no_address_and_no_annotation_are_null_which_takes_them_away():
    assert body("7", [], {"a": None}) == {
        "metadata": {"resourceVersion": "7", "annotations": {"a": None}},
        "status": {"loadBalancer": {"ingress": None}},
    }
