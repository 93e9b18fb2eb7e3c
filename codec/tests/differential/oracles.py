"""Runs mqtt-packet and tshark, and brings what they say into one form.

An answer is a dict with `verdict` (good, fault, short), with `why` (their own words) where it is fault, and where it is
good with `fields`: (name, value) in wire order, numbers as int, texts as hex digits, under OASIS' names as the codec uses
them. mqtt-packet keeps no order; there `fields` is a dict from a name to the list of its values.
"""
import json
import re
import struct
import subprocess
import xml.etree.ElementTree

TYPES = ("RESERVED CONNECT CONNACK PUBLISH PUBACK PUBREC PUBREL PUBCOMP SUBSCRIBE SUBACK UNSUBSCRIBE UNSUBACK PINGREQ "
         "PINGRESP DISCONNECT AUTH").split()


# ---- mqtt-packet -----------------------------------------------------------------------------------------------------


def words(camel):
    """sessionExpiryInterval -> session expiry interval; theirs is the name table here, not ours."""
    if camel.endswith("QoS"):
        return words(camel[:-3]) + " QoS"
    return re.sub("[A-Z]", lambda m: " " + m[0].lower(), camel)


class Loose(dict):
    """Their packets lack what they did not find, and are emitted all the same."""

    def __missing__(self, key):
        return None


def their_properties(pairs, prefix=""):
    fields = {}
    for key, value in pairs or []:
        if key == "userProperties":
            for name, values in value:
                fields.setdefault(prefix + "user property", {})[name] = values if isinstance(values, list) else [values]
        else:
            fields[prefix + words(key)] = value if isinstance(value, list) else [value]
    return fields


def mqtt_packet_connect(p, version):
    will = p.get("will")
    fields = {
        "protocol name": [p["protocolId"]], "protocol level": [p["protocolVersion"]],
        "user name flag": [int("username" in p)], "password flag": [int("password" in p)],
        "will flag": [int(will is not None)], "keep alive": [p["keepalive"]], "client identifier": [p["clientId"]],
        "clean start" if version == 5 else "clean session": [p["clean"]],
    }
    if will is not None:
        fields |= {"will retain": [will["retain"]], "will QoS": [will["qos"]], "will topic": [will["topic"]],
                   "will payload": [will["payload"]]}
        fields |= their_properties(will.get("properties"), "will: ")
    if "username" in p:
        fields["user name"] = [p["username"]]
    if "password" in p:
        fields["password"] = [p["password"]]
    return fields


def mqtt_packet_publish(p):
    fields = {"DUP": [p["dup"]], "QoS": [p["qos"]], "RETAIN": [p["retain"]], "topic name": [p["topic"]],
              "payload": [p["payload"]]}
    return fields | ({"packet identifier": [p["messageId"]]} if p["qos"] else {})


def mqtt_packet_subscribe(p, version):
    names = [("QoS", "qos")]
    if version == 5:
        names += [("no local", "nl"), ("retain as published", "rap"), ("retain handling", "rh")]
    fields = {"packet identifier": [p["messageId"]], "topic filter": [s["topic"] for s in p["subscriptions"] or []]}
    return fields | {ours: [s[theirs] for s in p["subscriptions"] or []] for ours, theirs in names}


def mqtt_packet_fields(p, kind, version):
    if kind == "CONNECT":
        fields = mqtt_packet_connect(p, version)
    elif kind == "CONNACK":
        code = "reason code" if version == 5 else "return code"
        fields = {"session present": [p["sessionPresent"]], code: [p.get("reasonCode" if version == 5 else "returnCode")]}
    elif kind == "PUBLISH":
        fields = mqtt_packet_publish(p)
    elif kind == "SUBSCRIBE":
        fields = mqtt_packet_subscribe(p, version)
    elif kind == "UNSUBSCRIBE":
        fields = {"packet identifier": [p["messageId"]], "topic filter": p["unsubscriptions"] or []}
    elif kind in ("SUBACK", "UNSUBACK"):
        fields = {"packet identifier": [p["messageId"]]}
        if kind == "SUBACK" or version == 5:
            fields["reason code" if version == 5 else "return code"] = p["granted"] or []
    elif kind in ("PUBACK", "PUBREC", "PUBREL", "PUBCOMP"):
        fields = {"packet identifier": [p["messageId"]]} | ({"reason code": [p["reasonCode"]]} if version == 5 else {})
    elif kind in ("DISCONNECT", "AUTH") and version == 5:
        fields = {"reason code": [p.get("reasonCode")]}
    else:
        fields = {}
    return fields | their_properties(p.get("properties"))


