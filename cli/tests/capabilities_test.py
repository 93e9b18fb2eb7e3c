#!/usr/bin/env python3
"""The whole suite against the reference broker with each capability switched: nothing is found, whatever is not offered."""
import concurrent.futures
import unittest

from harness import ProgramTest, broker, certificate, run, whole_broker

SWITCHES = ("maximum_qos=0", "maximum_qos=1", "retain=0", "wildcards=0", "shared_subscriptions=0", "subscription_identifiers=0",
            "maximum_packet_size=1000", "receive_maximum=1", "topic_alias_maximum=0", "server_keep_alive=5", "longest_session=0",
            "inflight=1", "reason_strings=0", "assigned_client_ids=0", "outbound_topic_aliases=1", "copy_each_overlap=1",
            "queue_qos0=1", "response_information=0", "drop_oldest=1", "cut_when_full=1")


class Capabilities(ProgramTest):
    def passes(self, url, *options):
        result = run("test", url, "--strict", *options)
        self.assertEqual(result.returncode, 0, result.stdout[-2000:] + result.stderr[-2000:])
        self.assertRegex(result.stdout, r"(?m)^5 +\d{3}")  # hundreds of cases passed

    def suite(self, *options):
        with broker(*options) as port:
            self.passes(f"mqtt://127.0.0.1:{port}")

    def test_each_switched(self):
        with concurrent.futures.ThreadPoolExecutor(3) as pool:  # a run waits more than it works
            runs = {switch: pool.submit(self.suite, "--limits", switch) for switch in SWITCHES}
            for switch, one in runs.items():
                with self.subTest(switch):
                    one.result()

    def test_with_a_store(self):
        secure = ["--cert", certificate("server.crt"), "--key", certificate("server.key")]
        with whole_broker("--store", str(self.folder / "store"), "--tls-port", "0", "--ws-port", "0", *secure) as with_store:
            self.passes(with_store.urls["mqtt"])
            self.passes(with_store.urls["ws"])
            self.passes(with_store.urls["mqtts"], "--cafile", certificate("ca.crt"))

    def test_another_server_is_named(self):
        with broker("--server-reference", "other.example:1883") as port:
            url = f"mqtt://127.0.0.1:{port}"
            for command in ("test", "probe"):
                says = f'{url}: it refuses CONNECT with reason code 0x9c; it names another server: "other.example:1883"'
                self.expect(3, command, url, says=says)
            self.expect(3, "test", url, "-V", "3.1.1", says="it refuses CONNECT with return code 3, server unavailable")


if __name__ == "__main__":
    unittest.main()
