// Private to the store: its tables, and the statements that fill them.
#pragma once
#include <map>
#include <unordered_map>

#include "reference/store.hpp"
#include "reference/store_database.hpp"

namespace reference {

inline constexpr std::uint32_t store_magic = 0x4d515453;  // "MQTS", the application id
inline constexpr std::uint32_t store_version = 1;

/// Numbers and rows of one kind stand together, so that a delivery that comes and goes touches few pages: the tables of
/// messages and deliveries grow at one end and shrink at the other. Times are milliseconds since 1970.
#define MESSAGE_COLUMNS "topic TEXT NOT NULL, payload BLOB NOT NULL, properties BLOB NOT NULL, arrived INTEGER NOT NULL," \
    "expiry INTEGER, publisher TEXT NOT NULL, qos INTEGER NOT NULL, retain INTEGER NOT NULL"
inline constexpr const char* store_tables =
    "CREATE TABLE sessions (serial INTEGER PRIMARY KEY, client_id TEXT NOT NULL, expiry INTEGER NOT NULL,"
    "  will_due INTEGER, end_due INTEGER) STRICT;"
    "CREATE TABLE wills (session INTEGER PRIMARY KEY, user_name TEXT NOT NULL, delay INTEGER NOT NULL,"
    "  " MESSAGE_COLUMNS ") STRICT;"
    "CREATE TABLE subscriptions (session INTEGER NOT NULL, filter TEXT NOT NULL, shared INTEGER NOT NULL,"
    "  qos INTEGER NOT NULL, no_local INTEGER NOT NULL, retain_as_published INTEGER NOT NULL,"
    "  identifier INTEGER NOT NULL, PRIMARY KEY (session, filter)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE messages (id INTEGER PRIMARY KEY, retained INTEGER NOT NULL, " MESSAGE_COLUMNS ") STRICT;"
    "CREATE TABLE deliveries (number INTEGER PRIMARY KEY, session INTEGER NOT NULL, message INTEGER NOT NULL,"
    "  qos INTEGER NOT NULL, retain INTEGER NOT NULL, identifiers BLOB NOT NULL, share TEXT,"
    "  packet_id INTEGER NOT NULL, stage INTEGER NOT NULL, place INTEGER NOT NULL) STRICT;"  // packet_id 0: waits
    "CREATE TABLE inbound (session INTEGER NOT NULL, packet_id INTEGER NOT NULL, message INTEGER NOT NULL,"
    "  PRIMARY KEY (session, packet_id)) STRICT, WITHOUT ROWID;";  // message 0: was passed on at once
#undef MESSAGE_COLUMNS

class Store final : public Journal {
public:
    explicit Store(StoreOptions options);

    void restore(Broker&, Time now) override;
    void commit(Time now) override;
    void session(Session&) override;
    void ended(Session&) override;
    void subscribed(const Session&, const Subscription&) override;
    void unsubscribed(const Session&, const Subscription&) override;
    void queued(const Session&, const Delivery&) override;
    void opened(const Session&, const InFlight&) override;
    void settled(const Delivery&) override;
    void received(const Session&, std::uint16_t packet_id, const Inbound&) override;
    void released(const Session&, std::uint16_t packet_id, const Inbound&) override;
    void retained(const Message&) override;
    void unretained(const Message&) override;

private:
    /// What the file has of a session.
    struct Known {
        bool all = false;  // or its will alone
        bool will = false;
    };
    using Sessions = std::map<std::uint64_t, std::unique_ptr<Session>>;           // by serial
    using Messages = std::unordered_map<std::uint64_t, MessagePtr>;               // by id

    // store.cpp
    void prepare();
    template <class Change> void note(const Change&);
    std::int64_t wall(Time t) const { return t.count() + offset_; }
    std::optional<std::int64_t> wall(const std::optional<Time>& t) const;
    Time time(std::int64_t wall) const { return Time(wall - offset_); }
    void set_offset(Time now) { offset_ = options_.clock() - now.count(); }
    [[noreturn]] void damaged(const std::string& what) const;

    // store_write.cpp
    std::uint64_t own(const Message&, bool retained = false);
    void disown(const Message&, bool retained = false);
    void insert(const Session&, const Delivery&, const InFlight*);
    void insert_all(Session&);
    void erase_all(Session&);

    // store_read.cpp
    Sessions read_sessions();
    void read_wills(Sessions&);
    void read_subscriptions(Sessions&);
    Messages read_messages(std::vector<MessagePtr>& retained);
    void read_deliveries(Sessions&, const Messages&);
    void read_inbound(Sessions&, const Messages&);
    Shared<Message> read_message(Statement&, int column);
    Session& session_of(Sessions&, std::int64_t serial) const;
    const MessagePtr& message_of(const Messages&, std::int64_t id);
    void drop_orphans(const Messages&);

    StoreOptions options_;
    Database database_;
    std::int64_t offset_ = 0;  // of the wall clock from the core's
    bool begun_ = false;       // a transaction
    std::string failure_;      // why nothing is written any more
    std::unordered_map<std::uint64_t, Known> known_;            // sessions by serial
    std::unordered_map<std::uint64_t, std::uint32_t> owners_;   // of messages, by id
    std::uint64_t last_message_ = 0, last_delivery_ = 0;
    struct Statements;
    struct Delete {
        void operator()(Statements*) const;
    };
    std::unique_ptr<Statements, Delete> statements_;
};

struct Store::Statements {
    explicit Statements(Database& d) : database(d) {}
    Database& database;
#define STATEMENT(name, sql) Statement name{database, sql}
    STATEMENT(begin, "BEGIN");
    STATEMENT(commit, "COMMIT");
    STATEMENT(set_session, "INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?, ?)");
    STATEMENT(end_session, "DELETE FROM sessions WHERE serial = ?");
    STATEMENT(set_will, "INSERT OR REPLACE INTO wills VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    STATEMENT(clear_will, "DELETE FROM wills WHERE session = ?");
    STATEMENT(subscribe, "INSERT OR REPLACE INTO subscriptions VALUES (?, ?, ?, ?, ?, ?, ?)");
    STATEMENT(unsubscribe, "DELETE FROM subscriptions WHERE session = ? AND filter = ?");
    STATEMENT(unsubscribe_all, "DELETE FROM subscriptions WHERE session = ?");
    STATEMENT(add_message, "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    STATEMENT(set_retained, "UPDATE messages SET retained = ? WHERE id = ?");
    STATEMENT(drop_message, "DELETE FROM messages WHERE id = ?");
    STATEMENT(deliver, "INSERT INTO deliveries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    STATEMENT(go_on, "UPDATE deliveries SET packet_id = ?, stage = ?, place = ? WHERE number = ?");
    STATEMENT(settle, "DELETE FROM deliveries WHERE number = ?");
    STATEMENT(receive, "INSERT OR REPLACE INTO inbound VALUES (?, ?, ?)");
    STATEMENT(release, "DELETE FROM inbound WHERE session = ? AND packet_id = ?");
    STATEMENT(release_all, "DELETE FROM inbound WHERE session = ?");
#undef STATEMENT
};

}  // namespace reference
