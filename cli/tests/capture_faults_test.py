#!/usr/bin/env -S /usr/bin/python3 -B
"""Captures as the field spoils them: padded and packed files, half-open connections, ports used again, proxies before the broker."""
import gzip
import struct
import unittest

import capture_making as make
from capture_harness import CaptureTest, counts, marks, tool


def first(ident=b"one"):
    """A connection that is not closed."""
    return make.Connection().shake().client(make.connect(ident)).server(make.CONNACK).client(make.publish(b"a", b"1"))


ONE = {"CONNECT": 1, "CONNACK": 1, "PUBLISH": 1}
TWO = {t: 2 for t in ONE}
NAMES = ["10.0.0.5:40112-10.0.0.1:1883", "10.0.0.5:40112-10.0.0.1:1883#2"]


class Connections(CaptureTest):
    def check(self, packets, expected, names, others=()):
        found = self.lines(self.file(make.pcap(packets, make.RAW)))
        self.assertEqual(counts(found), expected)
        self.assertEqual(list(dict.fromkeys(line["session"] for line in found)), names)
        self.assertEqual([line["type"] for line in found if line["type"] in ("GAP", "TRUNCATED", "MIDSTREAM")], list(others))

    def again(self, c, numbers):
        """Another connection between the same ports, from its handshake on."""
        other = make.Connection(first=numbers).shake().client(make.connect(b"two")).server(make.CONNACK).client(make.publish(b"b/topic", b"2")).end()
        return c, other

    def test_half_open(self):
        """RFC 9293, figure 9: SYN, an ACK of the old numbers, the RST that it gets, SYN again."""
        for numbers in ((900_000, 77_000), (10, 20), (3_000_000_000, 5)):
            c, other = self.again(first(), numbers)
            challenge = [other.packets[0], c.segment(False), c.segment(True, flags=make.RST, seq=c.next[True])]
            with self.subTest(numbers):
                self.check(c.packets + challenge + other.packets, TWO, NAMES)

    def test_refused_and_tried_again(self):
        c = first()
        refusal = c.segment(False, flags=make.RST | make.ACK, seq=0, ack=1001)
        self.check([c.packets[0], refusal] * 3 + c.packets, ONE, NAMES[:1])

    def test_only_a_reset_of_its_numbers_ends_it(self):
        for seq, counted in ((3_456_789_012, False), (None, True)):
            c = first()
            c.packets.append(c.segment(True, flags=make.RST, seq=seq))
            c.client(make.publish(b"a", b"2"), make.publish(b"a", b"3")).end()
            with self.subTest(seq):
                self.check(c.packets, dict(ONE, PUBLISH=1 if counted else 3), NAMES[:1])

    def test_ports_used_again_without_syn(self):
        for numbers in ((90_000_000, 77_000_000), (4_000_000_000, 3_000_000_000)):
            for closed in (True, False):
                for captured in (2, 3):  # the third of the handshake acknowledges the new numbers
                    c, other = self.again(first(), numbers)
                    before = c.end().packets if closed else c.packets
                    with self.subTest(numbers=numbers, closed=closed, captured=captured):
                        self.check(before + other.packets[captured:], TWO, NAMES)

    def test_after_the_end_other_numbers_are_another_connection(self):
        """Joined in the middle: neither SYN nor CONNECT of it were captured."""
        c, other = self.again(first().end(), (90_000_000, 77_000_000))
        self.check(c.packets + other.packets[7:], dict(ONE, PUBLISH=2), NAMES, ["MIDSTREAM"])

    def test_what_is_sent_again_late_is_no_connection(self):
        c = first().end()
        self.check(c.packets + c.packets[1:], ONE, NAMES[:1])


