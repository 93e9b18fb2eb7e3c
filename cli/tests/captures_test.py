#!/usr/bin/env -S /usr/bin/python3 -B
"""mqttspec decode on captures: the counts of corpus/captures, and the same content in every dress a capture wears."""
import collections
import gzip
import json
import random
import re
import subprocess
import unittest

import capture_making as make
from capture_harness import CAPTURES, OTHERS, CaptureTest, counts, marks, rows, tool


class Corpus(CaptureTest):
    def test_counts_by_type(self):
        """Those of captures.tsv; where differences.tsv argues otherwise, those."""
        other = {row["file"]: row for row in rows("differences.tsv")}
        table = rows("captures.tsv")
        self.assertGreater(len(table), 50)
        for row in table:
            with self.subTest(row["file"]):
                found = self.lines(CAPTURES / row["file"])
                by_type = {t: int(n) for t, n in re.findall(r"([A-Z0-9]+):(\d+)", row["MQTT packets by type as tshark 4.0.17 counts them"])}
                by_type["RESERVED"] = by_type.pop("RSVD0", 0)
                total = int(re.match(r"\d+", row["total"]).group())
                if row["file"] in other:
                    total = int(other[row["file"]]["total"])
                if sum(by_type.values()):
                    self.assertEqual(counts(found), +collections.Counter(by_type))
                self.assertEqual(sum(counts(found).values()), total)

    def test_gaps_and_cuts_by_name(self):
        """Octets that one side acknowledges and the capture has not, by hand from tshark's sequence numbers."""
        gaps = {"own__d_drop2pct.pcap": [("client", 824), ("client", 4), ("client", 4624)],
                "suricata-verify__mqtt-events-missing-connect_input.pcap": [("client", 16)],
                "suricata-verify__mqtt-events-invalid-qos_input.pcap": [("server", 4)],
                "suricata-verify__mqtt-events-unintroduced_input.pcap": [("client", 2), ("server", 4)]}
        joined = {"own__d_midstream.pcap": 2, "dist1__mqtt.pcap": 2, "suricata-verify__mqtt-ping_input.pcap": 1,
                  "suricata-verify__mqtt-midstream-split_mqtt-midstream-split.pcap": 1}
        for row in rows("captures.tsv"):
            with self.subTest(row["file"]):
                found = self.lines(CAPTURES / row["file"])
                self.assertEqual([(g["direction"], g["fields"].get("octets missing")) for g in marks(found, "GAP")], gaps.get(row["file"], []))
                self.assertEqual(len(marks(found, "MIDSTREAM")), joined.get(row["file"], 0))
                self.assertEqual(marks(found, "TRUNCATED"), [])

    def test_sessions_and_times(self):
        found = self.lines(CAPTURES / "zeek__mqtt.pcap")
        self.assertEqual({line["protocol"] for line in found}, {"3.1"})
        text = self.decode(CAPTURES / "zeek__mqtt.pcap").stdout.decode().splitlines()
        self.assertEqual(len(text), len(found))
        seen = subprocess.run(["tshark", "-n", "-r", CAPTURES / "zeek__mqtt.pcap", "-Y", "mqtt", "-T", "fields", "-e", "frame.time_relative",
                               "-e", "ip.src", "-e", "tcp.srcport"], capture_output=True, text=True, timeout=60, check=True).stdout
        theirs = [line.split() for line in seen.splitlines()]
        ours = [(line["time"], line["session"].split("-")[line["direction"] == "server"]) for line in found]
        times = {(float(t), f"{a}:{p}") for t, a, p in theirs}
        self.assertEqual(set(ours), times)


