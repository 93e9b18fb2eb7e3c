// Octets that come one after another: a file, the standard input, and what they are when decompressed.
#pragma once
#include <cstdio>
#include <exception>
#include <memory>

#include "pcap/conversation.hpp"

namespace pcap {

class Source {
public:
    virtual ~Source() = default;
    /// Some octets more; 0 at the end. Throws CaptureError.
    virtual std::size_t read(std::span<std::uint8_t> into) = 0;
    /// Octets of the file read so far.
    virtual std::uint64_t taken() const = 0;
    /// The compressed octets end in the middle.
    virtual bool cut() const { return false; }
};

/// A file or "-", the standard input. `stop` is asked where a signal interrupts: true is as the end.
std::unique_ptr<Source> open_source(const std::string& path, std::function<bool()> stop = {});
/// `first`, which was read already, and then the rest of `from`.
std::unique_ptr<Source> with_prefix(std::string first, std::unique_ptr<Source> from);
/// Decompresses gz and zstd, by their magic; passes on anything else. `name`: for what is thrown.
std::unique_ptr<Source> decompressed(std::unique_ptr<Source> from, const std::string& name);

/// pcapng files may give their interfaces different snapshot lengths, which libpcap refuses: this takes them out.
std::unique_ptr<Source> without_snapshot_lengths(std::unique_ptr<Source> from);

/// "pcap", "pcapng", "gz", "zstd" by the first four octets; empty: none of them.
std::string_view format_of(mqtt::View first);

struct Sniffed {
    std::unique_ptr<Source> all;
    std::string_view format;
};
/// Reads the first four octets, and gives a source that has them still.
Sniffed sniffed(std::unique_ptr<Source> from);

/// A stream of the C library that reads from a Source: what libpcap wants.
class SourceFile {
public:
    explicit SourceFile(std::unique_ptr<Source> from);
    /// Whoever closes it does not end this.
    std::FILE* file() { return file_; }
    /// What the source threw while the C library read, once more.
    void rethrow() {
        if (thrown_) std::rethrow_exception(thrown_);
    }
    const Source& source() const { return *from_; }

private:
    static ssize_t read(void* cookie, char* into, std::size_t room);
    std::unique_ptr<Source> from_;
    std::FILE* file_ = nullptr;
    std::exception_ptr thrown_;
    std::unique_ptr<char[]> buffer_;
};

}  // namespace pcap
