// What some violations need in order to show, and why some make many cases fail.
#include "conformance/embedded.hpp"

namespace conformance {
namespace {

struct Setting {
    std::string_view violation, variation;
};
constexpr Setting settings[]{
    {"alias_accepted_where_none", "no_aliases"},
    {"copies_have_all_identifiers", "copy_each"},
    {"maximum_qos_untold", "maximum_qos_1"},
    {"qos_above_maximum_accepted", "maximum_qos_1"},
    {"qos_above_maximum_not_granted", "maximum_qos_0"},
    {"retain_unavailable_accepted", "no_retain"},
    {"retained_will_unavailable_accepted", "no_retain"},
    {"will_above_maximum_qos_accepted", "maximum_qos_1"},
};

struct Width {
    std::string_view violation, reason;
};
constexpr Width widths[]{
    {"maximum_qos_untold", "every case that uses QoS 2 runs into it"},
};

}  // namespace

const reference::Variation* setting_for(std::string_view violation) {
    for (const Setting& s : settings)
        if (s.violation == violation) return reference::find_variation(s.variation);
    return nullptr;
}
std::string_view reason_for_width(std::string_view violation) {
    for (const Width& w : widths)
        if (w.violation == violation) return w.reason;
    return {};
}

}  // namespace conformance
