"""Captures of known content, octet by octet: frames, their order and what they carry are the test's own."""
import ipaddress
import ssl
import struct

ETHERNET, NULL, LOOP, RAW, IPV4, IPV6, SLL, SLL2 = 1, 0, 108, 101, 228, 229, 113, 276
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def remaining(n):
    out = b""
    while True:
        out += bytes([n % 128 | (128 if n > 127 else 0)])
        n //= 128
        if not n:
            return out


def text(s):
    return struct.pack(">H", len(s)) + s


def mqtt(head, body=b""):
    return bytes([head]) + remaining(len(body)) + body


def connect(client, level=4, clean=2, keep_alive=60):
    return mqtt(0x10, text(b"MQTT") + bytes([level, clean]) + struct.pack(">H", keep_alive) + (b"\0" if level == 5 else b"") + text(client))


def publish(topic, payload, qos=0, packet_id=1, flags=0, level=4):
    body = text(topic) + (struct.pack(">H", packet_id) if qos else b"") + (b"\0" if level == 5 else b"") + payload
    return mqtt(0x30 | qos << 1 | flags, body)


CONNACK, PINGREQ, PINGRESP, DISCONNECT = b"\x20\x02\0\0", b"\xc0\0", b"\xd0\0", b"\xe0\0"


def frame(payload, opcode=2, final=True, mask=None, compressed=False):
    """A WebSocket frame (RFC 6455, 5.2)."""
    n = len(payload)
    size = bytes([n]) if n < 126 else struct.pack(">BH", 126, n) if n < 1 << 16 else struct.pack(">BQ", 127, n)
    first = bytes([final << 7 | compressed << 6 | opcode])
    if mask is None:
        return first + size + payload
    return first + bytes([size[0] | 128]) + size[1:] + mask + bytes(c ^ mask[i % 4] for i, c in enumerate(payload))


UPGRADE = (b"GET /mqtt HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: eA==\r\n"
           b"Sec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Version: 13\r\n\r\n")
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n"


def ip(payload, source, target, protocol=6, identifier=1, offset=0, more=False, extensions=b""):
    """`offset` in octets: of a fragment. `extensions`: IPv6 headers before TCP, the first of them a destination header."""
    source, target = ipaddress.ip_address(source), ipaddress.ip_address(target)
    if source.version == 4:
        return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), identifier, offset // 8 | (0x2000 if more else 0), 64, protocol, 0) + \
            source.packed + target.packed + payload
    first = 60 if extensions else protocol
    return struct.pack(">IHBB", 6 << 28, len(extensions) + len(payload), first, 64) + source.packed + target.packed + extensions + payload


def fragments(payload, source, target, size, identifier=7):
    """The IP packets of one datagram in pieces of `size` octets (of eight each)."""
    out = []
    for at in range(0, len(payload), size):
        part, more = payload[at:at + size], at + size < len(payload)
        if ipaddress.ip_address(source).version == 4:
            out.append(ip(part, source, target, identifier=identifier, offset=at, more=more))
        else:
            head = struct.pack(">BBHI", 6, 0, at | more, identifier)
            out.append(ip(head + part, source, target, protocol=44))
    return out


class Connection:
    """IP packets of a TCP connection, in order: `packets` of (from client?, octets)."""

    def __init__(self, client=("10.0.0.5", 40112), server=("10.0.0.1", 1883), first=(1000, 5000)):
        self.ends = {True: client, False: server}
        self.next = {True: first[0], False: first[1]}
        self.packets = []

    def segment(self, from_client, payload=b"", flags=ACK, seq=None, ack=None):
        (source, sport), (target, dport) = self.ends[from_client], self.ends[not from_client]
        seq = self.next[from_client] if seq is None else seq
        ack = self.next[not from_client] if ack is None else ack
        return ip(struct.pack(">HHIIBBHHH", sport, dport, seq % 2**32, ack % 2**32 if flags & ACK else 0, 0x50, flags, 8192, 0, 0) + payload,
                  source, target)

    def send(self, from_client, payload=b"", flags=ACK):
        self.packets.append(self.segment(from_client, payload, flags))
        self.next[from_client] += len(payload) + bool(flags & SYN) + bool(flags & FIN)
        return self

    def shake(self):
        return self.send(True, flags=SYN).send(False, flags=SYN | ACK).send(True)

    def client(self, *octets):
        for o in octets:
            self.send(True, o).send(False)
        return self

    def server(self, *octets):
        for o in octets:
            self.send(False, o).send(True)
        return self

    def end(self):
        return self.send(True, flags=FIN | ACK).send(False, flags=FIN | ACK).send(True)


