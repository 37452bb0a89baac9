from prometheus_client import CollectorRegistry, generate_latest

from lb.observe.metrics import (
    AllocatorMetrics,
    ClientMetrics,
    Layer2Metrics,
    SpeakerMetrics,
    process_registry,
)


def samples(registry):
    lines = generate_latest(registry).decode().splitlines()
    return {line for line in lines if not line.startswith("#") and "_created" not in line}


def test_a_pools_gauges_have_metallbs_names_and_go_with_the_pool():
    registry = CollectorRegistry()
    allocator = AllocatorMetrics.of(registry)
    for gauge in vars(allocator).values():
        gauge.labels(pool="edge").set(4)
    assert samples(registry) == {
        f'metallb_allocator_{name}_total{{pool="edge"}} 4.0'
        for name in (
            "addresses",
            "ipv4_addresses",
            "ipv6_addresses",
            "addresses_in_use",
            "ipv4_addresses_in_use",
            "ipv6_addresses_in_use",
            "services_allocated",
        )
    }
    allocator.remove("edge")
    assert samples(registry) == set()


def test_a_pool_that_was_never_told_of_can_be_removed():
    AllocatorMetrics.of(CollectorRegistry()).remove("edge")


def test_client_metrics_have_metallbs_names():
    registry = CollectorRegistry()
    client = ClientMetrics.of(registry)
    client.updates.inc()
    client.update_errors.inc()
    client.config_loaded.set(1)
    assert samples(registry) == {
        "metallb_k8s_client_updates_total 1.0",
        "metallb_k8s_client_update_errors_total 1.0",
        "metallb_k8s_client_config_loaded_bool 1.0",
        "metallb_k8s_client_config_stale_bool 0.0",
    }


def test_the_speakers_metrics_have_metallbs_names_and_labels():
    registry = CollectorRegistry()
    labels = {"service": "shop/web", "protocol": "layer2", "node": "n1", "ip": "10.0.0.1"}
    SpeakerMetrics.of(registry).announced.labels(**labels).set(1)
    layer2 = Layer2Metrics.of(registry)
    for metric in vars(layer2).values():
        metric.labels(ip="10.0.0.1").inc()
    assert samples(registry) == {
        'metallb_speaker_announced{ip="10.0.0.1",node="n1",protocol="layer2",service="shop/web"} 1.0',
        'metallb_layer2_requests_received{ip="10.0.0.1"} 1.0',
        'metallb_layer2_responses_sent{ip="10.0.0.1"} 1.0',
        'metallb_layer2_gratuitous_sent{ip="10.0.0.1"} 1.0',
    }


def test_a_registry_tells_of_its_process_and_shares_nothing_with_another():
    one, other = process_registry(), process_registry()
    ClientMetrics.of(one)
    ClientMetrics.of(other)
    assert any(line.startswith("process_resident_memory_bytes ") for line in samples(one))
