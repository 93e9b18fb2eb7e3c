// Topics the slow and obvious way, written from sections 1.5.4, 4.7 and 4.8.2 and not from the code under test.
#pragma once
#include <string>
#include <vector>

#include "codec/words.hpp"

namespace fuzz::naive {

std::vector<std::string> levels(std::string_view topic);
bool is_utf8(std::string_view);
bool is_topic_name(std::string_view);
bool is_topic_filter(std::string_view, mqtt::Version);
bool matches(std::string_view filter, std::string_view name);

}  // namespace fuzz::naive