class Vlans(CaptureTest):
    """The same addresses and ports behind different tags: numbers tell whether that is one connection."""
    TAGS = {"VLAN": lambda n: [(0x8100, n)], "inner VLAN": lambda n: [(0x88A8, 7), (0x8100, n)], "outer VLAN": lambda n: [(0x88A8, n), (0x8100, 7)],
            "one of them untagged": lambda n: [(0x8100, n)] * (n > 1)}

    def talk(self, ident, numbers, server=("10.0.0.1", 1883)):
        c = make.Connection(server=server, first=numbers).shake().client(make.connect(ident)).server(make.CONNACK)
        return c.client(make.publish(b"a", ident), make.publish(b"a", ident * 300)).end()

    def check(self, frames, expected, idents, link=make.ETHERNET):
        found = self.lines(self.file(make.pcap(frames, link)))
        self.assertEqual(counts(found), expected)
        self.assertEqual([line["fields"]["client identifier"] for line in marks(found, "CONNECT")], idents)
        self.assertEqual([line["type"] for line in found if line["type"] in ("GAP", "TRUNCATED", "MIDSTREAM")], [])
        for ident, session in zip(idents, NAMES):
            sent = [line["fields"]["payload"] for line in marks(found, "PUBLISH") if line["session"] == session]
            self.assertEqual(sent, [ident, ident * 300][-len(sent):])

    ONE = {"CONNECT": 1, "CONNACK": 1, "PUBLISH": 2}
    TWO = {t: 2 * n for t, n in ONE.items()}

    def both(self, numbers, dress, captured=0):
        """Frame by frame in turn, and one after the other."""
        one, two = (dress(n, self.talk(i, first).packets[captured:]) for n, i, first in ((1, b"one", (1000, 5000)), (2, b"two", numbers)))
        return [f for pair in zip(one, two) for f in pair], one + two

    def test_two_connections(self):
        for numbers in ((90_000_000, 77_000_000), (500_000, 900_000), (1000, 900_000), (500_000, 5000)):
            for name, tags in self.TAGS.items():
                for captured in (0, 3):
                    for frames in self.both(numbers, lambda n, packets: [make.ethernet(p, tags(n)) for p in packets], captured):
                        with self.subTest(numbers=numbers, name=name, captured=captured):
                            self.check(frames, self.TWO, ["one", "two"])

    def test_the_same_numbers_later(self):
        """Of devices without chance: what comes after the end is another connection, and no copy."""
        frames = self.both((1000, 5000), lambda n, packets: [make.ethernet(p, [(0x8100, n)]) for p in packets])[1]
        self.check(frames, self.TWO, ["one", "two"])

    def test_labels_and_sessions(self):
        dress = {"MPLS": lambda n, packets: [bytes(12) + b"\x88\x47\0\0" + bytes([n << 4 | 1]) + b"\x40" + p for p in packets],
                 "PPPoE": lambda n, packets: [bytes(12) + b"\x88\x64\x11\0\0" + bytes([n]) + (len(p) + 2).to_bytes(2, "big") + b"\0\x21" + p
                                              for p in packets]}
        for name, put_on in dress.items():
            with self.subTest(name):
                self.check(self.both((90_000_000, 77_000_000), put_on)[0], self.TWO, ["one", "two"])

    def test_each_is_used_again_by_itself(self):
        """Its second connection in one VLAN, while that in the other goes on."""
        one, two, third = (self.talk(i, n).packets for i, n in ((b"one", (1000, 5000)), (b"two", (90_000_000, 77_000_000)), (b"thr", (700_000_000, 9))))
        tagged = [[make.ethernet(p, [(0x8100, n)]) for p in packets] for n, packets in ((1, one), (2, two), (1, third))]
        turned = self.lines(self.file(make.pcap(tagged[0] + tagged[1] + tagged[2])))
        self.assertEqual([line["session"][-2:] for line in marks(turned, "CONNECT")], ["83", "#2", "#3"], "no name is given twice")
        frames = tagged[1][:7] + tagged[0] + tagged[2] + tagged[1][7:]
        found = self.lines(self.file(make.pcap(frames)))
        self.assertEqual(counts(found), {t: 3 * n for t, n in self.ONE.items()})
        self.assertEqual([(line["session"][-2:], line["fields"]["client identifier"]) for line in marks(found, "CONNECT")],
                         [("83", "two"), ("#2", "one"), ("#3", "thr")])
        self.assertEqual([(line["session"][-2:], line["fields"]["payload"][:3]) for line in marks(found, "PUBLISH")],
                         [("#2", "one")] * 2 + [("#3", "thr")] * 2 + [("83", "two")] * 2)

    def test_directions_with_tags_of_their_own(self):
        """As mirror ports show it; from the handshake on, without it, and when the server is heard first."""
        c = self.talk(b"one", (1000, 5000))
        for there, back in (([(0x8100, 5)], [(0x8100, 15)]), ([(0x8100, 5)], []), ([], [(0x88A8, 5), (0x8100, 6)])):
            frames = [make.ethernet(p, there if p[12:16] == c.packets[0][12:16] else back) for p in c.packets]
            for captured in (frames, frames[1:], frames[2:], frames[3:]):
                with self.subTest(there=there, back=back, without=len(frames) - len(captured)):
                    self.check(captured, self.ONE, ["one"])

    def test_two_connections_with_tags_for_each_direction(self):
        def dress(n, packets):
            return [make.ethernet(p, [(0x8100, n + 10 * (p[12:16] == packets[0][12:16]))]) for p in packets]
        for frames in self.both((90_000_000, 77_000_000), dress):
            self.check(frames, self.TWO, ["one", "two"])

    def test_a_frame_seen_twice(self):
        """Before and behind a router: the copy has other tags, and may come first."""
        for captured in (0, 2, 3):
            packets = self.talk(b"one", (1000, 5000)).packets[captured:]
            for pair in ((1, 2), (2, 1), (1, 2, 3)):
                turned = [make.ethernet(p, [(0x8100, n)]) for i, p in enumerate(packets) for n in (pair if i % 3 else pair[::-1])]
                with self.subTest(pair=pair, captured=captured):
                    self.check(turned, self.ONE, ["one"])

    def test_tags_that_change_within_a_connection(self):
        packets = self.talk(b"one", (1000, 5000)).packets
        self.check([make.ethernet(p, [(0x8100, 1 + (i > 8))]) for i, p in enumerate(packets)], self.ONE, ["one"])

    def test_priority_is_no_vlan(self):
        """Only the identifier of a tag counts; 0 is none."""
        packets = self.talk(b"one", (1000, 5000)).packets
        two = self.talk(b"two", (1_000_000_000, 900_000)).packets
        frames = [make.ethernet(p, [(0x8100, i % 8 << 13)] * (i % 3)) for i, p in enumerate(packets + two)]
        self.check(frames, self.TWO, ["one", "two"])

    def test_fragments(self):
        """Datagrams of the same identifier, in pieces, at the same time."""
        pieces = [[[make.ethernet(part, [(0x8100, n)]) for part in make.fragments(p[20:], *((".".join(map(str, p[at:at + 4]))) for at in (12, 16)), 16, i)]
                   for i, p in enumerate(self.talk(ident, first).packets)] for n, ident, first in ((1, b"one", (1000, 5000)), (2, b"two", (9000, 90)))]
        frames = [f for pair in zip(*pieces) for parts in zip(*pair) for f in parts]
        self.check(frames, self.TWO, ["one", "two"])

    def test_fragments_of_six(self):
        ends = ("fd00::5", "fd00::1")
        pieces = []
        for n, ident, numbers in ((1, b"one", (1000, 5000)), (2, b"two", (9000, 90))):
            c = make.Connection((ends[0], 9), (ends[1], 1883), numbers).shake().client(make.connect(ident)).server(make.CONNACK).end()
            pieces.append([[make.ethernet(part, [(0x8100, n)]) for part in make.fragments(p[40:], *(ends if p[8:24] == c.packets[0][8:24] else ends[::-1]), 16, i)]
                           for i, p in enumerate(c.packets)])
        found = self.lines(self.file(make.pcap([f for pair in zip(*pieces) for parts in zip(*pair) for f in parts])))
        self.assertEqual(sorted(line["fields"]["client identifier"] for line in marks(found, "CONNECT")), ["one", "two"])

    def test_what_is_no_mqtt_stays_one(self):
        """Its numbers are not followed: a change of tags half a megabyte later is no reason to look at it again."""
        c = make.Connection(server=("10.0.0.1", 8883)).shake().client(b"\x16\x03\x01\0\5\1\0\0\1\0", *[b"\x17\x03\x03\x03\xe8" + bytes(1000)] * 600).end()
        frames = [make.ethernet(p, [(0x8100, 1 + (i > 1100))]) for i, p in enumerate(c.packets)]
        result = self.decode(self.file(make.pcap(frames)))
        self.assertEqual(result.stderr.count(b"is encrypted"), 1, result.stderr)

    def test_tags_without_number(self):
        """4,096 connections between the same ends: memory and time are bounded."""
        frames = [make.ethernet(self.talk(b"%d" % n, (n * 1_000_003, n * 777_777)).packets[i], [(0x88A8, n >> 6), (0x8100, n)])
                  for n in range(1, 1024) for i in (0, 1, 3)]
        found = self.lines(self.file(make.pcap(frames)))
        self.assertEqual(counts(found), {"CONNECT": 1023})


