#!/usr/bin/env -S /usr/bin/python3 -B
"""mqttspec decode --stats on captures: counts, clients, topics, and who broke which statement."""
import json
import struct
import unittest

import capture_making as make
from capture_harness import CAPTURES, CaptureTest


class Stats(CaptureTest):
    def fields(self, c, code):
        found = self.lines("--stats", self.file(make.pcap(c.packets, make.RAW)), code=code)
        self.assertEqual([line["type"] for line in found], ["STATS"])
        return found[0]["fields"]

    def accused(self, *talk, level=4, connect=None, answer=None, gone=()):
        """(side, statement) of what is broken when `talk` (from client?, octets) follows CONNECT and CONNACK."""
        c = make.Connection().shake().client(connect or make.connect(b"c", level))
        c.server(answer or (make.CONNACK if level == 4 else b"\x20\x03\0\0\0"))
        for from_client, octets in talk:
            (c.client if from_client else c.server)(octets)
        c.end()
        c.packets = [p for n, p in enumerate(c.packets) if n not in gone]
        found = self.lines("--stats", self.file(make.pcap(c.packets, make.RAW)))[0]["fields"]
        self.assertEqual(found["faults"], sum(b["times"] for b in found["broken"]))
        return [(b["direction"], b["statement"]) for b in found["broken"]]

    def test_counts(self):
        c = make.Connection().shake().client(make.connect(b"device", keep_alive=10)).server(make.CONNACK)
        for n in range(3):
            c.client(make.publish(b"t/a", b"x" * 10, 1, n + 1)).server(b"\x40\x02\0" + bytes([n + 1]))
        c.server(make.publish(b"t/b", b"", flags=1))
        fields = self.fields(c.end(), 0)
        self.assertEqual(fields["packets"], 9)
        self.assertEqual(fields["types"]["PUBLISH"], {"packets": 4, "octets": 3 * 19 + 7})
        self.assertEqual(fields["directions"]["client"], {"packets": 4, "octets": 20 + 3 * 19, "QoS 0": 0, "QoS 1": 3, "QoS 2": 0})
        self.assertEqual(fields["clients"][0], {"client": "device", "connections": 1, "protocol": "3.1.1", "packets": 9, "octets": 20 + 3 * 19 + 4 + 12 + 7,
                                                "keep alive": 10, "longest silence": 0.004, "silences above keep alive": 0})
        self.assertEqual(fields["topics"][0], {"topic": "t/a", "messages": 3, "octets": 30, "QoS 0": 0, "QoS 1": 3, "QoS 2": 0, "retained": 0})
        self.assertEqual(fields["topics"][1]["retained"], 1)
        self.assertEqual(fields["versions"], {"3.1.1": 1})
        self.assertEqual(fields["payloads below"], {"1": 1, "16": 3})
        text = self.decode("--stats", self.file(make.pcap(c.packets, make.RAW))).stdout.decode()
        for part in ("9 packets in 1 connection", '"device"', "keep alive 10 s", '"t/a"', "statements broken\n  none\n"):
            self.assertIn(part, text)

    def test_the_corpus_adds_up(self):
        for name, packets in (("own__tcp_v5_lo.pcapng", 204), ("own__d_drop2pct.pcap", 131), ("own__ws_v311_lo.pcapng", 134)):
            fields = self.lines("--stats", CAPTURES / name, code=0)[0]["fields"]
            self.assertEqual((fields["packets"], fields["connections"], fields["broken"]), (packets, 2, []))
        fields = self.lines("--stats", CAPTURES / "own__d_drop2pct.pcap")[0]["fields"]
        self.assertEqual((fields["gaps"], fields["octets missing"]), (3, 824 + 4 + 4624))

    def test_good_sessions_are_not_accused(self):
        subscribe = make.mqtt(0x82, b"\0\1" + make.text(b"a") + b"\1" + make.text(b"b") + b"\1")
        self.assertEqual(self.accused((True, subscribe), (False, b"\x90\x04\0\1\1\1"), (True, make.publish(b"a", b"", 2, 2)),
                                      (False, b"\x50\x02\0\2"), (True, b"\x62\x02\0\2"), (False, b"\x70\x02\0\2"),
                                      (False, make.publish(b"a", b"", 1, 2)), (True, b"\x40\x02\0\2"), (True, make.DISCONNECT)), [])

    def test_what_servers_break(self):
        subscribe = make.mqtt(0x82, b"\0\1" + make.text(b"a") + b"\1" + make.text(b"b") + b"\1")
        for statement, talk in (
            ("MQTT-2.3.1-6", [(False, b"\x40\x02\0\7")]),
            ("MQTT-2.3.1-6", [(True, make.publish(b"a", b"", 1, 7)), (False, b"\x50\x02\0\7")]),
            ("MQTT-2.3.1-6", [(True, make.publish(b"a", b"", 2, 7)), (False, b"\x50\x02\0\x08")]),
            ("MQTT-2.3.1-6", [(False, b"\x70\x02\0\7")]),
            ("MQTT-2.3.1-7", [(False, b"\x90\x03\0\1\1")]),
            ("MQTT-2.3.1-7", [(True, subscribe), (False, b"\xb0\x02\0\1")]),
            ("MQTT-3.8.4-5", [(True, subscribe), (False, b"\x90\x03\0\1\1")]),
            ("MQTT-2.3.1-4", [(False, make.publish(b"a", b"", 1, 3)), (False, make.publish(b"a", b"", 1, 3))]),
        ):
            with self.subTest(statement, talk=talk):
                self.assertEqual(self.accused(*talk), [("server", statement)])
        self.assertEqual(self.accused((False, make.PINGRESP), answer=b"\x20\x02\0\5"), [("server", "MQTT-3.2.2-5")])
        self.assertEqual(self.accused(answer=b"\x20\x02\1\0"), [("server", "MQTT-3.2.2-1")])
        self.assertEqual(self.accused(answer=make.PINGRESP), [("server", "MQTT-3.2.0-1")])

    def test_what_servers_of_5_break(self):
        def connect(properties):
            return make.mqtt(0x10, make.text(b"MQTT") + b"\5\2\0\x3c" + bytes([len(properties)]) + properties + make.text(b"c"))

        def aliased(alias, topic=b"a"):
            return make.mqtt(0x30, make.text(topic) + b"\3\x23" + struct.pack(">H", alias))
        deliveries = [(False, make.publish(b"a", b"", 1, n, level=5)) for n in (1, 2, 3)]
        for statement, properties, talk in (
            ("MQTT-3.2.0-2", b"", [(False, b"\x20\x03\0\0\0")]),
            ("MQTT-3.3.4-9", b"\x21\0\2", deliveries),
            ("MQTT-3.1.2-24", b"\x27\0\0\0\x14", [(False, make.publish(b"a", bytes(20), level=5))]),
            ("MQTT-3.1.2-27", b"", [(False, aliased(1))]),
            ("MQTT-3.1.2-26", b"\x22\0\1", [(False, aliased(2))]),
            ("X-3.3.2-alias-unknown", b"\x22\0\1", [(False, aliased(1, b""))]),
        ):
            with self.subTest(statement):
                self.assertEqual(self.accused(*talk, level=5, connect=connect(properties)), [("server", statement)])
        self.assertEqual(self.accused(*deliveries[:2], (True, b"\x40\x02\0\1"), deliveries[2], level=5, connect=connect(b"\x21\0\2")), [])
        self.assertEqual(self.accused((False, aliased(1)), (False, aliased(1, b"")), level=5, connect=connect(b"\x22\0\1")), [])

    def test_what_clients_break(self):
        self.assertEqual(self.accused((True, make.connect(b"c"))), [("client", "MQTT-3.1.0-2")])
        self.assertEqual(self.accused((True, b"\x40\x02\0\7")), [("client", "MQTT-2.3.1-6")])
        self.assertEqual(self.accused((True, make.publish(b"a/#", b""))), [("client", "MQTT-3.3.2-2")])

    def test_where_something_is_missing_nobody_is_accused(self):
        """Its PUBLISH of QoS 1 was not captured (seventh frame after the handshake): PUBACK is no fault."""
        talk = [(True, make.publish(b"a", b"", 1, 7)), (False, b"\x40\x02\0\7")]
        self.assertEqual(self.accused(*talk, gone=(7,)), [])
        late = make.Connection().shake().client(make.connect(b"c")).server(make.CONNACK)
        for from_client, octets in talk:
            (late.client if from_client else late.server)(octets)
        late.end()
        late.packets[7], late.packets[9] = late.packets[9], late.packets[7]  # PUBACK comes first in the capture
        fields = self.fields(late, 0)
        self.assertEqual((fields["broken"], fields["connections not judged to the end"]), ([], 1))
        joined = make.Connection()
        joined.client(make.PINGREQ).server(make.PINGRESP, b"\x40\x02\0\7")
        self.assertEqual(self.fields(joined, 0)["broken"], [])

    def test_one_direction_accuses_nobody(self):
        """Right clients and servers whose other side was not captured: what they answer is not there."""
        talk = [(False, make.publish(b"a", b"", 1, 3)), (True, b"\x40\x02\0\3"), (True, make.publish(b"a", b"", 1, 7)), (False, b"\x40\x02\0\7"),
                (True, make.publish(b"a", b"", 1, 7)), (False, b"\x40\x02\0\7"), (False, make.publish(b"a", b"", 2, 4)), (True, b"\x50\x02\0\4"),
                (False, b"\x62\x02\0\4"), (True, b"\x70\x02\0\4"), (True, make.DISCONNECT)]
        for level in (4, 5):
            c = make.Connection().shake().client(make.connect(b"c", level)).server(make.CONNACK if level == 4 else b"\x20\x03\0\0\0")
            for from_client, octets in talk:
                if octets[0] >> 4 == 3 and level == 5:
                    octets = make.publish(b"a", b"", octets[0] >> 1 & 3, octets[-1], level=5)
                (c.client if from_client else c.server)(octets)
            c.end()
            for side in (b"\x0a\0\0\5", b"\x0a\0\0\1"):
                with self.subTest(level=level, side=side):
                    packets = [p for p in c.packets if p[12:16] == side]
                    found = self.lines("--stats", self.file(make.pcap(packets, make.RAW)))[0]["fields"]
                    self.assertGreater(found["packets"], 3)
                    self.assertEqual(found["broken"], [])

    def test_what_is_another_matter(self):
        subscribe = make.mqtt(0x82, b"\0\1" + make.text(b"a") + b"\1")
        two = make.mqtt(0x82, b"\0\1" + make.text(b"a") + b"\1" + make.text(b"b") + b"\1")
        for name, talk, how in (
            ("PUBREC again: 3.1.1 neither wants nor forbids it", [(True, make.publish(b"a", b"", 2, 7)), (False, b"\x50\x02\0\7"), (False, b"\x50\x02\0\7")], {}),
            ("answers to an earlier connection", [(False, b"\x50\x02\0\7"), (False, b"\x40\x02\0\x09")],
             {"connect": make.connect(b"c", clean=0), "answer": b"\x20\x02\1\0"}),
        ):
            with self.subTest(name):
                self.assertEqual(self.accused(*talk, **how), [])
        both = self.accused((True, subscribe), (True, two), (False, b"\x90\x03\0\1\1"), (False, b"\x90\x04\0\1\1\1"))
        self.assertEqual({side for side, _ in both}, {"client"}, "one identifier twice at a time is the client's fault alone")
        bridge = make.mqtt(0x10, make.text(b"MQTT") + b"\x84\2\0\x3c" + make.text(b"b"))
        self.assertEqual(self.accused(connect=bridge), [], "which levels are served is the server's matter")

    def test_limits_of_connack_bind_who_has_seen_it(self):
        late = [(True, make.mqtt(0x30, make.text(b"a") + b"\3\x23\0\1"))]  # Topic Alias 1, none is allowed
        self.assertEqual(self.accused(*late, level=5), [], "it may have been sent before")
        seen = [(False, make.publish(b"a", b"", 1, 9, level=5)), (True, b"\x40\x02\0\x09")]
        self.assertEqual(self.accused(*seen, *late, level=5), [("client", "MQTT-3.2.2-18")])

    def test_assigned_client_ids(self):
        c = make.Connection().shake().client(make.connect(b"", 5)).server(b"\x20\x09\0\0\6\x12\0\3abc").end()
        clients = self.fields(c, 0)["clients"]
        self.assertEqual([(one["client"], one["connections"], one["packets"]) for one in clients], [("abc", 1, 2)])

    def test_what_was_read_of_a_damaged_capture_is_told(self):
        c = make.Connection().shake().client(make.connect(b"c")).server(make.CONNACK).end()
        whole = make.pcap(c.packets, make.RAW)
        found = self.decode("--stats", "--json", self.file(whole + b"\xff" * 16))
        self.assertEqual(found.returncode, 2)
        self.assertIn(b'"CONNECT":{"octets":15,"packets":1}', found.stdout.replace(b'"packets":1,"octets":15', b'"octets":15,"packets":1'))
        cut = json.loads(self.decode("--stats", "--json", self.file(whole[:-5])).stdout)["fields"]
        self.assertEqual((cut["packets"], cut["truncated"]), (2, 1))

    def test_keep_alive(self):
        """Frames are a millisecond apart: only the clock of the file makes a silence."""
        c = make.Connection().shake().client(make.connect(b"c", keep_alive=2)).server(make.CONNACK).client(make.PINGREQ, make.PINGREQ).end()
        octets = bytearray(make.pcap(c.packets, make.RAW))
        at = 24
        for n in range(len(c.packets)):
            size = struct.unpack_from("<I", octets, at + 8)[0]
            if n >= 9:  # the second PINGREQ, and what follows it
                struct.pack_into("<I", octets, at, 1_700_000_000 + 5)
            at += 16 + size
        found = self.lines("--stats", self.file(bytes(octets)), code=0)[0]["fields"]
        self.assertEqual((found["clients"][0]["silences above keep alive"], found["clients"][0]["longest silence"]), (1, 5.002))
        self.assertEqual(found["broken"], [], "where the capture was taken, a packet may come late that was sent in time")


if __name__ == "__main__":
    unittest.main()
