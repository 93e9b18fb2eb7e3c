// One packet in full, whole or not, good or not: every field with its octets and value, and all that is wrong with it.
// For people: decode, hex dumps, counterexamples. Reports come from the same walk as the faults; it allocates.
#pragma once
#include "codec/codec.hpp"

namespace mqtt {

/// A field as it stands on the wire. A list comes before what it holds, which is one deeper.
struct Field {
    enum class Kind : std::uint8_t {
        header,      // first octet and remaining length; `number` is the latter
        flags,       // an octet of bits, which follow with size 0
        presence,    // the bit that says whether a field is there
        truth,       // one bit
        number,      // `number`, of one octet or more, or of two bits or more
        reserved,    // bits that are not as laid down
        text,        // UTF-8 by its rule; may be ill-formed
        binary,      // octets behind a length
        rest,        // octets up to the end
        properties,  // the length of a property list
        list,
        item,  // no octets of their own
        raw    // octets that could not be read as this field; with size 0: it is missing
    };
    std::string_view name{};
    Kind kind{};
    std::uint8_t depth = 0;
    bool secret = false;
    std::size_t offset = 0, size = 0;  // its own octets, lengths and property identifiers included
    std::uint32_t number = 0;
    Bytes text{};                             // without its length
    std::optional<std::uint32_t> property{};  // identifier; the second half of a user property has none
};

struct Explained {
    Version version{};  // as its CONNECT says, else as given
    std::uint8_t head = 0;
    std::size_t size = 0;         // as the fixed header says; 0: that is not whole, or has five octets of length
    std::size_t here = 0;         // octets of it that were given
    std::vector<Field> fields{};  // their own octets follow each other and leave none out
    std::vector<Fault> faults{};  // in the order met; those of a packet that is not whole as far as it goes
    std::size_t more_faults = 0;  // beyond most_faults
    bool whole() const { return size && here == size; }
    Type type() const { return Type(head >> 4); }
    /// "CONNECT"; RESERVED for 0, and before 5.0 for 15.
    std::string_view type_name() const;
};
/// What is listed of one packet: lists of millions of items must not take memory. The rest is one raw field.
inline constexpr std::size_t most_fields = 10'000, most_faults = 1'000;

/// The fixed header even where the body is not there. `body` 0: it is not whole, or (of five octets) has no end.
Frame declared_frame(View in);
/// Explains the packet at the start of `in` (not empty). Views in `out` live as long as `in`.
void explain(Explained& out, View in, Version v);

/// One line, as print() makes it, of any packet.
std::string line(const Explained&);
/// Rows of "offset  octets  name = value"; `^^` under a faulty octet, and the fault beside it. Passwords are masked,
/// long values cut. `base`: the offset of the packet in its stream.
std::string annotated(const Explained&, View in, std::size_t base = 0);
/// "QoS: is 3 [MQTT-3.3.1-4] at 7 (22 in the stream)"
std::string describe(const Fault&, std::size_t base = 0);

/// How much JSON tells.
struct JsonManner {
    bool secrets = false;             // as they are; else "***"
    std::size_t longest_rest = 1024;  // octets of a payload, or of what could not be read
};
/// The members of the JSON object of the fields: `"topic name":"a","payload":{"hex":"00","length":1}`, without braces.
/// Properties are a list of {"id","name","value"}; other lists hold objects. What is no UTF-8, and rests above 1024
/// octets, are {"hex","length"}, hex cut at 1024 octets for rests.
void append_json(std::string& out, const Explained&, JsonManner = {});
/// A string in quotes; control characters, those of hex.hpp too, and ill-formed UTF-8 are escaped (ill-formed octets as U+FFFD).
void append_json_string(std::string& out, std::string_view text);

}  // namespace mqtt
