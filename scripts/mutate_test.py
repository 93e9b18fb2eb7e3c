#!/usr/bin/env -S /usr/bin/python3 -B
"""The operators of scripts/mutate change code, and nothing else; every kind of fault can be drawn from the codec."""
import pathlib
import random
import subprocess
import sys
import unittest

TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP / "scripts"), str(TOP / "scripts/mutation")]
import operators  # noqa: E402


def mutants(text, operator, file="codec/reader.hpp"):
    source = operators.Source(file, text)
    sites = [s for kind in operators.KINDS for s in kind(source) if s.operator == operator]
    return sorted({operators.applied(source, s) for s in sites})


class Operators(unittest.TestCase):
    def test_off_by_one(self):
        self.assertEqual(mutants("at += 4;", "off by one"), ["at += 3;", "at += 5;"])
        self.assertEqual(mutants("f(0x7f, 0);", "off by one"), ["f(0x7e, 0);", "f(0x7f, 1);", "f(0x80, 0);"])
        self.assertEqual(mutants("std::uint8_t v3_1;  // 5", "off by one"), [])
        self.assertEqual(mutants('f("5", \'5\');', "off by one"), [])

    def test_comparisons_are_no_templates(self):
        self.assertEqual(mutants("template <class T> bool f() { return a < b; }", "< for <=, > for >="),
                         ["template <class T> bool f() { return a <= b; }"])

    def test_conditions(self):
        self.assertEqual(mutants("if (auto f = g(a); !f) h();", "negated condition"),
                         ["if (auto f = g(a);!(!f)) h();"])
        self.assertEqual(mutants("return !a && b != c;", "dropped !"), ["return a && b != c;"])
        self.assertEqual(mutants("return !a && b;", "&& for ||"), ["return !a || b;"])

    def test_checks_and_statements(self):
        lines = "    if (a) return false;\n    fail(at, n, ids, what);\n    at += n;\n    int b = 1;\n"
        self.assertEqual(mutants(lines, "dropped check"), [lines.replace("if (a) return false;", ";"),
                                                           lines.replace("fail(at, n, ids, what);", ";")])
        self.assertEqual(mutants(lines, "dropped statement"), [lines.replace("at += n;", ";")])

    def test_fields_change_places(self):
        a, b = '    io.two("a", p.a);\n', '    if (io.v5()) io.one("b", p.b);\n'
        self.assertEqual(mutants(a + b + "}\n", "swapped fields"), [b + a + "}\n"])

    def test_rules_and_statements(self):
        rule = 'io.one("a", p.a, {Must::not_zero, "", "MQTT-2.2.1-3"}); fail({"MQTT-3.1.2-3", ""});'
        self.assertIn(rule.replace('{Must::not_zero, "", "MQTT-2.2.1-3"}', "{}"), mutants(rule, "dropped rule"))
        self.assertIn(rule.replace("MQTT-2.2.1-3", "MQTT-3.1.2-3"), mutants(rule, "another statement"))
        self.assertIn(rule.replace("MQTT-2.2.1-3", ""), mutants(rule, "another statement"))

    def test_property_rows(self):
        row = '    {0x13, "server keep alive", Wire::two, in(Type::connack), 0, rule},\n'
        self.assertEqual(mutants(row, "another place", "codec/properties.hpp"),
                         [row.replace("connack), 0", "connack), in_any"), row.replace("Type::connack", "Type::publish")])


class Draws(unittest.TestCase):
    def test_every_operator_has_places_in_the_codec(self):
        found = operators.sites(operators.read(TOP).values())
        self.assertGreaterEqual(len(found), 20)
        for operator, places in found.items():
            self.assertGreaterEqual(len(places), 10, operator)

    def test_every_mutant_is_another_text(self):
        sources = operators.read(TOP)
        self.assertNotIn("codec/damage.hpp", sources)
        for places in operators.sites(sources.values()).values():
            for site in random.Random(1).sample(places, 10):
                self.assertNotEqual(operators.applied(sources[site.file], site), sources[site.file].text, site)

    def test_a_seed_says_it_all(self):
        def listed(seed):
            command = [TOP / "scripts/mutate", "--list", "--count", "5", "--seed", str(seed)]
            return subprocess.run(command, check=True, capture_output=True, text=True).stdout

        self.assertEqual(listed(7), listed(7))
        self.assertNotEqual(listed(7), listed(8))
        self.assertEqual(listed(7).count("\n"), 6)

    def test_usage(self):
        wrong = subprocess.run([TOP / "scripts/mutate", "--seed", "x"], capture_output=True, text=True)
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("--seed", wrong.stderr)
        wrong = subprocess.run([TOP / "scripts/mutate", "--count", "-1"], capture_output=True, text=True)
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("--count", wrong.stderr)

    def test_equivalents_stand_in_the_sources(self):
        table = (TOP / "scripts/mutation/equivalent.tsv").read_text().rstrip("\n").split("\n")
        sources = {name: " ".join(s.text.split()) for name, s in operators.read(TOP).items()}
        for file, operator, source, mutant, reason in (line.split("\t") for line in table[1:]):
            self.assertIn(source, sources[file], "change or drop the row")
            self.assertTrue(operator and mutant and reason)


if __name__ == "__main__":
    unittest.main()
