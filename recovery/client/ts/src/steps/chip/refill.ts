import type { Authority } from '../../pin/authority.js';
import type { RealmSet } from '../../realms/realm_set.js';
import type { Call, RealmReport } from '../../types.js';
import type { Group } from '../group.js';

export async function refillChips(_realms: RealmSet, _group: Group, _authority: Authority, _reports: RealmReport[], _call: Call): Promise<void> {}
