/**
 * The order of rpm's rpmvercmp(): stretches of digits by number, of letters by character, anything else
 * only separates; `~` is older than the end, `^` newer than the end but older than more text.
 */
export function rpmvercmp(a: string, b: string): number {
  const left = segments(a);
  const right = segments(b);
  for (let index = 0; index < left.length || index < right.length; index += 1) {
    const difference = compareSegments(left[index], right[index]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function segments(version: string): readonly string[] {
  return version.match(/[0-9]+|[A-Za-z]+|[~^]/g) ?? [];
}

/** Undefined is the end of a version. */
function compareSegments(one: string | undefined, two: string | undefined): number {
  const difference = rank(one) - rank(two);
  if (difference !== 0 || one === undefined || two === undefined) return difference;
  if (rank(one) !== NUMBER) return compareText(one, two);
  const left = one.replace(/^0+/, '');
  const right = two.replace(/^0+/, '');
  return left.length - right.length || compareText(left, right);
}

const NUMBER = 4;

/** `~`, the end, `^`, letters, digits: whatever kind comes later in this row is newer. */
function rank(segment: string | undefined): number {
  if (segment === undefined) return 1;
  if (segment === '~') return 0;
  if (segment === '^') return 2;
  return /[0-9]/.test(segment) ? NUMBER : 3;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
