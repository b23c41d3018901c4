import { randomBytes } from 'node:crypto';
import type { Ids } from '../ports.ts';

/** Ids of the machine's own randomness. */
export const randomIds: Ids = {
  agent: () => randomBytes(6).toString('hex'),
  demand: () => randomBytes(12).toString('hex'),
  token: () => randomBytes(32).toString('hex'),
};
