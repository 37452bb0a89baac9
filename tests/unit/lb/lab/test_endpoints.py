from lb.lab import addressing, endpoints


def made():
    return endpoints.slices("here", "web", "client", addressing.client(1), 9443, "https")


def test_a_host_is_named_in_both_families():
    assert [(each["addressType"], each["endpoints"][0]["addresses"]) for each in made()] == [
        ("IPv4", ["10.99.0.101"]),
        ("IPv6", ["fd00:99::101"]),
    ]


def test_slices_belong_to_the_service_and_are_not_the_clusters_to_change():
    for each in made():
        assert each["metadata"]["namespace"] == "here"
        assert each["metadata"]["labels"] == {"kubernetes.io/service-name": "web"}


def test_no_two_slices_of_a_service_share_a_name():
    names = [each["metadata"]["name"] for each in made()]
    names += [
        each["metadata"]["name"]
        for each in endpoints.slices("here", "web", "other", addressing.client(2), 9443)
    ]
    assert names == ["web-client-ipv4", "web-client-ipv6", "web-other-ipv4", "web-other-ipv6"]
