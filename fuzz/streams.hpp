// Streams of packets: cut apart, damaged by field, mixed. What decode, framing and broker inputs are made of.
#pragma once
#include <string>
#include <vector>

#include "codec/codec.hpp"
#include "fuzz/dice.hpp"

namespace fuzz {

/// The whole packets of a stream, by their fixed headers; what is left over comes last, if anything is.
std::vector<std::string> cut(mqtt::View stream);
std::string joined(const std::vector<std::string>& packets);

/// One leaf of a packet damaged, encoded anew; empty where it has not the shape of a packet of that version.
std::string damaged(mqtt::View packet, mqtt::Version, Dice&);
/// One packet damaged, doubled, removed, swapped, cut short or made of one octet more, its length put right.
std::string mutate_stream(mqtt::View stream, mqtt::Version, Dice&);
/// The head of one stream and the tail of the other, or packets of both in turn.
std::string cross_streams(mqtt::View one, mqtt::View other, Dice&);

/// The same for any list: doubled, removed or swapped elements.
template <class T> void shuffle(std::vector<T>& list, Dice& dice) {
    if (list.empty()) return;
    const auto at = dice.roll(list.size()), other = dice.roll(list.size());
    switch (dice.roll(3)) {
        case 0: list.insert(list.begin() + std::ptrdiff_t(at), T(list[other])); break;
        case 1: list.erase(list.begin() + std::ptrdiff_t(at)); break;
        default: std::swap(list[at], list[other]);
    }
}
/// The first elements of one list and the last of the other, or one by one of either.
template <class T> std::vector<T> crossed(const std::vector<T>& one, const std::vector<T>& other, Dice& dice) {
    std::vector<T> made;
    const bool cut_once = dice.roll(2) == 0;
    const auto keep = dice.roll(one.size() + 1), from = dice.roll(other.size() + 1);
    if (cut_once) {
        made.assign(one.begin(), one.begin() + std::ptrdiff_t(keep));
        made.insert(made.end(), other.begin() + std::ptrdiff_t(from), other.end());
        return made;
    }
    for (std::size_t i = 0; i < std::max(one.size(), other.size()); ++i) {
        const auto& chosen = dice.roll(2) ? one : other;
        if (i < chosen.size()) made.push_back(chosen[i]);
    }
    return made;
}

}  // namespace fuzz
