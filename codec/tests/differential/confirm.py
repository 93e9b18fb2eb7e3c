"""Is a fault that the codec names really there? One small check for each thing a fault can be, on the octets alone.

It keeps "theirs is laxer" in the table of differences honest: an oracle that looks away from a rule cannot tell
whether we apply it rightly. Written from the sections named; no tables are shared with the codec.
"""
CODES = {  # 5.0, table 2-6 by packet
    "CONNACK": "00 80 81 82 83 84 85 86 87 88 89 8a 8c 90 95 97 99 9a 9b 9c 9d 9f",
    "PUBACK": "00 10 80 83 87 90 91 97 99", "PUBREC": "00 10 80 83 87 90 91 97 99", "PUBREL": "00 92", "PUBCOMP": "00 92",
    "SUBACK": "00 01 02 80 83 87 8f 91 97 9e a1 a2", "UNSUBACK": "00 11 80 83 87 8f 91", "AUTH": "00 18 19",
    "DISCONNECT": "00 04 80 81 82 83 87 89 8b 8d 8e 8f 90 93 94 95 96 97 98 99 9a 9b 9c 9d 9e 9f a0 a1 a2",
}
PROPERTIES = {  # 5.0, table 2-4: where each may stand; W is a will
    0x01: "PUBLISH W", 0x02: "PUBLISH W", 0x03: "PUBLISH W", 0x08: "PUBLISH W", 0x09: "PUBLISH W",
    0x0B: "PUBLISH SUBSCRIBE", 0x11: "CONNECT CONNACK DISCONNECT", 0x12: "CONNACK", 0x13: "CONNACK",
    0x15: "CONNECT CONNACK AUTH", 0x16: "CONNECT CONNACK AUTH", 0x17: "CONNECT", 0x18: "W", 0x19: "CONNECT",
    0x1A: "CONNACK", 0x1C: "CONNACK DISCONNECT",
    0x1F: "CONNACK PUBACK PUBREC PUBREL PUBCOMP SUBACK UNSUBACK DISCONNECT AUTH",
    0x21: "CONNECT CONNACK", 0x22: "CONNECT CONNACK", 0x23: "PUBLISH", 0x24: "CONNACK", 0x25: "CONNACK",
    0x26: "every", 0x27: "CONNECT CONNACK", 0x28: "CONNACK", 0x29: "CONNACK", 0x2A: "CONNACK",
}
PROPERTY_WIDTHS = dict.fromkeys((0x02, 0x11, 0x18, 0x27), 4) | dict.fromkeys((0x13, 0x21, 0x22, 0x23), 2) | dict.fromkeys(
    (0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2A), 1)
WIDTHS = {  # octets; what is not listed here is a text or binary data with its length before it
    "protocol level": 1, "connect flags": 1, "keep alive": 2, "packet identifier": 2, "reason code": 1, "return code": 1,
    "acknowledge flags": 1, "subscription options": 1, "requested QoS": 1, "property identifier": 1,
    "message expiry interval": 4, "session expiry interval": 4, "will delay interval": 4, "maximum packet size": 4,
    "server keep alive": 2, "receive maximum": 2, "topic alias maximum": 2, "topic alias": 2, "maximum QoS": 1,
    "payload format indicator": 1, "request problem information": 1, "request response information": 1,
    "retain available": 1, "wildcard subscription available": 1, "subscription identifiers available": 1,
    "shared subscription available": 1, "subscription identifier": 1,
}
OUTSIDE_PROPERTIES = {"client identifier", "will properties", "will topic", "will payload", "user name", "password",
                      "topic filter", "topic name", "packet identifier", "reason code", "properties"}


