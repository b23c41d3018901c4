/** Epoch, version and release: what orders the packages of one name. */
export interface Evr {
  readonly epoch: number;
  readonly version: string;
  readonly release: string;
}

/** Negative when `a` is older, positive when newer, as `rpm` and dnf decide which one to install. */
export function compareEvr(a: Evr, b: Evr): number {
  return (
    a.epoch - b.epoch ||
    compareRpmVersions(a.version, b.version) ||
    compareRpmVersions(a.release, b.release)
  );
}

/**
 * The order that rpm calls rpmvercmp (RPM documentation: manual/dependencies, "Versioning"): stretches
 * of letters and of digits one by one, separators only part them; `~` sorts before the end, `^` after
 * it but before anything else.
 */
export function compareRpmVersions(a: string, b: string): number {
  if (a === b) return 0;
  const left = segments(a);
  const right = segments(b);
  for (let index = 0; index < left.length || index < right.length; index += 1) {
    const difference = compareSegments(left[index], right[index]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function segments(version: string): string[] {
  return version.match(/~|\^|[0-9]+|[A-Za-z]+/g) ?? [];
}

/** Undefined is the end of a version. */
function compareSegments(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0;
  const difference = rank(a) - rank(b);
  if (difference !== 0) return difference;
  if (a === undefined || b === undefined) return 0;
  return isNumber(a) ? compareNumbers(a, b) : compareWords(a, b);
}

/** `~` < end < `^` < letters < digits. */
function rank(segment: string | undefined): number {
  if (segment === undefined) return 1;
  if (segment === '~') return 0;
  if (segment === '^') return 2;
  return isNumber(segment) ? 4 : 3;
}

function isNumber(segment: string): boolean {
  return /^[0-9]/.test(segment);
}

/** Of any length, as build dates and commit counts may be. */
function compareNumbers(a: string, b: string): number {
  const left = a.replace(/^0+/, '');
  const right = b.replace(/^0+/, '');
  return left.length - right.length || compareWords(left, right);
}

function compareWords(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
