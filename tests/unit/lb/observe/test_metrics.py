from prometheus_client import CollectorRegistry, generate_latest

from lb.observe.metrics import (
    ClientMetrics,
    Layer2Metrics,
    SpeakerMetrics,
    process_registry,
)


def samples(registry):
    lines = generate_latest(registry).decode().splitlines()
    return {line for line in lines if not line.startswith("#") and "_created" not in line}


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