def ask_mqtt_packet(node, script, modules, packets):
    """Answers by number; where good also `again` (hex digits) or `again_error`."""
    lines = "".join(json.dumps({k: p[k] for k in ("n", "version", "hex")}) + "\n" for p in packets)
    done = subprocess.run([node, script, modules], input=lines, capture_output=True, text=True, check=True)
    answers, versions = {}, {p["n"]: p["version"] for p in packets}
    for line in done.stdout.splitlines():
        a = json.loads(line)
        if "error" in a:
            answers[a["n"]] = {"verdict": "fault", "why": a["error"]}
        elif "short" in a:
            answers[a["n"]] = {"verdict": "short"}
        else:
            kind = a["packet"]["cmd"].upper()
            a["fields"] = mqtt_packet_fields(Loose(a["packet"]), kind, a["packet"].get("protocolVersion", versions[a["n"]]))
            answers[a["n"]] = a | {"verdict": "good", "type": kind}
    return answers


# ---- tshark ----------------------------------------------------------------------------------------------------------


def preamble(version):
    """A CONNECT, as tshark learns the version of a connection from it."""
    name = b"\0\6MQIsdp" if version == 3 else b"\0\4MQTT"
    body = name + bytes([version, 2, 0, 60]) + (b"\0" if version == 5 else b"") + b"\0\1c"
    return bytes([0x10, len(body)]) + body


def write_capture(path, packets):
    """One TCP connection for each packet, whose number is the time (s) of its segments and its source address."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 101))  # link type: raw IP
        for p in packets:
            octets = (b"" if p["type"] == "CONNECT" else preamble(p["version"])) + bytes.fromhex(p["hex"])
            for at in range(0, len(octets), 32000):
                part = octets[at : at + 32000]
                tcp = struct.pack(">HHIIBBHHH", 40000, 1883, 1 + at, 1, 0x50, 0x18, 65535, 0, 0)
                source = struct.pack(">I", 0x0A000000 + p["n"])
                ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 40 + len(part), 0, 0, 64, 6, 0, source, b"\xc0\xa8\0\1")
                whole = ip + tcp + part
                file.write(struct.pack("<IIII", p["n"], 0, len(whole), len(whole)) + whole)


TEXTS = {  # the field, and the length that stands alone where the text is empty
    "mqtt.protoname": ("protocol name", "mqtt.proto_len"), "mqtt.clientid": ("client identifier", "mqtt.clientid_len"),
    "mqtt.willtopic": ("will topic", "mqtt.willtopic_len"), "mqtt.willmsg": ("will payload", "mqtt.willmsg_len"),
    "mqtt.username": ("user name", "mqtt.username_len"), "mqtt.passwd": ("password", "mqtt.passwd_len"),
    "mqtt.topic": ("topic", "mqtt.topic_len"), "mqtt.prop_string": (None, "mqtt.prop_string_len"),
    "mqtt.prop_key": (None, "mqtt.prop_key_len"), "mqtt.prop_value": (None, "mqtt.prop_value_len"),
}
LENGTHS = {length: name for name, length in TEXTS.values()}
NUMBERS = {
    "mqtt.dupflag": "DUP", "mqtt.qos": "QoS", "mqtt.retain": "RETAIN", "mqtt.ver": "protocol level",
    "mqtt.conflag.uname": "user name flag", "mqtt.conflag.passwd": "password flag",
    "mqtt.conflag.willflag": "will flag", "mqtt.conflag.retain": "will retain", "mqtt.conflag.qos": "will QoS",
    "mqtt.conflag.cleansess": "clean", "mqtt.kalive": "keep alive", "mqtt.conack.flags.sp": "session present",
    "mqtt.msgid": "packet identifier", "mqtt.conack.val": "return code", "mqtt.suback.qos": "return code",
    "mqtt.sub.qos": "QoS", "mqtt.subscription_options_qos": "QoS", "mqtt.subscription_options_nl": "no local",
    "mqtt.subscription_options_rap": "retain as published", "mqtt.subscription_options_retain": "retain handling",
    "mqtt.prop_number": None, "mqtt.property.max_qos": None, "mqtt.property.topic_alias": None,
} | {f"mqtt.{t.lower()}.reason_code": "reason code" for t in TYPES}


DRAFT_NAMES = {  # of properties: what tshark 4.0 still calls them
    "publication expiry interval": "message expiry interval",
    "subscription identifier available": "subscription identifiers available",
}


class Tree:
    """Reads one <proto name="mqtt"> of tshark's PDML."""

    def __init__(self, proto):
        self.type = self.version = self.property = None
        self.fields, self.unnamed, self.will = [], [], ""
        for node in proto:
            self.read(node)
        flags = dict(self.fields)
        if self.type == "CONNECT" and not flags.get("will flag") and not (flags.get("will retain") or flags.get("will QoS")):
            self.fields = [f for f in self.fields if f[0] not in ("will retain", "will QoS")]  # they say nothing here

    def add(self, name, value):
        self.fields.append((name or self.will + self.property, value))

    def read(self, node):
        name, value = node.get("name"), node.get("value")
        if name == "mqtt.msgtype":
            self.type = TYPES[int(node.get("show"))]
        elif name in ("mqtt.properties", "mqtt.will_properties"):
            self.will = "will: " if name == "mqtt.will_properties" else ""
        elif name == "mqtt.property_id":  # theirs is the name table here, not ours
            said = re.sub(r"^ID: (.*) \(0x.*$", r"\1", node.get("showname")).lower().replace("qos", "QoS")
            self.property = DRAFT_NAMES.get(said, said)
        elif name in LENGTHS:
            if int(node.get("show")) == 0:
                self.add(self.topic(LENGTHS[name]), "")
        elif name in TEXTS:
            if value:
                self.add(self.topic(TEXTS[name][0]), value)
        elif name == "mqtt.property.content_type":  # the length is in the field
            self.add(None, value[4:])
        elif name == "mqtt.msg":
            self.add("payload", value or "")
        elif name in NUMBERS:
            self.number(name, node)
        for child in node:
            self.read(child)

    def topic(self, name):
        return {"topic": "topic name" if self.type == "PUBLISH" else "topic filter"}.get(name, name)

    def number(self, name, node):
        show = node.get("show")
        if name == "mqtt.ver":
            self.version = int(show)
        known = NUMBERS[name]
        if name in ("mqtt.dupflag", "mqtt.qos", "mqtt.retain") and self.type != "PUBLISH":
            known = "header " + known  # 3.1 has flags in other packets too
        if known == "clean":
            known = "clean start" if self.version == 5 else "clean session"
        self.add(known, int(show, 0) if show not in ("True", "False") else int(show == "True"))
        if "Unknown (" in node.get("showname") and name != "mqtt.sub.qos":
            self.unnamed.append(int(show))


