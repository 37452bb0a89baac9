from msgspec import json

from controller.admission.bundles import bundles, patch
from controller.admission.rotation import Bundle
from lb.api.webhook import (
    CustomResourceDefinition,
    ServiceReference,
    ValidatingWebhookConfiguration,
)

OURS = ServiceReference("metallb-system", "metallb-webhook-service")
SERVICE = {"namespace": "metallb-system", "name": "metallb-webhook-service", "path": "/convert", "port": 443}


def configuration(*clients):
    webhooks = [{"name": "a.metallb.io", "clientConfig": each, "sideEffects": "None"} for each in clients]
    metadata = {"name": "webhooks", "resourceVersion": "42"}
    text = json.encode({"metadata": metadata, "webhooks": webhooks})
    return json.decode(text, type=ValidatingWebhookConfiguration)


def definition(conversion):
    text = json.encode({"metadata": {"name": "peers"}, "spec": {"group": "metallb.io", **conversion}})
    return json.decode(text, type=CustomResourceDefinition)


def test_each_webhook_that_calls_our_service_has_a_bundle():
    found = configuration({"service": SERVICE, "caBundle": b"PEM"}, {"service": SERVICE})
    assert bundles(found, OURS) == (
        Bundle("webhooks", "/webhooks/0/clientConfig/caBundle", b"PEM"),
        Bundle("webhooks", "/webhooks/1/clientConfig/caBundle", b""),
    )


def test_webhooks_that_call_others_are_theirs():
    others = configuration({"url": "https://elsewhere"}, {"service": {**SERVICE, "namespace": "other"}})
    assert bundles(others, OURS) == ()


def test_a_definition_has_the_bundle_of_its_conversion():
    webhook = {"clientConfig": {"service": SERVICE, "caBundle": b"PEM"}, "conversionReviewVersions": ["v1"]}
    found = definition({"conversion": {"strategy": "Webhook", "webhook": webhook}})
    assert bundles(found, OURS) == (
        Bundle("peers", "/spec/conversion/webhook/clientConfig/caBundle", b"PEM"),
    )


def test_a_definition_without_a_webhook_has_none():
    assert bundles(definition({"conversion": {"strategy": "None"}}), OURS) == ()
    assert bundles(definition({}), OURS) == ()


def test_a_patch_holds_the_version_and_the_bundles_alone():
    found = configuration({"service": SERVICE}, {"service": SERVICE})
    wanted = [Bundle("webhooks", "/webhooks/1/clientConfig/caBundle", b"PEM")]
    assert json.decode(json.encode(patch(found, wanted))) == [
        {"op": "replace", "path": "/metadata/resourceVersion", "value": "42"},
        {"op": "add", "path": "/webhooks/1/clientConfig/caBundle", "value": "UEVN"},
    ]
