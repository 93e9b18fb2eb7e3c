// Where libpcap is missing there are no captures.
#include "fuzz/seeds.hpp"

namespace fuzz {

std::vector<std::string> capture_seeds() { return {}; }
std::string meaning_of_capture(mqtt::View) { return "no-capture"; }

}  // namespace fuzz
