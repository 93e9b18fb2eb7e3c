#include "conformance/reports/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <mutex>
#include <utility>

#include "conformance/run_options.hpp"

namespace conformance {
namespace {

std::string because(int error) { return std::string(": ") + std::strerror(error); }

/// Where a symbolic link leads; the path itself otherwise.
std::string resolved(const std::string& path) {
    std::error_code none;
    const auto real = std::filesystem::weakly_canonical(path, none);
    return none ? path : real.string();
}

/// Files of this run, by where they are: read, or written.
struct Claims {
    std::mutex lock;
    std::map<std::string, const char*> why;
};
Claims& claims() {
    static Claims all;
    return all;
}

}  // namespace

void ReportFile::protect(const std::string& input) {
    if (input.empty() || input == "-") return;
    const std::lock_guard hold(claims().lock);
    claims().why.emplace(resolved(input), "is read by this run: give the output another name");
}

ReportFile::ReportFile(std::string path)
    : path_(std::move(path)), real_(path_ == "-" ? "/dev/stdout" : resolved(path_)) {
    struct stat status{};
    const bool exists = ::stat(real_.c_str(), &status) == 0;
    if (exists && S_ISDIR(status.st_mode)) throw UsageError(path_ + ": cannot be written: is a folder");
    if (exists && S_ISREG(status.st_mode) && ::access(real_.c_str(), W_OK) != 0)
        throw UsageError(path_ + ": cannot be written" + because(errno));
    if (path_ == "-")
        fd_ = ::dup(STDOUT_FILENO);
    else if (exists && !S_ISREG(status.st_mode))
        fd_ = ::open(real_.c_str(), O_WRONLY | O_CLOEXEC);
    else {
        {
            const std::lock_guard hold(claims().lock);
            const auto [at, fresh] = claims().why.emplace(real_, "is written by this run already: give it another name");
            if (!fresh) throw UsageError(path_ + ": " + at->second);
        }
        temporary_ = real_ + "." + std::to_string(::getpid()) + ".tmp";
        fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    }
    if (fd_ >= 0) return;
    const int error = errno;
    release();
    throw UsageError(path_ + ": cannot be written" + because(error));
}

/// Another run in the same process may write it again.
void ReportFile::release() {
    if (temporary_.empty()) return;
    const std::lock_guard hold(claims().lock);
    claims().why.erase(real_);
}

ReportFile::ReportFile(ReportFile&& from) noexcept
    : path_(std::move(from.path_)),
      real_(std::move(from.real_)),
      temporary_(std::exchange(from.temporary_, {})),
      fd_(std::exchange(from.fd_, -1)) {}

ReportFile::~ReportFile() {
    release();
    if (fd_ < 0) return;
    ::close(fd_);
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void ReportFile::write_all(std::string_view text) {
    while (!text.empty()) {
        const ssize_t n = ::write(fd_, text.data(), text.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) throw FileError(path_ + ": cannot be written" + because(errno));
        text.remove_prefix(static_cast<std::size_t>(n));
    }
}

void ReportFile::commit(std::string_view text) {
    write_all(text);
    if (!temporary_.empty() && ::fsync(fd_) != 0) throw FileError(path_ + ": cannot be written" + because(errno));
    if (::close(std::exchange(fd_, -1)) != 0) {
        const int error = errno;
        if (!temporary_.empty()) ::unlink(temporary_.c_str());
        throw FileError(path_ + ": cannot be written" + because(error));
    }
    if (!temporary_.empty() && ::rename(temporary_.c_str(), real_.c_str()) != 0) {
        const int error = errno;
        ::unlink(temporary_.c_str());
        throw FileError(path_ + ": cannot be put in place" + because(error));
    }
}

}  // namespace conformance
