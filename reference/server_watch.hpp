// Private to the server: who looks at the octets of one connection: the log, the judge of clients, or both.
#pragma once
#include "reference/client_judge.hpp"
#include "reference/wire_log.hpp"

namespace reference {

struct Switchboard;

class Watch {
public:
    /// `exact`: pipelined() is asked for, and what was read after CONNACK cannot have been long under way.
    Watch(Switchboard& board, const std::string& name, bool exact);
    void received(mqtt::View bytes);
    void sent(mqtt::View bytes);
    void event(std::string_view what) {
        if (log_) log_->event(what);
    }
    bool before_connack() const { return judge_ && judge_->before_connack(); }
    /// See ClientJudge::pipelined().
    void pipelined() { judge_->pipelined(); }

private:
    Switchboard& board_;
    std::unique_ptr<WireLog> log_;
    std::unique_ptr<ClientJudge> judge_;
};

}  // namespace reference
