#include "tools/mailbox/remote/message_reader.h"

#include "hsm/base/status_macros.h"

namespace labrec::mailbox {

using recovery::labyrinth::MessagePage;
using recovery::labyrinth::StoredMessage;

absl::StatusOr<MessagePage> MessageReader::Read(const StoreConnection& connection, uint64_t sequence,
                                                uint64_t after, size_t limit) {
  const bool goes_on = stream_ != nullptr && sequence == sequence_ && after == after_;
  if (!goes_on) Open(connection, sequence, after);
  absl::Status filled = Fill();
  if (filled.ok() && !page_.has_value() && goes_on) {
    Open(connection, sequence, after);  // there may be more than when the stream began
    filled = Fill();
  }
  if (!filled.ok()) {
    stream_.reset();
    return filled;
  }
  return Take(limit);
}

void MessageReader::Open(const StoreConnection& connection, uint64_t sequence, uint64_t after) {
  v1::ReadMessagesRequest request;
  request.set_mailbox(connection.mailbox);
  request.set_sequence(sequence);
  request.set_after(after);
  stream_.reset();
  page_.reset();
  sequence_ = sequence;
  after_ = after;
  stream_ = std::make_unique<Stream>(connection, [&](grpc::ClientContext* context) {
    return connection.stub->ReadMessages(context, request);
  });
}

absl::Status MessageReader::Fill() {
  if (page_.has_value()) return absl::OkStatus();
  LABREC_ASSIGN_OR_RETURN(page_, stream_->Next());
  taken_ = 0;
  if (!page_.has_value()) {
    stream_.reset();
    return absl::OkStatus();
  }
  if (page_->sequence() == sequence_ && page_->after() == after_) return absl::OkStatus();
  return absl::DataLossError("the message store sent other messages than it was asked for");
}

absl::StatusOr<MessagePage> MessageReader::Take(size_t limit) {
  MessagePage page;
  page.next = after_;
  if (!page_.has_value()) return page;
  while (taken_ < page_->messages_size() && page.messages.size() < limit) {
    LABREC_ASSIGN_OR_RETURN(StoredMessage message, FromWire(page_->messages(taken_++)));
    page.messages.push_back(std::move(message));
    ++page.next;
  }
  const bool whole = taken_ == page_->messages_size();
  page.last = whole && page_->last();
  after_ = page.last ? 0 : page.next;
  if (page.last) ++sequence_;
  if (whole) page_.reset();
  return page;
}

}  // namespace labrec::mailbox
