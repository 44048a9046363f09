// Captures the evidence of a chip-enforced record and of a realm from a software TPM, as files for unit tests
// and fuzzers: attestation_capture FOLDER.

#include <fstream>
#include <iostream>
#include <string>

#include "hsm/base/encoding.h"
#include "tests/unit/attestation_realm_world.h"

namespace labrec::attestation {
namespace {

void Line(std::ofstream& file, const std::string& name, ByteView value) {
  file << name << " = " << Hex(value) << "\n";
}

void Common(std::ofstream& file, const AkChallenge& challenge) {
  file << "now_ms = " << SystemClock().NowMillis() << "\n";
  Line(file, "root", ChipWorld::Trust().anchors.front());
  Line(file, "credential", challenge.credential.view());
  Line(file, "ek_name", challenge.ek_name);
  Line(file, "ak_name", challenge.ak_name);
}

void CaptureChip(const std::string& folder) {
  const ChipWorld world = ChipWorld::Make(test::AttestedTpm::Ek::kRsa2048, test::AttestedTpm::Ak::kEcdsa);
  std::ofstream file(folder + "/chip_record.txt");
  file << "# A chip-enforced record on swtpm (EK template L-1, AK ECDSA P-256), made by "
          "attestation_capture.\n";
  Common(file, world.challenge);
  Line(file, "unlock_key", world.unlock_key.public_key().Spki());
  Line(file, "key_nonce", TestNonce("key"));
  Line(file, "contents_nonce", TestNonce("contents"));
  file << "limit = " << kTestLimit << "\n";
  Line(file, "evidence", Encode(world.evidence));
}

void CaptureRealm(const std::string& folder) {
  const RealmWorld world = RealmWorld::Make(test::AttestedTpm::Ek::kP256, test::AttestedTpm::Ak::kRsaSsa);
  std::ofstream file(folder + "/realm.txt");
  file << "# A realm that counts in its ledger on swtpm (EK template L-2, AK RSASSA 2048), made by "
          "attestation_capture.\n";
  Common(file, world.challenge);
  Line(file, "nonce", TestNonce("realm"));
  Line(file, "evaluation_key", world.Expectation().evaluation_key.Compressed());
  Line(file, "evidence", Encode(world.evidence));
}

}  // namespace
}  // namespace labrec::attestation

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: attestation_capture FOLDER\n";
    return 2;
  }
  labrec::attestation::CaptureChip(argv[1]);
  labrec::attestation::CaptureRealm(argv[1]);
  return 0;
}
