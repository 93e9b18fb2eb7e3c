#include "net/layer.hpp"

namespace net {
namespace {

class Stacked final : public Layer {
public:
    Stacked(std::unique_ptr<Layer> lower, std::unique_ptr<Layer> upper)
        : lower_(std::move(lower)), upper_(std::move(upper)) {}

    void start(std::string& down) override { lower_->start(down); }
    void receive(mqtt::View octets, std::string& up, std::string& down) override {
        std::string between, answer;
        const bool was_ready = lower_->ready();
        lower_->receive(octets, between, down);
        if (!was_ready && lower_->ready()) upper_->start(answer);
        if (!between.empty()) upper_->receive(mqtt::octets(between), up, answer);
        pass(answer, down);
        if (finishing_ && upper_->may_close()) lower_->finish(down);
        settle();
    }
    void send(mqtt::View octets, std::string& down) override {
        std::string answer;
        upper_->send(octets, answer);
        pass(answer, down);
    }
    void send_below(mqtt::View octets, std::string& down) override { lower_->send(octets, down); }
    void finish(std::string& down) override {
        std::string answer;
        upper_->finish(answer);
        pass(answer, down);
        finishing_ = true;
        if (upper_->may_close()) lower_->finish(down);
    }
    bool may_close() const override { return upper_->may_close(); }
    std::string_view stage() const override { return lower_->ready() ? upper_->stage() : lower_->stage(); }
    std::string certificate_name() const override { return lower_->certificate_name(); }
    std::string_view chosen() const override { return upper_->chosen(); }
    std::size_t text_frames() const override { return upper_->text_frames(); }

private:
    void pass(const std::string& answer, std::string& down) {
        if (!answer.empty()) lower_->send(mqtt::octets(answer), down);
    }
    /// What the upper layer ended by counts before what came below it.
    void settle() {
        for (const Layer* one : {upper_.get(), lower_.get()}) {
            if (state() == State::ended || state() == State::failed) return;
            if (one->state() == State::failed) fail(one->what());
            else if (one->state() == State::ended) end(one->what());
        }
        if (state() == State::opening && upper_->ready()) set_ready();
    }

    std::unique_ptr<Layer> lower_, upper_;
    bool finishing_ = false;
};

}  // namespace

std::unique_ptr<Layer> stacked(std::unique_ptr<Layer> lower, std::unique_ptr<Layer> upper) {
    return std::make_unique<Stacked>(std::move(lower), std::move(upper));
}

}  // namespace net
