"""What the tests of the program share: running it, waiting for a line, free ports, schemas."""
import contextlib
import json
import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import jsonschema

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("MQTTSPEC_PROGRAM", str(TOP / "build/dev/mqttspec"))


def environment(**more):
    """Without what would change the outcome."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("MQTTSPEC_")}
    return {**kept, **more}


def run(*arguments, stdin="", env=None, within=120):
    return subprocess.run([PROGRAM, *arguments], input=stdin, capture_output=True, text=True, timeout=within,
                          env=environment(**(env or {})))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port, process, within=20):
    end = time.monotonic() + within
    while time.monotonic() < end:
        if process.poll() is not None:
            raise AssertionError(f"ended with {process.returncode} before it listened")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        select.select([], [], [], 0.05)
    raise AssertionError(f"port {port} is not accepted within {within} s")


class Broker:
    """A reference broker that is ready."""

    def __init__(self, process, ready):
        self.process = process
        self.urls = {url.split(":", 1)[0]: url for url in ready.split()[1:]}

    def port(self, scheme):
        return int(re.search(r":(\d+)(/\S*)?$", self.urls[scheme]).group(1))

    def memory(self):
        """Resident octets."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024


@contextlib.contextmanager
def broker(*arguments):
    """`mqttspec broker` on a free port; gives the port, and checks that SIGTERM ends it with 0."""
    with whole_broker(*arguments) as running:
        yield running.port("mqtt")


@contextlib.contextmanager
def whole_broker(*arguments):
    """The same, as a Broker: for those with more than one listener."""
    process = subprocess.Popen([PROGRAM, "broker", "--port", "0", *arguments], stdout=subprocess.PIPE, text=True, env=environment())
    try:
        line = process.stdout.readline()
        assert line.startswith("ready mqtt://"), line
        yield Broker(process, line)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0, f"SIGTERM ends it with {process.returncode}"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextlib.contextmanager
def odd_server(answer, hang_up=True):
    """A TCP server on a free port that says `answer` to everybody."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        held = []

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with contextlib.suppress(OSError):
                        if answer:
                            connection.recv(4096)
                            connection.sendall(answer)
                    if hang_up:
                        connection.close()
                    else:
                        held.append(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        for connection in held:
            connection.close()


def certificate(name):
    """The path of one that scripts/make-certs makes, in the build folder."""
    folder = pathlib.Path(PROGRAM).resolve().parent / "certs"
    subprocess.run([str(TOP / "scripts/make-certs"), str(folder)], check=True)
    return str(folder / name)


class ProgramTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, text):
        (self.folder / name).write_text(text)
        return str(self.folder / name)

    def expect(self, code, *arguments, says="", **how):
        """The exit code; `says` in what went to stderr (or stdout, where nothing did). A refusal is one line."""
        result = run(*arguments, **how)
        self.assertEqual(result.returncode, code, result.stdout[-2000:] + result.stderr[-2000:])
        self.assertIn(says, result.stderr or result.stdout)
        if code in (2, 3):
            self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
            self.assertTrue(result.stderr.startswith("mqttspec: "), result.stderr)
        return result

    def validate(self, schema, document):
        rules = json.loads((TOP / f"docs/schemas/{schema}.json").read_text())
        jsonschema.Draft202012Validator.check_schema(rules)
        jsonschema.Draft202012Validator(rules).validate(document)
        return document
