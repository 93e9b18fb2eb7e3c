// SCRAM-SHA-256: RFC 7677's example, what is refused, and both by way of the broker.
#include "reference/scram.hpp"

#include "reference/crypto.hpp"
#include "reference/login.hpp"
#include "reference/tests/kit.hpp"

namespace reference::test {
namespace {

using Outcome = AuthStep::Outcome;

// RFC 7677, section 3: user "user", password "pencil".
constexpr std::string_view salt64 = "W22ZaJ0SNY7soEsUEjb6gQ==", client_nonce = "rOprNGfwEbeRWgbNEkqO",
                           server_nonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
                           client_first = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
                           server_first = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                                          "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
                           client_final = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                                          "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
                           server_final = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

scram::Entry pencil() { return scram::make("pencil", *crypto::from_base64(salt64), 4096); }

AuthExchange begin() {
    const auto find = [](std::string_view name) { return scram::Found{pencil(), name == "user" || name == "a,b=c"}; };
    return scram::authenticator(find, [] { return std::string(server_nonce); })("client");
}

/// A client, for what the example has not.
struct ScramClient {
    std::string user, password, header = "n,,", nonce = "abc", bare{}, server_key{}, all{};
    std::string first() {
        bare = "n=" + user + ",r=" + nonce;
        return header + bare;
    }
    std::string final(std::string_view challenge) {
        const auto part = [&](std::string_view mark) {
            const auto at = challenge.find(mark) + mark.size();
            return std::string(challenge.substr(at, challenge.find(',', at) - at));
        };
        const std::string salt = *crypto::from_base64(part(",s=")), begin = "c=" + crypto::to_base64(header) + ",r=";
        const auto salted = crypto::pbkdf2_sha256(password, salt, std::stoi(part(",i=")));
        const auto key = crypto::hmac_sha256(salted, "Client Key");
        all = bare + "," + std::string(challenge) + "," + begin + std::string(challenge.substr(2, challenge.find(',') - 2));
        server_key = crypto::hmac_sha256(salted, "Server Key");
        const auto proof = crypto::exclusive_or(key, crypto::hmac_sha256(crypto::sha256(key), all));
        return all.substr(all.rfind("c=")) + ",p=" + crypto::to_base64(proof);
    }
    std::string expected() const { return "v=" + crypto::to_base64(crypto::hmac_sha256(server_key, all)); }
};

TEST(Scram, TheExampleOfRfc7677) {
    const auto exchange = begin();
    const auto first = exchange(client_first);
    EXPECT_EQ(first.outcome, Outcome::more);
    EXPECT_EQ(first.data, server_first);
    const auto last = exchange(client_final);
    EXPECT_EQ(last.outcome, Outcome::success);
    EXPECT_EQ(last.data, server_final);
    EXPECT_EQ(last.user_name, "user");
    EXPECT_EQ(exchange(client_final).outcome, Outcome::failure) << "it is over";
}

TEST(Scram, EntriesComeBack) {
    const auto text = scram::print(pencil());
    EXPECT_EQ(text.find("$scram-sha-256$4096$W22ZaJ0SNY7soEsUEjb6gQ==$"), 0u);
    const auto entry = scram::parse(text);
    ASSERT_TRUE(entry);
    EXPECT_TRUE(scram::matches(*entry, "pencil"));
    EXPECT_FALSE(scram::matches(*entry, "pencils"));
    for (const std::string& bad : {text.substr(1), text.substr(0, text.size() - 4), text + "$", "$scram-sha-256$0" + text.substr(19),
                                   std::string("$scram-sha-256$4096$AA==$AA==$AA=="), std::string("$scram-sha-256$$$$")})
        EXPECT_FALSE(scram::parse(bad)) << bad;
}

TEST(Scram, FirstMessagesThatAreRefused) {
    const std::pair<std::string, std::string> all[]{
        {"p=tls-unique,,n=user,r=x", "e=channel-binding-not-supported"},
        {"n,a=other,n=user,r=x", "e=other-error"},
        {"n,,m=ext,n=user,r=x", "e=extensions-not-supported"},
        {"n,,n=us=er,r=x", "e=invalid-username-encoding"},
        {"n,,n=us=2cer,r=x", "e=invalid-username-encoding"},
        {"n,,n=,r=x", "e=invalid-username-encoding"},
        {"n,,n=us\ner,r=x", "e=invalid-username-encoding"},
        {"n,,n=us\xc2\x85" "er,r=x", "e=invalid-username-encoding"},
        {"n,,n=us\xff,r=x", "e=invalid-username-encoding"},
        {"n,,n=user,r=", "e=invalid-encoding"},
        {"n,,n=user,r=a b", "e=invalid-encoding"},
        {"n,,n=user", "e=invalid-encoding"},
        {"n,,r=x,n=user", "e=invalid-encoding"},
        {"x,,n=user,r=x", "e=invalid-encoding"},
        {"n", "e=invalid-encoding"},
        {"n,,n=user,r=" + std::string(5000, 'x'), "e=other-error"}};
    for (const auto& [message, error] : all) {
        const auto step = begin()(message);
        EXPECT_EQ(step.outcome, Outcome::failure) << message;
        EXPECT_EQ(step.data, error) << message;
        EXPECT_EQ(step.reason, 0x87);
    }
}

TEST(Scram, FinalMessagesThatAreRefused) {
    const std::string good(client_final), nonce = std::string(client_nonce) + std::string(server_nonce);
    std::string wrong_proof = good;
    wrong_proof[wrong_proof.size() - 10] ^= 1;
    const std::pair<std::string, std::string> all[]{
        {wrong_proof, "e=invalid-proof"},
        {"c=eSws" + good.substr(6), "e=channel-bindings-dont-match"},
        {"c=biws,r=" + nonce + "x" + good.substr(good.find(",p=")), "e=other-error"},
        {"c=biws,r=" + std::string(client_nonce) + good.substr(good.find(",p=")), "e=other-error"},
        {good.substr(0, good.find(",p=")), "e=invalid-encoding"},
        {good.substr(0, good.size() - 4), "e=invalid-encoding"},
        {"c=biws,r=" + nonce + ",p=AA==", "e=invalid-encoding"},
        {"", "e=invalid-encoding"}};
    for (const auto& [message, error] : all) {
        const auto exchange = begin();
        exchange(client_first);
        const auto step = exchange(message);
        EXPECT_EQ(step.outcome, Outcome::failure) << message;
        EXPECT_EQ(step.data, error) << message;
        EXPECT_EQ(exchange(client_final).outcome, Outcome::failure) << "no second try";
    }
}

TEST(Scram, UnknownUsersAreNotToldFromWrongPasswords) {
    ScramClient c{.user = "nobody", .password = "pencil"};
    const auto exchange = begin();
    const auto first = exchange(c.first());
    EXPECT_EQ(first.outcome, Outcome::more);
    EXPECT_EQ(exchange(c.final(first.data)).data, "e=invalid-proof") << "although the entry it was given matches";
}

TEST(Scram, OtherWaysToSayIt) {
    for (const auto& [user, header, name] : {std::tuple("user", "y,,", "user"), {"a=2Cb=3Dc", "n,,", "a,b=c"}}) {
        ScramClient c{.user = user, .password = "pencil", .header = header};
        const auto exchange = begin();
        EXPECT_EQ(exchange("").outcome, Outcome::more) << "the server asks for the first message";
        const auto last = exchange(c.final(exchange(c.first()).data));
        EXPECT_EQ(last.outcome, Outcome::success);
        EXPECT_EQ(last.data, c.expected());
        EXPECT_EQ(last.user_name, name);
    }
    const auto silent = begin();
    silent("");
    EXPECT_EQ(silent("").outcome, Outcome::failure) << "but once";
}

TEST(Scram, NoncesDiffer) {
    EXPECT_NE(scram::random_nonce(), scram::random_nonce());
    EXPECT_EQ(scram::random_nonce().size(), 24u);
}

// ---- with a login file, behind the broker -----------------------------------------------------------------------

const std::string& file_text() {
    static const std::string text = "ann:" + scram::print(scram::make("pencil", "0123456789abcdef", 4096)) +
                                    "\nbob:" + hash_password("x") + "\n";
    return text;
}

TEST(ScramLogins, OnWhereAnEntryIsGoodForIt) {
    EXPECT_TRUE(LoginFile::parse("bob:" + hash_password("x"), "f").authenticators().empty());
    const auto file = LoginFile::parse(file_text(), "f");
    EXPECT_EQ(file.authenticators().count(scram::method), 1u);
    EXPECT_TRUE(file.admits("ann", "pencil")) << "passwords in clear too";
    EXPECT_FALSE(file.admits("ann", "pencils"));
    EXPECT_TRUE(LoginFile::parse("a:" + hash_password("p,q", HashKind::scram), "f").admits("a", "p,q"));
    EXPECT_THROW(hash_password("p\xc3\xa4", HashKind::scram), std::invalid_argument);
    EXPECT_THROW(hash_password("p\t", HashKind::scram), std::invalid_argument);
}

TEST(ScramLogins, AbsentUsersLookLikePresentOnes) {
    const auto challenge = [](const LoginFile& file, std::string user) {
        const auto data = file.authenticators().at(std::string(scram::method))("c")("n,,n=" + user + ",r=x").data;
        return data.substr(data.find(",s="));
    };
    const auto file = LoginFile::parse(file_text(), "f"), again = LoginFile::parse(file_text(), "f");
    EXPECT_EQ(challenge(file, "nobody").size(), challenge(file, "ann").size());
    EXPECT_EQ(challenge(file, "nobody").substr(challenge(file, "nobody").find(",i=")), ",i=4096");
    EXPECT_EQ(challenge(file, "nobody"), challenge(file, "nobody"));
    EXPECT_EQ(challenge(file, "nobody"), challenge(again, "nobody")) << "a restart does not tell either";
    EXPECT_NE(challenge(file, "nobody"), challenge(file, "noone"));
    EXPECT_EQ(challenge(file, "bob").size(), challenge(file, "ann").size()) << "there, but not for SCRAM";
}

class ScramBroker : public testing::Test {
protected:
    ScramBroker() : net(settings()) {}
    Settings settings() {
        Settings s;
        const auto file = LoginFile::parse(file_text(), "f");
        s.authenticators = file.authenticators();
        s.login = file.hook(false);
        s.allowed = [this](const Request& r) {
            users.emplace_back(r.user_name);
            return true;
        };
        return s;
    }
    Client& greet(std::string data) {
        return net.greet(Version::v5, {.id = "c", .properties = {{property::authentication_method, mqtt::Text(scram::method)},
                                                                 {property::authentication_data, mqtt::Text(data)}}});
    }
    static void answer(Client& c, std::uint8_t reason, std::string data) {
        const Property list[]{{property::authentication_method, mqtt::Text(scram::method)},
                              {property::authentication_data, mqtt::Text(data)}};
        c.send(mqtt::Auth{reason, list});
    }
    template <class P> static std::string data_of(const P& p) {
        const auto data = mqtt::find(p.properties, property::authentication_data);
        return data ? std::string(data->text) : "";
    }
    std::vector<std::string> users;
    Net net;
};

TEST_F(ScramBroker, LogsInAndAuthenticatesAgain) {
    ScramClient ann{.user = "ann", .password = "pencil"};
    Client& c = greet(ann.first());
    answer(c, 0x18, ann.final(data_of(c.take<mqtt::Auth>())));
    const auto connack = c.take<mqtt::Connack>();
    EXPECT_EQ(connack.code, 0);
    EXPECT_EQ(data_of(connack), ann.expected());
    c.send(message("t", "x"));
    EXPECT_EQ(users, std::vector<std::string>{"ann"}) << "the ACL sees who it was";
    ann.nonce = "other";
    answer(c, 0x19, ann.first());
    answer(c, 0x18, ann.final(data_of(c.take<mqtt::Auth>())));
    const auto done = c.take<mqtt::Auth>();
    EXPECT_EQ(done.reason, 0);
    EXPECT_EQ(data_of(done), ann.expected());
    ann.password = "wrong";
    answer(c, 0x19, ann.first());
    answer(c, 0x18, ann.final(data_of(c.take<mqtt::Auth>())));
    EXPECT_EQ(c.take<mqtt::Disconnect>().reason, 0x87);
    EXPECT_TRUE(c.closed);
}

TEST_F(ScramBroker, RefusalsCarryTheError) {
    ScramClient ann{.user = "ann", .password = "wrong"};
    Client& c = greet(ann.first());
    answer(c, 0x18, ann.final(data_of(c.take<mqtt::Auth>())));
    const auto connack = c.take<mqtt::Connack>();
    EXPECT_EQ(connack.code, 0x87);
    EXPECT_EQ(data_of(connack), "e=invalid-proof");
    EXPECT_TRUE(c.closed);
    EXPECT_EQ(data_of(greet("p=tls-unique,,n=ann,r=x").take<mqtt::Connack>()), "e=channel-binding-not-supported");
}

}  // namespace
}  // namespace reference::test
