// Private to the load engine: one client, with as little work per message as it takes.
#pragma once
#include <memory>
#include <vector>

#include "bench/load.hpp"
#include "net/asio_loop.hpp"

namespace bench {

class Client;

/// What the clients of one flow share, and whom they tell what happened.
class Crowd {
public:
    explicit Crowd(const Load& l);
    virtual ~Crowd() = default;

    /// CONNACK came, and SUBACK where it subscribes.
    virtual void up(Client&) {}
    /// It left, and the broker has closed its side too.
    virtual void gone(Client&) {}
    /// Once per read that brought deliveries or ended handshakes.
    virtual void progress(Client&) {}
    /// Of each delivery, where `reads_payload`.
    virtual void delivered(mqtt::View) {}
    /// The broker ended the connection, or it failed. Throws nothing: it runs inside the loop.
    void lost(const std::string& why);

    const Load& load;
    net::AsioLoop loop;
    bool reads_payload = false;
    std::string topic;
    std::uint64_t connected = 0, left = 0, published = 0, deliveries = 0, refused = 0, in_handshake = 0, stray = 0;
    std::string fault;        // why there is no going on; empty: all is well
    std::string not_offered;  // why this flow cannot be run; empty: it can
    std::vector<Client*> members;
    std::chrono::seconds keep_alive{0};  // where a broker of 5.0 insists on one; 0: nobody has to ping

    net::Target target_for(unsigned number) const;
    std::string client_id(unsigned number) const;
    std::uint64_t next_number = 0;  // of the next client

protected:
    Crowd(const Crowd&) = delete;
    /// Runs the loop until `done`, a fault (thrown), Ctrl-C (false) or until nothing has moved for that long (false).
    /// `moved` gives any number that changes with progress.
    bool run_until(const std::function<bool()>& done, const std::function<std::uint64_t()>& moved, net::Time patience);
    bool run_until(const std::function<bool()>& done, const std::function<std::uint64_t()>& moved) {
        return run_until(done, moved, load.timeout);
    }
    /// Dials them, some at a time; false: interrupted. Throws TargetFault where they do not all come up.
    bool connect(const std::vector<Client*>& clients);
    /// They say goodbye, and get a moment to be heard.
    void part(const std::vector<Client*>& clients);
};

class Client final : public net::Events {
public:
    Client(Crowd& crowd, bool subscribes) : crowd_(crowd), subscribes_(subscribes) { crowd.members.push_back(this); }

    void dial(unsigned number);
    void publish(std::string packets, std::uint64_t count);  // QoS 0, encoded
    /// QoS 1 and 2: up to `most`, as many as the window has room for; how many.
    std::uint64_t publish_acknowledged(std::uint64_t most, std::string_view payload);
    void ping();   // PINGREQ, where it is up
    void leave();  // DISCONNECT and FIN
    bool is_up() const { return up_; }
    unsigned number() const { return number_; }
    std::size_t room() const { return free_ids_.size(); }

private:
    void on_open() override;
    void on_bytes(mqtt::View) override;
    void on_end(net::End, std::string) override;

    std::size_t walk(mqtt::View);
    void take(std::uint8_t head, mqtt::View body);
    void take_connack(mqtt::View body);
    void take_limits(mqtt::View body);
    void take_suback(mqtt::View body);
    void take_publish(std::uint8_t head, mqtt::View body);
    void answer(mqtt::Type type, std::uint16_t id);
    void ended(std::uint16_t id, bool refused);
    void now_up();
    bool v5() const { return crowd_.load.version == mqtt::Version::v5; }

    Crowd& crowd_;
    unsigned number_ = 0;
    bool subscribes_, opened_ = false, up_ = false, leaving_ = false, news_ = false;
    std::unique_ptr<net::Stream> stream_;
    std::string partial_, answers_;  // a packet of which octets are missing; what goes out after this read
    std::vector<std::uint16_t> free_ids_;
    std::vector<bool> in_use_;  // by packet id
    unsigned window_ = 0;       // the flow's, or less where a broker of 5.0 takes less
    std::string template_;      // a PUBLISH above QoS 0; the packet id is put in at id_at_
    std::size_t id_at_ = 0;
};

}  // namespace bench
