// Private to replay/: before the replay. Ends the sessions its clients may have left at the target, and clears the
// retained messages they will make, so that a second replay finds what the first one found.
#pragma once
#include <functional>

#include "replay/engine.hpp"

namespace replay {

class Engine::Preparer final : private LinkOwner {
public:
    /// `done` gets why the target cannot be reached, or nothing.
    Preparer(net::Loop& loop, const Plan& plan, const EngineOptions& options,
             std::function<void(const std::string&)> done);
    ~Preparer();
    void start();
    bool heard() const { return heard_; }  // the target said something

private:
    void opened(Link&) override {}
    void came(Link&, mqtt::View packet) override;
    void ended(Link&) override;
    void next();
    void accepted();
    void finish(const std::string& why);

    net::Loop& loop_;
    const Plan& plan_;
    const EngineOptions& options_;
    std::function<void(const std::string&)> done_;
    std::vector<mqtt::Connect> clients_;  // one for each client id
    std::vector<mqtt::Version> versions_;
    std::size_t at_ = 0;
    std::unique_ptr<Link> link_;
    net::TimerId timer_ = 0;
    bool cleared_ = false, heard_ = false, over_ = false;
};

}  // namespace replay
