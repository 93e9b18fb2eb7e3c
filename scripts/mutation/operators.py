"""Where a C++ source can be made wrong, and how: operators yield sites, places with what to write there instead."""
import pathlib
import re
from typing import NamedTuple

import tidy


class Site(NamedTuple):
    file: str  # from the top of the tree
    begin: int  # characters from the start of the file
    end: int
    operator: str
    after: str  # what is written in place of [begin, end)


class Source:
    """A file and the same without comments, strings and directives: operators look at `code`, length by length."""

    def __init__(self, file, text):
        self.file, self.text = file, text
        plain = tidy.strip(text)
        plain = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group()), plain, flags=re.M)
        self.code = re.sub(r"^[^\n]*\bstatic_assert\b[^\n]*", lambda m: " " * len(m.group()), plain, flags=re.M)

    def closing(self, at):
        """Where the bracket that opens at `at` is closed."""
        depth = 0
        for i in range(at, len(self.code)):
            depth += (self.code[i] in "([{") - (self.code[i] in ")]}")
            if depth == 0:
                return i
        return len(self.code)

    def statement_end(self, at):
        """Behind the semicolon of the statement that begins at `at`; None where a block comes first."""
        i = at
        while i < len(self.code):
            if self.code[i] in "([{":
                i = self.closing(i)
            elif self.code[i] == ";":
                return i + 1
            elif self.code[i] == "}":
                return None
            i += 1
        return None


SWAPS = {  # operator: pattern of one token in blanks, and what it becomes
    "< for <=, > for >=": {" < ": " <= ", " <= ": " < ", " > ": " >= ", " >= ": " > "},
    "== for !=": {" == ": " != ", " != ": " == "},
    "&& for ||": {" && ": " || ", " || ": " && "},
    "+ for -": {" + ": " - ", " - ": " + ", " += ": " -= ", " -= ": " += "},
    "<< for >>": {" << ": " >> ", " >> ": " << "},
    "& for |": {" & ": " | ", " | ": " & ", " |= ": " &= "},
}
WORDS = {
    "true for false": [{"true", "false"}],
    "another version": [{"Version::v5", "Version::v3_1_1", "Version::v3_1"}],
    "another type": [
        {"io.one", "io.two", "io.four", "io.varint"}, {"io.text", "io.binary", "io.rest"},
        {"Wire::byte", "Wire::two", "Wire::four", "Wire::varint"}, {"Wire::text", "Wire::binary"},
        {"std::uint8_t", "std::uint16_t", "std::uint32_t"},
    ],
}
WIDER = {("std::uint8_t", "std::uint16_t"), ("std::uint8_t", "std::uint32_t"), ("std::uint16_t", "std::uint32_t")}


def swaps(source):
    for operator, table in SWAPS.items():
        for before, after in table.items():
            for m in re.finditer(re.escape(before), source.code):
                if not re.search(r"\b(template|operator)\s*$", source.code[: m.start()]):
                    yield Site(source.file, m.start() + 1, m.end() - 1, operator, after.strip())


def words(source):
    for operator, groups in WORDS.items():
        for group in groups:
            pattern = r"(?<![\w:.])(?:" + "|".join(map(re.escape, sorted(group, key=len, reverse=True))) + r")\b"
            for m in re.finditer(pattern, source.code):
                on_the_wire = source.code[: m.start()].endswith(("number<", "number("))  # elsewhere, wider does no harm
                for after in sorted(group - {m.group()}):
                    if on_the_wire or (m.group(), after) not in WIDER:
                        yield Site(source.file, m.start(), m.end(), operator, after)


def literals(source):
    for m in re.finditer(r"(?<![\w.'])(0[xX][\da-fA-F']+|0b[01']+|\d[\d']*)[uUlLzZ]*\b", source.code):
        digits = m.group(1).replace("'", "")
        n = int(digits, 0)
        to = m.start(1) + len(m.group(1))

        def shaped(value):
            return hex(value) if digits[:2] in ("0x", "0X") else bin(value) if digits[:2] == "0b" else str(value)

        for other in {n + 1, n - 1} - {-1}:
            yield Site(source.file, m.start(1), to, "off by one", shaped(other))
        if n > 3 and re.search(r"[&|^~] ?$|every\($", source.code[: m.start()]):
            for other in (n ^ 1 << n.bit_length() - 1, n >> 1, n << 1 | 1):
                yield Site(source.file, m.start(1), to, "another mask", shaped(other))


def conditions(source):
    for m in re.finditer(r"\bif (?:constexpr )?\(", source.code):
        begin, end = m.end(), source.closing(m.end() - 1)
        condition = source.code[begin:end]
        begin += condition.rfind(";") + 1
        if source.code[begin:end].strip():
            yield Site(source.file, begin, end, "negated condition", "!(" + source.text[begin:end].strip() + ")")
    for m in re.finditer(r"(?<![\w)\]])!(?!=)", source.code):
        yield Site(source.file, m.start(), m.end(), "dropped !", "")
    for m in re.finditer(r"\bio\.v5\(\)", source.code):
        yield Site(source.file, m.start(), m.end(), "another version", "!io.v5()")


NO_STATEMENT = r"(const|else|for|while|do|switch|case|default|using|struct|template|public|private)\b"
CHECKING = r"return\b|\bbad = true|continue;|break;|\bfail\(|= Version"


