import { createHash } from 'node:crypto';
import type { RpmHeader } from '../domain/package-header.ts';
import { Malformed } from './malformed.ts';
import { INTRO_BYTES, RpmTags, declaredBytes } from './rpm-header.ts';
import { readPackage } from './rpm-package.ts';
import { SIGNATURE_TAG, TAG } from './rpm-tags.ts';
import { yumFilelists } from './yum-filelists.ts';
import { yumOther } from './yum-other.ts';
import { yumPrimary } from './yum-primary.ts';

/** What stands before the payload, and how long the payload is, where the package says so. */
export interface RpmHead {
  readonly header: RpmHeader;
  readonly payloadBytes: number | null;
}

/** The bytes that the reader needs next, and what they belong to. */
export interface Wanted {
  readonly part: 'lead' | 'signature' | 'header';
  readonly bytes: number;
}

const LIMIT = 64 * 1024 * 1024;
const MAGIC = Buffer.from([0xed, 0xab, 0xee, 0xdb]);
const LEAD_BYTES = 96;

/**
 * Reads lead, signature and header (RPM documentation, "V4 Package format"): asks for bytes by yielding
 * how many, so that sizes are judged before the bytes arrive.
 */
export function* readHead(): Generator<Wanted, RpmHead, Buffer> {
  const magic = yield { part: 'lead', bytes: MAGIC.length };
  if (!magic.equals(MAGIC)) throw new Malformed('it is not an RPM package');
  yield { part: 'lead', bytes: LEAD_BYTES - MAGIC.length };

  const signatureIntro = yield { part: 'signature', bytes: INTRO_BYTES };
  const signatureBytes = declaredBytes(signatureIntro, 'signature');
  const padding = (8 - (signatureBytes % 8)) % 8;
  const start = LEAD_BYTES + INTRO_BYTES + signatureBytes + padding;
  requireWithinLimit(start);
  const signatureBody = yield { part: 'signature', bytes: signatureBytes + padding };
  const signature = new RpmTags(
    Buffer.concat([signatureIntro, signatureBody.subarray(0, signatureBytes)]),
    'signature',
  );

  const intro = yield { part: 'header', bytes: INTRO_BYTES };
  const headerBytes = INTRO_BYTES + declaredBytes(intro, 'header');
  requireWithinLimit(start + headerBytes);
  const body = yield { part: 'header', bytes: headerBytes - INTRO_BYTES };
  const header = Buffer.concat([intro, body]);
  requireDigest(signature, header);
  const tags = new RpmTags(header, 'header');
  const rpm = readPackage(signature, tags, { start, end: start + headerBytes });
  const { name, epoch, version, release, arch } = rpm;
  return {
    header: {
      kind: 'rpm',
      name,
      epoch,
      version,
      release,
      arch,
      primary: yumPrimary(rpm),
      filelists: yumFilelists(rpm),
      other: yumOther(rpm),
    },
    payloadBytes: payloadBytes(signature, tags, headerBytes),
  };
}

function requireWithinLimit(bytes: number): void {
  if (bytes > LIMIT) {
    throw new Malformed(`its headers are ${bytes} bytes long, more than the ${LIMIT} allowed`);
  }
}

/** A damaged header is refused here already: rpm would refuse it only when somebody installs the package. */
function requireDigest(signature: RpmTags, header: Buffer): void {
  for (const algorithm of ['sha256', 'sha1'] as const) {
    const declared = signature.text(SIGNATURE_TAG[algorithm]);
    if (declared === null) continue;
    const actual = createHash(algorithm).update(header).digest('hex');
    if (actual === declared.toLowerCase()) return;
    throw new Malformed(`its header is damaged: its ${algorithm} is not the one in its signature`);
  }
}

/** Since rpm 6 the header says it; before, the signature says how long header and payload are together. */
function payloadBytes(signature: RpmTags, tags: RpmTags, headerBytes: number): number | null {
  const both = signature.number(SIGNATURE_TAG.longSize) ?? signature.number(SIGNATURE_TAG.size);
  if (both === null) return tags.number(TAG.payloadSize);
  if (both < headerBytes) throw new Malformed('its signature declares less than its header holds');
  return both - headerBytes;
}
