#!/usr/bin/env python3
"""tcp_streams.py OUT CAPTURE...: the octets of each TCP connection to an MQTT port, by tshark, as OUT/NAME.client and
OUT/NAME.server. For scripts/seeds; mqttspec's own reader is not used, so that seeds don't depend on it."""
import pathlib
import subprocess
import sys

PORTS = {1883, 1884, 1885, 1889, 17501, 21883}
AS_MQTT = ["-d", "tcp.port==17501,mqtt", "-d", "tcp.port==21883,mqtt"]  # ports that tshark does not know


def tshark(*arguments):
    done = subprocess.run(["tshark", "-n", *AS_MQTT, *arguments], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 2):  # 2: cut short in the middle of a packet
        sys.exit(f"tcp_streams: tshark {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def connections(capture):
    """Numbers of TCP connections that carry MQTT, in order."""
    lines = tshark("-r", capture, "-Y", "mqtt", "-T", "fields", "-e", "tcp.stream").split()
    return sorted({int(n) for line in lines for n in line.split(",")})


def directions(capture, number):
    """What the first node of the connection said, and what the second one said. Indented lines are the second's."""
    lines = tshark("-r", capture, "-q", "-z", f"follow,tcp,raw,{number}").splitlines()
    body = [line for line in lines if line and not line.startswith(("=", "Follow", "Filter", "Node"))]
    first = bytes.fromhex("".join(line for line in body if not line.startswith("\t")))
    second = bytes.fromhex("".join(line.strip() for line in body if line.startswith("\t")))
    node = next((line for line in lines if line.startswith("Node 0")), "")
    return (second, first) if int(node.rsplit(":", 1)[-1] or 0) in PORTS else (first, second)


def main(out, captures):
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    for capture in captures:
        for number in connections(capture):
            client, server = directions(capture, number)
            name = f"{pathlib.Path(capture).stem.replace('__', '-')}.{number}"
            (out / f"{name}.client").write_bytes(client)
            (out / f"{name}.server").write_bytes(server)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
