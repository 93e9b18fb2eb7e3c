#!/usr/bin/python3
"""Clients of others against the reference broker: Paho in C and Python, MQTT.js in node and in Chromium; TLS with our CA. By Debian's
python3, whose packages are what scripts/setup installs."""
import contextlib
import os
import pathlib
import queue
import shutil
import ssl
import subprocess
import unittest

import paho.mqtt.client as paho

from harness import TOP, ProgramTest, certificate, whole_broker

HERE = pathlib.Path(__file__).resolve().parent / "clients"
MODULES = TOP / "build/node/node_modules"


@contextlib.contextmanager
def listener(port, topic, version=paho.MQTTv311, tls=None):
    """A Paho subscriber with QoS 2; gives the queue of what it hears, as (payload, qos)."""
    heard, ready = queue.Queue(), queue.Queue()
    client = paho.Client("listener", protocol=version)
    client.on_connect = lambda *_: client.subscribe(topic, 2)
    client.on_subscribe = lambda *_: ready.put(True)
    client.on_message = lambda _, __, message: heard.put((message.payload.decode(), message.qos))
    if tls:
        client.tls_set_context(tls)
    client.connect("localhost", port, 60)
    client.loop_start()
    try:
        ready.get(timeout=20)
        yield client, heard
    finally:
        client.disconnect()
        client.loop_stop()


class Clients(ProgramTest):
    def test_paho_c(self):
        program = self.folder / "publisher"
        subprocess.run(["gcc", "-o", program, HERE / "publisher.c", "-lpaho-mqtt3c"], check=True)
        with whole_broker() as broker, listener(broker.port("mqtt"), "paho/#") as (_, heard):
            done = subprocess.run([program, f"tcp://localhost:{broker.port('mqtt')}", "paho/c", "12"],
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertEqual(sorted(heard.get(timeout=20) for _ in range(12)), sorted((str(i), i % 3) for i in range(12)))

    def test_paho_python_over_tls(self):
        context = ssl.create_default_context(cafile=certificate("ca.crt"))
        server = ["--tls-port", "0", "--cert", certificate("server.crt"), "--key", certificate("server.key")]
        for version in (paho.MQTTv311, paho.MQTTv5):
            with self.subTest(version), whole_broker(*server) as broker, \
                    listener(broker.port("mqtts"), "own", version, context) as (client, heard):
                for qos in range(3):
                    client.publish("own", f"hello {qos}", qos)
                self.assertEqual(sorted(heard.get(timeout=20) for _ in range(3)), [(f"hello {q}", q) for q in range(3)])

    def test_paho_python_refuses_a_certificate_of_another_ca_and_of_another_host(self):
        context = ssl.create_default_context(cafile=certificate("ca.crt"))
        for name in ("other", "elsewhere", "expired"):
            with self.subTest(name), whole_broker("--tls-port", "0", "--cert", certificate(f"{name}.crt"),
                                                  "--key", certificate(f"{name}.key")) as broker:
                with self.assertRaises(ssl.SSLCertVerificationError), listener(broker.port("mqtts"), "own", tls=context):
                    pass

    def node(self, url, version, *ca):
        return subprocess.run(["node", HERE / "node.js", MODULES, url, version, *ca], capture_output=True, text=True, timeout=60)

    def test_mqtt_js_in_node(self):
        server = ["--tls-port", "0", "--ws-port", "0", "--wss-port", "0",
                  "--cert", certificate("server.crt"), "--key", certificate("server.key")]
        expected = ", ".join(f"node/{q} hello {q} {q}" for q in range(3))
        with whole_broker(*server) as broker:
            for scheme, version in (("mqtt", "4"), ("mqtt", "5"), ("mqtts", "5"), ("ws", "4"), ("ws", "5"), ("wss", "5")):
                with self.subTest(scheme=scheme, version=version):
                    url = broker.urls[scheme].replace("127.0.0.1", "localhost")
                    done = self.node(url, version, certificate("ca.crt"))
                    self.assertEqual((done.returncode, done.stdout.strip()), (0, expected), done.stderr)
            for scheme in ("mqtts", "wss"):
                done = self.node(broker.urls[scheme], "5")  # nobody told it of our CA
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertIn("certificate", done.stdout)


class Browser(ProgramTest):
    def page(self, broker, trusting):
        """What the page says of wss, in a browser that trusts our CA or does not."""
        home = self.folder / ("trusting" if trusting else "wary")
        store = home / ".pki/nssdb"
        store.mkdir(parents=True)
        subprocess.run(["certutil", "-d", f"sql:{store}", "-N", "--empty-password"], check=True)
        if trusting:
            subprocess.run(["certutil", "-d", f"sql:{store}", "-A", "-t", "C,,", "-n", "ours", "-i", certificate("ca.crt")],
                           check=True)
        shutil.copy(HERE / "page.html", home)
        shutil.copy(MODULES / "mqtt/dist/mqtt.min.js", home)
        report, url = (broker.urls[s].replace("127.0.0.1", "localhost") for s in ("ws", "wss"))
        with listener(broker.port("mqtt"), "page/result") as (_, heard), open(home / "log", "w") as log:
            browser = subprocess.Popen(["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                                        f"--user-data-dir={home}/profile", f"file://{home}/page.html#{report},{url}"],
                                       env={**os.environ, "HOME": str(home)}, stdout=log, stderr=log)
            try:
                return heard.get(timeout=60)[0]
            except queue.Empty:
                self.fail("the page says nothing: " + (home / "log").read_text()[-2000:])
            finally:
                browser.kill()
                browser.wait()

    def test_a_page_publishes_and_receives_over_wss_where_the_certificate_is_trusted(self):
        with whole_broker("--ws-port", "0", "--wss-port", "0", "--cert", certificate("server.crt"),
                          "--key", certificate("server.key")) as broker:
            self.assertEqual(self.page(broker, True), "heard hello from a page 2")
            self.assertIn(self.page(broker, False).split()[0], ("error", "closed"))


if __name__ == "__main__":
    unittest.main()
