#!/usr/bin/env -S /usr/bin/python3 -B
"""tidy.py catches what it is there for, and accuses nothing else."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import tidy  # noqa: E402

IDS = {"MQTT-3.1.0-2", "X-3.8.3-qos-three"}


def findings(source, path="conformance/kit.cpp"):
    return [text for _, text in tidy.check(path, source, IDS)]


def lines(n):
    return "".join(f"    int a{i} = {i};\n" for i in range(n))


class Sizes(unittest.TestCase):
    def test_long_functions(self):
        self.assertEqual(findings("void f() {\n" + lines(60) + "}\n"), [])
        self.assertEqual(len(findings("void f() {\n" + lines(80) + "}\n")), 1)

    def test_functions_wherever_they_stand(self):
        body = " {\n" + lines(80) + "}\n"
        for head in ("namespace a {\nnamespace {\nint f(int x) const noexcept", "struct A {\n    A() : b(1), c{2}", "TEST(A, b)",
                     'CASE(connect, a, "t", {.v5 = {"MQTT-3.1.0-2"}})', "auto f(std::vector<int> v = {1, 2}) -> int",
                     "class B : public C {\n    void g(std::function<void()> f = [] { return; })"):
            self.assertEqual(len(findings(head + body)), 1, head)

    def test_containers_are_no_functions(self):
        for head in ("namespace a", "struct A", "class A final : public B", "enum class E : std::uint8_t", "constexpr int table[] ="):
            self.assertEqual(findings(head + " {\n" + lines(80) + "};\n"), [], head)

    def test_many_short_functions(self):
        self.assertEqual(findings("".join(f"int f{i}() {{\n    return {i};\n}}\n" for i in range(60))), [])

    def test_braces_in_strings_and_comments(self):
        self.assertEqual(findings('void f() {\n    g("}{{"); // {\n    h(\'{\', 1\'000);\n}\nvoid k() {\n' + lines(60) + "}\n"), [])

    def test_long_files(self):
        self.assertEqual(findings("\n" * 400), [])
        self.assertEqual(len(findings("\n" * 401)), 1)


class Awaits(unittest.TestCase):
    def test_what_gcc_12_gets_wrong(self):
        for bad in ("co_await p->expect<Puback>({1, 2});", "co_await f(Publish{.qos = q});", "co_await run([&] { return a; });",
                    "auto x = Pair{co_await a(), 1};", "f({co_await a()});", "(co_await g(T{})).x;"):
            self.assertEqual(len(findings("Task<void> f() {\n    " + bad + "\n}\n")), 1, bad)

    def test_what_is_right(self):
        for good in ("auto a = co_await p->expect<Puback>();", "if (co_await g()) { h(); }", "x[co_await g()] = 1;",
                     "while (co_await g(a[1])) {\n}", "Pub p{1};\n co_await f(p);", "for (auto& x : co_await g()) {\n h(x); }",
                     "const auto body = [](Peer& p) -> Task<void> { co_await p.pause(1); };", "try {\n co_await g();\n} catch (...) {\n}"):
            self.assertEqual(findings("Task<void> f() {\n    " + good + "\n}\n"), [], good)
        self.assertEqual(findings("struct T { A operator co_await() const { return A{1}; } };\n"), [])


class Ids(unittest.TestCase):
    def test_unknown_ones(self):
        self.assertEqual(len(findings("// MQTT-3.1.0-3 is not\n")), 1)  # tidy: no such id
        self.assertEqual(len(findings('"X-3.8.3-qos-four"\n', "docs/brokers.md")), 1)  # tidy: no such id

    def test_known_ones_and_globs(self):
        self.assertEqual(findings('"MQTT-3.1.0-2" X-3.8.3-qos-three MQTT-3.1.2-* MQTT-9.9.9-[12] X-3.1.2-*\n'), [])
        self.assertEqual(findings("MQTT-3.1.0-3 // tidy: no such id\n"), [])


class Dependencies(unittest.TestCase):
    def test_the_wrong_way(self):
        for path, include in (("codec/a.cpp", '"reference/broker.hpp"'), ("codec/a.cpp", "<fmt/format.h>"),
                              ("reference/broker.cpp", '"net/loop.hpp"'), ("reference/broker.cpp", '"reference/server.hpp"'),
                              ("reference/login.cpp", '"net/loop.hpp"'), ("net/loop.hpp", "<boost/asio.hpp>"),
                              ("net/loop.hpp", '"peer/peer.hpp"'), ("peer/peer.cpp", '"reference/broker.hpp"'),
                              ("peer/peer.cpp", "<boost/asio.hpp>"), ("peer/peer.cpp", '"net/connection.hpp"'),
                              ("conformance/cases/a.cpp", "<boost/asio.hpp>"), ("conformance/cases/a.cpp", '"reference/broker.hpp"'),
                              ("conformance/runner.cpp", '"cli/options.hpp"'), ("conformance/runner.cpp", "<CLI/CLI.hpp>")):
            self.assertEqual(len(findings(f"#include {include}\n", path)), 1, (path, include))

    def test_the_right_way(self):
        for path, include in (("codec/a.cpp", "<vector>"), ("codec/a.cpp", '"codec/words.hpp"'), ("reference/broker.cpp", '"codec/codec.hpp"'),
                              ("reference/server.cpp", "<boost/asio.hpp>"), ("reference/login.cpp", "<openssl/evp.h>"),
                              ("net/connection.cpp", "<boost/asio.hpp>"), ("peer/peer.cpp", '"net/loop.hpp"'),
                              ("conformance/cases/a.cpp", '"conformance/kit.hpp"'), ("cli/main.cpp", "<CLI/CLI.hpp>"),
                              ("peer/tests/a.cpp", '"reference/broker.hpp"')):
            self.assertEqual(findings(f"#include {include}\n", path), [], (path, include))


class Paths(unittest.TestCase):
    def test_outside(self):
        for bad in ("../" + "shared/spec", "/work/" + "shared"):
            self.assertEqual(len(findings(f"# {bad}\n", "scripts/run")), 1)


class Program(unittest.TestCase):
    def test_exit_codes(self):
        with tempfile.TemporaryDirectory() as folder:
            top = pathlib.Path(folder)
            (top / "corpus/statements").mkdir(parents=True)
            for table, row in (("mqtt-3.1.1", "MQTT-3.1.0-2"), ("mqtt-5.0", "MQTT-3.1.0-2"), ("extra", "5\tX-1.2-a")):
                (top / f"corpus/statements/{table}.tsv").write_text(f"heading\n{row}\n")
            subprocess.run(["git", "init", "-q", folder], check=True)
            run = lambda: subprocess.run([sys.executable, tidy.__file__, folder], capture_output=True, text=True)  # noqa: E731
            self.assertEqual(run().returncode, 0, run().stdout)
            (top / "a.cpp").write_text("// MQTT-3.1.0-7\n")  # tidy: no such id
            self.assertEqual(run().returncode, 1)
            self.assertIn("a.cpp:1: MQTT-3.1.0-7", run().stdout)  # tidy: no such id


if __name__ == "__main__":
    unittest.main()