def statements(source):
    """Checks and other statements that begin their line, or follow the condition or the else of one."""
    for m in re.finditer(r"(?:^[ \t]+|\) |\[\[\w+\]\] |else )(?=[\w+*(-])", source.code, re.M):
        begin = m.end()
        word = re.match(r"[\w.:]*", source.code[begin:]).group()
        end = source.statement_end(begin)
        head = source.code[begin : end or begin]
        if not head or "\n\n" in head or re.match(NO_STATEMENT, head):
            continue
        if word == "if":
            if re.search(CHECKING, head) and "{" not in re.sub(r"return \{.*", "", head):
                yield Site(source.file, begin, end, "dropped check", ";")
        elif word in ("fail", "io.fail", "check", "io.check", "io.demand", "judge", "bad", "f.reserved", "return"):
            if word != "return" or head == "return;":
                yield Site(source.file, begin, end, "dropped check", ";")
        elif re.match(r"(?!static)[\w.*>()\[\]+-]+(\([^;]*\)| [-+|&^<>]*= [^;]*|\+\+|--);$", head):
            yield Site(source.file, begin, end, "dropped statement", ";")


def neighbours(source):
    """Two fields, one a line, in the wrong order."""
    field = r"^[ \t]+(?:if \([^\n]*\) )?(?:io|f)\.\w+\([^\n]*\);[^\n]*\n"
    for m in re.finditer(f"(?=({field})({field}))", source.code, re.M):
        first, second = (source.text[m.start(g) : m.end(g)] for g in (1, 2))
        yield Site(source.file, m.start(1), m.end(2), "swapped fields", second + first)


def rules(source):
    """Rules, statement ids and names. They stand in strings, so this looks at the text."""
    for m in re.finditer(r"\{Must::\w+, \"[^\"]*\", \"[^\"]*\"\}", source.text):
        yield Site(source.file, m.start(), m.end(), "dropped rule", "{}")
    for m in re.finditer(r"(?<=\{)Must::\w+", source.text):
        yield Site(source.file, m.start(), m.end(), "dropped rule", "Must::anything")
    ids = sorted(set(tidy.ID.findall(source.text)))
    for m in re.finditer(r'"(' + tidy.ID.pattern + r')"', source.text):
        at = ids.index(m.group(1))
        for other in {"", ids[at - 1], ids[(at + 1) % len(ids)]} - {m.group(1)}:
            yield Site(source.file, m.start(1), m.end(1), "another statement", other)
    if source.file.endswith(("packets.hpp", "properties.hpp")):
        for m in re.finditer(r'(?<=[ (])"([a-zA-Z][\w ]+)"', source.text):
            yield Site(source.file, m.start(1), m.end(1), "another name", m.group(1) + "s")


TYPES = ("connect", "connack", "publish", "puback", "pubrec", "pubrel", "pubcomp", "subscribe", "suback", "unsubscribe",
         "unsuback", "disconnect", "auth")
PLACES = (("detail::message", "in_will"), ("detail::message", "in(Type::publish)"), ("in_any", "0"),
          ("in_will", "detail::message"), ("detail::answers", "in(Type::connack)"))
ROW = r"^    \{0x[0-9a-f]{2}, \"[^}]*?\bWire::\w+, |^inline constexpr Where answers = "


def property_rows(source):
    """A property that may stand, or be repeated, where it may not; or the other way round."""
    for m in re.finditer(ROW, source.text, re.M):
        end = source.statement_end(m.end()) if "answers" in m.group() else source.closing(m.start() + 4)
        row = source.text[m.end() : end]
        for place in re.finditer(r"\b(?:Type::)?(" + "|".join(TYPES) + r")\b(, )?", row):
            begin, end = m.end() + place.start(), m.end() + place.end()
            yield Site(source.file, begin, end - len(place.group(2) or ""), "another place",
                       "Type::" + TYPES[(TYPES.index(place.group(1)) + 1) % len(TYPES)])
            if place.group(2):
                yield Site(source.file, begin, end, "another place", "")
        for before, after in PLACES:
            for place in re.finditer(rf"\b{before}\b", row):
                yield Site(source.file, m.end() + place.start(), m.end() + place.end(), "another place", after)
        for place in re.finditer(r"(?<=, )0(?=, )", row):
            yield Site(source.file, m.end() + place.start(), m.end() + place.end(), "another place", "in_any")


KINDS = (swaps, words, literals, conditions, statements, neighbours, rules, property_rows)


def sites(sources):
    """Operator -> its sites in all sources, in a fixed order."""
    found = {}
    for source in sources:
        for kind in KINDS:
            for site in sorted(set(kind(source))):
                found.setdefault(site.operator, []).append(site)
    return dict(sorted(found.items()))


def read(top, excluded=("codec/damage.hpp",)):
    """The codec's sources by name. damage.hpp is a tool of the tests: what it does wrong is no fault of the codec."""
    files = sorted(p for p in pathlib.Path(top, "codec").iterdir() if p.suffix in (".cpp", ".hpp"))
    named = ((str(p.relative_to(top)), p) for p in files)
    return {name: Source(name, p.read_text()) for name, p in named if name not in excluded}


def applied(source, site):
    return source.text[: site.begin] + site.after + source.text[site.end :]
