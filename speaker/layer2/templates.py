"""What a hardware address says by ARP and NDP, whole but for the addresses that it says it of."""

from speaker.layer2.forms import forms
from speaker.layer2.protocol import arp, ndp
from speaker.layer2.protocol.arp_responder import ArpTemplates
from speaker.layer2.protocol.ndp_responder import NdpTemplates


def arp_templates(mac: bytes) -> ArpTemplates:
    """What *mac* says by ARP."""
    request, reply = (arp.sent_by(form, mac) for form in (forms().arp_request, forms().arp_reply))
    return ArpTemplates(mac, reply, (request, reply), request)


def ndp_templates(mac: bytes) -> NdpTemplates:
    """What *mac* says by NDP."""
    solicited, unsolicited = forms().solicited_advertisement, forms().unsolicited_advertisement
    probe = ndp.asked_by(forms().solicitation, mac)
    return NdpTemplates(mac, ndp.sent_by(solicited, mac), ndp.sent_by(unsolicited, mac), probe)