class Fault:
    """The packet p with the fault that was named, and what the checks need of it."""

    def __init__(self, p):
        self.octets, self.at = bytes.fromhex(p["hex"]), p["offset"]
        self.type, self.version, self.statement, self.field = p["type"], p["version"], p["statement"], p["field"]
        self.what, self.head, self.body = p["what"], self.octets[0], 1
        while self.octets[self.body] & 128 and self.body < 4:
            self.body += 1
        self.body += 1

    def byte(self, at=None):
        return self.octets[self.at if at is None else at]

    def two(self, at=None):
        at = self.at if at is None else at
        return int.from_bytes(self.octets[at : at + 2], "big")

    def text(self):
        return self.octets[self.at + 2 : self.at + 2 + self.two()]

    def whole_text(self):
        return len(self.octets) >= self.at + 2 and len(self.text()) == self.two()

    def varint(self, at):
        value = shift = 0
        while True:
            value |= (self.octets[at] & 127) << shift
            at, shift = at + 1, shift + 7
            if self.octets[at - 1] < 128:
                return value, at

    def properties(self):
        """(first, last) of the packet's own properties."""
        b = self.body
        before = {"CONNECT": 6 + self.two(b), "CONNACK": 2, "DISCONNECT": 1, "AUTH": 1, "SUBSCRIBE": 2, "SUBACK": 2,
                  "UNSUBSCRIBE": 2, "UNSUBACK": 2, "PUBLISH": 2 + self.two(b) + (2 if self.head & 6 else 0)}
        length, first = self.varint(b + before.get(self.type, 3))
        return first, first + length

    def will_properties(self):
        """(first, last) of the will's: they follow the client identifier."""
        _, at = self.properties()
        length, first = self.varint(at + 2 + self.two(at))
        return first, first + length

    def in_will(self):
        return self.type == "CONNECT" and self.at > self.properties()[1]

    def end(self):
        """Where the fault's surroundings end: the properties, or the packet."""
        if self.version < 5 or self.field in OUTSIDE_PROPERTIES:
            return len(self.octets)
        try:
            first, last = self.will_properties() if self.in_will() else self.properties()
        except IndexError:
            return len(self.octets)
        return last if first <= self.at <= last else len(self.octets)

    def identifiers(self, at, last):
        found = []
        while at < last:
            identifier, at = self.varint(at)
            found.append(identifier)
            width = PROPERTY_WIDTHS.get(identifier)
            for _ in range(2 if identifier == 0x26 else 1):
                at = self.varint(at)[1] if identifier == 0x0B else at + (width or 2 + self.two(at))
        return found

    def all_identifiers(self):
        """Those of the packet's own properties."""
        return self.identifiers(*self.properties())

    def identifiers_before(self):
        """Those before the fault, in the properties that it is in."""
        return self.identifiers((self.will_properties() if self.in_will() else self.properties())[0], self.at)


def ill_formed(f):
    try:
        f.text().decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


def reserved_bits(f):
    """Flags of the fixed header (2.2.2, 2.1.3), CONNECT flags (3.1.2.3), acknowledge flags, subscription options."""
    if f.at == 0:
        return f.head & 15 != (2 if f.type in ("PUBREL", "SUBSCRIBE", "UNSUBSCRIBE") else 0) and f.type != "PUBLISH"
    octet = f.byte()
    if f.type == "CONNECT":
        return bool(octet & 1 or not octet & 4 and octet & 0x38)
    if f.type == "CONNACK":
        return octet > 1
    return f.type == "SUBSCRIBE" and octet > (63 if f.version == 5 else 3)


def no_such_code(f):
    if f.version == 5:
        return f.byte() not in bytes.fromhex(CODES[f.type])
    return f.byte() > 5 if f.type == "CONNACK" else f.byte() not in (0, 1, 2, 0x80)


def is_three(f):
    octet = f.byte()
    return (octet >> {"PUBLISH": 1, "CONNECT": 3, "SUBSCRIBE": 0}[f.type]) & 3 == 3


def zero(f):
    if f.field in ("subscription identifier",):
        return f.byte() == 0
    return int.from_bytes(f.octets[f.at : f.at + (4 if f.field == "maximum packet size" else 2)], "big") == 0


def levels(f):
    text = f.text()
    if f.version == 5 and text.startswith(b"$share/"):
        text = text[7:].partition(b"/")[2]
    return text.split(b"/")


def bad_hash(f):
    return any(b"#" in level and level != b"#" for level in levels(f)) or b"#" in levels(f)[:-1]


def bad_plus(f):
    return any(b"+" in level and level != b"+" for level in levels(f))


def share(f):
    """The share name and what follows it (4.8.2)."""
    name, slash, rest = f.text()[7:].partition(b"/")
    return f.text().startswith(b"$share/") and f.version == 5, name, slash, rest


