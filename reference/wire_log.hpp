// What goes over one connection, as lines for people: packets, or only what is wrong with them.
#pragma once
#include <functional>
#include <string>

#include "codec/framer.hpp"

namespace reference {

/// Follows both directions of one connection. The version is learnt from CONNECT.
class WireLog {
public:
    using Write = std::function<void(const std::string&)>;
    WireLog(std::string name, bool packets, const Write& write)
        : name_(std::move(name)), packets_(packets), write_(write) {}
    void received(mqtt::View bytes) { follow(in_, "<-", bytes); }
    void sent(mqtt::View bytes) { follow(out_, "->", bytes); }
    void event(std::string_view what);

private:
    struct Way {
        mqtt::Framer framer;
        bool lost = false;  // the framing
    };
    void follow(Way&, std::string_view arrow, mqtt::View bytes);
    void packet(std::string_view arrow, mqtt::View bytes);
    void fault(std::string_view arrow, const mqtt::Fault&, mqtt::View bytes);

    std::string name_;
    bool packets_;
    const Write& write_;
    Way in_, out_;
    mqtt::Version version_ = mqtt::Version::v3_1_1;
    bool connected_ = false;
};

}  // namespace reference
