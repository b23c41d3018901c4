/** Whether a version of Jenkins (`2.462.3`) is at least that one (`2.539`); null, not known, is not. */
export function isAtLeast(version: string | null, least: string): boolean {
  const has = (version ?? '0').split(/[.-]/).map(Number);
  for (const [place, wanted] of least.split('.').map(Number).entries()) {
    const difference = (has[place] ?? 0) - wanted;
    if (difference !== 0) return difference > 0;
  }
  return true;
}
