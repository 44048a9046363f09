#pragma once

#include <optional>
#include <vector>

#include "recovery/api/v1/admin.pb.h"
#include "recovery/api/v1/recovery.pb.h"
#include "recovery/engine/call/answers.h"

namespace labrec::recovery {

// What the engine answered, as the messages of the API. `answer` comes in empty. Pure; any thread.

void FillPoints(const std::vector<P256Point>& points, google::protobuf::RepeatedPtrField<std::string>* out);
void FillDevices(const Account& account, labyrinth::recovery::v1::ListDevicesResponse* answer);
void FillFloor(const EpochFloor& floor, labyrinth::recovery::v1::Floor* answer);

enum class Configs { kInclude, kLeaveOut };
void FillRecord(const RecordView& view, Configs configs, labyrinth::recovery::v1::GetRecordResponse* answer);

void FillEvaluate(const EvaluateOutcome& outcome, labyrinth::recovery::v1::EvaluateResponse* answer);
void FillUnlock(const UnlockOutcome& outcome, labyrinth::recovery::v1::UnlockResponse* answer);

}  // namespace labrec::recovery
