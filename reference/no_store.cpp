// In place of store.cpp, where the build has no SQLite.
#include "reference/store.hpp"

namespace reference {

bool can_store() { return false; }

std::unique_ptr<Journal> open_store(StoreOptions) {
    throw StoreRefused("store: this build has no store (-DMQTTSPEC_STORE=OFF)");
}

}  // namespace reference
