// What a target promises of the code under test. A broken promise is an uncaught exception to a fuzzing engine, and a
// failed expectation to a unit test.
#pragma once
#include <stdexcept>

namespace fuzz {

struct BrokenPromise : std::logic_error {
    using std::logic_error::logic_error;
};
inline void promise(bool kept, const char* what) {
    if (!kept) [[unlikely]] throw BrokenPromise(what);
}

}  // namespace fuzz
