// The broker core under a scenario of several clients (steps.hpp): no crash, bounded counts and outboxes, nothing due
// after a tick, and on every connection good packets in an order that is possible: each answer has its question, aliases
// and windows are kept (watch.hpp). Who may get which message is not judged here: that is for a model. With a violation
// in the scenario only the memory is watched: a broker that lies on purpose must not crash either.
#include "fuzz/play.hpp"
#include "fuzz/target.hpp"

namespace fuzz {
namespace {

int run(mqtt::View in) {
    return play(in).steps ? 0 : -1;
}

}  // namespace

const Target broker_target{"broker", run, mutate_scenario, cross_scenarios};

}  // namespace fuzz
