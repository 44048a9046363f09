#include "hsm/tpm2/address.h"

#include <set>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "hsm/base/file.h"
#include "hsm/base/status_macros.h"

namespace labrec::hsm::tpm2 {
namespace {

constexpr uint32_t kFirstNvHandle = 0x01000000;
constexpr uint32_t kLastNvHandle = 0x01FFFFFF;
constexpr uint32_t kMostCounted = 65536;

absl::Status Wrong(const DeviceAddress& address, const std::string& why) {
  return absl::InvalidArgumentError(absl::StrCat("address of a TPM '", address.uri, "': ", why));
}

// Digits alone: the conversions would take blanks, signs and a second 0x as well.
bool ParseNumber(absl::string_view text, uint32_t& value) {
  const bool is_hex = absl::ConsumePrefix(&text, "0x");
  for (const char c : text) {
    const auto digit = static_cast<unsigned char>(c);
    if (is_hex ? !absl::ascii_isxdigit(digit) : !absl::ascii_isdigit(digit)) return false;
  }
  return is_hex ? absl::SimpleHexAtoi(text, &value) : absl::SimpleAtoi(text, &value);
}

// Empty if it is well formed, otherwise what is wrong.
std::string ParseAttribute(absl::string_view attribute, Address& address) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(attribute, absl::MaxSplits('=', 1));
  absl::string_view value = parts.second;
  if (parts.first == "counted-first") {
    return ParseNumber(value, address.counted.first) ? "" : "counted-first is a handle, as 0x01800200";
  }
  if (parts.first == "counted-indices") {
    return ParseNumber(value, address.counted.count) ? "" : "counted-indices is a number";
  }
  if (parts.first == "owner-auth-source") {
    if (!absl::ConsumePrefix(&value, "file:") || value.empty() || value.front() != '/')
      return "owner-auth-source has the form file:/absolute/path";
    address.owner_auth_file = std::string(value);
    return "";
  }
  return absl::StrCat("'", parts.first, "' is not known; known are counted-first, counted-indices and ",
                      "owner-auth-source");
}

bool Overlap(const IndexRange& a, const IndexRange& b) {
  return a.first < b.first + b.count && b.first < a.first + a.count;
}

std::string CheckRange(const IndexRange& range) {
  if (range.count == 0) return "";
  if (range.count > kMostCounted) return "counted-indices is at most 65536";
  if (range.first < kFirstNvHandle || range.first > kLastNvHandle - range.count + 1)
    return "counted-first and counted-indices leave 0x01000000 to 0x01ffffff, the handles of NV indices";
  if (Overlap(range, IndexRange{})) {
    return absl::StrCat("the range of counted-first overlaps the freshness anchor's, 0x",
                        absl::Hex(IndexRange{}.first, absl::kZeroPad8), " and ", IndexRange{}.count - 1,
                        " more");
  }
  return "";
}

}  // namespace

absl::StatusOr<Address> ParseAddress(const DeviceAddress& address) {
  absl::string_view rest = address.uri;
  const bool ours = absl::ConsumePrefix(&rest, kScheme);
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(rest, absl::MaxSplits('?', 1));
  if (!ours || parts.first.empty()) {
    return Wrong(address, "write tpm2:<TCTI>, as tpm2:device:/dev/tpmrm0 or tpm2:swtpm:path=/run/tpm.sock");
  }
  Address parsed;
  parsed.tcti = std::string(parts.first);
  if (parts.first.size() == rest.size()) return parsed;
  std::set<absl::string_view> seen;
  for (const absl::string_view attribute : absl::StrSplit(parts.second, '&')) {
    const absl::string_view name = attribute.substr(0, attribute.find('='));
    if (!seen.insert(name).second) return Wrong(address, absl::StrCat(name, " stands there twice"));
    const std::string wrong = ParseAttribute(attribute, parsed);
    if (!wrong.empty()) return Wrong(address, wrong);
  }
  const std::string wrong = CheckRange(parsed.counted);
  if (!wrong.empty()) return Wrong(address, wrong);
  return parsed;
}

absl::Status CheckAddress(const DeviceAddress& address) {
  return ParseAddress(address).status();
}

absl::StatusOr<std::string> TctiOf(const DeviceAddress& address) {
  LABREC_ASSIGN_OR_RETURN(Address parsed, ParseAddress(address));
  return std::move(parsed.tcti);
}

absl::StatusOr<SecretBytes> ReadOwnerAuth(const Address& address) {
  if (!address.owner_auth_file) return SecretBytes();
  return ReadSecretLine(*address.owner_auth_file, kLongestOwnerAuthorization);
}

}  // namespace labrec::hsm::tpm2
