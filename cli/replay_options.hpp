// What `mqttspec replay` is asked to do.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "cli/target.hpp"
#include "replay/engine.hpp"

namespace cli {

struct ReplayOptions {
    std::shared_ptr<Common> common = std::make_shared<Common>();
    TargetOptions target;
    std::string capture, extract, speed, pacing = "causal", max_gap = "5s", prefix, keylog, diff = "semantic", baseline,
                                         logins;
    std::vector<std::string> topic_maps, sessions, port_maps, ignore, reports, runs;
    unsigned timeout = 5000;
    bool inspect = false, update_baseline = false, no_prepare = false;

    void add(CLI::App& app);
    replay::Rules rules() const;
    /// Throws UsageError.
    replay::EngineOptions engine() const;
    replay::PlanOptions plan(const std::optional<conformance::Login>& given) const;
};

}  // namespace cli
