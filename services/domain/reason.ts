/** Why something failed, in the words of what was thrown; anything can be. */
export function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
