// Certificates of scripts/make-certs, in the build folder.
#pragma once
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace net::test {

/// The path of one of them: certificate("server.crt").
inline std::string certificate(const std::string& name) {
    static const bool made = std::system(MQTTSPEC_SOURCE "/scripts/make-certs '" MQTTSPEC_CERTS "'") == 0;
    if (!made) throw std::runtime_error("make-certs failed");
    return MQTTSPEC_CERTS "/" + name;
}

}  // namespace net::test
