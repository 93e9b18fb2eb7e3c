// corpus/scenarios: what right brokers once were accused of, and what was once passed over.
#include <fstream>
#include <sstream>

#include "replay/tests/script.hpp"

namespace replay {
namespace {

using reference::Break;
using Names = std::vector<std::string>;

scenario::Scenario read(const std::string& name) {
    const auto path = std::string(MQTTSPEC_CORPUS "/scenarios/") + name + ".scenario";
    std::ifstream file(path);
    EXPECT_TRUE(file.good()) << path;
    std::stringstream text;
    text << file.rdbuf();
    return scenario::read(text.str(), path);
}

Names differences(const std::string& name, const reference::Settings& settings) {
    return play(Script{read(name)}, settings).differences();
}

const char* const all[]{"alike_after_resumption",
                        "alike_before_and_after_overlap",
                        "copies_sent_again",
                        "identifiers_overlap",
                        "no_local_overlap",
                        "overlap_resubscribed",
                        "overlap_then_resumed",
                        "qos0_then_cut",
                        "retain_as_published_resumed",
                        "retain_handling_2",
                        "retained_sent_again",
                        "sent_again_after_reconnect",
                        "shared_and_own_subscription",
                        "shared_and_own_subscription_alike",
                        "two_subscribers_overlap",
                        "unacknowledged",
                        "unanswered_then_cut"};

/// Servers are free to merge copies, to deliver QoS 2 at PUBLISH or at PUBREL, and to keep QoS 0 for absent clients.
TEST(Scenarios, show_no_difference_on_right_brokers) {
    for (const auto* name : all)
        for (const bool each : {false, true})
            for (const bool late : {false, true})
                for (const bool kept : {false, true}) {
                    reference::Settings settings;
                    if (each) settings.style.overlap = reference::Overlap::copy_each;
                    if (late) settings.style.deliver_qos2 = reference::Release::on_pubrel;
                    settings.style.queue_qos0 = kept;
                    EXPECT_EQ(differences(name, settings), Names{}) << name << each << late << kept;
                }
}

TEST(Scenarios, show_what_is_broken) {
    const struct {
        const char* name;
        Break breaks;
        const char* first;
        bool each = false;
    } rows[]{
        {"alike_after_resumption", Break::resume_forgets_subscriptions, "missing PUBLISH"},
        {"overlap_then_resumed", Break::unsubscribe_drops_matching, "missing PUBLISH"},
        {"retained_sent_again", Break::retained_not_sent_again, "missing PUBLISH"},
        {"retain_handling_2", Break::retain_handling_2_ignored, "unexpected PUBLISH"},
        {"identifiers_overlap", Break::subscription_identifier_missing, "changed PUBLISH subscription identifier"},
        {"identifiers_overlap", Break::overlap_has_one_identifier, "changed PUBLISH subscription identifier"},
        {"identifiers_overlap", Break::retain_flag_kept_live, "changed PUBLISH RETAIN"},
        {"no_local_overlap", Break::no_local_ignored, "unexpected PUBLISH", true},
        {"retain_as_published_resumed", Break::resume_forgets_subscriptions, "missing PUBLISH"},
    };
    for (const auto& row : rows) {
        auto settings = breaking(row.breaks);
        if (row.each) settings.style.overlap = reference::Overlap::copy_each;
        const auto found = differences(row.name, settings);
        EXPECT_EQ(found.empty() ? "" : found.front(), row.first) << row.name;
    }
}

}  // namespace
}  // namespace replay
