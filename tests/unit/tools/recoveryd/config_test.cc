#include "tools/recoveryd/config.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

#include "tools/cli/address.h"
#include "tools/recoveryd/reload.h"

namespace labrec::recoveryd {
namespace {

using cli::ParseAddress;
using testing::HasSubstr;

constexpr char kGood[] = R"([realm]
state = "/var/lib/realm"

[listen]
address = "unix:/run/realm.sock"
socket_mode = "0660"

[tenants.acme]
jwks = "acme.json"
)";

std::string ProblemsOf(const std::string& text) {
  const auto config = ParseConfig(text, "/etc/r.toml");
  EXPECT_FALSE(config.ok());
  return std::string(config.status().message());
}

TEST(Config, TheLeast) {
  const auto config = ParseConfig(kGood, "/etc/r.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->state, "/var/lib/realm");
  EXPECT_EQ(config->listen.address, "unix:/run/realm.sock");
  EXPECT_EQ(config->listen.socket_mode, 0660U);
  EXPECT_FALSE(config->listen.tls);
  EXPECT_EQ(config->admin_socket, "/var/lib/realm/admin.sock");
  ASSERT_EQ(config->tenants.size(), 1U);
  EXPECT_EQ(config->tenants[0].keys.name, "acme");
  EXPECT_EQ(config->tenants[0].keys.jwks, "/etc/acme.json") << "relative to the configuration";
  EXPECT_EQ(config->first_device, recovery::FirstDevicePolicy::kAdmin) << "nothing opens by itself";
  EXPECT_EQ(config->limits.max_connections, 10'000U);
}

constexpr char kEverything[] = R"([realm]
state = "state"
[device]
uri = "tpm2:device:/dev/tpmrm0"
[anchor]
uri = "pkcs11:token=a"
[listen]
address = "0.0.0.0:7443"
certificate = "c.pem"
key = "k.pem"
[admin]
socket = "/run/a/a.sock"
allow_uids = [1000]
[tenants."exa mple"]
jwks = "j.json"
[policy]
first_device = "open"
delays_seconds = [0, 0, 60]
[limits]
message_bytes = 20000
metadata_bytes = 9000
streams_per_connection = 7
memory_mib = 32
connections = 8
queue = 10
queue_per_account = 9
account_per_minute = 0
account_burst = 21
tenant_per_second = 22
tenant_burst = 23
batch = 11
challenges = 12
cached_tokens = 13
drain_seconds = 14
chip_registrations = 15
chip_registrations_per_account = 16
chip_registration_seconds = 17
[metrics]
address = "127.0.0.1:9464"
[log]
level = "debug"
)";

TEST(Config, Everything) {
  const auto config = ParseConfig(kEverything, "/etc/r.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->device_uri, "tpm2:device:/dev/tpmrm0");
  EXPECT_EQ(config->anchor_uri, "pkcs11:token=a");
  ASSERT_TRUE(config->listen.tls);
  EXPECT_EQ(config->listen.tls->private_key, "/etc/k.pem");
  EXPECT_EQ(config->admin_uids, std::vector<uid_t>{1000});
  EXPECT_EQ(config->tenants[0].keys.jwks, "/etc/j.json");
  EXPECT_EQ(config->guess_policy.delays.back(), std::chrono::minutes(1));
  EXPECT_EQ(config->limits.max_message_bytes, 20000);
  EXPECT_EQ(config->limits.max_metadata_bytes, 9000);
  EXPECT_EQ(config->limits.max_streams, 7);
  EXPECT_EQ(config->limits.max_memory_bytes, 32U << 20);
  EXPECT_EQ(config->queue, 10U);
  EXPECT_EQ(config->limits.max_connections, 8U);
  EXPECT_EQ(config->queue_per_account, 9U);
  EXPECT_EQ(config->rates.account_per_minute, 0);
  EXPECT_EQ(config->rates.account_burst, 21);
  EXPECT_EQ(config->rates.tenant_per_second, 22);
  EXPECT_EQ(config->rates.tenant_burst, 23);
  EXPECT_EQ(config->batch, 11U);
  EXPECT_EQ(config->challenges, 12U);
  EXPECT_EQ(config->cached_tokens, 13U);
  EXPECT_EQ(config->drain, std::chrono::seconds(14));
  EXPECT_EQ(config->chip_registrations.altogether, 15U);
  EXPECT_EQ(config->chip_registrations.of_an_account, 16U);
  EXPECT_EQ(config->chip_registrations.kept_for, std::chrono::seconds(17));
  EXPECT_EQ(config->metrics_address, "127.0.0.1:9464");
  EXPECT_EQ(config->log_level, "debug");
}

TEST(Config, EveryProblemAtOnceWithKeyAndLine) {
  const std::string problems = ProblemsOf(R"([realm]
stat = "x"
[listen]
address = "nowhere"
tls = "yes"
[tenants.acme]
jwks = 5
audiences = ["all of us"]
[policy]
first_device = "anyone"
delays_seconds = [1, -1]
[limits]
queue = 0
account_burst = 0
[metrics]
address = "0.0.0.0:9464"
[surprise]
a = 1
)");
  EXPECT_THAT(problems, HasSubstr("/etc/r.toml:2: [realm] stat: is no key"));
  EXPECT_THAT(problems, HasSubstr("/etc/r.toml:1: [realm] state: is missing"));
  EXPECT_THAT(problems, HasSubstr("/etc/r.toml:4: [listen] address: is neither"));
  EXPECT_THAT(problems, HasSubstr("/etc/r.toml:5: [listen] tls: has to be true or false"));
  EXPECT_THAT(problems, HasSubstr("/etc/r.toml:7: [tenants.acme] jwks: has to be a text"));
  EXPECT_THAT(problems, HasSubstr("/etc/r.toml:8: [tenants.acme] audiences: is not taken any more"));
  EXPECT_THAT(problems, HasSubstr("/etc/r.toml:10: [policy] first_device"));
  EXPECT_THAT(problems, HasSubstr("/etc/r.toml:11: [policy] delays_seconds"));
  EXPECT_THAT(problems, HasSubstr("/etc/r.toml:13: [limits] queue: has to be a whole number from 1"));
  EXPECT_THAT(problems, HasSubstr("/etc/r.toml:14: [limits] account_burst: has to be a whole number from 1"));
  EXPECT_THAT(problems, HasSubstr("/etc/r.toml:16: [metrics] address"));
  EXPECT_THAT(problems, HasSubstr("/etc/r.toml:17: surprise: is no section"));
}

TEST(Config, GuessesWaitUnlessTheOperatorSaysOtherwise) {
  const auto delays = [](const std::string& policy) {
    const auto config = ParseConfig(std::string(kGood) + "[policy]\n" + policy, "/etc/r.toml");
    EXPECT_TRUE(config.ok()) << config.status();
    return config->guess_policy.delays;
  };
  EXPECT_EQ(delays(""), pin::DefaultGuessPolicy().delays);
  EXPECT_EQ(delays("delays_seconds = []\n").size(), 0U);
  EXPECT_EQ(delays("delays_seconds = [5]\n"),
            std::vector<std::chrono::milliseconds>{std::chrono::seconds(5)});
}

TEST(Config, NoToml) {
  EXPECT_THAT(ProblemsOf("[realm]\nstate = \n"), HasSubstr("/etc/r.toml:2: no valid TOML"));
}

TEST(Config, AnEmptyFileNamesAllThatIsMissing) {
  const std::string problems = ProblemsOf("");
  EXPECT_THAT(problems, HasSubstr("[realm] state: is missing"));
  EXPECT_THAT(problems, HasSubstr("[listen] address: is missing"));
}

std::string WithListen(const std::string& lines) {
  return "[realm]\nstate = \"/s\"\n[listen]\n" + lines + "\n[tenants.a]\njwks = \"j\"\n";
}

TEST(Config, TlsMayBeOffOnTheHostItselfOnly) {
  EXPECT_THAT(ProblemsOf(WithListen("address = \"10.0.0.1:1\"\ntls = false")),
              HasSubstr(":5: [listen] tls: may be"));
  EXPECT_THAT(ProblemsOf(WithListen("address = \"[::]:1\"\ntls = false")), HasSubstr("tls: may be"));
  for (const char* address : {"127.0.0.1:1", "[::1]:1", "localhost:1", "unix:/x"}) {
    EXPECT_TRUE(ParseConfig(WithListen("tls = false\naddress = \"" + std::string(address) + "\""), "/c").ok())
        << address;
  }
}

TEST(Config, TlsNeedsItsFiles) {
  const std::string problems = ProblemsOf(WithListen("address = \"127.0.0.1:1\""));
  EXPECT_THAT(problems, HasSubstr("certificate: is missing"));
  EXPECT_THAT(problems, HasSubstr("[listen] key: is missing"));
}

TEST(Config, ASocketPathTheKernelCannotTake) {
  const std::string longest = std::string(106, 'a');
  EXPECT_TRUE(ParseConfig(WithListen("address = \"unix:/" + longest + "\""), "/c").ok());
  EXPECT_THAT(ProblemsOf(WithListen("address = \"unix:/" + longest + "a\"")), HasSubstr("107 bytes"));
}

TEST(Config, SocketModes) {
  for (const char* mode : {"660", "0888", "rw", "0o60"}) {
    EXPECT_THAT(ProblemsOf(WithListen("address = \"unix:/x\"\nsocket_mode = \"" + std::string(mode) + "\"")),
                HasSubstr("octal"));
  }
  EXPECT_THAT(ProblemsOf(WithListen("address = \"127.0.0.1:1\"\ntls = false\nsocket_group = \"x\"")),
              HasSubstr("socket_group: has a use with a Unix socket only"));
}

TEST(Config, Web) {
  const auto with = [](const std::string& lines) { return std::string(kGood) + "[web]\n" + lines; };
  auto config = ParseConfig(with(""), "/c");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_FALSE(config->web) << "as without the section";
  config =
      ParseConfig(with("address = \"unix:/run/web\"\nsocket_mode = \"0660\"\nsocket_group = \"www-data\"\n"
                       "origins = [\"https://chat.example\", \"http://localhost:8080\"]"),
                  "/c");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->web->listen.address, "unix:/run/web");
  EXPECT_FALSE(config->web->listen.tls);
  EXPECT_EQ(config->web->listen.socket_mode, 0660U);
  EXPECT_EQ(config->web->listen.socket_group, "www-data");
  EXPECT_EQ(config->web->origins, (std::set<std::string>{"https://chat.example", "http://localhost:8080"}));
  EXPECT_TRUE(ParseConfig(with("address = \"[::1]:8080\"\norigins = [\"*\"]"), "/c").ok());
  for (const char* open : {"0.0.0.0:80", "realm.example:80", "80", "/run/web"}) {
    EXPECT_THAT(ProblemsOf(with(absl::StrCat("address = \"", open, "\""))), HasSubstr("loopback")) << open;
  }
  for (const char* origin : {"chat.example", "https://chat.example/", "https://Chat.example", "https://",
                             "://x", "a b://c", "", "https://*.example/x"}) {
    EXPECT_THAT(ProblemsOf(with(absl::StrCat("address = \"unix:/w\"\norigins = [\"", origin, "\"]"))),
                HasSubstr("[web] origins"))
        << origin;
  }
  EXPECT_THAT(ProblemsOf(with("address = \"127.0.0.1:1\"\nsocket_mode = \"0660\"")),
              HasSubstr("[web] socket_mode"));
  EXPECT_THAT(ProblemsOf(with("socket = \"/run/web\"")), HasSubstr("[web] socket"));
}

TEST(Address, Forms) {
  EXPECT_FALSE(ParseAddress(""));
  EXPECT_FALSE(ParseAddress("host"));
  EXPECT_FALSE(ParseAddress("host:"));
  EXPECT_FALSE(ParseAddress("host:65536"));
  EXPECT_FALSE(ParseAddress("host:1x"));
  EXPECT_FALSE(ParseAddress("::1:5"));
  EXPECT_FALSE(ParseAddress("unix:relative"));
  ASSERT_TRUE(ParseAddress("[::1]:5"));
  EXPECT_EQ(ParseAddress("[::1]:5")->host, "::1");
  EXPECT_EQ(ParseAddress("h:5")->port, 5);
  EXPECT_FALSE(ParseAddress("127.0.0.1.example.org:5")->IsLocal());
  EXPECT_FALSE(ParseAddress("128.0.0.1:5")->IsLocal());
}

TEST(Reload, SettingsAreNamedAsTheFileHasThem) {
  const auto settings = SettingsIn("[tenants.chat]\njwks = \"a\"\n[admin]\nallow_uids = [1, 2]\n[log]\n");
  ASSERT_EQ(settings.size(), 2U);
  EXPECT_TRUE(settings.contains("[tenants.chat] jwks"));
  EXPECT_NE(settings.at("[admin] allow_uids"),
            SettingsIn("[admin]\nallow_uids = [1]\n").at("[admin] allow_uids"));
  EXPECT_TRUE(SettingsIn("[tenants").empty());
}

}  // namespace
}  // namespace labrec::recoveryd
