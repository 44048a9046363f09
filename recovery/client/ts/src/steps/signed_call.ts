import type { Bytes } from '../bytes.js';
import { SIGNED_ATTEMPTS, type Method } from '../realms/methods.js';
import type { RealmChannel } from '../realms/realm_channel.js';
import type { RealmSet } from '../realms/realm_set.js';
import { requestBytes, signed, type Operation, type Signer } from '../realms/request_bytes.js';
import type { CallError } from '../errors.js';
import type { Fields, Message } from '../wire/codec.js';
import type { SignatureMessage } from '../wire/messages.js';

export interface Signing {
  operation: Operation;
  body: Bytes;
  signer: Signer;
}

/**
 * Makes a signed call over the challenge that came with an answer, else over a new one. After 'unavailable' it is made again over a new one: what is done already answers well, or that it is not
 * there. So, once, where the realm did not take a challenge that was not new: it may have expired.
 */
export async function overChallenge<T>(channel: RealmChannel, signal: AbortSignal, make: (challenge: Bytes) => Promise<T>): Promise<T> {
  let known = channel.takeHeld();
  for (let attempt = 1; ; ++attempt) {
    const challenge = known ?? (await channel.newChallenge(signal));
    try {
      return await make(challenge);
    } catch (error) {
      const { code } = error as CallError;
      const again = known ? code === 'permission_denied' || code === 'unavailable' : code === 'unavailable';
      if (!again || attempt >= SIGNED_ATTEMPTS) throw error;
    }
    known = undefined;
  }
}

/** A call with an authorization. */
export function signedCall<Q extends Fields & { authorization: Fields[string] }, A extends Fields>(
  realms: RealmSet, realm: number, method: Method<Q, A>, signing: Signing,
  request: Omit<Message<Q>, 'authorization'>, signal: AbortSignal,
): Promise<Message<A>> {
  const channel = realms.at(realm);
  const { operation, body, signer } = signing;
  return overChallenge(channel, signal, async (challenge) => {
    const message = await requestBytes(realms.scope(realm), operation, challenge, body);
    const authorization: SignatureMessage = await signed(signer, channel.id, challenge, message);
    return channel.call(method, { ...request, authorization } as unknown as Message<Q>, signal);
  });
}
