import { warmUpCurve } from '../pin/oprf.js';
import type { Stretch } from '../types.js';

/** What is computed with once the realms have answered, made while they are asked. */
export function warmUpFor(stretch: Stretch): void {
  void stretch.warmUp?.().catch(() => undefined);
  setTimeout(() => void warmUpCurve());  // behind the calls that are made now
}
