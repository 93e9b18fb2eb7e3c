// Report files that are whole or not there: written beside their place under another name, then renamed.
#pragma once
#include <stdexcept>
#include <string>
#include <string_view>

namespace conformance {

/// The disk is full or the file went away between the start of a run and its end: exit code 4.
struct FileError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class ReportFile {
public:
    /// No output may take the place of a file that this run reads.
    static void protect(const std::string& input);
    /// Claims the place. Throws UsageError where nothing can be written there, where another output of this run goes,
    /// or where an input is. "-" is the standard output.
    explicit ReportFile(std::string path);
    ReportFile(ReportFile&& from) noexcept;
    ReportFile& operator=(ReportFile&&) = delete;
    ~ReportFile();  // without commit(): nothing is left behind

    /// Everything at once, once. Throws FileError.
    void commit(std::string_view text);
    const std::string& path() const { return path_; }

private:
    void write_all(std::string_view text);
    void release();
    std::string path_, real_, temporary_;  // temporary_ empty: real_ is no plain file and is written to directly
    int fd_ = -1;
};

}  // namespace conformance
