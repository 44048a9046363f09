import type { Fields, Message } from '../wire/codec.js';
import * as wire from '../wire/messages.js';

export interface Method<Q extends Fields, A extends Fields> {
  name: string;
  request: Q;
  answer: A;
  /** After 'unavailable': 'dear' also once after 'deadline_exceeded', as the realm may have counted it. */
  repeat: 'never' | 'safe' | 'dear';
  token: boolean;
}
export type Request<M> = M extends Method<infer Q, Fields> ? Message<Q> : never;
export type AnswerOf<M> = M extends Method<Fields, infer A> ? Message<A> : never;

const method = <Q extends Fields, A extends Fields>(
  name: string, request: Q, answer: A, repeat: 'never' | 'safe' | 'dear', token = true,
): Method<Q, A> => ({ name, request, answer, repeat, token });

// docs/protocol.md, "Repeating calls".
export const GetRealm = method('GetRealm', wire.GetRealmRequest, wire.GetRealmResponse, 'safe', false);
export const GetChallenge = method('GetChallenge', wire.GetChallengeRequest, wire.GetChallengeResponse, 'safe');
export const GetRecord = method('GetRecord', wire.GetRecordRequest, wire.GetRecordResponse, 'safe');
export const ListDevices = method('ListDevices', wire.ListDevicesRequest, wire.ListDevicesResponse, 'safe');
export const Evaluate = method('Evaluate', wire.EvaluateRequest, wire.EvaluateResponse, 'dear');
export const BeginUnlock = method('BeginUnlock', wire.BeginUnlockRequest, wire.BeginUnlockResponse, 'safe');
export const Unlock = method('Unlock', wire.UnlockRequest, wire.UnlockResponse, 'never');
export const BeginRegistration = method('BeginRegistration', wire.BeginRegistrationRequest, wire.BeginRegistrationResponse, 'never');
export const GetIdentity = method('GetIdentity', wire.GetIdentityRequest, wire.GetIdentityResponse, 'safe', false);
export const BeginChipWrite = method('BeginChipWrite', wire.BeginChipWriteRequest, wire.BeginChipWriteResponse, 'safe');
export const FinishChipWrite = method('FinishChipWrite', wire.FinishChipWriteRequest, wire.FinishChipWriteResponse, 'safe');
export const FinishRegistration = method('FinishRegistration', wire.FinishRegistrationRequest, wire.FinishRegistrationResponse, 'never');
export const Activate = method('Activate', wire.ActivateRequest, wire.ActivateResponse, 'never');
export const DeleteRecord = method('DeleteRecord', wire.DeleteRecordRequest, wire.DeleteRecordResponse, 'never');
export const EnrollDevice = method('EnrollDevice', wire.EnrollDeviceRequest, wire.EnrollDeviceResponse, 'never');
export const RevokeDevice = method('RevokeDevice', wire.RevokeDeviceRequest, wire.RevokeDeviceResponse, 'never');
export const RaiseFloor = method('RaiseFloor', wire.RaiseFloorRequest, wire.RaiseFloorResponse, 'never');
export const GetFloor = method('GetFloor', wire.GetFloorRequest, wire.GetFloorResponse, 'never');
