#include "pcap/source.hpp"

#include <fcntl.h>
#include <poll.h>
#include <stdio_ext.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace pcap {
namespace {

constexpr int patience_ms = 200;  // until `stop` is asked

class FileSource final : public Source {
public:
    FileSource(const std::string& path, std::function<bool()> stop)
        : name_(path == "-" ? "the standard input" : path), stop_(std::move(stop)) {
        file_ = path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (file_ < 0) unreadable();
        (void)::posix_fadvise(file_, 0, 0, POSIX_FADV_SEQUENTIAL);
    }
    ~FileSource() override { ::close(file_); }
    FileSource(const FileSource&) = delete;
    FileSource& operator=(const FileSource&) = delete;

    std::size_t read(std::span<std::uint8_t> into) override {
        for (;;) {
            // A signal between the question and the wait would go unheard: so it does not wait for long.
            for (pollfd ready{file_, POLLIN, 0}; stop_;) {
                if (stop_()) return 0;
                if (::poll(&ready, 1, patience_ms) > 0) break;
            }
            const auto n = ::read(file_, into.data(), into.size());
            if (n >= 0) {
                taken_ += std::uint64_t(n);
                return std::size_t(n);
            }
            if (errno != EINTR) unreadable();
            if (stop_ && stop_()) return 0;
        }
    }
    std::uint64_t taken() const override { return taken_; }

private:
    [[noreturn]] void unreadable() const {
        throw CaptureError(name_ + ": cannot be read: " + (errno == EISDIR ? "is a folder" : std::strerror(errno)));
    }
    std::string name_;
    std::function<bool()> stop_;
    int file_ = -1;
    std::uint64_t taken_ = 0;
};

class Prefixed final : public Source {
public:
    Prefixed(std::string first, std::unique_ptr<Source> from) : first_(std::move(first)), from_(std::move(from)) {}
    std::size_t read(std::span<std::uint8_t> into) override {
        if (at_ == first_.size()) return from_->read(into);
        const auto n = std::min(into.size(), first_.size() - at_);
        std::memcpy(into.data(), first_.data() + at_, n);
        at_ += n;
        return n;
    }
    std::uint64_t taken() const override { return std::max<std::uint64_t>(at_, from_->taken()); }
    bool cut() const override { return from_->cut(); }

private:
    std::string first_;
    std::size_t at_ = 0;
    std::unique_ptr<Source> from_;
};

}  // namespace

std::unique_ptr<Source> open_source(const std::string& path, std::function<bool()> stop) {
    return std::make_unique<FileSource>(path, std::move(stop));
}
std::unique_ptr<Source> with_prefix(std::string first, std::unique_ptr<Source> from) {
    return std::make_unique<Prefixed>(std::move(first), std::move(from));
}

std::string_view format_of(mqtt::View first) {
    const auto in = mqtt::bytes(first).substr(0, 4);
    if (in == "\x0a\x0d\x0d\x0a") return "pcapng";
    for (const std::string_view magic : {"\xa1\xb2\xc3\xd4", "\xd4\xc3\xb2\xa1", "\xa1\xb2\x3c\x4d", "\x4d\x3c\xb2\xa1",
                                         "\xa1\xb2\xcd\x34", "\x34\xcd\xb2\xa1"})
        if (in == magic) return "pcap";
    if (in == "\x28\xb5\x2f\xfd") return "zstd";
    if (in.substr(0, 3) == "\x1f\x8b\x08") return "gz";
    return "";
}

Sniffed sniffed(std::unique_ptr<Source> from) {
    std::string first(4, '\0');
    std::size_t have = 0;
    while (have < first.size()) {
        const auto n = from->read({reinterpret_cast<std::uint8_t*>(first.data()) + have, first.size() - have});
        if (n == 0) break;
        have += n;
    }
    first.resize(have);
    const auto format = format_of(mqtt::octets(first));
    return {with_prefix(std::move(first), std::move(from)), format};
}

SourceFile::SourceFile(std::unique_ptr<Source> from) : from_(std::move(from)) {
    constexpr std::size_t room = 64 << 10;  // stays in the cache
    file_ = ::fopencookie(this, "r", {.read = &SourceFile::read, .write = nullptr, .seek = nullptr, .close = nullptr});
    if (!file_) throw CaptureError(std::string("a capture cannot be read: ") + std::strerror(errno));
    buffer_ = std::make_unique_for_overwrite<char[]>(room);
    __fsetlocking(file_, FSETLOCKING_BYCALLER);  // one thread reads
    std::setvbuf(file_, buffer_.get(), _IOFBF, room);
}

ssize_t SourceFile::read(void* cookie, char* into, std::size_t room) {
    auto& self = *static_cast<SourceFile*>(cookie);
    try {
        return ssize_t(self.from_->read({reinterpret_cast<std::uint8_t*>(into), room}));
    } catch (...) {  // no exception may pass through the C library
        self.thrown_ = std::current_exception();
        errno = EIO;
        return -1;
    }
}

}  // namespace pcap
