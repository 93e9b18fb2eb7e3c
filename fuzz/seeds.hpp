// Seeds from our generator, from captures and by hand. The name of each says what it means; the replay test checks it.
#pragma once
#include <string>
#include <vector>

#include "codec/words.hpp"

namespace fuzz {

struct Seed {
    std::string target;  // folder of corpus/seeds
    std::string name;
    std::string octets;
};

/// The same on every machine.
std::vector<Seed> generated_seeds();

/// One direction of a connection in a capture.
struct Captured {
    std::string name;  // of the capture, then a number
    std::string from_client, from_server;
};
std::vector<Seed> captured_seeds(const std::vector<Captured>&);

/// What a seed of that target really means, in the words that its name has to begin with.
std::string meaning(const std::string& target, mqtt::View octets);

/// For -dict=: the words of our tables, as lines of a libFuzzer dictionary.
std::string packet_dictionary();
std::string topic_dictionary();
std::string capture_dictionary();

}  // namespace fuzz
