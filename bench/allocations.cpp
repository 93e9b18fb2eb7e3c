#include "bench/allocations.hpp"

#include <cstdlib>
#include <new>

namespace {
std::size_t count;
}
[[gnu::noinline]] void* operator new(std::size_t n) {
    ++count;
    if (void* p = std::malloc(n)) return p;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace mqtt::bench {
std::size_t allocations() { return count; }
}  // namespace mqtt::bench
