#pragma once

#include <string_view>

// Every domain-separation label of the module: docs/labyrinth.md lists what each is used for. No label is
// used for two purposes, and none is a prefix of an input elsewhere, since they are always length-prefixed.
namespace labrec::recovery::labyrinth {

// Keys derived from an epoch's root.
inline constexpr std::string_view kLabelDataStorage = "labyrinth-recovery/v1/labyrinth/data_storage";
inline constexpr std::string_view kLabelDeviceMac = "labyrinth-recovery/v1/labyrinth/device_mac";
inline constexpr std::string_view kLabelThread = "labyrinth-recovery/v1/labyrinth/thread";
inline constexpr std::string_view kLabelChaining = "labyrinth-recovery/v1/labyrinth/chaining";
inline constexpr std::string_view kLabelPsk = "labyrinth-recovery/v1/labyrinth/psk";
inline constexpr std::string_view kLabelEpochFloor = "labyrinth-recovery/v1/labyrinth/epoch_floor";

// From fresh entropy to the next root, and from a thread's key to a message's.
inline constexpr std::string_view kLabelRoot = "labyrinth-recovery/v1/labyrinth/root";
inline constexpr std::string_view kLabelMessageKey = "labyrinth-recovery/v1/labyrinth/message_key";

// What a device key signs.
inline constexpr std::string_view kLabelSignStorage =
    "labyrinth-recovery/v1/labyrinth/sign/device_storage_key";
inline constexpr std::string_view kLabelSignAuth = "labyrinth-recovery/v1/labyrinth/sign/device_auth_key";
inline constexpr std::string_view kLabelSignVirtual =
    "labyrinth-recovery/v1/labyrinth/sign/virtual_storage_key";

// Records, MACs, HPKE contexts and associated data.
inline constexpr std::string_view kLabelOpening = "labyrinth-recovery/v1/labyrinth/opening";
inline constexpr std::string_view kLabelMembership = "labyrinth-recovery/v1/labyrinth/membership";
inline constexpr std::string_view kLabelEntropy = "labyrinth-recovery/v1/labyrinth/hpke/entropy";
inline constexpr std::string_view kLabelInvitation = "labyrinth-recovery/v1/labyrinth/hpke/invitation";
inline constexpr std::string_view kLabelEdge = "labyrinth-recovery/v1/labyrinth/backward_edge";
inline constexpr std::string_view kLabelMessage = "labyrinth-recovery/v1/labyrinth/message";
inline constexpr std::string_view kLabelVirtualDevice = "labyrinth-recovery/v1/labyrinth/virtual_device";
inline constexpr std::string_view kLabelBundle = "labyrinth-recovery/v1/labyrinth/bundle";
inline constexpr std::string_view kLabelState = "labyrinth-recovery/v1/labyrinth/device_state";
inline constexpr std::string_view kLabelPending = "labyrinth-recovery/v1/labyrinth/pending_device";
inline constexpr std::string_view kLabelJoin = "labyrinth-recovery/v1/labyrinth/join_request";

}  // namespace labrec::recovery::labyrinth
