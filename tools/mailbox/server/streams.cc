#include "tools/mailbox/server/streams.h"

#include <spdlog/spdlog.h>

#include "hsm/base/status_macros.h"
#include "recovery/server/service/rpc_status.h"

namespace labrec::mailbox {
namespace {

using recovery::labyrinth::Id;
using recovery::labyrinth::MessagePage;
using recovery::labyrinth::StoredEpoch;
using recovery::labyrinth::StoredMessage;
using recovery::labyrinth::StoreHead;

constexpr size_t kPageMessages = 256;

// One answer at a time.
template <typename Answer>
class Stream : public grpc::ServerWriteReactor<Answer> {
 public:
  void OnWriteDone(bool ok) final {
    if (!ok) return this->Finish(grpc::Status(grpc::StatusCode::CANCELLED, "the client is gone"));
    Continue();
  }
  void OnDone() final { delete this; }
  void Continue() {
    answer_.Clear();
    const absl::StatusOr<bool> more = Next(answer_);
    if (!more.ok() || !*more) return this->Finish(Answerable(more.status()));
    this->StartWrite(&answer_);
  }

 private:
  // False: there is no more.
  virtual absl::StatusOr<bool> Next(Answer& answer) = 0;
  Answer answer_;
};

class MessageStream final : public Stream<v1::MessagePage> {
 public:
  MessageStream(SqliteStore store, uint64_t sequence, uint64_t after)
      : store_(std::move(store)), sequence_(sequence), after_(after) {}

 private:
  absl::StatusOr<bool> Next(v1::MessagePage& answer) override {
    LABREC_ASSIGN_OR_RETURN(const StoreHead head, store_.GetHead());
    if (sequence_ > head.sequence) return false;
    LABREC_ASSIGN_OR_RETURN(const MessagePage page, store_.ReadMessages(sequence_, after_, kPageMessages));
    answer.set_sequence(sequence_);
    answer.set_after(after_);
    for (const StoredMessage& message : page.messages) *answer.add_messages() = ToWire(message);
    answer.set_last(page.last);
    after_ = page.last ? 0 : page.next;
    if (page.last) ++sequence_;
    return true;
  }

  SqliteStore store_;
  uint64_t sequence_;
  uint64_t after_;
};

class EpochStream final : public Stream<v1::EpochBlock> {
 public:
  EpochStream(SqliteStore store, uint64_t from, v1::Direction direction, std::optional<Id> member)
      : store_(std::move(store)), next_(from), direction_(direction), member_(member) {}

 private:
  absl::StatusOr<bool> Next(v1::EpochBlock& answer) override {
    if (!next_.has_value()) return false;
    LABREC_ASSIGN_OR_RETURN(const StoreHead head, store_.GetHead());
    if (*next_ > head.sequence) return false;
    LABREC_ASSIGN_OR_RETURN(const StoredEpoch epoch, store_.GetEpoch(*next_));
    answer.set_sequence(*next_);
    *answer.mutable_epoch() = ToWire(epoch);
    if (member_.has_value()) LABREC_RETURN_IF_ERROR(AddMembers(*next_, *next_ < head.sequence, answer));
    Advance();
    return true;
  }

  absl::Status AddMembers(uint64_t sequence, bool settled, v1::EpochBlock& answer) {
    const absl::StatusOr<Bytes> delivery = store_.GetDelivery(sequence, *member_);
    if (!delivery.ok() && !absl::IsNotFound(delivery.status())) return delivery.status();
    if (delivery.ok()) answer.mutable_delivery()->set_bytes(ToString(*delivery));
    if (!settled) return absl::OkStatus();
    LABREC_ASSIGN_OR_RETURN(const auto rows, store_.ListMembers(sequence));
    *answer.mutable_members() = ToWire(rows);
    return absl::OkStatus();
  }

  void Advance() {
    if (direction_ == v1::DIRECTION_UP) {
      next_ = *next_ + 1;
    } else {
      next_ = *next_ == 0 ? std::nullopt : std::optional(*next_ - 1);
    }
  }

  SqliteStore store_;
  std::optional<uint64_t> next_;
  v1::Direction direction_;
  std::optional<Id> member_;
};

template <typename Answer>
class Refusal final : public grpc::ServerWriteReactor<Answer> {
 public:
  explicit Refusal(const absl::Status& why) { this->Finish(Answerable(why)); }
  void OnDone() override { delete this; }
};

}  // namespace

grpc::Status Answerable(const absl::Status& status) {
  if (absl::IsInternal(status)) spdlog::error("{}", std::string(status.message()));
  return recovery::ToRpcStatus(status);
}

grpc::ServerWriteReactor<v1::MessagePage>* StreamMessages(SqliteStore store,
                                                          const v1::ReadMessagesRequest& request) {
  auto* const stream = new MessageStream(std::move(store), request.sequence(), request.after());
  stream->Continue();
  return stream;
}

grpc::ServerWriteReactor<v1::EpochBlock>* StreamEpochs(SqliteStore store,
                                                       const v1::ReadEpochsRequest& request) {
  if (request.direction() != v1::DIRECTION_UP && request.direction() != v1::DIRECTION_DOWN) {
    return NoEpochs(absl::InvalidArgumentError("direction is up or down"));
  }
  std::optional<Id> member;
  if (!request.member().empty()) {
    const absl::StatusOr<Id> id = IdFrom(request.member(), "member");
    if (!id.ok()) return NoEpochs(id.status());
    member = *id;
  }
  auto* const stream = new EpochStream(std::move(store), request.from(), request.direction(), member);
  stream->Continue();
  return stream;
}

grpc::ServerWriteReactor<v1::MessagePage>* NoMessages(const absl::Status& why) {
  return new Refusal<v1::MessagePage>(why);
}

grpc::ServerWriteReactor<v1::EpochBlock>* NoEpochs(const absl::Status& why) {
  return new Refusal<v1::EpochBlock>(why);
}

}  // namespace labrec::mailbox
