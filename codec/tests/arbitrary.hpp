// Properties of any legal packet, by rapidcheck, whose templates are compiled once, in arbitrary.cpp: a property takes
// a packet that may be of any type.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "codec/codec.hpp"
#include "codec/visitor.hpp"

namespace mqtt {

/// A packet and what its views point to.
struct Owned {
    Packet packet{};
    Version version{};
    bool unmet = false;
    std::shared_ptr<Arena> arena = std::make_shared<Arena>();
};
using Promise = std::function<void(const Owned&)>;

/// Whether `property` holds for any legal packet of that type. rapidcheck says with which one it did not.
bool check(const std::string& title, Type type, Version v, const Promise& property);

/// A packet of that type in which nothing is set.
Packet blank(Type type);

/// expectation(type, v) for all versions and the types that exist there.
void for_every_type(const std::function<void(Type, Version)>& expectation);

/// Expects that `property` holds for any legal packet of every type in every version.
void expect_of_any(const std::string& what, const Promise& property);

}  // namespace mqtt