class Beginnings(CaptureTest):
    HEADERS = {"1 six": b"PROXY TCP6 " + b"ffff:" * 7 + b"ffff " + b"ffff:" * 7 + b"ffff 65535 65535\r\n", "1": b"PROXY TCP4 192.168.1.100 10.0.0.1 55555 1883\r\n", "1 unknown": b"PROXY UNKNOWN\r\n",
               "2": b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes([1, 2, 3, 4, 10, 0, 0, 1, 0x15, 0xB3, 7, 0x5B]),
               "2 local": b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", "2 long": b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x10\0" + bytes(4096)}

    def test_behind_a_proxy(self):
        for port in (1883, 18833):
            for name, header in self.HEADERS.items():
                for cuts in ([], [1], [14], [len(header) - 1], [len(header)], list(range(1, min(len(header), 60)))):
                    stream = header + make.connect(b"one")
                    parts = [stream[a:b] for a, b in zip([0] + cuts, cuts + [len(stream)])]
                    c = make.Connection(server=("10.0.0.1", port)).shake().client(*parts).server(make.CONNACK).client(make.publish(b"a", b"1"))
                    with self.subTest(port=port, name=name, cuts=cuts):
                        found = self.lines("--port-map", "7=mqtt", self.file(make.pcap(c.end().packets, make.RAW)), code=0)
                        self.assertEqual([line["type"] for line in found], ["CONNECT", "CONNACK", "PUBLISH"])

    def test_a_port_that_was_mapped_behind_a_proxy(self):
        c = make.Connection(server=("10.0.0.1", 9)).shake().client(self.HEADERS["2"] + make.connect(b"one")).end()
        self.assertEqual(counts(self.lines("--port-map", "9=mqtt", self.file(make.pcap(c.packets, make.RAW)))), {"CONNECT": 1})

    def test_connack_alone_on_any_port(self):
        """One that the server's stream begins with; the same four octets elsewhere are chance."""
        for answer, version in ((make.CONNACK, "3.1.1"), (b"\x20\x03\0\0\0", "5")):
            c = make.Connection(server=("10.0.0.1", 17880)).shake().server(answer).end()
            theirs = [p for p in c.packets if p[12:16] == c.packets[1][12:16]]
            found = [line for line in self.lines(self.file(make.pcap(theirs, make.RAW))) if line["type"] != "GAP"]
            self.assertEqual([(line["type"], line["direction"], line["protocol"]) for line in found], [("CONNACK", "server", version)])
            for packets in (theirs[1:], [p for p in make.Connection(server=("10.0.0.1", 17880)).shake().client(answer).end().packets]):
                self.assertEqual(self.lines(self.file(make.pcap(packets, make.RAW)), says="no MQTT"), [])


