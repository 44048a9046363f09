#include "recovery/client/base/realm_address.h"

#include <algorithm>
#include <array>

#include <toml++/toml.h>

#include "absl/strings/str_cat.h"

#include "hsm/base/absl_view.h"
#include "hsm/base/encoding.h"
#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"
#include "hsm/base/text/host_port.h"
#include "recovery/api/limits.h"

namespace labrec::recovery::client {
namespace {

constexpr std::array<std::string_view, 3> kListKeys = {"threshold", "token_command", "realm"};
constexpr std::array<std::string_view, 6> kRealmKeys = {
    "id", "name", "address", "ca_certificate", "server_name", "token_file"};

// One realm list under way: knows where it is, for messages.
class Parser {
 public:
  explicit Parser(const std::filesystem::path& path) : path_(path) {}

  absl::Status Wrong(const toml::source_region& where, std::string_view what) const {
    return absl::InvalidArgumentError(
        absl::StrCat(path_.string(), ":", where.begin.line, ": ", AbslView(what)));
  }

  absl::StatusOr<RealmList> List(const toml::table& table) const {
    RealmList list;
    for (const auto& [key, node] : table) {
      if (std::ranges::find(kListKeys, key.str()) != kListKeys.end()) continue;
      return Wrong(key.source(), absl::StrCat("unknown key \"", AbslView(key.str()),
                                              "\"; known are threshold, token_command and [[realm]]"));
    }
    const toml::array* realms = table["realm"].as_array();
    if (realms == nullptr || realms->empty()) {
      return Wrong(table.source(), "no realm; add one [[realm]] table per realm");
    }
    if (realms->size() > kMostRealms)
      return Wrong(realms->source(), absl::StrCat("more than ", kMostRealms, " realms"));
    for (const toml::node& node : *realms) {
      LABREC_ASSIGN_OR_RETURN(RealmAddress realm, Realm(node));
      const bool twice = std::any_of(list.realms.begin(), list.realms.end(),
                                     [&](const RealmAddress& other) { return other.id == realm.id; });
      if (twice) return Wrong(node.source(), "realm id " + Hex(realm.id) + " stands in the list twice");
      list.realms.push_back(std::move(realm));
    }
    LABREC_RETURN_IF_ERROR(Threshold(table, list));
    LABREC_RETURN_IF_ERROR(TokenCommand(table, list));
    return list;
  }

 private:
  absl::Status Threshold(const toml::table& table, RealmList& list) const {
    const auto node = table["threshold"];
    if (!node) return absl::OkStatus();
    const auto value = node.value_exact<int64_t>();
    if (!value || *value < 1 || *value > static_cast<int64_t>(list.realms.size())) {
      return Wrong(node.node()->source(),
                   absl::StrCat("threshold must be an integer from 1 to the number of realms (",
                                list.realms.size(), ")"));
    }
    list.threshold = static_cast<uint32_t>(*value);
    return absl::OkStatus();
  }

  absl::Status TokenCommand(const toml::table& table, RealmList& list) const {
    const toml::node* node = table.get("token_command");
    if (node == nullptr) return absl::OkStatus();
    const toml::array* words = node->as_array();
    for (size_t i = 0; words != nullptr && i < words->size(); ++i) {
      if (const auto word = words->get(i)->value_exact<std::string>()) list.token_command.push_back(*word);
    }
    if (words == nullptr || words->empty() || list.token_command.size() != words->size() ||
        list.token_command.front().empty()) {
      return Wrong(node->source(),
                   "token_command must be a list of texts, a program and its arguments; no shell reads it");
    }
    std::string& program = list.token_command.front();
    if (program.find('/') != std::string::npos) program = Beside(program).string();
    return absl::OkStatus();
  }

  // The text at `key`; an optional key that is missing gives "".
  absl::StatusOr<std::string> Text(const toml::table& realm, std::string_view key, bool required) const {
    const toml::node* node = realm.get(key);
    const std::string quoted = "realm key \"" + std::string(key) + "\"";
    if (node == nullptr) {
      if (required) return Wrong(realm.source(), quoted + " is missing");
      return std::string();
    }
    const auto text = node->value_exact<std::string>();
    if (!text || text->empty()) return Wrong(node->source(), quoted + " must be a text that is not empty");
    return *text;
  }

