// The messages of recovery/api/v1/recovery.proto that a client sends and reads, field by field.
import { bool, bytes, int64, many, message, messages, oneof, optionalUint32, string, uint32, uint64, type Message } from './codec.js';

const nothing = {};
export const GetRealmRequest = nothing;
/** As much of it as is read. */
export const GetRealmResponse = { realmId: bytes(1), protocolVersion: uint32(3) };
export const GetChallengeRequest = nothing;
export const GetChallengeResponse = { challenge: bytes(1) };

export const UnlockKey = { record: string(1), version: uint32(2) };
export const Signature = {
  challenge: bytes(1),
  ...oneof('signer', { deviceId: bytes(2), unlockKey: message(3, UnlockKey) }),
  signature: bytes(4),
};

export const EnrollDeviceRequest = {
  publicKey: bytes(1), name: string(2), challenge: bytes(3), proof: bytes(4), authorization: message(5, Signature),
};
export const EnrollDeviceResponse = { deviceId: bytes(1) };
export const RevokeDeviceRequest = { deviceId: bytes(1), authorization: message(2, Signature) };
export const RevokeDeviceResponse = nothing;
export const ListDevicesRequest = nothing;
export const DeviceInfo = { deviceId: bytes(1), publicKey: bytes(2), name: string(3), enrolledAtMs: int64(4), enrolledBy: string(5) };
export const ListDevicesResponse = { devices: messages(1, DeviceInfo), records: many(string(2)), discarded: bool(3) };

export const BeginRegistrationRequest = { record: string(1), version: uint32(2), elements: many(bytes(3)) };
export const BeginRegistrationResponse = { registrationId: bytes(1), evaluated: many(bytes(2)), nextChallenge: bytes(4) };
export const GetIdentityRequest = nothing;
export const GetIdentityResponse = { identity: bytes(1) };
export const BeginChipWriteRequest = { record: string(1), version: uint32(2), nonce: bytes(3) };
export const BeginChipWriteResponse = { session: uint64(1), nonceTpm: bytes(2), contents: bytes(3) };
export const FinishChipWriteRequest = {
  record: string(1), version: uint32(2), session: uint64(3), limit: uint32(4), signature: bytes(5), nonce: bytes(6),
};
export const FinishChipWriteResponse = { contents: bytes(1) };
export const FinishRegistrationRequest = {
  record: string(1), version: uint32(2), registrationId: bytes(3), config: bytes(4), commitment: bytes(5),
  unlockPublicKey: bytes(6), sealedSecret: bytes(7), authorization: message(8, Signature),
};
export const FinishRegistrationResponse = { nextChallenge: bytes(1) };
export const ActivateRequest = { record: string(1), version: uint32(2), authorization: message(3, Signature) };
export const ActivateResponse = nothing;

export const ChipShare = { index: uint32(1), akName: bytes(2) };
export const RealmShare = { realmId: bytes(1), x: uint32(2), maskedShare: bytes(3), chip: message(4, ChipShare) };
export const RecordConfig = {
  version: uint32(1), tenant: string(2), account: string(3), record: string(4), threshold: uint32(5),
  realms: messages(6, RealmShare), salt: bytes(7), argonMemoryKib: uint32(8), argonPasses: uint32(9),
  argonLanes: uint32(10), guessLimit: uint32(11), enforcement: uint32(12),
};

export const enum RecordState { USABLE = 1, LOCKED = 2, DESTROYED = 3, NOT_REGISTERED = 4 }
export const enum VersionStage { PENDING = 1, ACTIVE = 2 }
export const enum Enforcement { LEDGER = 1, CHIP = 2, MIXED = 3 }

export const GetRecordRequest = { record: string(1) };
export const RecordVersion = {
  version: uint32(1), stage: uint32(2), config: bytes(3), commitment: bytes(4), remaining: optionalUint32(5),
  lockedUntilMs: int64(6), registeredBy: bytes(7),
};
/** As much of it as is read. */
export const GetRecordResponse = {
  state: uint32(1), versions: messages(2, RecordVersion), remaining: uint32(4), lockedUntilMs: int64(5),
  highestVersion: uint32(6), nextChallenge: bytes(9),
};

export const EvaluateRequest = BeginRegistrationRequest;
export const Evaluated = { evaluated: many(bytes(1)), remaining: uint32(2), challenge: bytes(3) };
export const LockedUntil = { untilMs: int64(1), remaining: uint32(2) };
export const EvaluateResponse = oneof('outcome', {
  evaluated: message(1, Evaluated), lockedUntil: message(2, LockedUntil), destroyed: message(3, nothing),
  notRegistered: message(4, nothing),
});

export const Floor = {
  sequence: uint64(1), digest: bytes(2), deviceId: bytes(3), devicePublicKey: bytes(4), challenge: bytes(5), signature: bytes(6),
};
export const BeginUnlockRequest = UnlockKey;
export const BeginUnlockResponse = GetChallengeResponse;
export const UnlockRequest = { record: string(1), version: uint32(2), challenge: bytes(3), signature: bytes(4) };
export const Unlocked = { sealedSecret: bytes(1), floor: message(2, Floor), remaining: uint32(3), nextChallenge: bytes(4) };
export const UnlockResponse = oneof('outcome', {
  unlocked: message(1, Unlocked), destroyed: message(2, nothing), notRegistered: message(3, nothing),
});

export const DeleteRecordRequest = { record: string(1), authorization: message(2, Signature) };
export const DeleteRecordResponse = nothing;
export const RaiseFloorRequest = { record: string(1), sequence: uint64(2), digest: bytes(3), authorization: message(4, Signature) };
export const RaiseFloorResponse = nothing;
export const GetFloorRequest = DeleteRecordRequest;
export const GetFloorResponse = { floor: message(1, Floor) };

export type GetRecordAnswer = Message<typeof GetRecordResponse>;
export type SignatureMessage = Message<typeof Signature>;
export type FloorMessage = Message<typeof Floor>;
export type UnlockAnswer = Message<typeof UnlockResponse>;
