// Captures the evidence of a chip-enforced record and of a realm from a software TPM, as files for unit tests
// and fuzzers: attestation_capture FOLDER.

#include <fstream>
#include <iostream>
#include <string>

#include "hsm/base/encoding.h"
#include "tests/unit/attestation/realm_world.h"

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

void Seed(const std::string& path, ByteView content) {
  std::ofstream(path, std::ios::binary) << AsText(content);
}

// The parts of the evidence, each as an input of the fuzzer that parses it; `name` tells the evidence.
void SeedParts(const std::string& fuzz, const std::string& name, const IdentityEvidence& identity,
               const std::vector<Bytes>& areas, const std::vector<SignedStatement>& statements) {
  const auto structure = [&](uint8_t parser, ByteView bytes, const std::string& part) {
    Seed(fuzz + "/corpus/tpm_structures/" + name + "_" + part, Writer().U8(parser).Raw(bytes).bytes());
  };
  structure(0, identity.ek_public, "ek");
  structure(0, identity.ak_public, "ak");
  for (size_t i = 0; i < areas.size(); ++i) structure(0, areas[i], "area" + std::to_string(i));
  for (size_t i = 0; i < statements.size(); ++i) {
    structure(2, statements[i].attest, "attest" + std::to_string(i));
    structure(3, statements[i].signature, "signature" + std::to_string(i));
  }
  Seed(fuzz + "/corpus/attestation_evidence/" + name + "_identity", Encode(identity));
  Seed(fuzz + "/corpus/attestation_evidence/" + name + "_statement", Encode(statements[0]));
  Seed(fuzz + "/corpus/ek_certificate/" + name + "_ek", identity.ek_certificate);
  Seed(fuzz + "/corpus/ek_certificate/" + name + "_issuer", identity.intermediates[0]);
}

void CaptureChip(const std::string& folder, const std::string& fuzz) {
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

  const RecordKeyEvidence& key = world.evidence.record_key;
  SeedParts(fuzz, "chip", world.evidence.identity, {key.key_public},
            {key.key_certified, world.evidence.index_contents});
  Seed(fuzz + "/corpus/tpm_structures/chip_index", Writer().U8(1).Raw(key.index_public).bytes());
  Seed(fuzz + "/corpus/attestation_evidence/chip_key", Encode(key));
  Seed(fuzz + "/corpus/attestation_evidence/credential", Encode(world.challenge.blob));
  Seed(fuzz + "/corpus/chip_record/chip", Encode(world.evidence));
  Seed(fuzz + "/policy_folder/roots/root.der", ChipWorld::Trust().anchors.front());
  Seed(fuzz + "/policy_folder/approver.pem", AsBytes(world.unlock_key.public_key().Pem()));
}

void CaptureRealm(const std::string& folder, const std::string& fuzz) {
  const RealmWorld world = RealmWorld::Make(test::AttestedTpm::Ek::kP256, test::AttestedTpm::Ak::kRsaSsa);
  std::ofstream file(folder + "/realm.txt");
  file << "# A realm that counts in its ledger on swtpm (EK template L-2, AK RSASSA 2048), made by "
          "attestation_capture.\n";
  Common(file, world.challenge);
  Line(file, "nonce", TestNonce("realm"));
  Line(file, "evaluation_key", world.Expectation().evaluation_key.Compressed());
  Line(file, "evidence", Encode(world.evidence));

  const RealmEvidence& realm = world.evidence;
  SeedParts(fuzz, "realm", realm.identity, {realm.evaluation_public, realm.derivation_public},
            {realm.quote, realm.evaluation_certified});
  Seed(fuzz + "/corpus/attestation_evidence/realm", Encode(realm));
  Seed(fuzz + "/corpus/realm/realm", Encode(realm));
}

}  // namespace
}  // namespace labrec::attestation

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: attestation_capture FOLDER FUZZ_FOLDER\n";
    return 2;
  }
  labrec::attestation::CaptureChip(argv[1], argv[2]);
  labrec::attestation::CaptureRealm(argv[1], argv[2]);
  return 0;
}
