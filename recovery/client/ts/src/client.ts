import { bytesOf } from './bytes.js';
import { invalid } from './errors.js';
import { changePin, type PinChangeOptions } from './change_pin.js';
import * as devices from './devices.js';
import { warmUpCurve } from './pin/oprf.js';
import { pinBytes } from './pin/text.js';
import { GetRecord } from './realms/methods.js';
import { RealmSet } from './realms/realm_set.js';
import type { Signer } from './realms/request_bytes.js';
import { recoverGroup } from './recover.js';
import { guessLimitOf, seal } from './seal.js';
import { status } from './status.js';
import type {
  Call, ClientOptions, DeviceKey, DeviceList, FloorReading, PinChange, RealmReport, RecordStatus, Recovery, RecoverOptions, Sealed,
  SealOptions, Stretch,
} from './types.js';

/**
 * Seals and recovers a secret of one account behind a PIN. Outcomes are values; RecoveryError is thrown for what decides
 * nothing, and the reason of an AbortSignal that was aborted. Several calls may run at once.
 *
 * A PIN that is text is normalised (docs/protocol.md, "The bytes of a PIN"); bytes are taken as they are.
 */
export class RecoveryClient {
  readonly #realms: RealmSet;
  readonly #stretch: Stretch;
  readonly #device: DeviceKey | undefined;

  constructor(options: ClientOptions) {
    this.#realms = new RealmSet(options);
    this.#stretch = options.stretch;
    this.#device = options.device;
  }

  /** Connections, preflights, the worker and the curve's tables, while the person types. Costs no guess. */
  async warmUp(options: Call = {}): Promise<void> {
    const signal = options.signal ?? new AbortController().signal;
    await Promise.all([
      this.#stretch.warmUp?.(),
      this.#realms.gather(this.#realms.all(), async (i, until) => {
        await this.#realms.at(i).preflight([GetRecord], until);
        await this.#realms.at(i).identify(until);
      }, { signal }),
      warmUpCurve(),
    ]);
  }

  /** Costs no guess. */
  status(record: string, options: RecoverOptions = {}): Promise<RecordStatus> {
    return status(this.#realms, record, options);
  }

  /**
   * Protects 1 to 1024 bytes by a PIN at all realms, as a new version of the record. Without the old PIN, the new one is
   * first tried at the versions that are there: a guess each.
   */
  async seal(record: string, pin: string | Uint8Array, secret: Uint8Array, options: SealOptions = {}): Promise<Sealed> {
    const threshold = options.threshold ?? Math.floor(this.#realms.size / 2) + 1;
    const signer = this.#signer(options.by);
    return seal(this.#realms, {
      record, pin: pinBytes(pin), secret, threshold, guessLimit: guessLimitOf(this.#realms.size, threshold, options),
      everyRealm: options.everyRealm ?? true, signerAt: () => signer, recovered: false, options,
    }, this.#stretch);
  }

  /** Costs each realm one guess at most, and none before enough were seen to be there; a success gives all back. */
  async recover(record: string, pin: string | Uint8Array, options: RecoverOptions = {}): Promise<Recovery> {
    const outcome = await recoverGroup(this.#realms, record, pinBytes(pin), this.#stretch, options, true);
    return 'recovered' in outcome ? outcome.recovered : outcome;
  }

  async changePin(record: string, oldPin: string | Uint8Array, newPin: string | Uint8Array, options: PinChangeOptions = {}): Promise<PinChange> {
    return changePin(this.#realms, record, pinBytes(oldPin), pinBytes(newPin), this.#stretch, this.#device, options);
  }

  /**
   * Brings the record to all realms of the list again, under the PIN that it has. Nothing is sealed where every realm
   * holds it: the result is then the version that is there.
   */
  async heal(record: string, pin: string | Uint8Array, options: PinChangeOptions = {}): Promise<PinChange> {
    return changePin(this.#realms, record, pinBytes(pin), pinBytes(pin), this.#stretch, this.#device, options, true);
  }

  /** `by` vouches: an enrolled device, or who has recovered; nobody for the first one, where the realm allows that. */
  enrollDevice(device: DeviceKey, name: string, options: Call & { by?: Signer } = {}): Promise<RealmReport[]> {
    return devices.enrollDevice(this.#realms, device, name, options.by, options);
  }

  /** `deviceId`: the first 16 bytes of the SHA-256 of its public key. */
  async revokeDevice(deviceId: Uint8Array, options: Call & { by?: Signer } = {}): Promise<RealmReport[]> {
    return devices.revokeDevice(this.#realms, bytesOf(deviceId), this.#signer(options.by), options);
  }

  listDevices(options: Call = {}): Promise<DeviceList> {
    return devices.listDevices(this.#realms, options);
  }

  async deleteRecord(record: string, options: Call & { by?: Signer } = {}): Promise<RealmReport[]> {
    return devices.deleteRecord(this.#realms, this.#realms.name(record).record, this.#signer(options.by), options);
  }

  /** Signed by the device of the options. */
  async raiseFloor(record: string, sequence: bigint, digest: Uint8Array, options: Call = {}): Promise<RealmReport[]> {
    return devices.raiseFloor(this.#realms, this.#realms.name(record).record, sequence, bytesOf(digest), this.#own(), options);
  }

  async readFloor(record: string, options: Call = {}): Promise<FloorReading> {
    return devices.readFloor(this.#realms, this.#realms.name(record).record, this.#own(), options);
  }

  #own(): DeviceKey {
    if (this.#device) return this.#device;
    throw invalid('there is no device key to sign with: give one in the options of the client');
  }
  #signer(by: Signer | undefined): Signer {
    return by ?? this.#own();
  }
}
