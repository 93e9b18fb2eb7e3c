#!/usr/bin/env -S /usr/bin/python3 -B
"""mqttspec decode as scripts use it: text, JSON lines against their schema, exit codes, bad input, memory."""
import collections
import json
import os
import random
import select
import subprocess
import sys
import tempfile
import unittest

import jsonschema

from harness import PROGRAM, TOP, ProgramTest, environment

CONNECT = bytes.fromhex("100d00044d51545404 02003c000163")
CONNECT_5 = bytes.fromhex("100d00044d51545405 02003c000000")
PUBLISH = bytes.fromhex("30070003612f626869")
BAD_PUBLISH = bytes.fromhex("3e050001230000")  # 3.1.1: QoS 3, a wildcard, identifier 0
PING = bytes.fromhex("c000")
TYPES = ["RESERVED", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "SUBSCRIBE", "SUBACK", "UNSUBSCRIBE",
         "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH"]
CORPUS, STREAMS = str(TOP / "corpus"), str(TOP / "fuzz/tcp_streams.py")  # tcp_streams.py has tshark cut the captures
KEYS = ["time", "session", "direction", "protocol", "type", "length", "fields", "faults"]


def decode(*arguments, stdin=b"", stdout=subprocess.PIPE, within=60):
    return subprocess.run([PROGRAM, "decode", *arguments], input=stdin, stdout=stdout, stderr=subprocess.PIPE, timeout=within,
                          env=environment())


class DecodeTest(ProgramTest):
    @classmethod
    def setUpClass(cls):
        rules = json.loads((TOP / "docs/schemas/decode.json").read_text())
        jsonschema.Draft202012Validator.check_schema(rules)
        cls.rules = jsonschema.Draft202012Validator(rules)

    def file(self, octets, name="stream"):
        (self.folder / name).write_bytes(octets)
        return str(self.folder / name)

    def lines(self, code, *arguments, stdin=b"", every=1):
        """The JSON lines, each with exactly the keys of the contract; every n-th against the schema."""
        result = decode("--json", *arguments, stdin=stdin)
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertTrue(result.stdout == b"" or result.stdout.endswith(b"\n"))
        found = [json.loads(line) for line in result.stdout.decode().split("\n")[:-1]]
        for i, line in enumerate(found):
            self.assertEqual(list(line), KEYS)
            if i % every == 0:
                self.rules.validate(line)
        return found

    def refused(self, says, *arguments, stdin=b"", code=2):
        result = decode(*arguments, stdin=stdin)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        self.assertEqual(result.stderr.count(b"\n"), 1, result.stderr)
        self.assertTrue(result.stderr.startswith(b"mqttspec: "), result.stderr)
        self.assertIn(says, result.stderr.decode())
        self.assertEqual(result.stdout, b"")