  // In its one form: a certificate for ::1 is one for 0:0:0:0:0:0:0:1.
  absl::StatusOr<std::string> Target(const toml::table& realm) const {
    LABREC_ASSIGN_OR_RETURN(const std::string address, Text(realm, "address", true));
    if (address.starts_with("unix:/")) return address;
    const std::optional<HostPort> parsed = ParseHostPort(address);
    if (parsed && parsed->port > 0) return parsed->Text();
    return Wrong(
        realm.get("address")->source(),
        "realm key \"address\" must be host:port, with a port from 1 to 65535, an address of version 6 "
        "in brackets, and no https://");
  }

  absl::StatusOr<RealmAddress> Realm(const toml::node& node) const {
    const toml::table* table = node.as_table();
    if (table == nullptr) return Wrong(node.source(), "\"realm\" must be a list of tables: write [[realm]]");
    for (const auto& [key, value] : *table) {
      if (std::find(kRealmKeys.begin(), kRealmKeys.end(), key.str()) != kRealmKeys.end()) continue;
      return Wrong(key.source(), absl::StrCat("unknown realm key \"", AbslView(key.str()), "\""));
    }
    RealmAddress realm;
    LABREC_ASSIGN_OR_RETURN(const std::string id, Text(*table, "id", true));
    const absl::StatusOr<Bytes> id_bytes = FromHex(id);
    if (!id_bytes.ok() || id_bytes->size() != kRealmIdBytes) {
      return Wrong(table->get("id")->source(),
                   "realm key \"id\" must be 32 hexadecimal digits; labyrinth-admin realm show prints it");
    }
    realm.id = *id_bytes;
    LABREC_ASSIGN_OR_RETURN(realm.name, Text(*table, "name", false));
    if (realm.name.empty()) realm.name = Hex(realm.id);
    LABREC_ASSIGN_OR_RETURN(realm.address, Target(*table));
    LABREC_ASSIGN_OR_RETURN(realm.server_name, Text(*table, "server_name", false));
    LABREC_ASSIGN_OR_RETURN(const std::string token_file, Text(*table, "token_file", false));
    if (!token_file.empty()) realm.token_file = Beside(token_file);
    LABREC_ASSIGN_OR_RETURN(const std::string ca_file, Text(*table, "ca_certificate", true));
    const absl::StatusOr<Bytes> ca = ReadFile(Beside(ca_file), 1U << 20);
    const toml::source_region& ca_source = table->get("ca_certificate")->source();
    if (!ca.ok()) {
      return Wrong(ca_source, absl::StrCat("realm key \"ca_certificate\": ", ca.status().message()));
    }
    realm.ca_pem = ToString(*ca);
    if (realm.ca_pem.find("-----BEGIN CERTIFICATE-----") == std::string::npos) {
      return Wrong(ca_source,
                   "realm key \"ca_certificate\": " + Beside(ca_file).string() + " holds no PEM certificate");
    }
    return realm;
  }

  std::filesystem::path Beside(const std::string& file) const { return path_.parent_path() / file; }

  std::filesystem::path path_;
};

}  // namespace

absl::StatusOr<RealmList> ParseRealmList(std::string_view text, const std::filesystem::path& path) {
  try {
    return Parser(path).List(toml::parse(text, path.string()));
  } catch (const toml::parse_error& error) {
    return absl::InvalidArgumentError(absl::StrCat(path.string(), ":", error.source().begin.line,
                                                   ": not TOML: ", AbslView(error.description())));
  }
}

absl::StatusOr<RealmList> LoadRealmList(const std::filesystem::path& path) {
  LABREC_ASSIGN_OR_RETURN(const Bytes content, ReadFile(path, 1U << 20));
  return ParseRealmList(AsText(content), path);
}

}  // namespace labrec::recovery::client
