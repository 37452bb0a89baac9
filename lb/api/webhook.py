"""Where the API server is told of webhooks, with only what says whom it calls and whom it trusts.

ValidatingWebhookConfiguration (admissionregistration.k8s.io/v1) and CustomResourceDefinition
(apiextensions.k8s.io/v1). `ca_bundle` is base64 on the wire and bytes here: PEM.
"""

from lb.api.meta import ObjectMeta, Value


class ServiceReference(Value, frozen=True):
    """The Service that a webhook is reached by."""

    namespace: str = ""
    name: str = ""


class ClientConfig(Value, frozen=True):
    """WebhookClientConfig; without `service` it names a URL."""

    service: ServiceReference | None = None
    ca_bundle: bytes = b""


class Webhook(Value, frozen=True):
    """One of a ValidatingWebhookConfiguration, or that of a CustomResourceDefinition's conversion."""

    client_config: ClientConfig = ClientConfig()


class ValidatingWebhookConfiguration(Value, frozen=True):
    """admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration."""

    metadata: ObjectMeta
    webhooks: tuple[Webhook, ...] = ()


class Conversion(Value, frozen=True):
    """CustomResourceDefinition spec.conversion."""

    webhook: Webhook | None = None


class CustomResourceDefinitionSpec(Value, frozen=True):
    """CustomResourceDefinition spec."""

    conversion: Conversion = Conversion()


class CustomResourceDefinition(Value, frozen=True):
    """apiextensions.k8s.io/v1 CustomResourceDefinition."""

    metadata: ObjectMeta
    spec: CustomResourceDefinitionSpec = CustomResourceDefinitionSpec()
