// The words every description is written in: versions, types, rules, faults, lists.
// Nothing here owns memory: packets are views of the octets they came from.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

// A walk is fast only if all of it lands in one function: then the walker's members are registers,
// names and statements are never touched, and every `if (io.v5())` is a test of one register.
#define MQTT_INLINE [[gnu::always_inline]] inline
#define MQTT_WHOLE [[gnu::flatten, gnu::noinline]]
#if defined(__clang__)
#define MQTT_HERE [[clang::always_inline]]  // at a call: clang's flatten is not deep
#else
#define MQTT_HERE
#endif

namespace mqtt {

/// The protocol level octet of CONNECT names the version (3.1.1 and 5.0, section 3.1.2.2).
enum class Version : std::uint8_t { v3_1 = 3, v3_1_1 = 4, v5 = 5 };
constexpr std::string_view name(Version v) {
    return v == Version::v5 ? "5" : v == Version::v3_1_1 ? "3.1.1" : "3.1";
}

/// MQTT Control Packet types (3.1.1 section 2.2.1, 5.0 section 2.1.2).
enum class Type : std::uint8_t {
    connect = 1, connack, publish, puback, pubrec, pubrel, pubcomp,
    subscribe, suback, unsubscribe, unsuback, pingreq, pingresp, disconnect, auth
};
std::string_view name(Type);   // "CONNECT", or "RESERVED" for numbers that are no type

enum class QoS : std::uint8_t { at_most_once, at_least_once, exactly_once };

using Text = std::string_view;
using Bytes = std::string_view;  // octets; a string_view so that tests can write literals
using View = std::span<const std::uint8_t>;

inline View octets(std::string_view s) { return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()}; }
inline Bytes bytes(View v) { return {reinterpret_cast<const char*>(v.data()), v.size()}; }

/// The statement that demands something, in each version; empty where the version has none.
struct Ids {
    std::string_view v3_1_1{}, v5{};
    constexpr std::string_view in(Version v) const {
        return v == Version::v5 ? v5 : v == Version::v3_1_1 ? v3_1_1 : std::string_view{};
    }
};

/// A constraint on one field.
enum class Must : std::uint8_t {
    anything, not_zero, be_qos, be_boolean, be_at_most_two, be_level,
    be_connack_code, be_puback_code, be_pubrel_code, be_suback_code, be_unsuback_code,
    be_disconnect_code, be_auth_code,
    be_utf8, be_protocol_name, be_topic_name, be_topic_name_or_empty, be_topic_filter
};
struct Rule {
    Must must = Must::anything;
    std::string_view v3_1_1{}, v5{};
    constexpr Ids ids() const { return {v3_1_1, v5}; }
};

/// What is wrong with a packet. All text is literals: a Fault owns nothing either.
struct Fault {
    std::size_t offset = 0;  // octets from the first one of the packet
    std::string_view field{}, statement{}, what{};
    explicit operator bool() const { return !what.empty(); }
};

/// A list of T: octets of a frame, read as they are walked, or items that somebody else keeps.
/// T describes itself with T::walk. Iteration is in order, by value, and safe on any octets.
template <class T> class List {
    const void* data_ = nullptr;
    std::uint32_t size_ = 0;
    bool raw_ = false;
    Version version_{};

public:
    struct End {};
    class Iterator;
    constexpr List() = default;
    constexpr List(std::span<const T> items) : data_(items.data()), size_(std::uint32_t(items.size())) {}
    template <std::size_t N> constexpr List(const T (&items)[N]) : List(std::span<const T>(items)) {}
    /// Octets checked by nobody: a tester may send anything.
    static List raw(View octets, Version v) {
        List l;
        l.data_ = octets.data();
        l.size_ = std::uint32_t(octets.size());
        l.raw_ = true;
        l.version_ = v;
        return l;
    }
    bool empty() const { return size_ == 0; }
    bool is_raw(Version v) const { return raw_ && version_ == v; }
    bool is_kept() const { return !raw_; }
    std::span<const T> kept() const { return {static_cast<const T*>(data_), size_}; }
    View octets() const { return {static_cast<const std::uint8_t*>(data_), size_}; }
    Version version() const { return version_; }
    std::size_t count() const {
        std::size_t n = 0;
        for (auto i = begin(); i != end(); ++i) ++n;
        return n;
    }
    Iterator begin() const;
    End end() const { return {}; }
    friend bool operator==(const List& a, const List& b) {
        auto i = a.begin(), j = b.begin();
        for (; i != End{} && j != End{}; ++i, ++j)
            if (!(*i == *j)) return false;
        return !(i != End{}) && !(j != End{});
    }
};

/// Walks items where they are kept, or reads them one by one from octets already checked (decode.cpp).
template <class T> class List<T>::Iterator {
    T item_{};
    const T *next_ = nullptr, *stop_ = nullptr;
    const std::uint8_t *at_ = nullptr, *end_ = nullptr;
    Version version_{};
    bool good_ = false;

public:
    explicit Iterator(const List& l) : version_(l.version_) {
        if (l.raw_) {
            at_ = l.octets().data();
            end_ = at_ + l.size_;
        } else {
            next_ = static_cast<const T*>(l.data_);
            stop_ = next_ + l.size_;
        }
        ++*this;
    }
    const T& operator*() const { return item_; }
    const T* operator->() const { return &item_; }
    Iterator& operator++();
    friend bool operator!=(const Iterator& i, End) { return i.good_; }
    friend bool operator==(const Iterator& i, End) { return !i.good_; }
};
template <class T> auto List<T>::begin() const -> Iterator { return Iterator(*this); }

}  // namespace mqtt
