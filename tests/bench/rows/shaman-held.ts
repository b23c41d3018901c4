import type { Bench, Finding } from '../row.ts';
import type { Filled } from './shaman-asking.ts';

export async function heldFindings(_bench: Bench, _filled: Filled): Promise<Finding[]> {
  return [];
}
