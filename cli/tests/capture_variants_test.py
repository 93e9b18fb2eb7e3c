#!/usr/bin/env -S /usr/bin/python3 -B
"""MQTT in WebSocket in captures, and captures as the tools of the field change them."""
import random
import unittest

import capture_making as make
from capture_harness import CAPTURES, OTHERS, CaptureTest, counts, marks, tool
from harness import certificate


class WebSocket(CaptureTest):
    """MQTT in WebSocket frames: masked or not, in fragments, among control frames, over gaps."""
    CLIENT = [make.connect(b"w"), make.publish(b"a", b"x" * 300, 1), make.PINGREQ, make.DISCONNECT]
    SERVER = [make.CONNACK, b"\x40\x02\0\1", make.PINGRESP]
    EXPECTED = {"CONNECT": 1, "CONNACK": 1, "PUBLISH": 1, "PUBACK": 1, "PINGREQ": 1, "PINGRESP": 1, "DISCONNECT": 1}

    def upgraded(self, answer=make.SWITCHED):
        return make.Connection(server=("10.0.0.1", 8080)).shake().client(make.UPGRADE).server(answer)

    def read(self, c, code=0, **how):
        return self.lines(self.file(make.pcap(c.packets, make.RAW)), code=code, **how)

    def test_frames_cut_anyhow(self):
        rng = random.Random(9)
        for pieces in (1000, 100, 7, 1):
            c = self.upgraded()
            for from_client, octets in ((True, b"".join(self.CLIENT)), (False, b"".join(self.SERVER))):
                frames, at = b"", 0
                while at < len(octets):
                    n = rng.randrange(1, pieces + 1)
                    mask = rng.randbytes(4) if from_client else None
                    frames += make.frame(octets[at:at + n], opcode=0 if at else 2, final=at + n >= len(octets), mask=mask)
                    frames += make.frame(b"\x30\x01", opcode=9, mask=mask) + make.frame(b"", opcode=10, mask=mask)
                    at += n
                while frames:
                    n = rng.randrange(1, 200)
                    (c.client if from_client else c.server)(frames[:n])
                    frames = frames[n:]
            c.client(make.frame(b"\x03\xe8", opcode=8, mask=b"abcd")).server(make.frame(b"\x03\xe8", opcode=8))
            with self.subTest(pieces):
                found = self.read(c.end())
                self.assertEqual(counts(found), self.EXPECTED)
                self.assertEqual([p["fields"]["payload"] for p in marks(found, "PUBLISH")], ["x" * 300])
                self.assertEqual([line for line in found if line["type"] in OTHERS], [])

    def test_what_comes_with_the_head(self):
        c = make.Connection(server=("10.0.0.1", 8080)).shake()
        c.client(make.UPGRADE + make.frame(self.CLIENT[0], mask=b"abcd")).server(make.SWITCHED + make.frame(make.CONNACK))
        self.assertEqual(counts(self.read(c.end())), {"CONNECT": 1, "CONNACK": 1})

    def test_compression_is_refused_by_name(self):
        answer = make.SWITCHED[:-2] + b"Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n\r\n"
        c = self.upgraded(answer).client(make.frame(b"\x2a\x01", mask=b"abcd", compressed=True)).end()
        self.assertEqual(self.read(c, says="10.0.0.5:40112-10.0.0.1:8080: compressed WebSocket messages (permessage-deflate) are not read"), [])
        c = self.upgraded().client(make.frame(b"\x2a\x01", mask=b"abcd", compressed=True)).end()
        self.assertEqual(self.read(c, says="permessage-deflate"), [])

    def test_other_upgrades_are_no_mqtt(self):
        chat = make.UPGRADE.replace(b"Protocol: mqtt", b"Protocol: chat")
        c = make.Connection(server=("10.0.0.1", 8080)).shake().client(chat).server(make.SWITCHED.replace(b"mqtt", b"chat"))
        c.client(make.frame(self.CLIENT[0], mask=b"abcd")).end()
        self.assertEqual(self.read(c, says="no MQTT"), [])
        refused = self.upgraded(b"HTTP/1.1 400 Bad Request\r\n\r\n\r\n" + make.PINGRESP * 9).end()
        self.assertEqual(self.read(refused, says="no MQTT"), [])

    UNAUTHORIZED = b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 5\r\n\r\nGET /"
    PAGE = b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\nHTTP/1.1 101"

    def after(self, *exchanges, pings=0):
        """Requests and answers on one connection, and then MQTT."""
        c = make.Connection(server=("10.0.0.1", 8080)).shake()
        for request, answer in (*exchanges, (make.UPGRADE, make.SWITCHED)):
            c.client(*request) if isinstance(request, tuple) else c.client(request)
            c.server(*answer) if isinstance(answer, tuple) else c.server(answer)
        c.client(make.frame(self.CLIENT[0], mask=b"abcd")).server(make.frame(make.CONNACK))
        c.server(*[make.frame(make.PINGRESP)] * pings)
        return c.client(make.frame(make.PINGREQ, mask=b"abcd")).end()

    def test_requests_before(self):
        """HTTP on the same connection: bodies of known length and in chunks, answers without a body, a refused upgrade."""
        get, chunks = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"5;x=y\r\nGET /\r\n00C\r\nHTTP/1.1 101\r\n0\r\nTrailer: x\r\n\r\n"
        chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n" + chunks
        none = b"HTTP/1.1 %s\r\nContent-Length: 4000\r\n\r\n"
        post = b"POST /login HTTP/1.1\r\nContent-Length: 9\r\n\r\nGET / HTT"
        sent = b"PUT /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n" + chunks
        asked = {"page": [(get, self.PAGE)], "401": [(make.UPGRADE, self.UNAUTHORIZED)], "nothing": [(get, none.replace(b"4000", b"0") % b"404 x")],
                 "chunks": [(get, chunked)], "not modified": [(get, none % b"304 Not Modified")], "HEAD": [(get.replace(b"GET", b"HEAD"), none % b"200 OK")],
                 "204": [(get, b"HTTP/1.1 204 No Content\r\n\r\n")], "POST": [(post, self.PAGE)],
                 "100": [(sent, b"HTTP/1.1 100 Continue\r\n\r\n" + self.PAGE)], "OPTIONS": [(b"OPTIONS * HTTP/1.1\r\n\r\n", self.PAGE)],
                 "pipelined": [(get.replace(b"GET", b"HEAD") + get, none % b"200 OK" + self.PAGE)],
                 "many": [(get, self.PAGE), (post, chunked), (make.UPGRADE, self.UNAUTHORIZED), (make.UPGRADE, chunked.replace(b"200 OK", b"426 x"))]}
        expected = {"CONNECT": 1, "CONNACK": 1, "PINGREQ": 1}
        for name, exchanges in asked.items():
            cut = [(tuple(a[i:i + 1] for i in range(len(a))), tuple(b[i:i + 1] for i in range(len(b)))) for a, b in exchanges]
            for way, how in (("whole", exchanges), ("octet by octet", cut)):
                with self.subTest(name, way=way):
                    found = self.read(self.after(*how))
                    self.assertEqual(counts(found), expected)
                    self.assertEqual([line for line in found if line["type"] in OTHERS], [])

    def test_a_hole_in_a_body(self):
        """Of a length that is known it costs nothing; among chunks nobody knows where they go on, until there are frames."""
        page = b"HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n" + bytes(1000)
        chunks = page.replace(b"Content-Length: 3000", b"Transfer-Encoding: chunked").replace(bytes(1000), b"3e3\r\n" + bytes(995))
        in_one_chunk = chunks.replace(b"3e3\r\n" + bytes(995), b"bb8\r\n" + bytes(1000))
        for head, rest, gap in ((page, bytes(1000), False), (in_one_chunk, bytes(1000) + b"\r\n0\r\n\r\n", False),
                                (chunks.replace(b"3e3", b"7cb"), b"\r\n0\r\n\r\n", False), (chunks, b"\r\n0\r\n\r\n", True)):
            c = self.after((b"GET / HTTP/1.1\r\n\r\n", (head, bytes(1000), rest)), pings=40)
            del c.packets[7]
            found = self.read(c)
            with self.subTest(gap):
                self.assertEqual(counts(found), {"CONNECT": 1, "CONNACK": 1, "PINGREQ": 1, "PINGRESP": 40})
                self.assertEqual(bool(marks(found, "GAP")), gap)

    def test_requests_without_end(self):
        """Bounded: by their number, and by the octets of their bodies."""
        get, mqtt = b"GET / HTTP/1.1\r\n\r\n", {"CONNECT": 1, "CONNACK": 1, "PINGREQ": 1}
        self.assertEqual(counts(self.read(self.after(*[(get, self.PAGE)] * 50))), mqtt)
        self.assertEqual(self.read(self.after(*[(get, self.PAGE)] * 200), says="no MQTT"), [])
        put = b"PUT / HTTP/1.1\r\nContent-Length: %d\r\n\r\n"
        for megabytes in (15, 17):
            size = megabytes * 1_000_000
            c = self.after(((put % size, *[bytes(50_000)] * (size // 50_000)), self.PAGE))
            if megabytes == 15:
                self.assertEqual(counts(self.read(c)), mqtt)
            else:
                self.assertEqual(self.read(c, says="no MQTT"), [])
        for size in (1 << 63, 2 ** 64 - 1, 2 ** 64 + 5, 10 ** 30):
            self.assertNotIn("CONNECT", counts(self.read(self.after(((put % size, bytes(60_000)), self.PAGE)))), "all of it is body")
        self.assertEqual(self.read(self.after((get, b"HTTP/1.1 200 OK\r\n\r\n")), says="no MQTT"), [], "until the server closes")
        for wrong in (b"g\r\n", b"-1\r\nx", b"f" * 30 + b"\r\n", b"\r\n", b"1\r\nxyz", b"1" + b";" * 20_000):
            c = self.after((get, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + wrong))
            self.assertEqual(self.read(c, says="no MQTT"), [], wrong)

    def test_gaps(self):
        c = self.upgraded().client(make.frame(self.CLIENT[0], mask=b"abcd")).server(make.frame(make.CONNACK))
        large = make.frame(make.publish(b"a", b"y" * 1000) + make.PINGREQ, mask=b"wxyz")
        c.client(large[:100])
        c.client(large[100:401])  # the mask goes on behind it
        lost = len(c.packets) - 2
        c.client(large[401:])
        c.client(make.frame(make.PINGREQ, mask=b"1234"))
        for _ in range(20):
            c.server(make.frame(make.PINGRESP))
        c.end()
        del c.packets[lost]
        found = self.read(c)
        self.assertEqual(counts(found), {"CONNECT": 1, "CONNACK": 1, "PINGREQ": 2, "PINGRESP": 20})
        self.assertEqual([(t["length"], t["fields"]["octets missing"]) for t in marks(found, "TRUNCATED")], [(705, 301)])
        self.assertEqual(marks(found, "GAP"), [])


class Encrypted(CaptureTest):
    """TLS made in memory, decrypted by tshark with the secrets of the client."""

    def made(self, talk, **how):
        c = make.encrypted(self.folder, certificate("server.crt"), certificate("server.key"), talk, **how)
        return self.file(make.pcap(c.packets, make.RAW))

    TALK = [(True, make.connect(b"t")), (False, make.CONNACK), (True, make.publish(b"a", b"x" * 40_000, 1)), (False, b"\x40\x02\0\1"),
            (True, make.PINGREQ + make.DISCONNECT)]
    EXPECTED = {"CONNECT": 1, "CONNACK": 1, "PUBLISH": 1, "PUBACK": 1, "PINGREQ": 1, "DISCONNECT": 1}

    def test_with_its_secrets_it_is_read(self):
        for port, options in ((8883, []), (17501, ["--port-map", "17501=mqtts"])):
            path = self.made(self.TALK, server=("10.0.0.1", port))
            found = self.lines("--keylog", self.folder / "keys", *options, path)
            self.assertEqual(counts(found), self.EXPECTED)
            self.assertEqual({line["session"] for line in found}, {f"10.0.0.5:40112-10.0.0.1:{port}"})
            self.assertEqual(marks(found, "PUBLISH")[0]["length"], len(self.TALK[2][1]))
            self.assertEqual([line for line in found if line["type"] in OTHERS], [])

    def test_web_socket(self):
        """tshark knows HTTP by its name in the handshake and by its first words; it would tell messages of several records twice."""
        masked = [(client, make.frame(octets, mask=b"abcd" if client else None)) for client, octets in self.TALK]
        talk = [(True, make.UPGRADE), (False, make.SWITCHED), *masked]
        for alpn in ((), ("http/1.1",)):
            for port, options in ((8084, []), (443, []), (17501, ["--port-map", "17501=wss"])):
                path = self.made(talk, server=("10.0.0.1", port), alpn=alpn)
                found = self.lines("--keylog", self.folder / "keys", *options, path)
                with self.subTest(alpn=alpn, port=port):
                    self.assertEqual(counts(found), self.EXPECTED)
                    self.assertEqual(marks(found, "PUBLISH")[0]["fields"]["payload"], {"hex": "78" * 1024, "length": 40_000})
                    self.assertEqual([line for line in found if line["type"] in OTHERS], [])

    def test_plain_connections_are_read_beside(self):
        path = self.made(self.TALK)
        plain = make.Connection(client=("10.0.0.9", 9)).shake().client(make.connect(b"p")).server(make.CONNACK).end()
        both = path.read_bytes() + make.pcap(plain.packets, make.RAW)[24:]
        found = self.lines("--keylog", self.folder / "keys", self.file(both, "both.pcap"))
        self.assertEqual(sum(counts(found).values()), 6 + 2)

    def test_without_they_are_named(self):
        path = self.made(self.TALK)
        self.assertEqual(self.lines(path, says="10.0.0.5:40112-10.0.0.1:8883: is encrypted (TLS)"), [])
        (self.folder / "none").write_text("")
        self.assertEqual(self.lines("--keylog", self.folder / "none", path, says="none: its secrets open no connection"), [])

    def test_what_is_missing_is_named(self):
        path = str(self.made(self.TALK))
        keys = str(self.folder / "keys")
        self.expect(2, "decode", "--keylog", keys, path, env={"PATH": "/nonexistent"}, says="install it: apt install tshark")
        self.expect(2, "decode", "--keylog", "/nonexistent", path, says="--keylog /nonexistent: cannot be read")
        self.expect(2, "decode", "--keylog", keys, "--hex", "c000", says="--keylog: is for captures")


class Tools(CaptureTest):
    """Variants of real captures by the tools that make them in the field."""
    BASE = CAPTURES / "own__tcp_v311_anySLL.pcap"
    ETHERNET = CAPTURES / "own__tcp_v5_lo.pcapng"

    def count(self, path, **how):
        return sum(counts(self.lines(path, **how)).values())

    def test_editcap(self):
        for form in ("pcap", "nsecpcap", "pcapng", "modpcap"):
            made = self.folder / f"made.{form}"
            tool("editcap", "-F", form, self.ETHERNET, made)
            with self.subTest(form):
                self.assertEqual(self.count(made), 204)

    def test_snapshot_lengths(self):
        """As many whole ones as tshark dissects without the mark of a cut frame."""
        for snaplen in (100, 300, 1500):
            made = self.folder / "short.pcap"
            tool("editcap", "-F", "pcap", "-s", snaplen, CAPTURES / "own__tcp_v311_lo.pcapng", made)
            found = self.lines(made)
            with self.subTest(snaplen):
                self.assertEqual(sum(counts(found).values()) + len(marks(found, "TRUNCATED")), 130)
                self.assertGreater(len(marks(found, "TRUNCATED")), 10)
                self.assertEqual(marks(found, "GAP"), [])

    def test_mergecap(self):
        twice = self.folder / "twice.pcapng"
        tool("mergecap", "-w", twice, self.ETHERNET, self.ETHERNET)
        self.assertEqual(self.count(twice), 204)
        one = self.folder / "one.pcap"
        tool("editcap", "-F", "pcap", "-s", "65535", self.ETHERNET, one)
        both = self.folder / "both.pcapng"
        tool("mergecap", "-w", both, one, CAPTURES / "zeek__mqtt.pcap")
        self.assertEqual(self.count(both), 204 + 20)
        mixed = self.folder / "mixed.pcapng"
        tool("mergecap", "-w", mixed, self.BASE, self.ETHERNET)
        self.expect(2, "decode", str(mixed), says="mixed link types")

    def test_tcprewrite(self):
        plain = self.folder / "plain.pcap"
        tool("editcap", "-F", "pcap", self.ETHERNET, plain)
        for name, options in (("VLAN", ["--enet-vlan=add", "--enet-vlan-tag=40", "--enet-vlan-cfi=0", "--enet-vlan-pri=0"]),
                              ("ports", ["--portmap=21883:9"])):
            made = self.folder / "rewritten.pcap"
            tool("tcprewrite", *options, f"--infile={plain}", f"--outfile={made}")
            with self.subTest(name):
                self.assertEqual(self.count(made), 204)

    def test_scapy(self):
        """IPv6 fragments and QinQ as scapy writes them."""
        code = ("import sys\nfrom scapy.all import *\n"
                "packets = rdpcap(sys.argv[1])\n"
                "out = []\n"
                "for p in packets:\n"
                "    t = p[TCP].copy()\n"
                "    a, b = ('fd00::1', 'fd00::2') if t.dport == 1883 else ('fd00::2', 'fd00::1')\n"
                "    q = IPv6(src=a, dst=b) / IPv6ExtHdrFragment(id=len(out)) / t\n"
                "    out += [Ether()/Dot1AD(vlan=3)/Dot1Q(vlan=4)/f for f in fragment6(q, 96)]\n"
                "wrpcap(sys.argv[2], out)\n")
        made = self.folder / "six.pcap"
        tool("/usr/bin/python3", "-B", "-c", code, CAPTURES / "zeek__mqtt.pcap", made)
        found = self.lines(made)
        self.assertEqual(counts(found), {"CONNECT": 2, "CONNACK": 2, "PUBLISH": 3, "SUBSCRIBE": 1, "SUBACK": 1, "PINGREQ": 5, "PINGRESP": 5,
                                         "DISCONNECT": 1})
        self.assertTrue(all(line["session"].startswith("[fd00::1]:") for line in found))


if __name__ == "__main__":
    unittest.main()
