// gz (zlib) and zstd, as sources.
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <array>
#include <cstring>

#include "pcap/source.hpp"

namespace pcap {
namespace {

constexpr std::size_t chunk = 128 << 10;
constexpr int window_log = 27;  // 128 MiB, what zstd --ultra -22 asks for; memory is bounded

/// What both have in common: compressed octets in, and what is thrown.
class Decompressor : public Source {
public:
    Decompressor(std::unique_ptr<Source> from, std::string name) : from_(std::move(from)), name_(std::move(name)) {}
    std::uint64_t taken() const override { return from_->taken(); }
    bool cut() const override { return cut_; }

protected:
    /// False at the end of the compressed octets.
    bool refill() {
        if (at_ < end_) return true;
        at_ = 0;
        end_ = from_->read(in_);
        return end_ > 0;
    }
    [[noreturn]] void damaged(const std::string& why) const {
        throw CaptureError(name_ + ": the compressed octets are damaged: " + why);
    }
    std::unique_ptr<Source> from_;
    std::string name_;
    std::array<std::uint8_t, chunk> in_{};
    std::size_t at_ = 0, end_ = 0;
    bool whole_ = true, cut_ = false;  // whole: so far nothing has begun, or all that has is complete
};

class Gz final : public Decompressor {
public:
    Gz(std::unique_ptr<Source> from, std::string name) : Decompressor(std::move(from), std::move(name)) {
        if (inflateInit2(&stream_, 15 + 16) != Z_OK) throw std::bad_alloc();
    }
    ~Gz() override { inflateEnd(&stream_); }
    Gz(const Gz&) = delete;
    Gz& operator=(const Gz&) = delete;

    std::size_t read(std::span<std::uint8_t> into) override {
        stream_.next_out = into.data();
        stream_.avail_out = uInt(into.size());
        while (stream_.avail_out == into.size()) {
            if (!refill()) {
                cut_ = !whole_;
                return 0;
            }
            while (whole_ && at_ < end_ && in_[at_] == 0) ++at_;  // padding to the end of a block of a tape, say
            if (at_ == end_) continue;
            whole_ = false;
            stream_.next_in = in_.data() + at_;
            stream_.avail_in = uInt(end_ - at_);
            const int result = inflate(&stream_, Z_NO_FLUSH);
            at_ = end_ - stream_.avail_in;
            if (result == Z_STREAM_END) {  // another member may follow
                whole_ = true;
                inflateReset(&stream_);
            } else if (result != Z_OK && result != Z_BUF_ERROR) {
                damaged(stream_.msg ? stream_.msg : "gz");
            }
        }
        return into.size() - stream_.avail_out;
    }

private:
    z_stream stream_{};
};

class Zstd final : public Decompressor {
public:
    Zstd(std::unique_ptr<Source> from, std::string name)
        : Decompressor(std::move(from), std::move(name)), stream_(ZSTD_createDStream(), &ZSTD_freeDStream) {
        if (!stream_) throw std::bad_alloc();
        ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, window_log);
    }

    std::size_t read(std::span<std::uint8_t> into) override {
        ZSTD_outBuffer out{into.data(), into.size(), 0};
        while (out.pos == 0) {
            const bool more = refill();
            ZSTD_inBuffer in{in_.data(), end_, at_};
            const auto result = ZSTD_decompressStream(stream_.get(), &out, &in);
            if (ZSTD_getErrorCode(result) == ZSTD_error_frameParameter_windowTooLarge)
                throw CaptureError(name_ +
                                   ": needs a window of more than 128 MiB; decompress it with zstd -d --long=31");
            if (ZSTD_isError(result)) damaged(ZSTD_getErrorName(result));
            at_ = in.pos;
            if (more || out.pos) whole_ = result == 0;
            if (!more && out.pos == 0) {
                cut_ = !whole_;
                return 0;
            }
        }
        return out.pos;
    }

private:
    std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream_;
};

}  // namespace

std::unique_ptr<Source> decompressed(std::unique_ptr<Source> from, const std::string& name) {
    auto [all, format] = sniffed(std::move(from));
    if (format != "gz" && format != "zstd") return std::move(all);
    if (format == "gz") return std::make_unique<Gz>(std::move(all), name);
    return std::make_unique<Zstd>(std::move(all), name);
}

}  // namespace pcap
