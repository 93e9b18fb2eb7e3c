// The octets of one direction of a connection, through a window of bounded size.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "codec/explain.hpp"

namespace cli {

/// A file, the standard input ("-") or octets at hand.
class Octets {
public:
    /// Throws UsageError where it cannot be opened.
    static Octets of_file(const std::string& path);
    static Octets of(std::string octets);
    Octets(Octets&& from) noexcept;
    Octets& operator=(Octets&&) = delete;
    ~Octets();

    /// Some octets more; 0 at the end. Waits for what is still to come. Throws UsageError where they cannot be read.
    std::size_t read(std::span<std::uint8_t> into);

private:
    Octets(std::string name, int file, std::string octets)
        : name_(std::move(name)), file_(file), octets_(std::move(octets)) {}
    std::string name_;
    int file_;
    std::string octets_;  // where there is no file
    std::size_t taken_ = 0;
};

/// What was read and not yet taken: at most `room` octets of memory, touched only as far as octets come.
class Window {
public:
    Window(Octets& from, std::size_t room, std::function<void()> before_waiting);
    /// Reads on until `n` octets (at most `room`) are there, or all there are.
    mqtt::View fill(std::size_t n);
    mqtt::View rest() const { return {room_.get() + begin_, end_ - begin_}; }
    void take(std::size_t n) { begin_ += n; }
    /// Reads `n` octets on past the window; fewer where there are no more.
    std::size_t skip(std::size_t n);
    std::size_t size() const { return size_; }

private:
    std::size_t read(std::span<std::uint8_t> into);
    Octets& from_;
    std::size_t size_, begin_ = 0, end_ = 0;
    std::unique_ptr<std::uint8_t[]> room_;
    std::function<void()> before_waiting_;
};

/// Something in a stream, in its order; their lengths add up to the stream's.
struct Piece {
    enum class Kind {
        packet,
        truncated,  // the stream ends within it
        gap,        // octets from a broken fixed header on
        midstream   // the stream begins without CONNECT or CONNACK, and its version is a guess
    };
    Kind kind{};
    std::size_t offset = 0, length = 0;
    mqtt::View octets{};  // of a packet as many as are looked at: all, or as many as the window holds
    bool from_server = false;
    const mqtt::Explained* packet = nullptr;
    std::size_t missing = 0;  // truncated: 0 where the fixed header is not whole
    std::string reason{};
    std::string_view type() const;
};

struct StreamOptions {
    std::optional<mqtt::Version> version{};  // until a CONNECT tells
    std::optional<bool> from_server{};       // who sent it; else by the types met
    std::size_t max_packet = 16u << 20;      // octets of a packet that are looked at
};

/// Why the version is what it is, where nobody said it; empty else.
struct Guess {
    mqtt::Version version = mqtt::Version::v5;
    std::string why{};
};
/// By the shape of CONNACK, else by which version finds fewer faults in the packets of `in`; 5 where none is fewer.
Guess guess_version(mqtt::View in);

/// Takes a stream apart, a piece at a time, to its end.
void take_apart(Window& window, const StreamOptions& options, const std::function<void(const Piece&)>& tell,
                const std::function<void(const Guess&)>& tell_guess);

}  // namespace cli
