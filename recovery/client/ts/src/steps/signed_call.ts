import type { Bytes } from '../bytes.js';
import type { Method } from '../realms/methods.js';
import type { RealmSet } from '../realms/realm_set.js';
import { requestBytes, signed, type Operation, type Signer } from '../realms/request_bytes.js';
import { CallError } from '../errors.js';
import { CHALLENGE_BYTES } from '../realms/realm_channel.js';
import type { Fields, Message } from '../wire/codec.js';
import type { SignatureMessage } from '../wire/messages.js';

export interface Signing {
  operation: Operation;
  body: Bytes;
  signer: Signer;
  /** One that came with the answer before. */
  challenge?: Bytes | undefined;
}

/**
 * A call with an authorization. After 'unavailable' it is signed anew over a new challenge and made once more: what is
 * done already answers well, or that it is not there. So with a challenge that came beforehand and has expired.
 */
export async function signedCall<Q extends Fields & { authorization: Fields[string] }, A extends Fields>(
  realms: RealmSet, realm: number, method: Method<Q, A>, signing: Signing,
  request: Omit<Message<Q>, 'authorization'>, signal: AbortSignal,
): Promise<Message<A>> {
  const channel = realms.at(realm);
  const { operation, body, signer } = signing;
  const make = async (challenge: Bytes): Promise<Message<A>> => {
    const message = await requestBytes(realms.scope(realm), operation, challenge, body);
    const authorization: SignatureMessage = await signed(signer, channel.id, challenge, message);
    return channel.call(method, { ...request, authorization } as unknown as Message<Q>, signal);
  };
  try {
    return await make(signing.challenge ?? await channel.challenge(signal));
  } catch (error) {
    const again = error instanceof CallError &&
      (error.code === 'unavailable' || (signing.challenge && error.code === 'permission_denied'));
    if (!again) throw error;
    return make(await channel.challenge(signal));
  }
}

/** A challenge that came with an answer; undefined from a realm that gives none there: it is asked for one then. */
export function nextChallenge({ nextChallenge: given }: { nextChallenge: Bytes }): Bytes | undefined {
  return given.length === CHALLENGE_BYTES ? given : undefined;
}