class Text(DecodeTest):
    def test_one_line_a_packet(self):
        result = decode(self.file(CONNECT + PUBLISH + PING))
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        self.assertEqual(result.stdout.decode(), (
            '       0  CONNECT protocol name="MQTT" protocol level=4 clean session=1 keep alive=60 client identifier="c"\n'
            '      15  PUBLISH DUP=0 QoS=0 RETAIN=0 topic name="a/b" payload="hi"\n'
            '      24  PINGREQ\n'))

    def test_faults_are_marked_in_place(self):
        result = decode("-", stdin=CONNECT + BAD_PUBLISH + PING)
        self.assertEqual((result.returncode, result.stderr), (1, b""))
        self.assertEqual(result.stdout.decode().split("\n")[1:], [
            '      15  PUBLISH DUP=1 QoS=3 RETAIN=0 topic name="#" packet identifier=0 payload=""',
            "          ! QoS: is 3 [MQTT-3.3.1-4] at 0 (15 in the stream)",
            "          ! topic name: holds a wildcard [MQTT-3.3.2-2] at 2 (17 in the stream)",
            "          ! packet identifier: is zero [MQTT-2.3.1-1] at 5 (20 in the stream)",
            "      22  PINGREQ", ""])

    def test_verbose_is_annotated_hex(self):
        result = decode("--verbose", "-V", "5", "--hex", "40 03 00 0a 01")
        self.assertEqual(result.returncode, 1)
        rows = result.stdout.decode().split("\n")
        self.assertEqual(rows[0], "       0  PUBACK packet identifier=10 reason code=1")
        self.assertEqual(rows[1].split(), ["0", "40", "03", "fixed", "header:", "remaining", "length", "3"])
        self.assertEqual(rows[3].split(), ["4", "01", "reason", "code", "=", "1"])
        self.assertRegex(rows[4], r"^          \^\^ +! reason code: is not in the table of codes \[MQTT-3\.4\.2-1\] at 4$")

    def test_cuts_and_broken_headers(self):
        result = decode("-", "-V", "4", stdin=PUBLISH + PUBLISH[:6])
        self.assertEqual(result.returncode, 0, "a cut is no fault of a peer")
        self.assertIn("       9  TRUNCATED PUBLISH ", result.stdout.decode())
        self.assertIn("the stream ends in the middle of it; octets missing: 3\n", result.stdout.decode())
        result = decode("-", "-V", "4", stdin=PUBLISH + b"\x30\xff\xff\xff\xff\x01" + PUBLISH)
        self.assertEqual(result.returncode, 1)
        self.assertIn("       9  GAP: its fixed header is broken; 15 octets were not decoded\n", result.stdout.decode())
        self.assertIn("[X-2.2.3-remaining-length] at 1 (10 in the stream)", result.stdout.decode())

    def test_versions_are_guessed_aloud(self):
        result = decode("--hex", "82 06 00 0a 00 01 61 00")
        self.assertEqual(result.returncode, 0)
        self.assertEqual(result.stderr.decode(),
                         "mqttspec: no CONNECT: read as MQTT 3.1.1, which finds fewer faults than 5; -V VERSION tells\n")
        told = decode(self.file(PUBLISH))
        self.assertEqual(told.stdout.decode(), '       0  PUBLISH DUP=0 QoS=0 RETAIN=0 topic name="a/b" payload="hi"\n')
        self.assertIn(b"read as MQTT 3.1.1", told.stderr)
        self.assertEqual(decode("--quiet", "--hex", "c000").stderr, b"")
        self.assertEqual(decode("-V", "mqttv311", "--hex", "c000").stderr, b"")
        self.assertEqual(decode("-V", "mqttv311", "--hex", "f000").returncode, 1, "AUTH came with 5.0")
        self.assertEqual(decode("-V", "5.0", "--hex", "f000").returncode, 0)

    def test_nothing(self):
        for result in (decode("-"), decode(self.file(b"")), decode("--hex", "")):
            self.assertEqual((result.returncode, result.stdout, result.stderr), (0, b"", b"mqttspec: there are no octets\n"))

    def test_hex_in_many_shapes(self):
        for words in (["c000d000"], ["c0", "00", "d0", "00"], ["0xc0 00,d0:00"], ["0xC0", "0x00", "d000"]):
            result = decode("-V", "5", "--hex", *words)
            self.assertEqual((result.returncode, result.stdout), (0, b"       0  PINGREQ\n       2  PINGRESP\n"), words)

    def test_stats(self):
        result = decode("--stats", "-", stdin=CONNECT + PUBLISH + BAD_PUBLISH + PING + PUBLISH[:3])
        tail = result.stdout.decode().split("\n")[-10:]
        self.assertEqual([" ".join(row.split()) for row in tail], [
            "4 packets, 36 octets, 3 faults, cut at the end", "CONNECT 1 15 octets", "PINGREQ 1 2 octets", "PUBLISH 2 16 octets",
            "from client 4 33 octets", "from server 0 0 octets", "MQTT-2.3.1-1 1 fault", "MQTT-3.3.1-4 1 fault",
            "MQTT-3.3.2-2 1 fault", ""])