class Files(CaptureTest):
    def test_gz_padded_with_zeros(self):
        """As gzip(1) reads it; other octets behind it are damage."""
        packed = gzip.compress(make.pcap(first().packets, make.RAW))
        for padding in (b"\0", bytes(512), bytes(300_000)):
            self.assertEqual(counts(self.lines(self.file(packed + padding, "made.gz"))), {"CONNECT": 1, "CONNACK": 1, "PUBLISH": 1})
        self.expect(2, "decode", str(self.file(packed + b"\0\0text")), says="damaged")

    def test_zstd_windows(self):
        (self.folder / "whole").write_bytes(make.pcap(first().packets, make.RAW))
        for options, code in (("--ultra -22", 0), ("--ultra -22 --long=28", 2)):
            packed = self.folder / "packed.zst"
            tool("sh", "-c", f"zstd -q {options} < {self.folder}/whole > {packed}")  # of a pipe the size is not known
            if code:
                self.expect(2, "decode", str(packed), says="needs a window of more than 128 MiB; decompress it with zstd -d --long=31")
            else:
                self.assertEqual(counts(self.lines(packed)), {"CONNECT": 1, "CONNACK": 1, "PUBLISH": 1})

    def test_simple_packet_blocks(self):
        """40 octets are headers: of 96, 56 of the payload are there."""
        c = first().client(make.publish(b"a", b"z" * 200)).client(make.PINGREQ)
        for order in "<>":
            octets = make.pcapng([], ((make.RAW, 96),), order)
            for p in c.packets:
                part = p[:96] + bytes(-len(p[:96]) % 4)
                octets += struct.pack(order + "III", 3, len(part) + 16, len(p)) + part + struct.pack(order + "I", len(part) + 16)
            found = self.lines(self.file(octets))
            self.assertEqual(counts(found), {"CONNECT": 1, "CONNACK": 1, "PUBLISH": 1, "PINGREQ": 1})
            self.assertEqual([(t["length"], t["fields"]["octets missing"]) for t in marks(found, "TRUNCATED")], [(56, 206 - 56)])

    def test_simple_packet_blocks_of_every_size(self):
        """Payloads whose frames end around the snapshot length, with and without padding."""
        c = first()
        for n in range(40, 60):
            c.client(make.publish(b"a", b"z" * n))
        octets = make.pcapng([], ((make.RAW, 94),))
        for p in c.packets:
            part = p[:94] + bytes(-len(p[:94]) % 4)
            octets += struct.pack("<III", 3, len(part) + 16, len(p)) + part + struct.pack("<I", len(part) + 16)
        found = self.lines(self.file(octets))
        self.assertEqual([len(p["fields"]["payload"]) for p in marks(found, "PUBLISH")[1:]], list(range(40, 50)))
        self.assertEqual([t["fields"]["octets missing"] for t in marks(found, "TRUNCATED")], list(range(1, 11)))

    def test_interfaces_of_raw_ip(self):
        """libpcap takes a second one of type 101 for another type than the first; 228 and 229 are IP too."""
        c = first().client(make.publish(b"a", b"z" * 1000))
        for order in "<>":
            for links in ((make.RAW, make.RAW), (make.RAW, make.IPV4, make.IPV6), (make.IPV6, make.RAW)):
                octets = make.pcapng([(i % len(links), p) for i, p in enumerate(c.packets)], [(link, 0) for link in links], order)
                with self.subTest(order=order, links=links):
                    self.assertEqual(counts(self.lines(self.file(octets))), {"CONNECT": 1, "CONNACK": 1, "PUBLISH": 2})
        for links in ((make.RAW, make.ETHERNET), (make.ETHERNET, make.RAW), (make.ETHERNET, make.SLL), (make.RAW, 357)):
            self.expect(2, "decode", str(self.file(make.pcapng([], [(link, 0) for link in links]))), says="mixed link types")

    def test_snapshot_lengths_of_several_interfaces(self):
        """Frames longer than the first interface's snapshot length are read whole."""
        c = first().client(make.publish(b"a", b"z" * 1000))
        for order in "<>":
            frames = [(int(len(p) > 82), make.ethernet(p)) for p in c.packets]
            octets = make.pcapng(frames, ((make.ETHERNET, 96), (make.ETHERNET, 65535)), order)
            found = self.lines(self.file(octets + make.pcapng([], ((make.ETHERNET, 7),), order)))
            self.assertEqual([p["fields"]["payload"] for p in marks(found, "PUBLISH")], ["1", "z" * 1000])


if __name__ == "__main__":
    unittest.main()
