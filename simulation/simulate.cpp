// A longer run by hand: simulate [--events N] [--seed N] [--variation ID] [--violate ID]
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "reference/variations.hpp"
#include "simulation/world.hpp"

int main(int argc, char** argv) {
    simulation::Plan plan;
    reference::Settings settings;
    for (int i = 1; i < argc; i += 2) {
        const std::string_view option = argv[i];
        const char* value = i + 1 < argc ? argv[i + 1] : nullptr;
        const auto violation = value ? reference::find_violation(value) : std::nullopt;
        const auto* variation = value ? reference::find_variation(value) : nullptr;
        if (value && option == "--events") plan.events = std::strtoull(value, nullptr, 10);
        else if (value && option == "--seed") plan.seed = std::uint32_t(std::strtoul(value, nullptr, 10));
        else if (option == "--variation" && value && std::string_view(value) == "none") continue;
        else if (option == "--variation" && variation) variation->apply(settings);
        else if (option == "--violate" && violation) settings.policy.violate(*violation);
        else {
            std::fprintf(stderr, "simulate: %s %s is not known; usage: simulate [--events N] [--seed N] "
                         "[--variation ID] [--violate ID]\n", argv[i], value ? value : "");
            return 2;
        }
    }
    const auto r = simulation::simulate(settings, plan);
    std::printf("seed %u: %zu events, %zu connections, %zu losses, %zu timeouts, %zu messages, %zu deliveries; "
                "at most %zu queued, %zu links, %zu sessions; %zu octets left\n",
                plan.seed, r.events, r.connections, r.losses, r.timeouts, r.messages, r.deliveries, r.most_queued,
                r.most_links, r.most_sessions, r.heap_left);
    for (const auto& what : r.broken) std::printf("BROKEN %s\n", what.c_str());
    return r.broken.empty() ? 0 : 1;
}