class Lines(DecodeTest):
    def test_a_line_a_packet(self):
        path = self.file(CONNECT_5 + bytes.fromhex("3006000174002a2a"))
        found = self.lines(0, path)
        self.assertEqual(found[1], {
            "time": 0, "session": path, "direction": "client", "protocol": "5", "type": "PUBLISH", "length": 8,
            "fields": {"DUP": False, "QoS": 0, "RETAIN": False, "topic name": "t", "properties": [], "payload": "**"}, "faults": []})
        self.assertEqual(found[0]["fields"]["protocol level"], 5)

    def test_faults(self):
        found = self.lines(1, "-", "-V", "4", stdin=BAD_PUBLISH)
        self.assertEqual(found[0]["session"], "-")
        self.assertEqual(found[0]["faults"], [
            {"offset": 0, "field": "QoS", "statement": "MQTT-3.3.1-4", "reason": "is 3"},
            {"offset": 2, "field": "topic name", "statement": "MQTT-3.3.2-2", "reason": "holds a wildcard"},
            {"offset": 5, "field": "packet identifier", "statement": "MQTT-2.3.1-1", "reason": "is zero"}])

    def test_what_is_no_packet_is_told_apart(self):
        found = self.lines(0, self.file(PUBLISH + PUBLISH[:4]), "-V", "4")
        self.assertEqual([line["type"] for line in found], ["PUBLISH", "TRUNCATED"])
        self.assertEqual(found[1]["fields"]["octets missing"], 5)
        self.assertEqual((found[1]["fields"]["packet type"], found[1]["length"]), ("PUBLISH", 4))
        found = self.lines(1, self.file(b"\x30\xff\xff\xff\xff\x7f" + PUBLISH), "-V", "4")
        self.assertEqual([(line["type"], line["length"]) for line in found], [("GAP", 15)])
        found = self.lines(0, self.file(PUBLISH))
        self.assertEqual([(line["type"], line["protocol"]) for line in found], [("MIDSTREAM", "3.1.1"), ("PUBLISH", "3.1.1")])
        self.assertEqual([line["type"] for line in self.lines(1, "--hex", "00 00 f0 00 c0 00", "-V", "4")],
                         ["RESERVED", "RESERVED", "PINGREQ"])

    def test_directions(self):
        acks = bytes.fromhex("4002000a") * 2
        self.assertEqual({line["direction"] for line in self.lines(0, "-", "-V", "4", stdin=acks + b"\xd0\x00")}, {"server"})
        self.assertEqual({line["direction"] for line in self.lines(0, "-", "-V", "4", stdin=acks + PING)}, {"client"})
        self.assertEqual({line["direction"] for line in self.lines(0, "-", "--direction", "server", stdin=CONNECT + PING)}, {"server"})

    def test_authentication_data_is_masked(self):
        auth = bytes.fromhex("f011180f 150005504c41494e 16000468756e74")  # method PLAIN, data hunt
        for options in ((), ("--verbose",), ("--json",)):
            told = decode("-V", "5", *options, "-", stdin=auth).stdout
            self.assertNotIn(b"hunt", told)
            self.assertNotIn(b"68 75 6e 74", told)
            self.assertIn(b"PLAIN", told)

    def test_passwords_are_masked(self):
        wire = bytes.fromhex("102100044d51545404c2003c000163000175000f") + b"hunter2-hunter2"
        for arguments in (["--json"], ["--verbose"], []):
            for octets in (wire, wire[:-3]):
                result = decode(*arguments, "-", stdin=octets)
                self.assertEqual(result.returncode, 0, result.stdout)
                self.assertIn(b"***", result.stdout)
                for secret in (b"hunter", b"68756e", b"68 75 6e"):
                    self.assertNotIn(secret, result.stdout)

    def test_stats(self):
        found = self.lines(1, "--stats", "-", stdin=CONNECT + PUBLISH + BAD_PUBLISH + b"\xd0\x00" + PUBLISH[:3])
        self.assertEqual([line["type"] for line in found], ["CONNECT", "PUBLISH", "PUBLISH", "PINGRESP", "TRUNCATED", "STATS"])
        self.assertEqual(found[-1]["length"], 36)
        self.assertEqual(found[-1]["fields"], {
            "packets": 4, "faults": 3, "statements": {"MQTT-2.3.1-1": 1, "MQTT-3.3.1-4": 1, "MQTT-3.3.2-2": 1},
            "types": {"CONNECT": {"packets": 1, "octets": 15}, "PINGRESP": {"packets": 1, "octets": 2},
                      "PUBLISH": {"packets": 2, "octets": 16}},
            "directions": {"client": {"packets": 3, "octets": 31}, "server": {"packets": 1, "octets": 2}}})

    def test_random_packets_fit_the_schema(self):
        rng, stream, count = random.Random(20260103), bytearray(), 4000
        for _ in range(count):
            n = rng.randrange(0, 100)
            stream += bytes([rng.randrange(256), n]) + bytes(rng.choice((rng.randrange(12), rng.randrange(256))) for _ in range(n))
        for version in ("3.1", "3.1.1", "5"):
            found = self.lines(1, "-", "-V", version, stdin=bytes(stream), every=4)
            self.assertEqual(len(found), count)
            self.assertEqual(sum(line["length"] for line in found), len(stream))
            self.assertGreater(len(collections.Counter(line["type"] for line in found)), 14)

    def test_random_octets(self):
        for seed in range(200):
            stream = random.Random(seed).randbytes(4000)
            arguments = ["-"] if seed % 2 else ["-", "-V", "5"]
            result = decode("--json", *arguments, stdin=stream)
            self.assertIn(result.returncode, (0, 1), f"seed {seed}")
            found = [json.loads(line) for line in result.stdout.decode().split("\n")[:-1]]
            self.assertEqual(sum(line["length"] for line in found), len(stream), f"seed {seed}")
            for line in found:
                self.rules.validate(line)


