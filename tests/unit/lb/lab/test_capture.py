from lb.lab.capture import Arp, Capture, Frame

# A reply as Linux 6.18 sends it, padded to the shortest Ethernet frame.
REPLY = bytes.fromhex(
    "02000a630065 02000a63000b 08060001 0800 06 04 000202000a63000b 0a63000b02000a630065 0a630065" + "00" * 18
)
IPV4 = bytes.fromhex("02000a630065 02000a63000b 0800") + bytes(46)


def frame(raw, port="n1", outgoing=False):
    return Frame(1.5, port, outgoing, raw)


def test_an_arp_reply_is_decoded():
    taken = Capture(entering_only=False)
    taken.add(frame(REPLY))
    assert taken.arp == [
        Arp(
            time=1.5,
            port="n1",
            source="02:00:0a:63:00:0b",
            destination="02:00:0a:63:00:65",
            operation=2,
            sender_mac="02:00:0a:63:00:0b",
            sender_ip="10.99.0.11",
            target_mac="02:00:0a:63:00:65",
            target_ip="10.99.0.101",
        )
    ]
    assert not taken.arp[0].gratuitous


def test_a_frame_that_is_no_arp_is_kept_and_not_decoded():
    taken = Capture(entering_only=False)
    taken.add(frame(IPV4))
    assert len(taken.frames) == 1
    assert taken.arp == []


def test_announcing_ones_own_address_is_gratuitous():
    taken = Capture(entering_only=False)
    taken.add(frame(REPLY[:38] + REPLY[28:32] + REPLY[42:]))
    assert taken.arp[0].gratuitous


def test_on_the_bridge_a_frame_counts_where_it_comes_in_only():
    taken = Capture(entering_only=True)
    for port, outgoing in (("n1", False), ("n2", True), ("br0", False)):
        taken.add(frame(REPLY, port, outgoing))
    assert [kept.port for kept in taken.frames] == ["n1"]


def test_on_a_host_both_directions_count():
    taken = Capture(entering_only=False)
    taken.add(frame(REPLY, "eth0", outgoing=False))
    taken.add(frame(REPLY, "eth0", outgoing=True))
    assert [kept.outgoing for kept in taken.frames] == [False, True]
