#pragma once

#include <functional>
#include <memory>
#include <string>

#include <grpcpp/client_context.h>
#include <grpcpp/support/sync_stream.h>

#include "absl/status/status.h"

#include "tools/mailbox/wire/v1/mailbox.grpc.pb.h"
#include "tools/mailbox/wire/wire.h"

namespace labrec::mailbox {

// What every call to a store needs. One thread at a time.
struct StoreConnection {
  std::shared_ptr<v1::MailboxStore::Stub> stub;
  std::string authorization;  // "Bearer ..."; empty: none
  std::string mailbox;

  void Authorize(grpc::ClientContext& context) const {
    if (!authorization.empty()) context.AddMetadata("authorization", authorization);
  }
};

// The same code, and the server's words.
inline absl::Status FromRpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                      "message store: " + status.error_message());
}

// An answer that comes in pieces. Leaving it cancels it.
template <typename Answer>
class IncomingStream {
 public:
  using Open = std::function<std::unique_ptr<grpc::ClientReader<Answer>>(grpc::ClientContext*)>;
  IncomingStream(const StoreConnection& connection, const Open& open) {
    connection.Authorize(context_);
    reader_ = open(&context_);
  }
  ~IncomingStream() {
    if (reader_ == nullptr) return;
    context_.TryCancel();
    (void)reader_->Finish();
  }
  IncomingStream(const IncomingStream&) = delete;
  IncomingStream& operator=(const IncomingStream&) = delete;

  // The next piece; nullopt at the end; the server's error. Not called again after those two.
  absl::StatusOr<std::optional<Answer>> Next() {
    Answer answer;
    if (reader_->Read(&answer)) return std::optional<Answer>(std::move(answer));
    const absl::Status status = FromRpc(reader_->Finish());
    reader_.reset();
    if (!status.ok()) return status;
    return std::optional<Answer>();
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<Answer>> reader_;
};

}  // namespace labrec::mailbox