class Wrong(DecodeTest):
    def test_calls(self):
        self.refused("FILE, - (the standard input), -i INTERFACE or --hex BYTES is missing")
        self.refused("exclude each other", self.file(PING), "--hex", "c000")
        self.refused("'g' at position 4 of \"c0 g0\" is no hex digit", "--hex", "c0 g0")
        self.refused("'z' at position 1 of \"zx\"", "--hex", "c0", "zx")
        self.refused("two digits each are needed", "--hex", "c00")
        self.refused("--protocol-version 6: has to be 3.1, 3.1.1 or 5", "-V", "6", "--hex", "c000")
        self.refused("--protocol-version all", "-V", "all", "--hex", "c000")
        self.refused("--direction", "--direction", "up", "--hex", "c000")
        self.refused("--max-packet", "--max-packet", "1", "--hex", "c000")
        for option in ("--keylog", "--port-map", "-i"):
            self.refused(option, option, "x", "--hex", "c000")

    def test_files(self):
        self.refused("/nonexistent: cannot be read: No such file or directory", "/nonexistent")
        self.refused(f"{self.folder}: cannot be read: is a folder", str(self.folder))

    def test_a_magic_in_hex_is_no_capture(self):
        self.assertEqual(decode("--hex", "0a0d0d0a", "--quiet").returncode, 1, "hex is no file")

    def test_standard_output(self):
        with open("/dev/full", "wb") as full:
            result = decode("-V", "5", "--hex", "c000", stdout=full)
            self.assertEqual((result.returncode, result.stderr),
                             (4, b"mqttspec: the standard output cannot be written: No space left on device\n"))
            self.assertEqual(decode("-", "--json", stdin=PUBLISH * 100_000, stdout=full).returncode, 4)
        reading, writing = os.pipe()
        os.close(reading)
        result = decode("-V", "5", "-", stdin=PING, stdout=writing)
        os.close(writing)
        self.assertEqual((result.returncode, result.stderr), (4, b"mqttspec: the standard output cannot be written: Broken pipe\n"))


