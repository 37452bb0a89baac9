import subprocess
import sys

from scapy.layers.inet6 import ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptSrcLLAddr
from scapy.layers.l2 import ARP, Ether

from speaker.layer2.forms import forms


def test_the_forms_are_what_scapy_reads_in_them():
    made = forms()
    assert [Ether(form)[ARP].op for form in (made.arp_request, made.arp_reply)] == [1, 2]
    advertisements = [Ether(each) for each in (made.solicited_advertisement, made.unsolicited_advertisement)]
    assert [each[ICMPv6ND_NA].sprintf("%R% %S% %O%") for each in advertisements] == ["0 1 1", "0 0 1"]
    solicitation = Ether(made.solicitation)
    assert ICMPv6ND_NS in solicitation
    assert ICMPv6NDOptSrcLLAddr not in solicitation


def test_they_are_built_once():
    assert forms() is forms()


def test_no_module_of_the_speaker_brings_scapy_into_its_process():
    program = "import speaker.layer2.announcer, sys; print([name for name in sys.modules if 'scapy' in name])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
