import { bytesOf, hex, type Bytes } from './bytes.js';
import { invalid } from './errors.js';
import type { Answer } from './realms/gather.js';
import { DeleteRecord, EnrollDevice, GetFloor, ListDevices, RaiseFloor, RevokeDevice } from './realms/methods.js';
import { isIdentifier, type RealmSet } from './realms/realm_set.js';
import { become, failed } from './realms/report.js';
import { enrollBody, raiseFloorBody, recordBody, requestBytes, revokeBody, signed, type Signer } from './realms/request_bytes.js';
import type { Call, DeviceKey, DeviceList, Floor, FloorReading, RealmReport } from './types.js';
import { checkFloor, highestFirst } from './steps/floor.js';
import { overChallenge, signedCall } from './steps/signed_call.js';

function reportsOf<T>(realms: RealmSet, answers: Array<Answer<T>>): RealmReport[] {
  return answers.map((answer, i) => {
    const report = realms.report(i);
    if (answer.ok) become(report, 'good');
    else failed(report, answer.error);
    return report;
  });
}

/** Both the new key and the one that vouches for it sign the same bytes, over the same challenge. */
export async function enrollDevice(realms: RealmSet, device: DeviceKey, name: string, by: Signer | undefined, call: Call): Promise<RealmReport[]> {
  if (name !== '' && !isIdentifier(name, 64)) throw invalid('a device has a name of at most 64 bytes, without control characters');
  call.onStep?.({ name: 'sign' });
  const publicKey = bytesOf(device.publicKey);
  // Asking again for what is enrolled already is answered well.
  const enroll = (realm: number, signal: AbortSignal) => overChallenge(realms.at(realm), signal, async (challenge) => {
    const channel = realms.at(realm);
    const message = await requestBytes(realms.scope(realm), 'enroll-device', challenge, enrollBody(publicKey, name));
    const proof = bytesOf(await device.sign(message));
    const authorization = by && (await signed(by, channel.id, challenge, message));
    return channel.call(EnrollDevice, { publicKey, name, challenge, proof, authorization }, signal);
  });
  const answers = await realms.gather(realms.all(), enroll, { signal: call.signal });
  return reportsOf(realms, answers);
}

export async function revokeDevice(realms: RealmSet, deviceId: Bytes, signer: Signer, call: Call): Promise<RealmReport[]> {
  call.onStep?.({ name: 'sign' });
  const signing = { operation: 'revoke-device', body: revokeBody(deviceId), signer } as const;
  const answers = await realms.gather(realms.all(), (realm, signal) =>
    signedCall(realms, realm, RevokeDevice, signing, { deviceId }, signal), { signal: call.signal });
  const reports = reportsOf(realms, answers);
  // What is not there is revoked.
  answers.forEach((answer, i) => !answer.ok && answer.error.code === 'not_found' && become(reports[i]!, 'good'));
  return reports;
}

export async function listDevices(realms: RealmSet, call: Call): Promise<DeviceList> {
  const answers = await realms.gather(realms.all(), (realm, signal) => realms.at(realm).call(ListDevices, {}, signal), { signal: call.signal });
  const lists = answers.flatMap((answer, i) => (!answer.ok ? [] : [{
    realm: realms.at(i).name,
    devices: answer.value.devices.map(({ deviceId, publicKey, name, enrolledAtMs, enrolledBy }) =>
      ({ id: hex(deviceId), publicKey, name, enrolledAt: new Date(Number(enrolledAtMs)), enrolledBy })),
    records: answer.value.records,
    discarded: answer.value.discarded,
  }]));
  return { realms: reportsOf(realms, answers), lists };
}

export async function deleteRecord(realms: RealmSet, record: string, signer: Signer, call: Call): Promise<RealmReport[]> {
  call.onStep?.({ name: 'sign' });
  const signing = { operation: 'delete-record', body: recordBody(record), signer } as const;
  const answers = await realms.gather(realms.all(), (realm, signal) =>
    signedCall(realms, realm, DeleteRecord, signing, { record }, signal), { signal: call.signal });
  const reports = reportsOf(realms, answers);
  answers.forEach((answer, i) => !answer.ok && answer.error.code === 'not_found' && become(reports[i]!, 'not-registered'));
  return reports;
}

export async function raiseFloor(realms: RealmSet, record: string, sequence: bigint, digest: Bytes, device: DeviceKey, call: Call): Promise<RealmReport[]> {
  if (digest.length !== 32) throw invalid('the digest of a floor has 32 bytes');
  call.onStep?.({ name: 'sign' });
  const signing = { operation: 'raise-floor', body: raiseFloorBody(record, sequence, digest), signer: device } as const;
  const answers = await realms.gather(realms.all(), (realm, signal) =>
    signedCall(realms, realm, RaiseFloor, signing, { record, sequence, digest }, signal), { signal: call.signal });
  return reportsOf(realms, answers);
}

export async function readFloor(realms: RealmSet, record: string, device: DeviceKey, call: Call): Promise<FloorReading> {
  call.onStep?.({ name: 'sign' });
  const signing = { operation: 'get-floor', body: recordBody(record), signer: device } as const;
  const answers = await realms.gather(realms.all(), async (realm, signal): Promise<Floor | undefined> => {
    const { floor } = await signedCall(realms, realm, GetFloor, signing, { record }, signal);
    return floor && checkFloor(realms, realm, record, floor);
  }, { signal: call.signal });
  const floors = answers.flatMap((answer) => (answer.ok && answer.value ? [answer.value] : []));
  return { floors: highestFirst(floors), realms: reportsOf(realms, answers) };
}
