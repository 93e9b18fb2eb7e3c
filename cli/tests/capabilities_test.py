#!/usr/bin/env python3
"""The whole suite against the reference broker with each capability switched: nothing is found, whatever is not offered."""
import unittest

from harness import ProgramTest, broker, run

SWITCHES = ("maximum_qos=0", "maximum_qos=1", "retain=0", "wildcards=0", "shared_subscriptions=0", "subscription_identifiers=0",
            "maximum_packet_size=1000", "receive_maximum=1", "topic_alias_maximum=0", "server_keep_alive=5", "longest_session=0",
            "inflight=1", "reason_strings=0", "assigned_client_ids=0", "outbound_topic_aliases=1", "copy_each_overlap=1",
            "queue_qos0=1", "response_information=0", "drop_oldest=1")


class Capabilities(ProgramTest):
    def suite(self, *options):
        with broker(*options) as port:
            result = run("test", f"mqtt://127.0.0.1:{port}", "--strict")
        self.assertEqual(result.returncode, 0, result.stdout[-2000:] + result.stderr[-2000:])
        self.assertRegex(result.stdout, r"(?m)^5 +\d{3}")  # hundreds of cases passed

    def test_each_switched(self):
        for switch in SWITCHES:
            with self.subTest(switch):
                self.suite("--limits", switch)

    def test_with_a_store(self):
        self.suite("--store", str(self.folder / "store"))


if __name__ == "__main__":
    unittest.main()