class Made(CaptureTest):
    """One conversation of known content, dressed up."""

    def setUp(self):
        super().setUp()
        self.payloads = [b"x" * n for n in (0, 1, 100, 1000)]

    def conversation(self, *ends, **how):
        c = make.Connection(*ends, **how).shake().client(make.connect(b"c1")).server(make.CONNACK)
        for n, payload in enumerate(self.payloads):
            c.client(make.publish(b"a/b", payload, 1, n + 1)).server(b"\x40\x02\0" + bytes([n + 1]))
        return c.client(make.PINGREQ).server(make.PINGRESP).client(make.DISCONNECT).end()

    EXPECTED = {"CONNECT": 1, "CONNACK": 1, "PUBLISH": 4, "PUBACK": 4, "PINGREQ": 1, "PINGRESP": 1, "DISCONNECT": 1}

    def check(self, octets, session="10.0.0.5:40112-10.0.0.1:1883", **how):
        found = self.lines(self.file(octets), code=0, **how)
        self.assertEqual(counts(found), self.EXPECTED)
        self.assertEqual([line for line in found if line["type"] in OTHERS], [])
        self.assertEqual({line["session"] for line in found}, {session})
        self.assertEqual([len(p["fields"]["payload"]) for p in marks(found, "PUBLISH")], [len(p) for p in self.payloads])
        self.assertEqual({p["direction"] for p in marks(found, "PUBLISH") + marks(found, "CONNECT")}, {"client"})
        return found

    def test_link_layers(self):
        packets = self.conversation().packets
        dress = {
            "Ethernet": ([make.ethernet(p) for p in packets], make.ETHERNET),
            "VLAN": ([make.ethernet(p, [(0x8100, 5)]) for p in packets], make.ETHERNET),
            "QinQ": ([make.ethernet(p, [(0x88A8, 9), (0x8100, 5)]) for p in packets], make.ETHERNET),
            "old QinQ": ([make.ethernet(p, [(0x9100, 9), (0x8100, 5), (0x8100, 6)]) for p in packets], make.ETHERNET),
            "padded": ([make.ethernet(p) + bytes(20) for p in packets], make.ETHERNET),
            "PPPoE": ([bytes(12) + b"\x88\x64\x11\0\0\1" + (len(p) + 2).to_bytes(2, "big") + b"\0\x21" + p for p in packets], make.ETHERNET),
            "MPLS": ([bytes(12) + b"\x88\x47\0\1\0\x40\0\2\1\x40" + p for p in packets], make.ETHERNET),
            "LLC and SNAP": ([bytes(12) + (len(p) + 8).to_bytes(2, "big") + b"\xaa\xaa\3\0\0\0\x08\0" + p for p in packets if len(p) < 1400], make.ETHERNET),
            "cooked": ([bytes(14) + b"\x08\0" + p for p in packets], make.SLL),
            "cooked with VLAN": ([bytes(14) + b"\x81\0\0\5\x08\0" + p for p in packets], make.SLL),
            "cooked 2": ([make.cooked2(p) for p in packets], make.SLL2),
            "raw IP": (packets, make.RAW), "IPv4": (packets, make.IPV4),
            "NULL": ([make.null(p) for p in packets], make.NULL), "NULL of another machine": ([make.null(p, ">") for p in packets], make.NULL),
            "LOOP": ([make.null(p, ">") for p in packets], make.LOOP),
        }
        for name, (frames, link) in dress.items():
            with self.subTest(name):
                self.check(make.pcap(frames, link))

    def test_internet_layers(self):
        ends = ("fe80::5", 40112), ("2001:db8::1", 1883)
        name = "[fe80::5]:40112-[2001:db8::1]:1883"
        packets = self.conversation(*ends).packets
        for link, dress in ((make.ETHERNET, make.ethernet), (make.IPV6, bytes), (make.RAW, bytes), (make.SLL2, make.cooked2), (make.NULL, make.null)):
            with self.subTest(link):
                self.check(make.pcap([dress(p) for p in packets], link), name)
        destination = b"\x00\x00\x01\x04\0\0\0\0"  # a destination header, and behind it hop by hop, routing
        chain = b"\x00\x01\x01\x0c" + bytes(12) + b"\x2b\x00\x01\x04\0\0\0\0" + b"\x06\x00\x00\x00\0\0\0\0"
        for extensions in (b"\x06" + destination[1:], chain):
            frames = [make.ethernet(make.ip(p[40:], "fe80::5" if p[8:24] == packets[0][8:24] else "2001:db8::1",
                                            "2001:db8::1" if p[8:24] == packets[0][8:24] else "fe80::5", extensions=extensions)) for p in packets]
            self.check(make.pcap(frames), name)
        options = [p[:0] + b"\x46" + p[1:2] + (int.from_bytes(p[2:4], "big") + 4).to_bytes(2, "big") + p[4:20] + b"\1\1\1\0" + p[20:]
                   for p in self.conversation().packets]
        self.check(make.pcap(options, make.RAW))
        unmeasured = [p[:2] + b"\0\0" + p[4:] for p in self.conversation().packets]  # the network card was to segment it
        self.check(make.pcap(unmeasured, make.RAW))

    def test_fragments(self):
        rng = random.Random(5)
        for ends in (("10.0.0.5", "10.0.0.1"), ("fe80::5", "2001:db8::1")):
            c = self.conversation((ends[0], 40112), (ends[1], 1883))
            head = 20 if ends[0][0] == "1" else 40
            frames = []
            for n, packet in enumerate(c.packets):
                source, target = (ends if packet[head - 8:head] == c.packets[0][head - 8:head] else ends[::-1])
                parts = make.fragments(packet[head:], source, target, 16, n)
                rng.shuffle(parts)
                frames += parts + parts[:1]
            with self.subTest(ends):
                self.check(make.pcap(frames, make.RAW), "10.0.0.5:40112-10.0.0.1:1883" if head == 20 else "[fe80::5]:40112-[2001:db8::1]:1883")

    def test_file_formats(self):
        frames = [make.ethernet(p) for p in self.conversation().packets]
        whole = make.pcap(frames)
        for order in "<>":
            for nanoseconds in (False, True):
                with self.subTest(order=order, nanoseconds=nanoseconds):
                    found = self.check(make.pcap(frames, order=order, nanoseconds=nanoseconds))
                    self.assertEqual(found[0]["time"], 0.003, "CONNECT is the fourth frame, a millisecond each")
            self.check(make.pcapng(frames, order=order))
        self.check(make.pcapng(frames, ((make.ETHERNET, 65535), (make.ETHERNET, 262144))))
        self.check(gzip.compress(whole))
        self.check(gzip.compress(whole[:100]) + gzip.compress(whole[100:]))
        path = self.file(whole)
        tool("zstd", "-q", "-f", path, "-o", self.folder / "made.zst")
        self.check((self.folder / "made.zst").read_bytes())
        for octets in (whole, gzip.compress(whole), (self.folder / "made.zst").read_bytes(), make.pcapng(frames)):
            self.assertEqual(counts(self.lines("-", stdin=octets)), self.EXPECTED)

    def test_mixed_and_unknown_link_types(self):
        packets = self.conversation().packets
        mixed = make.pcapng([(n % 2, p if n % 2 else make.ethernet(p)) for n, p in enumerate(packets)], ((make.ETHERNET, 0), (make.RAW, 0)))
        self.expect(2, "decode", str(self.file(mixed)), says="mixed link types")
        self.expect(2, "decode", str(self.file(make.pcap(packets, 105))), says="link type IEEE802_11 (802.11) is not read")
        self.expect(2, "decode", str(self.file(make.pcap(packets, 147))), says="link type 147 is not read")

    def test_damage_is_told(self):
        frames = [make.ethernet(p) for p in self.conversation().packets]
        whole = make.pcap(frames)
        found = self.lines(self.file(whole[:-5]), says="the capture is cut: it ends in the middle of a record")
        self.assertEqual(counts(found), self.EXPECTED)
        self.assertIn("is cut", marks(found, "TRUNCATED")[0]["fields"]["reason"])
        self.expect(2, "decode", str(self.file(whole[:20])), says="cut within its header")
        self.assertIn("is cut", self.decode(self.file(gzip.compress(whole)[:-9])).stderr.decode())
        self.assertIn("is cut", self.decode(self.file(make.pcapng(frames)[:-3])).stderr.decode())
        broken = bytearray(whole)
        broken[24 + 8:24 + 12] = b"\xff\xff\xff\x7f"
        self.expect(2, "decode", str(self.file(broken)), says="is a damaged capture")
        packed = bytearray(gzip.compress(whole))
        packed[60] ^= 255
        self.expect(2, "decode", str(self.file(packed)), says="damaged")
        self.expect(2, "decode", str(self.file(gzip.compress(b"text"))), says="neither pcap nor pcapng")
        self.assertIn("no MQTT was found", self.decode(self.file(make.pcap([]))).stderr.decode())

    def test_snapshot_length(self):
        """54 octets are headers: of 96, 42 are MQTT. The large payloads are cut, the rest is whole, and in step."""
        frames = [make.ethernet(p) for p in self.conversation().packets]
        found = self.lines(self.file(make.pcap(frames, snaplen=96)))
        expected = dict(self.EXPECTED, PUBLISH=2)
        self.assertEqual(counts(found), expected)
        sizes = [len(make.publish(b"a/b", p, 1)) for p in self.payloads[2:]]
        cut = marks(found, "TRUNCATED")
        self.assertEqual([(c["length"], c["fields"]["octets missing"]) for c in cut], [(42, s - 42) for s in sizes])
        self.assertEqual([c["fields"]["topic name"] for c in cut], ["a/b", "a/b"])
        self.assertEqual(marks(found, "GAP"), [])

    def test_one_direction(self):
        c = self.conversation()
        theirs = [c.next[True] - 1000 - 2, c.next[False] - 5000 - 2]  # without SYN and FIN
        for client in (True, False):
            source = c.packets[0 if client else 1][12:16]
            frames = [make.ethernet(p) for p in c.packets if p[12:16] == source]
            found = self.lines(self.file(make.pcap(frames)))
            mine = {"CONNECT", "PUBLISH", "PINGREQ", "DISCONNECT"} if client else {"CONNACK", "PUBACK", "PINGRESP"}
            self.assertEqual(counts(found), {t: n for t, n in self.EXPECTED.items() if t in mine})
            self.assertEqual({line["direction"] for line in found if line["type"] != "GAP"}, {"client" if client else "server"})
            self.assertEqual([(g["direction"], g["length"]) for g in marks(found, "GAP")], [("server" if client else "client", theirs[client])])
            self.assertEqual({line["session"] for line in found}, {"10.0.0.5:40112-10.0.0.1:1883"})

    def test_any_port_either_side(self):
        for ends in ((("10.0.0.5", 1), ("10.0.0.1", 60000)), (("10.0.0.9", 60000), ("10.0.0.1", 7))):
            packets = self.conversation(*ends).packets
            name = f"{ends[0][0]}:{ends[0][1]}-{ends[1][0]}:{ends[1][1]}"
            self.check(make.pcap(packets, make.RAW), name)
            self.check(make.pcap(packets[3:], make.RAW), name)  # without the handshake

    def test_ports_used_again(self):
        c = self.conversation()
        d = self.conversation(first=(900_000, 100))
        found = self.lines(self.file(make.pcap(c.packets + d.packets, make.RAW)))
        self.assertEqual(counts(found), {t: 2 * n for t, n in self.EXPECTED.items()})
        self.assertEqual(list(dict.fromkeys(line["session"] for line in found)),
                         ["10.0.0.5:40112-10.0.0.1:1883", "10.0.0.5:40112-10.0.0.1:1883#2"])

    def test_duplicates_and_order(self):
        rng = random.Random(11)
        packets = self.conversation(first=(2**32 - 150, 2**32 - 3)).packets  # the numbers wrap
        self.check(make.pcap(packets, make.RAW))
        self.check(make.pcap([p for p in packets for _ in range(2)], make.RAW))
        for _ in range(20):
            mixed = packets[:3] + sorted(packets[3:-3], key=lambda p, at=iter(range(1000)): next(at) + rng.uniform(0, 6)) + packets[-3:]
            self.check(make.pcap(mixed, make.RAW))

    def test_others_are_no_mqtt(self):
        c = make.Connection(server=("10.0.0.1", 80)).shake()
        c.client(b"GET /index.html HTTP/1.1\r\nHost: x\r\n\r\n").server(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").end()
        ssh = make.Connection(server=("10.0.0.1", 22)).shake().server(b"SSH-2.0-OpenSSH_9\r\n").client(b"SSH-2.0-x\r\n" + bytes(300)).end()
        noise = [make.Connection(server=("10.0.0.1", 1883 if n % 2 else 9000 + n), client=("10.0.0.5", 2000 + n)).shake()
                 for n in range(40)]
        rng = random.Random(3)
        for n in noise:
            for _ in range(30):
                n.client(rng.randbytes(rng.randrange(1, 400))).server(rng.randbytes(rng.randrange(1, 400)))
        packets = c.packets + ssh.packets + [p for n in noise for p in n.packets]
        found = self.lines(self.file(make.pcap(packets, make.RAW)), says="no MQTT was found", code=0)
        self.assertEqual(found, [])
        joined = [p for n in noise for p in n.packets[3:]]
        found = self.lines(self.file(make.pcap(joined, make.RAW)), says="no MQTT was found", code=0)
        self.assertEqual(found, [])

    def test_how_much_has_to_speak_for_it(self):
        """One packet of four octets may be chance on any port, not on that of MQTT; three pings are none."""
        for port, talk, found in ((9000, [(True, b"\x40\x02\0\1")], 0), (1883, [(True, b"\x40\x02\0\1")], 1),
                                  (9000, [(True, make.PINGREQ), (False, make.PINGRESP)], 0),
                                  (9000, [(True, make.PINGREQ), (False, make.PINGRESP), (True, make.PINGREQ)], 3)):
            c = make.Connection(server=("10.0.0.1", port))
            for from_client, octets in talk:
                c.send(from_client, octets)
            result = self.decode("--json", self.file(make.pcap(c.packets, make.RAW)))
            with self.subTest(port=port, talk=talk):
                self.assertEqual(sum(b'"MIDSTREAM"' not in line for line in result.stdout.splitlines()), found)

    def test_version_where_only_the_server_was_captured(self):
        for answer, version in ((make.CONNACK, "3.1.1"), (b"\x20\x03\0\0\0", "5")):
            c = make.Connection().shake().server(answer).server(make.PINGRESP).end()
            packets = [p for p in c.packets if p[12:16] == c.packets[1][12:16]]
            found = self.lines(self.file(make.pcap(packets, make.RAW)))
            self.assertEqual({line["protocol"] for line in found}, {version})

    def test_ports_are_mapped(self):
        c = make.Connection(server=("10.0.0.1", 17501)).shake().client(b"\x00\x00" + make.PINGREQ).server(make.PINGRESP).end()
        path = self.file(make.pcap(c.packets, make.RAW))
        self.assertEqual(self.lines(path, says="no MQTT"), [])
        self.assertEqual(counts(self.lines("--port-map", "17501=mqtt", path, code=1)), {"RESERVED": 1, "PINGREQ": 1, "PINGRESP": 1})
        whole = self.file(make.pcap(self.conversation().packets, make.RAW))
        self.assertEqual(self.lines("--port-map", "1883=none", whole, says="no MQTT"), [])
        for wrong in ("17501", "x=mqtt", "70000=mqtt", "0=mqtt", "1=x", "=mqtt"):
            self.expect(2, "decode", "--port-map", wrong, str(path), says="--port-map " + wrong)
        self.expect(2, "decode", "--port-map", "1=mqtt", "--hex", "c000", says="--port-map: is for captures")

    def test_encrypted_is_named(self):
        c = make.Connection(server=("10.0.0.1", 8883)).shake().client(b"\x16\x03\x01\x00\x05\x01\0\0\x01\0").end()
        result = self.decode(self.file(make.pcap(c.packets, make.RAW)))
        self.assertIn("10.0.0.5:40112-10.0.0.1:8883: is encrypted (TLS); --keylog", result.stderr.decode())


if __name__ == "__main__":
    unittest.main()
