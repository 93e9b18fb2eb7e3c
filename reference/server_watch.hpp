// Private to the server: who looks at the octets of one connection: the log, the judge of clients, or both.
#pragma once
#include "reference/client_judge.hpp"
#include "reference/wire_log.hpp"

namespace reference {

struct Switchboard;

class Watch {
public:
    Watch(Switchboard& board, const std::string& name);
    void received(mqtt::View bytes);
    void sent(mqtt::View bytes);
    void event(std::string_view what) {
        if (log_) log_->event(what);
    }

private:
    Switchboard& board_;
    std::unique_ptr<WireLog> log_;
    std::unique_ptr<ClientJudge> judge_;
};

}  // namespace reference
