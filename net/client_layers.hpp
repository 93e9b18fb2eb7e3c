// Private to net/: the layers of a target.
#pragma once
#include <memory>

#include "net/layer.hpp"
#include "net/loop.hpp"

namespace net {

/// None for plain TCP and Unix sockets. Throws std::logic_error where a TLS target has no context.
std::unique_ptr<Layer> client_layers(const Target&);

}  // namespace net