class Streams(DecodeTest):
    def test_packets_are_told_as_they_come(self):
        with subprocess.Popen([PROGRAM, "decode", "-", "--quiet"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()) as p:
            for sent, told in ((CONNECT, b"       0  CONNECT "), (PING, b"      15  PINGREQ\n"), (PUBLISH, b"      17  PUBLISH ")):
                p.stdin.write(sent)
                p.stdin.flush()
                if not select.select([p.stdout], [], [], 10)[0]:
                    p.kill()
                    self.fail(f"nothing came for {told}")
                self.assertTrue(p.stdout.readline().startswith(told), told)
            p.stdin.close()
            self.assertEqual(p.wait(10), 0)

    def test_any_chunks_give_the_same(self):
        stream = (CONNECT + BAD_PUBLISH + PING + b"\x82\x00" + PUBLISH) * 20 + PUBLISH[:5]
        whole = decode("--verbose", "-", stdin=stream)
        with subprocess.Popen([PROGRAM, "decode", "--verbose", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()) as p:
            rng, at = random.Random(7), 0
            while at < len(stream):
                n = rng.randrange(1, 9)
                p.stdin.write(stream[at:at + n])
                p.stdin.flush()
                at += n
            p.stdin.close()
            self.assertEqual((p.stdout.read(), p.wait(10)), (whole.stdout, whole.returncode))

    def most_memory(self, path, by_name):
        """KiB that a run takes at most. Measured from a process that is small itself: a child starts with its parent's figure."""
        measure = ("import resource, subprocess, sys\ncode = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode\n"
                   "print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
        with open(path, "rb") as stream:
            result = subprocess.run([sys.executable, "-c", measure, PROGRAM, "decode", path if by_name else "-", "--quiet", "-V", "4"],
                                    stdin=stream, capture_output=True, text=True, timeout=120,
                                    env=environment(ASAN_OPTIONS="quarantine_size_mb=1"))
        code, most = result.stdout.split()
        self.assertIn(code, ("0", "1"), result.stderr)
        return int(most)

    def test_memory_stays_where_it_is(self):
        small = self.most_memory(self.file(PUBLISH), True)
        for name, start, octets in (
            ("packets", b"", PUBLISH * 116_508),
            ("random octets", b"", random.Random(8).randbytes(1 << 20)),
            ("random packets", b"", b"".join(bytes([random.Random(i).randrange(256), 126]) + random.Random(i).randbytes(126) for i in range(8192))),
            ("one packet", b"\x30\x80\x80\x80\x14\0\1t", b"x" * (1 << 20)),
            ("codes", b"\x90\x80\x80\x80\x14\0\1", b"\x7f" * (1 << 20)),
            ("filters", b"\x82\x80\x80\x80\x14\0\1", b"\0\1a\0" * (1 << 18)),
            ("a packet that does not end", b"\x30\xff\xff\xff\x7f\0\1t", b"x" * (1 << 20)),
        ):
            path = self.file(start)
            with open(path, "ab") as stream:
                for _ in range(100 if name.startswith("random") else 40):
                    stream.write(octets)
            for by_name in (True, False):
                with self.subTest(name, by_name=by_name):
                    limit = 22 << 10 if start else 2 << 10  # --max-packet is 16 MiB
                    self.assertLess(self.most_memory(path, by_name) - small, limit, "KiB more than a small stream takes")

    def test_streams_of_captures(self):
        """As many packets of each type as tshark sees, in both directions of every connection."""
        for capture in ("arkime__pcap_mqtt_big.pcap", "own__tcp_v311_lo.pcapng", "own__tcp_v5_lo.pcapng", "zeek__mqtt.pcap",
                        "suricata-verify__mqtt31-sub-userpass_input.pcap", "suricata-verify__mqtt5-pub-mosquittoprops_input.pcap"):
            with self.subTest(capture), tempfile.TemporaryDirectory() as folder:
                path = os.path.join(CORPUS, "captures", capture)
                subprocess.run([sys.executable, "-B", STREAMS, folder, path], check=True, timeout=60)
                seen = subprocess.run(["tshark", "-n", "-d", "tcp.port==21883,mqtt", "-r", path, "-Y", "mqtt", "-T", "fields", "-e", "mqtt.msgtype"],
                                      capture_output=True, text=True, timeout=60, check=True).stdout
                expected = collections.Counter(TYPES[int(n)] for n in seen.replace(",", " ").split())
                found = collections.Counter()
                for name in sorted(os.listdir(folder)):
                    result = decode("--json", "-V", "5" if "v5" in capture or "mqtt5" in capture else "3.1.1", os.path.join(folder, name))
                    self.assertIn(result.returncode, (0, 1), result.stderr)
                    found.update(json.loads(line)["type"] for line in result.stdout.splitlines())
                self.assertGreater(sum(expected.values()), 3)
                self.assertEqual(found, expected)

    def test_large_packets_are_looked_at_in_part(self):
        wire = b"\x30\x87\x80\x08\0\5topic" + b"x" * 131072 + PING
        found = self.lines(0, "-", "-V", "4", "--max-packet", "1000", stdin=wire)
        self.assertEqual([(line["type"], line["length"]) for line in found], [("PUBLISH", 131083), ("PINGREQ", 2)])
        self.assertEqual(found[0]["fields"]["octets not looked at"], 130083)
        self.assertEqual(found[0]["fields"]["topic name"], "topic")
        self.assertIn(b"only the first 1000 of 131083 octets were looked at (--max-packet)\n",
                      decode("-", "-V", "4", "--max-packet", "1000", stdin=wire).stdout)


if __name__ == "__main__":
    unittest.main()
