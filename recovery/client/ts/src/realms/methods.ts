import type { Fields, Message } from '../wire/codec.js';
import * as wire from '../wire/messages.js';

/**
 * After 'unavailable': 'safe' is sent again; 'dear' also once after 'deadline_exceeded', as the realm may have counted it;
 * 'signed' is signed again over another challenge (steps/signed_call.ts).
 */
export type Repeat = 'never' | 'signed' | 'safe' | 'dear';
export const CALL_ATTEMPTS = 4;
export const SIGNED_ATTEMPTS = 3;
export const FIRST_PAUSE_MS = 50;
export const LONGEST_PAUSE_MS = 1000;

export interface Method<Q extends Fields, A extends Fields> {
  name: string;
  request: Q;
  answer: A;
  /** Compared with docs/conformance/methods.json, which is made from the core's rules. */
  repeat: Repeat;
  token: boolean;
}
export type Request<M> = M extends Method<infer Q, Fields> ? Message<Q> : never;
export type AnswerOf<M> = M extends Method<Fields, infer A> ? Message<A> : never;

const method = <Q extends Fields, A extends Fields>(
  name: string, request: Q, answer: A, repeat: Repeat, token = true,
): Method<Q, A> => ({ name, request, answer, repeat, token });

// docs/protocol.md, "Repeating calls".
export const GetRealm = method('GetRealm', wire.GetRealmRequest, wire.GetRealmResponse, 'safe', false);
export const GetChallenge = method('GetChallenge', wire.GetChallengeRequest, wire.GetChallengeResponse, 'safe');
export const GetRecord = method('GetRecord', wire.GetRecordRequest, wire.GetRecordResponse, 'safe');
export const ListDevices = method('ListDevices', wire.ListDevicesRequest, wire.ListDevicesResponse, 'safe');
export const Evaluate = method('Evaluate', wire.EvaluateRequest, wire.EvaluateResponse, 'dear');
export const BeginUnlock = method('BeginUnlock', wire.BeginUnlockRequest, wire.BeginUnlockResponse, 'safe');
export const Unlock = method('Unlock', wire.UnlockRequest, wire.UnlockResponse, 'signed');
export const BeginRegistration = method('BeginRegistration', wire.BeginRegistrationRequest, wire.BeginRegistrationResponse, 'never');
export const GetIdentity = method('GetIdentity', wire.GetIdentityRequest, wire.GetIdentityResponse, 'safe', false);
export const BeginChipWrite = method('BeginChipWrite', wire.BeginChipWriteRequest, wire.BeginChipWriteResponse, 'safe');
export const FinishChipWrite = method('FinishChipWrite', wire.FinishChipWriteRequest, wire.FinishChipWriteResponse, 'safe');
export const FinishRegistration = method('FinishRegistration', wire.FinishRegistrationRequest, wire.FinishRegistrationResponse, 'signed');
export const Activate = method('Activate', wire.ActivateRequest, wire.ActivateResponse, 'signed');
export const DeleteRecord = method('DeleteRecord', wire.DeleteRecordRequest, wire.DeleteRecordResponse, 'signed');
export const EnrollDevice = method('EnrollDevice', wire.EnrollDeviceRequest, wire.EnrollDeviceResponse, 'signed');
export const RevokeDevice = method('RevokeDevice', wire.RevokeDeviceRequest, wire.RevokeDeviceResponse, 'signed');
export const RaiseFloor = method('RaiseFloor', wire.RaiseFloorRequest, wire.RaiseFloorResponse, 'signed');
export const GetFloor = method('GetFloor', wire.GetFloorRequest, wire.GetFloorResponse, 'signed');