def complaints(packet):
    """tshark's own words about what is wrong; notes are not meant: they are about state."""
    if any(n.get("name") == "mqtt.prop_unknown" for n in packet.iter("field")):
        return "Unknown Property"
    severities = {n.get("show") for n in packet.iter("field") if n.get("name") == "_ws.expert.severity"}
    if not severities & {"8388608", "6291456"}:  # error, warning
        return ""
    said = (n.get("show") for n in packet.iter("field") if n.get("name") == "_ws.expert.message")
    return "; ".join(dict.fromkeys(s for s in said if s != "Unknown topic alias"))


def hear(answer, packet, is_connect):
    """One frame of a packet's connection; the first packet on it is the preamble, unless it is a CONNECT itself."""
    answer["why"] = answer["why"] or complaints(packet)
    for protocol in packet.findall("proto[@name='mqtt']"):
        answer["protocols"] += 1
        if answer["protocols"] == (1 if is_connect else 2):
            tree = Tree(protocol)
            answer |= {"type": tree.type, "fields": tree.fields, "unnamed": tree.unnamed}
    answer["verdict"] = "fault" if answer["why"] else "good" if "fields" in answer else "short"


NOT_XML = bytes.maketrans(bytes(range(9)) + bytes(range(14, 32)) + b"\v\f" + bytes(range(128, 256)), b"?" * 157)


def packet_nodes(pdml):
    """The <packet> elements. What tshark shows of texts is not always XML, and not needed: values are hex digits."""
    parser = xml.etree.ElementTree.XMLPullParser()
    while chunk := pdml.read(1 << 20):
        parser.feed(chunk.translate(NOT_XML))
        for _, node in parser.read_events():
            if node.tag == "packet":
                yield node
                node.clear()


def ask_tshark(tshark, capture, packets):
    """Answers by number; where good also `unnamed`: values that tshark has no name for."""
    write_capture(capture, packets)
    command = [tshark, "-n", "-r", capture, "-T", "pdml", "-J", "mqtt _ws.malformed", "-d", "tcp.port==1883,mqtt"]
    kinds = {p["n"]: p["type"] == "CONNECT" for p in packets}
    answers = {n: {"verdict": "short", "why": "", "protocols": 0} for n in kinds}
    with open(str(capture) + ".messages", "w+b") as messages:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=messages) as running:
            for node in packet_nodes(running.stdout):
                n = int(float(node.find("proto[@name='geninfo']/field[@name='timestamp']").get("value")))
                hear(answers[n], node, kinds[n])
        messages.seek(0)
        if running.returncode:
            raise RuntimeError(f"{tshark} ended with {running.returncode}: {messages.read().decode()}")
    return answers