def ethernet(packet, tags=()):
    kind = b"\x08\0" if packet[0] >> 4 == 4 else b"\x86\xdd"
    return bytes(12) + b"".join(struct.pack(">HH", tag, vlan) for tag, vlan in tags) + kind + packet


def cooked2(packet):
    return (b"\x08\0" if packet[0] >> 4 == 4 else b"\x86\xdd") + bytes(18) + packet


def null(packet, order="<", family=None):
    return struct.pack(order + "I", family or (2 if packet[0] >> 4 == 4 else 30)) + packet


def pcap(frames, link=ETHERNET, order="<", nanoseconds=False, snaplen=262144):
    """The file: a frame each millisecond from 1.7e9 s on; those longer than snaplen are cut."""
    out = [struct.pack(order + "IHHiIII", 0xA1B23C4D if nanoseconds else 0xA1B2C3D4, 2, 4, 0, 0, snaplen, link)]
    for n, frame in enumerate(frames):
        fraction = n % 1000 * (1_000_000 if nanoseconds else 1000)
        out += struct.pack(order + "IIII", 1_700_000_000 + n // 1000, fraction, min(len(frame), snaplen), len(frame)), frame[:snaplen]
    return b"".join(out)


def pcapng(frames, interfaces=((ETHERNET, 0),), order="<"):
    """`frames`: octets, or (interface, octets). `interfaces`: (link type, snaplen)."""
    def block(kind, body):
        body += bytes(-len(body) % 4)
        return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)
    out = block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
    out += b"".join(block(1, struct.pack(order + "HHI", link, 0, snaplen)) for link, snaplen in interfaces)
    for n, frame in enumerate(frames):
        at, frame = frame if isinstance(frame, tuple) else (0, frame)
        time = 1_700_000_000_000_000 + n * 1000
        out += block(6, struct.pack(order + "IIIII", at, time >> 32, time & 0xFFFFFFFF, len(frame), len(frame)) + frame)
    return out


def encrypted(folder, certificate, key, talk, server=("10.0.0.1", 8883), alpn=()):
    """A TLS connection made in memory; its secrets are in folder/keys. Each octets of `talk` are a record, or several of 16 KiB."""
    inside, outside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    inside.load_cert_chain(certificate, key)
    outside.check_hostname, outside.verify_mode, outside.keylog_filename = False, ssl.CERT_NONE, str(folder / "keys")
    for context in (inside, outside) if alpn else ():
        context.set_alpn_protocols(list(alpn))
    to_client, from_client, to_server, from_server = (ssl.MemoryBIO() for _ in range(4))
    peers = {True: outside.wrap_bio(to_client, from_client), False: inside.wrap_bio(to_server, from_server, server_side=True)}
    out = Connection(server=server).shake()

    def move():
        while from_client.pending or from_server.pending:
            for sent, to, tell in ((from_client, to_server, out.client), (from_server, to_client, out.server)):
                octets = sent.read()
                to.write(octets)
                for at in range(0, len(octets), 1400):
                    tell(octets[at:at + 1400])
    done = set()
    while len(done) < 2:
        for side, peer in peers.items():
            try:
                peer.do_handshake()
                done.add(side)
            except ssl.SSLWantReadError:
                pass
            move()
    for client, octets in talk:
        peers[client].write(octets)
        move()
        while octets:
            octets = octets[len(peers[not client].read(len(octets))):]
    return out.end()
