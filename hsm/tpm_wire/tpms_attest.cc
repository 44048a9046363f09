#include "hsm/tpm_wire/tpms_attest.h"

#include <utility>

#include "hsm/tpm_wire/constants.h"
#include "hsm/tpm_wire/hash.h"
#include "hsm/tpm_wire/reader.h"

namespace labrec::tpm {
namespace {

constexpr size_t kLongestAttested = 64;
constexpr size_t kLongestName = 2 + kLongestAttested;
constexpr size_t kLongestNonce = kLongestName;  // TPM2B_DATA holds a TPMT_HA
constexpr uint32_t kMostBanks = 16;
constexpr size_t kMostSelect = 4;            // bytes of a bitmap: 32 PCRs
constexpr size_t kLongestNvContents = 2048;  // MAX_NV_BUFFER_SIZE of any TPM seen

// A Name: a handle of four bytes, or an algorithm and its digest.
Bytes ReadName(TpmReader& reader) {
  const Bytes name = ToBytes(reader.Sized(kLongestName));
  if (name.size() == 4) return name;
  Reader inner(name);
  const auto algorithm = HashAlgorithmOf(inner.U16());
  reader.Require(algorithm.has_value() && inner.remaining() == DigestSize(*algorithm));
  return name;
}

CertifyInfo ReadCertify(TpmReader& reader) {
  CertifyInfo info;
  info.name = ReadName(reader);
  info.qualified_name = ReadName(reader);
  return info;
}

CreationInfo ReadCreation(TpmReader& reader) {
  CreationInfo info;
  info.object_name = ReadName(reader);
  info.creation_hash = ToBytes(reader.Sized(kLongestAttested));
  return info;
}

PcrSelection ReadSelection(TpmReader& reader) {
  PcrSelection bank;
  bank.hash = reader.U16();
  const size_t size = reader.U8();
  reader.Require(size <= kMostSelect);
  if (reader.ok()) bank.bitmap = ToBytes(reader.Raw(size));
  return bank;
}

QuoteInfo ReadQuote(TpmReader& reader) {
  QuoteInfo info;
  const uint32_t banks = reader.Count(kMostBanks);
  for (uint32_t i = 0; i < banks && reader.ok(); ++i) info.selection.push_back(ReadSelection(reader));
  info.pcr_digest = ToBytes(reader.Sized(kLongestAttested));
  return info;
}

NvCertifyInfo ReadNv(TpmReader& reader) {
  NvCertifyInfo info;
  info.index_name = ReadName(reader);
  info.offset = reader.U16();
  info.contents = ToBytes(reader.Sized(kLongestNvContents));
  return info;
}

void ReadAttested(TpmReader& reader, uint16_t type, TpmsAttest& attest) {
  switch (type) {
    case kStAttestCertify:
      attest.attested = ReadCertify(reader);
      return;
    case kStAttestCreation:
      attest.attested = ReadCreation(reader);
      return;
    case kStAttestQuote:
      attest.attested = ReadQuote(reader);
      return;
    case kStAttestNv:
      attest.attested = ReadNv(reader);
      return;
    default:
      reader.Require(false);
  }
}

ClockInfo ReadClock(TpmReader& reader) {
  ClockInfo info;
  info.clock = reader.U64();
  info.reset_count = reader.U32();
  info.restart_count = reader.U32();
  info.safe = reader.YesNo();
  return info;
}

}  // namespace

absl::StatusOr<TpmsAttest> TpmsAttest::Parse(ByteView bytes) {
  TpmReader reader(bytes);
  TpmsAttest attest;
  reader.Require(reader.U32() == kGeneratedValue);
  const uint16_t type = reader.U16();
  attest.qualified_signer = ReadName(reader);
  attest.extra_data = ToBytes(reader.Sized(kLongestNonce));
  attest.clock_info = ReadClock(reader);
  attest.firmware_version = reader.U64();
  ReadAttested(reader, type, attest);
  if (!reader.AtEnd()) {
    return absl::InvalidArgumentError(
        "not a TPM's statement (TPMS_ATTEST) of a certified key, a creation, a quote or an NV index");
  }
  return attest;
}

Bytes Marshal(const std::vector<PcrSelection>& selection) {
  Writer writer;
  writer.U32(static_cast<uint32_t>(selection.size()));
  for (const PcrSelection& bank : selection) {
    writer.U16(bank.hash).U8(static_cast<uint8_t>(bank.bitmap.size())).Raw(bank.bitmap);
  }
  return std::move(writer).Take();
}

}  // namespace labrec::tpm
