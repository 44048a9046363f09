#include "tests/support/tpm/attested_tpm.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

#include "attestation/verify/ek/template.h"
#include "hsm/base/absl_view.h"
#include "hsm/base/encoding.h"
#include "hsm/base/status_macros.h"
#include "hsm/tpm_wire/constants.h"
#include "hsm/tpm_wire/counted_areas.h"
#include "tests/support/tpm/local_ca.h"

namespace labrec::test {
namespace {

using attestation::SignedStatement;
using tpm::TpmtPublic;

std::string HexHandle(uint32_t handle) {
  return absl::StrCat("0x", absl::Hex(handle, absl::kZeroPad8));
}

std::string PolicySigned() {
  return absl::StrCat("policysigned -S write.session -c unlock.ctx -g sha256 -x -t ",
                      tpm::kWriteExpirationSeconds, " --cphash-input cphash");
}

// tpm2-tools write a TPM2B_PUBLIC.
absl::StatusOr<Bytes> WithoutSize(const Bytes& sized) {
  LABREC_ASSIGN_OR_RETURN(const TpmtPublic area, TpmtPublic::ParseSized(sized));
  return area.Marshal();
}

}  // namespace

absl::StatusOr<std::unique_ptr<AttestedTpm>> AttestedTpm::Start(Ek ek, Ak ak) {
  LABREC_ASSIGN_OR_RETURN(std::unique_ptr<Swtpm> tpm, Swtpm::Start());
  std::unique_ptr<AttestedTpm> made(new AttestedTpm(std::move(tpm), ek, ak));
  LABREC_RETURN_IF_ERROR(made->MakeKeys());
  return made;
}

std::string AttestedTpm::Scheme() const {
  if (ak_ == Ak::kEcdsa) return "ecdsa";
  return ak_ == Ak::kRsaSsa ? "rsassa" : "rsapss";
}

absl::Status AttestedTpm::MakeKeys() {
  if (ek_ == Ek::kP384) {
    tools_.Write("ek.policy", attestation::EkPolicyB(tpm::HashAlgorithm::kSha384));
    LABREC_RETURN_IF_ERROR(tools_.Run(
        "createprimary -C e -g sha384 -G ecc384:null:aes256cfb -c ek.ctx -L ek.policy -a "
        "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|adminwithpolicy|restricted|decrypt"));
    LABREC_RETURN_IF_ERROR(tools_.Run("readpublic -c ek.ctx -o ek.pub"));
    // TPM2_Create under a parent needs its authorisation, which this template has as an empty value; the tool
    // that makes AKs insists on PolicyA, so this AK is a primary key.
    LABREC_RETURN_IF_ERROR(
        tools_.Run("createprimary -C e -G ecc:ecdsa-sha256:null -c ak.ctx -a "
                   "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign"));
    LABREC_RETURN_IF_ERROR(tools_.Run("readpublic -c ak.ctx -o ak.pub"));
  } else {
    const std::string kind = ek_ == Ek::kRsa2048 ? "rsa" : "ecc";
    const std::string ak_kind = ak_ == Ak::kEcdsa ? "ecc" : "rsa";
    LABREC_RETURN_IF_ERROR(tools_.Run("createek -c ek.ctx -u ek.pub -G " + kind));
    LABREC_RETURN_IF_ERROR(tools_.Run(
        absl::StrCat("createak -C ek.ctx -c ak.ctx -u ak.pub -g sha256 -G ", ak_kind, " -s ", Scheme())));
  }
  LABREC_RETURN_IF_ERROR(tools_.Run("createprimary -C o -G ecc -c srk.ctx"));
  LABREC_ASSIGN_OR_RETURN(identity_.ek_public, WithoutSize(tools_.Read("ek.pub")));
  LABREC_ASSIGN_OR_RETURN(identity_.ak_public, WithoutSize(tools_.Read("ak.pub")));
  LABREC_ASSIGN_OR_RETURN(const TpmtPublic ek, TpmtPublic::Parse(identity_.ek_public));
  LABREC_ASSIGN_OR_RETURN(identity_.ek_certificate, LocalCa::Instance().Certify(ek));
  LABREC_ASSIGN_OR_RETURN(const Bytes issuer, LocalCa::Instance().Issuer());
  identity_.intermediates = {issuer};
  return absl::OkStatus();
}

absl::StatusOr<Bytes> AttestedTpm::Activate(const tpm::CredentialBlob& blob) const {
  // The tool's own file format: magic, version, then the two structures.
  tools_.Write("credential",
               Writer().U32(0xBADCC0DE).U32(1).Raw(blob.id_object).Raw(blob.encrypted_secret).bytes());
  std::string authorization;
  if (ek_ != Ek::kP384) {
    LABREC_RETURN_IF_ERROR(tools_.Run("startauthsession --policy-session -S ek.session"));
    LABREC_RETURN_IF_ERROR(tools_.Run("policysecret -S ek.session -c e"));
    authorization = " -P session:ek.session";
  }
  const absl::Status activated =
      tools_.Run("activatecredential -c ak.ctx -C ek.ctx -i credential -o activated" + authorization);
  if (ek_ != Ek::kP384) LABREC_RETURN_IF_ERROR(tools_.Run("flushcontext ek.session"));
  LABREC_RETURN_IF_ERROR(activated);
  return tools_.Read("activated");
}

absl::StatusOr<attestation::RecordKeyEvidence> AttestedTpm::MakeRecordKey(
    const RecordKeyOptions& options) const {
  tools_.Write("index.policy", options.index_policy);
  tools_.Write("key.policy", options.key_policy);
  LABREC_RETURN_IF_ERROR(tools_.Run(absl::StrCat("nvdefine ", HexHandle(options.handle), " -C o -s 8 -a ",
                                                 options.index_attributes, " -L index.policy")));
  LABREC_RETURN_IF_ERROR(tools_.Run(absl::StrCat(
      "create -C srk.ctx -G ecc:ecdh-sha256 -L key.policy -u key.pub -r key.priv --creation-data "
      "key.creation --creation-hash key.hash -t key.ticket -a ",
      options.key_attributes)));
  LABREC_RETURN_IF_ERROR(tools_.Run("load -C srk.ctx -u key.pub -r key.priv -c key.ctx"));
  attestation::RecordKeyEvidence evidence;
  tpm::TpmsNvPublic index;
  index.index = options.handle;
  uint32_t attributes = 0;
  if (!absl::SimpleHexAtoi(options.index_attributes, &attributes))
    return absl::InvalidArgumentError("attributes");
  index.attributes = attributes;
  index.auth_policy = options.index_policy;
  index.data_size = 8;
  evidence.index_public = index.Marshal();
  LABREC_ASSIGN_OR_RETURN(evidence.key_public, WithoutSize(tools_.Read("key.pub")));
  LABREC_ASSIGN_OR_RETURN(evidence.key_certified, CertifyCreation("key", options.nonce));
  return evidence;
}

absl::StatusOr<AttestedTpm::WriteSession> AttestedTpm::BeginWrite(const EcdsaPublicKey& unlock_key,
                                                                  uint32_t handle,
                                                                  const tpm::IndexWriteData& data) const {
  const std::string index = HexHandle(handle);
  tools_.Write("data", data.bytes);
  write_ = absl::StrCat(" -i data --offset ", data.offset, " ");
  tools_.Write("unlock.pub", Writer().Lp(tpm::ExternalKeyArea(unlock_key).Marshal()).bytes());
  LABREC_RETURN_IF_ERROR(tools_.Run(absl::StrCat("nvwrite -C ", index, write_, "--cphash cphash ", index)));
  LABREC_RETURN_IF_ERROR(tools_.Run("startauthsession --policy-session -S write.session"));
  LABREC_RETURN_IF_ERROR(tools_.Run("loadexternal -C n -u unlock.pub -c unlock.ctx"));
  LABREC_RETURN_IF_ERROR(tools_.Run(PolicySigned() + " --raw-data authorization"));
  const Bytes authorization = tools_.Read("authorization");
  if (authorization.size() != 32 + 4 + 32) return absl::InternalError("tpm2_policysigned wrote no raw data");
  return WriteSession{Bytes(authorization.begin(), authorization.begin() + 32), authorization};
}

absl::Status AttestedTpm::FinishWrite(uint32_t handle, ByteView signature) const {
  const std::string index = HexHandle(handle);
  tools_.Write("write.signature", Writer()
                                      .U16(tpm::kAlgEcdsa)
                                      .U16(tpm::kAlgSha256)
                                      .Lp(signature.first(32))
                                      .Lp(signature.last(32))
                                      .bytes());
  absl::Status written = tools_.Run(PolicySigned() + " -s write.signature");
  if (written.ok()) written = tools_.Run("policycommandcode -S write.session TPM2_CC_NV_Write");
  if (written.ok()) {
    written = tools_.Run(absl::StrCat("nvwrite -C ", index, " -P session:write.session", write_, index));
  }
  LABREC_RETURN_IF_ERROR(tools_.Run("flushcontext write.session"));
  return written;
}

absl::StatusOr<SignedStatement> AttestedTpm::CertifyIndex(uint32_t handle, const Digest& nonce) const {
  LABREC_RETURN_IF_ERROR(tools_.Run(absl::StrCat("nvcertify -C ak.ctx -c o -g sha256 -s ", Scheme(),
                                                 " -f tss -o signature --attestation attest --size 8 -q ",
                                                 Hex(nonce), " ", HexHandle(handle))));
  return SignedStatement{tools_.Read("attest"), tools_.Read("signature")};
}

absl::StatusOr<SignedStatement> AttestedTpm::Quote(std::string_view pcrs, const Digest& nonce) const {
  LABREC_RETURN_IF_ERROR(
      tools_.Run(absl::StrCat("quote -c ak.ctx -g sha256 --scheme ", Scheme(), " -l ", AbslView(pcrs), " -q ",
                              Hex(nonce), " -m attest -s signature")));
  return SignedStatement{tools_.Read("attest"), tools_.Read("signature")};
}

absl::StatusOr<std::vector<Bytes>> AttestedTpm::PcrValues(std::string_view pcrs) const {
  LABREC_RETURN_IF_ERROR(tools_.Run(absl::StrCat("pcrread -o pcrs ", AbslView(pcrs))));
  const Bytes all = tools_.Read("pcrs");
  std::vector<Bytes> values;
  for (auto at = all.begin(); all.end() - at >= 32; at += 32) values.emplace_back(at, at + 32);
  return values;
}

absl::StatusOr<Bytes> AttestedTpm::MakeKey(const std::string& name, const std::string& algorithm,
                                           const std::string& attributes) const {
  LABREC_RETURN_IF_ERROR(tools_.Run(absl::StrCat(
      "create -C srk.ctx -G ", algorithm, " -a ", attributes, " -u ", name, ".pub -r ", name,
      ".priv --creation-data ", name, ".creation --creation-hash ", name, ".hash -t ", name, ".ticket")));
  LABREC_RETURN_IF_ERROR(
      tools_.Run(absl::StrCat("load -C srk.ctx -u ", name, ".pub -r ", name, ".priv -c ", name, ".ctx")));
  return WithoutSize(tools_.Read(name + ".pub"));
}

absl::StatusOr<SignedStatement> AttestedTpm::CertifyCreation(const std::string& name,
                                                             const Digest& nonce) const {
  LABREC_RETURN_IF_ERROR(tools_.Run(absl::StrCat(
      "certifycreation -C ak.ctx -c ", name, ".ctx -d ", name, ".hash -t ", name, ".ticket -g sha256 -s ",
      Scheme(), " -f tss -o signature --attestation attest -q ", Hex(nonce))));
  return SignedStatement{tools_.Read("attest"), tools_.Read("signature")};
}

absl::StatusOr<SignedStatement> AttestedTpm::Certify(const std::string& name) const {
  LABREC_RETURN_IF_ERROR(tools_.Run(absl::StrCat("certify -C ak.ctx -c ", name, ".ctx -g sha256 --scheme ",
                                                 Scheme(), " -f tss -s signature -o attest")));
  return SignedStatement{tools_.Read("attest"), tools_.Read("signature")};
}

}  // namespace labrec::test
