/** A version in the three parts of Debian policy 5.6.12. */
interface DpkgVersion {
  readonly epoch: number;
  readonly upstream: string;
  readonly revision: string;
}

const MAX_EPOCH = 2_147_483_647;

function split(version: string): DpkgVersion {
  const colon = version.indexOf(':');
  const dash = version.lastIndexOf('-');
  const hasRevision = dash > colon;
  return {
    epoch: colon < 0 ? 0 : Number(version.slice(0, colon)),
    upstream: version.slice(colon + 1, hasRevision ? dash : undefined),
    revision: hasRevision ? version.slice(dash + 1) : '',
  };
}

/** Whether dpkg takes it as a version; only characters that are harmless in paths and index lines pass. */
export function isDpkgVersion(version: string): boolean {
  const { epoch, upstream } = split(version);
  return (
    /^(?:\d+:\d[A-Za-z0-9.+~:-]*|\d[A-Za-z0-9.+~-]*)$/.test(version) &&
    /^\d/.test(upstream) &&
    /(?:^[^-]*|-[A-Za-z0-9.+~]+)$/.test(version) &&
    epoch <= MAX_EPOCH
  );
}

/** Without its epoch, as versions stand in file names. */
export function withoutEpoch(version: string): string {
  return version.slice(version.indexOf(':') + 1);
}

/** Negative when `a` is older, positive when newer: the order of Debian policy 5.6.12, as dpkg computes it. */
export function compareDpkgVersions(a: string, b: string): number {
  if (a === b) return 0;
  const left = split(a);
  const right = split(b);
  return (
    left.epoch - right.epoch ||
    compareParts(left.upstream, right.upstream) ||
    compareParts(left.revision, right.revision)
  );
}

/** Alternately a stretch of non-digits, by character, and one of digits, by number. */
function compareParts(a: string, b: string): number {
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    while (isText(a, i) || isText(b, j)) {
      const difference = weight(a, i) - weight(b, j);
      if (difference !== 0) return difference;
      i += 1;
      j += 1;
    }
    const left = /^\d*/.exec(a.slice(i))?.[0] ?? '';
    const right = /^\d*/.exec(b.slice(j))?.[0] ?? '';
    const difference = compareNumbers(left, right);
    if (difference !== 0) return difference;
    i += left.length;
    j += right.length;
  }
  return 0;
}

function isText(part: string, at: number): boolean {
  return at < part.length && !/\d/.test(part.charAt(at));
}

/** `~` before the end, the end before letters, letters before everything else. */
function weight(part: string, at: number): number {
  const character = part.charAt(at);
  if (character === '~') return -1;
  if (character === '' || /\d/.test(character)) return 0;
  return character.charCodeAt(0) + (/[A-Za-z]/.test(character) ? 0 : 256);
}

/** Of any length, so as text. */
function compareNumbers(a: string, b: string): number {
  const left = a.replace(/^0+/, '');
  const right = b.replace(/^0+/, '');
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : left > right ? 1 : 0;
}