def ends_early(f):
    """Lengths stand before the place that is named: there octets are missing."""
    left = f.end() - f.at
    if f.field in WIDTHS:
        return left < WIDTHS[f.field]
    if f.field in ("properties", "will properties"):
        return left == 0 or f.octets[f.at - 1] > left or f.octets[f.at - 2] & 128 == 128
    return left < 2 or f.two(f.at - 2) > left


def unknown(f):
    """The identifier ends before the place named; what precedes it may look like a part of it."""
    starts = [f.at - 1]
    while f.octets[starts[-1] - 1] & 128 and len(starts) < 4:
        starts.append(starts[-1] - 1)
    return any(f.varint(at)[0] not in PROPERTIES for at in starts)


def left_over(f):
    """Nothing that could be a list follows in these types."""
    return f.at < len(f.octets) and f.type not in ("PUBLISH", "SUBSCRIBE", "UNSUBSCRIBE", "SUBACK")


def fewest(f):
    at = f.at
    while f.octets[at] & 128:
        at += 1
    return at > f.at and f.octets[at] == 0


def level(f):
    name = f.octets[f.body + 2 : f.body + 2 + f.two(f.body)]
    return (name, f.byte()) not in ((b"MQIsdp", 3), (b"MQTT", 4), (b"MQTT", 5))


def not_allowed(f):
    allowed = PROPERTIES[f.byte()]
    return allowed != "every" and ("W" if f.in_will() else f.type) not in allowed.split()


def twice(f):
    once = f.byte() != 0x26 and (f.byte(), f.type) != (0x0B, "PUBLISH")
    return once and f.byte() in f.identifiers_before()


CHECKS = {
    "is not well-formed UTF-8": ill_formed,
    "holds U+0000": lambda f: b"\0" in f.text() and f.whole_text(),
    "is empty": lambda f: f.two() == 0 and f.field in ("topic filter", "topic name", "will topic", "response topic"),
    "holds a wildcard": lambda f: b"+" in f.text() or b"#" in f.text(),
    "# is not alone in the last level": bad_hash,
    "+ does not fill its level": bad_plus,
    "an empty share name": lambda f: share(f)[0] and share(f)[1] == b"",
    "a wildcard in the share name": lambda f: share(f)[0] and (b"+" in share(f)[1] or b"#" in share(f)[1]),
    "no filter after the share name": lambda f: share(f)[0] and share(f)[3] == b"",
    "is not MQTT": lambda f: f.at == f.body and f.text() not in (b"MQTT", b"MQIsdp"),
    "is not supported": level,
    "does not fit the protocol name": level,
    "are not as laid down": reserved_bits,
    "is not in the table of codes": no_such_code,
    "is 3": is_three,
    "is above 2": lambda f: f.byte() >> 4 & 3 == 3,
    "is zero": zero,
    "is neither 0 nor 1": lambda f: f.byte() > 1,
    "set at QoS 0": lambda f: f.type == "PUBLISH" and f.head & 0x0E == 8,
    "set in a refusal": lambda f: f.byte(f.body) & 1 == 1 and f.byte(f.body + 1) != 0,
    "set on a shared subscription": lambda f: b"$share/" in f.octets[: f.at] and f.byte() & 4 == 4,
    "a password without a user name": lambda f: f.byte(f.at - 1) < 5 and f.byte() & 0xC0 == 0x40,
    "without a method": lambda f: 0x16 in f.all_identifiers() and 0x15 not in f.all_identifiers(),
    "empty, and no topic alias": lambda f: f.two(f.body) == 0 and 0x23 not in f.all_identifiers(),
    "at least one is required": lambda f: f.at == len(f.octets),
    "ends early": ends_early,
    "has octets left over": left_over,
    "is reserved": lambda f: f.head >> 4 in ((0,) if f.version == 5 else (0, 15)),
    "takes more than four octets": lambda f: all(o & 128 for o in f.octets[f.at : f.at + 4]),
    "is not in the fewest octets": fewest,
    "is unknown": unknown,
    "is not allowed here": not_allowed,
    "stands twice": twice,
}


def confirmed(p):
    """Does the octet check agree? KeyError: there is none for that fault."""
    try:
        return CHECKS[p["what"]](Fault(p))
    except IndexError:
        return False
