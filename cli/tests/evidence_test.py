#!/usr/bin/env -S /usr/bin/python3 -B
"""test --evidence: what a finding leaves behind. tshark reads the capture."""
import json
import os
import pathlib
import shutil
import subprocess
import unittest

from harness import ProgramTest, broker, environment, run

CASE = "connect.second_connect_closes"
FILES = {"again.sh", "hex.txt", "packets.pcapng", "transcript.txt"}


def packet_types(capture):
    """The MQTT packets of a capture, as tshark sees them: (source address, type)."""
    out = subprocess.run(["tshark", "-r", capture, "-Y", "mqtt", "-T", "fields", "-e", "ip.src", "-e", "mqtt.msgtype"],
                         capture_output=True, text=True, check=True).stdout
    return [tuple(line.split("\t")) for line in out.splitlines()]


class Evidence(ProgramTest):
    def setUp(self):
        super().setUp()
        self.at = self.folder / "made/for/it"

    def evidence(self, *options):
        return run("test", *options, "--evidence", str(self.at), "--timeout", "500", "--report", f"json={self.folder}/r.json")

    def test_of_a_finding(self):
        with broker("--violate", "second_connect_ignored") as port:
            result = self.evidence(f"mqtt://127.0.0.1:{port}", "--only", CASE, "--only", "ping.*")
            self.assertEqual(result.returncode, 1, result.stderr)
            self.assertEqual({p.name for p in self.at.iterdir()}, {f"{CASE}-3.1.1", f"{CASE}-5"}, "passes leave nothing")
            folder = self.at / f"{CASE}-5"
            self.assertEqual({p.name for p in folder.iterdir()}, FILES)
            self.assertIn(f"evidence  {folder}", result.stdout)
            results = self.validate("results", json.loads((self.folder / "r.json").read_text()))
            self.assertEqual({c["evidence"] for c in results["cases"] if c["verdict"] != "pass"}, {str(p) for p in self.at.iterdir()})
            self.assertEqual({c["evidence"] for c in results["cases"] if c["verdict"] == "pass"}, {""})

            self.assertEqual(packet_types(folder / "packets.pcapng"), [("192.0.2.2", "1"), ("192.0.2.1", "2"), ("192.0.2.2", "1")])
            wrong = subprocess.run(["tshark", "-r", folder / "packets.pcapng", "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE",
                                    "-Y", "tcp.checksum.status == 0 || ip.checksum.status == 0 || _ws.malformed || tcp.analysis.flags"],
                                   capture_output=True, text=True, check=True)
            self.assertEqual(wrong.stdout, "")
            text = (folder / "transcript.txt").read_text()
            for words in (CASE, "MQTT-3.1.0-2", "verdict   fail", "client -> CONNECT", "client <- CONNACK"):
                self.assertIn(words, text)
            self.assertIn("protocol level = 5", (folder / "hex.txt").read_text())

            again = subprocess.run([folder / "again.sh"], capture_output=True, text=True, env=environment(), timeout=60)
            self.assertEqual(again.returncode, 1, again.stderr)
            self.assertIn(f"FAIL {CASE}", again.stdout)
            self.assertIn("2 cases", self.evidence(f"mqtt://127.0.0.1:{port}", "--only", CASE).stdout, "files are replaced")

    def test_it_replays(self):
        with broker("--violate", "second_connect_ignored") as port:
            self.evidence(f"mqtt://127.0.0.1:{port}", "--only", CASE)
        for version in ("3.1.1", "5"):
            capture = str(self.at / f"{CASE}-{version}/packets.pcapng")
            decoded = [json.loads(line) for line in run("decode", "--json", capture).stdout.splitlines()]
            self.assertEqual([(p["direction"], p["type"], p["protocol"]) for p in decoded],
                             [("client", "CONNECT", version), ("server", "CONNACK", version), ("client", "CONNECT", version)])
            with broker("--violate", "second_connect_ignored") as port:
                self.expect(0, "replay", capture, f"mqtt://127.0.0.1:{port}", "--timeout", "1000")
            with broker() as port:
                result = run("replay", capture, f"mqtt://127.0.0.1:{port}", "--timeout", "1000")
                self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
                self.assertIn("the connection ended", result.stdout)

    def test_no_password_is_written(self):
        login = self.write("login", run("broker", "--hash-password", "me", stdin="topsecret\n").stdout)
        with broker("--login-file", login, "--violate", "second_connect_ignored") as port:
            result = self.evidence(f"mqtt://me:topsecret@127.0.0.1:{port}", "--only", CASE, "-V", "5")
            self.assertEqual(result.returncode, 1, result.stderr)
            folder = self.at / f"{CASE}-5"
            for file in folder.iterdir():
                self.assertNotIn(b"topsecret", file.read_bytes(), file.name)
            self.assertIn(b"*********", (folder / "packets.pcapng").read_bytes(), "as many octets, so that lengths hold")
            asked = subprocess.run([folder / "again.sh"], capture_output=True, text=True, env=environment(), timeout=60)
            self.assertNotEqual(asked.returncode, 0)
            self.assertIn("MQTTSPEC_PASSWORD", asked.stderr)
            again = subprocess.run([folder / "again.sh"], capture_output=True, text=True, env=environment(MQTTSPEC_PASSWORD="topsecret"), timeout=60)
            self.assertIn(f"FAIL {CASE}", again.stdout)

    def test_repeats_are_kept_apart(self):
        with broker("--violate", "second_connect_ignored") as port:
            self.evidence(f"mqtt://127.0.0.1:{port}", "--only", CASE, "-V", "5", "--repeat", "3")
            self.assertEqual({p.name for p in self.at.iterdir()}, {f"{CASE}-5", f"{CASE}-5-2", f"{CASE}-5-3"})

    def test_places_that_do_not_do(self):
        file = self.write("file", "precious")
        self.expect(2, "test", "--only", "ping.*", "--evidence", file, says=f"{file}: cannot be made")
        self.expect(2, "test", "--only", "ping.*", "--evidence", f"{file}/below", says="cannot be made")
        self.assertEqual(pathlib.Path(file).read_text(), "precious")
        self.at.mkdir(parents=True)
        (self.at / f"{CASE}-5").write_text("in the way")
        with broker("--violate", "second_connect_ignored") as port:
            result = self.evidence(f"mqtt://127.0.0.1:{port}", "--only", CASE, "-V", "5")
            self.assertEqual(result.returncode, 4, result.stderr)
            self.assertIn(f"{self.at}/{CASE}-5: cannot be made", result.stderr)
            self.assertIn(f"FAIL {CASE}", result.stdout, "the report comes all the same")
            self.assertTrue((self.folder / "r.json").exists())

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("mount"), "only root may mount")
    def test_a_full_disk(self):
        self.at.mkdir(parents=True)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "none", self.at], capture_output=True).returncode:
            self.skipTest("no mount here")
        self.addCleanup(subprocess.run, ["umount", self.at], check=True)
        with broker("--violate", "second_connect_ignored") as port:
            result = self.evidence(f"mqtt://127.0.0.1:{port}", "--only", CASE)
            self.assertEqual(result.returncode, 4, result.stdout)
            self.assertRegex(result.stderr, r"No space left on device")
            self.assertIn(f"FAIL {CASE}", result.stdout, "the report comes all the same")


if __name__ == "__main__":
    unittest.main()
