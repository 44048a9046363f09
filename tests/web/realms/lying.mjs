// A fetch between a client and real realms that changes what one of them answers, or loses it.
import { decode, encode } from '../../dist/wire/codec.js';
import * as wire from '../../dist/wire/messages.js';

export class LyingFetch {
  #rules = [];
  calls = [];

  constructor() {
    this.fetch = async (url, init) => {
      const method = url.slice(url.lastIndexOf('/') + 1);
      const rule = this.#rules.find((each) => url.startsWith(each.realm.url) && each.method.test(method));
      this.calls.push({ url, method, body: init.body });
      if (rule?.before) await rule.before(init);
      if (rule?.instead) return rule.instead();
      const response = await fetch(url, init);
      if (!rule?.after) return response;
      return rule.after(response, method);
    };
  }

  /** From now on. */
  behave() {
    this.#rules = [];
    this.calls = [];
    return this;
  }
  /** The message that this realm answers to this call is changed. */
  answer(realm, method, change) {
    this.#rules.push({ realm, method: new RegExp(`^${method}$`), after: async (response) => {
      if (response.status !== 200) return response;
      const fields = wire[`${method}Response`];
      const message = decode(fields, new Uint8Array(await response.arrayBuffer()));
      return new Response(encode(fields, change(message) ?? message), { headers: { 'content-type': 'application/proto' } });
    } });
    return this;
  }
  /** The realm is not asked. */
  error(realm, method, code, status = 500) {
    this.#rules.push({ realm, method: new RegExp(`^${method}$`), instead: () =>
      new Response(JSON.stringify({ code, message: 'a lie' }), { status, headers: { 'content-type': 'application/json' } }) });
    return this;
  }
  /** So many answers are lost after the realm gave them. */
  lose(realm, method, times) {
    this.#rules.push({ realm, method: new RegExp(`^${method}$`), after: (response) => {
      if (times-- > 0) throw new TypeError('the connection broke');
      return response;
    } });
    return this;
  }
  away(realm) {
    this.#rules.push({ realm, method: /./, before: () => { throw new TypeError('no route'); } });
    return this;
  }
}
