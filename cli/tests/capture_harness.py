"""What the tests of captures share: decode as JSON lines against their schema."""
import collections
import csv
import json
import subprocess

import jsonschema
from harness import PROGRAM, TOP, ProgramTest, environment

CAPTURES = TOP / "corpus/captures"
OTHERS = ("GAP", "TRUNCATED", "MIDSTREAM", "STATS")
KEYS = ["time", "session", "direction", "protocol", "type", "length", "fields", "faults"]


def rows(name):
    with open(CAPTURES / name, newline="") as table:
        return list(csv.DictReader(table, delimiter="\t"))


def tool(*command, within=60):
    done = subprocess.run([str(c) for c in command], capture_output=True, timeout=within, check=False)
    assert done.returncode == 0, done.stderr.decode()


class CaptureTest(ProgramTest):
    @classmethod
    def setUpClass(cls):
        cls.rules = jsonschema.Draft202012Validator(json.loads((TOP / "docs/schemas/decode.json").read_text()))

    def decode(self, *arguments, stdin=b"", within=60):
        return subprocess.run([PROGRAM, "decode", *map(str, arguments)], input=stdin, capture_output=True, timeout=within,
                              env=environment())

    def lines(self, *arguments, stdin=b"", code=None, says=None):
        """Objects of --json. stderr is empty, or has `says`."""
        result = self.decode("--json", *arguments, stdin=stdin)
        self.assertIn(result.returncode, (0, 1) if code is None else (code,), result.stderr)
        if says is None:
            self.assertEqual(result.stderr, b"")
        else:
            self.assertIn(says, result.stderr.decode())
        found = [json.loads(line) for line in result.stdout.splitlines()]
        for i, line in enumerate(found):
            self.assertEqual(list(line), KEYS)
            if i % 7 == 0 or line["type"] in OTHERS:
                self.rules.validate(line)
        return found

    def file(self, octets, name="made.pcap"):
        (self.folder / name).write_bytes(octets)
        return self.folder / name


def counts(lines):
    return collections.Counter(line["type"] for line in lines if line["type"] not in OTHERS)


def marks(lines, kind):
    return [line for line in lines if line["type"] == kind]
