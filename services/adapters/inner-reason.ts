import { reasonOf } from '../domain/reason.ts';
/** Why something failed: what `fetch` and lowdb throw says so only in its cause. */
export function innerReason(failure: unknown): string {
  const inner =
    failure instanceof Error && failure.cause instanceof Error ? failure.cause : failure;
  return reasonOf(inner);
}
