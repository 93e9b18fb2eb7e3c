#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "cli/decode_stream.hpp"
#include "conformance/run_options.hpp"

namespace cli {
namespace {

constexpr std::size_t chunk = 64 << 10;

[[noreturn]] void unreadable(const std::string& name) {
    throw conformance::UsageError(name +
                                  ": cannot be read: " + (errno == EISDIR ? "is a folder" : std::strerror(errno)));
}

}  // namespace

Octets Octets::of_file(const std::string& path) {
    const std::string name = path == "-" ? "the standard input" : path;
    const int file = path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) unreadable(name);
    return {name, file, {}};
}
Octets Octets::of(std::string octets) { return {"--hex", -1, std::move(octets)}; }

Octets::Octets(Octets&& from) noexcept
    : name_(std::move(from.name_)), file_(std::exchange(from.file_, -1)), octets_(std::move(from.octets_)) {}
Octets::~Octets() {
    if (file_ >= 0) ::close(file_);
}

std::size_t Octets::read(std::span<std::uint8_t> into) {
    if (file_ < 0) {
        const auto n = std::min(into.size(), octets_.size() - taken_);
        std::copy_n(octets_.begin() + std::ptrdiff_t(taken_), n, into.begin());
        taken_ += n;
        return n;
    }
    for (;;) {
        const auto n = ::read(file_, into.data(), into.size());
        if (n >= 0) return std::size_t(n);
        if (errno != EINTR) unreadable(name_);
    }
}

Window::Window(Octets& from, std::size_t room, std::function<void()> before_waiting)
    : from_(from),
      size_(std::max(room, chunk)),
      room_(std::make_unique_for_overwrite<std::uint8_t[]>(size_)),
      before_waiting_(std::move(before_waiting)) {}

std::size_t Window::read(std::span<std::uint8_t> into) {
    before_waiting_();
    return from_.read(into.first(std::min(into.size(), chunk)));
}

mqtt::View Window::fill(std::size_t n) {
    n = std::min(n, size_);
    const auto held = end_ - begin_;
    if (held < n && (begin_ >= held || size_ - begin_ < n)) {  // moving it costs no more than what was taken
        std::memmove(room_.get(), room_.get() + begin_, held);
        end_ -= std::exchange(begin_, 0);
    }
    while (end_ - begin_ < n) {
        const auto more = read({room_.get() + end_, size_ - end_});
        if (more == 0) break;
        end_ += more;
    }
    return rest();
}

std::size_t Window::skip(std::size_t n) {
    std::uint8_t scratch[chunk];
    std::size_t skipped = 0;
    while (skipped < n) {
        const auto more = read({scratch, std::min(n - skipped, chunk)});
        if (more == 0) break;
        skipped += more;
    }
    return skipped;
}

}  // namespace cli
