#include <cstdio>
#include <cstdlib>
#include "model/tests/play.hpp"
#include "reference/variations.hpp"
int main(int argc, char** argv) {
    using namespace model::test;
    const std::string what = argc > 1 ? argv[1] : "";
    const unsigned from = argc > 2 ? unsigned(atoi(argv[2])) : 0, to = argc > 3 ? unsigned(atoi(argv[3])) : 20;
    const std::size_t count = argc > 4 ? std::size_t(atoi(argv[4])) : 150;
    unsigned bad = 0; std::size_t packets = 0, deliveries = 0;
    for (unsigned seed = from; seed < to; ++seed) {
        reference::Settings s;
        if (auto v = reference::find_variation(what)) v->apply(s);
        auto commands = draw(seed, count);
        auto o = play(commands, s);
        packets += o.packets; deliveries += o.deliveries;
        if (o.findings.empty()) continue;
        ++bad;
        for (bool less = true; less;) {  // shrink
            less = false;
            for (std::size_t i = 0; i < commands.size();) {
                auto fewer = commands; fewer.erase(fewer.begin() + long(i));
                auto again = play(fewer, s);
                if (!again.findings.empty() && again.findings[0].statement == o.findings[0].statement) { commands = fewer; less = true; } else ++i;
            }
        }
        o = play(commands, s, true);
        printf("---- seed %u\n%s", seed, describe(o).c_str());
        if (bad >= 2) break;
    }
    printf("%s: %u bad, %zu packets %zu deliveries\n", what.c_str(), bad, packets, deliveries);
}
