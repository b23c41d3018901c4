import { createHash } from 'node:crypto';
import { trimEndOf } from './trim-end.ts';

/** What a signature is over: the very bytes, or lines of text whatever their ends. */
export type SignatureType = 'binary' | 'text';

/** An Ed25519 key as OpenPGP version 4 has it. */
export interface Ed25519Key {
  /** 20 bytes: the sha1 of its public part. */
  readonly fingerprint: Uint8Array;
  /** The 64 bytes of a signature (RFC 8032) over a digest. */
  readonly sign: (digest: Uint8Array) => Uint8Array;
}

/** RFC 4880, 5.2.1. */
const TYPE_IDS = { binary: 0, text: 1 } as const satisfies Record<SignatureType, number>;
const VERSION = 4;
/** EdDSA with curve 25519 in its older form (RFC 9580, 9.1), which every gpgv since 2.1 verifies. */
const EDDSA_LEGACY = 22;
const SHA512 = 10;
const CREATED = 2;
const ISSUER = 16;
const ISSUER_FINGERPRINT = 33;
/** Packets of signatures in the new format (RFC 4880, 4.2). */
const PACKET_TAG = 0xc2;

/** A signature packet (RFC 4880, 5.2.3) over bytes that `canonicalText` made, where it is over text. */
export function signaturePacket(
  signed: Uint8Array,
  { type, created, key }: { type: SignatureType; created: Date; key: Ed25519Key },
): Uint8Array {
  const time = Buffer.alloc(4);
  time.writeUInt32BE(Math.floor(created.getTime() / 1000));
  const subpackets = Buffer.concat([
    subpacket(CREATED, time),
    subpacket(ISSUER, key.fingerprint.subarray(-8)),
    subpacket(ISSUER_FINGERPRINT, Buffer.concat([Buffer.of(VERSION), key.fingerprint])),
  ]);
  const head = Buffer.concat([
    Buffer.of(VERSION, TYPE_IDS[type], EDDSA_LEGACY, SHA512, 0, subpackets.length),
    subpackets,
  ]);
  // RFC 4880, 5.2.4: what is hashed ends with the head and its length.
  const end = Buffer.of(VERSION, 0xff, 0, 0, 0, head.length);
  const digest = createHash('sha512').update(signed).update(head).update(end).digest();
  const signature = key.sign(digest);
  const body = Buffer.concat([
    head,
    // No subpackets that are not signed.
    Buffer.of(0, 0),
    digest.subarray(0, 2),
    multiprecision(signature.subarray(0, 32)),
    multiprecision(signature.subarray(32)),
  ]);
  return Buffer.concat([Buffer.of(PACKET_TAG, body.length), body]);
}

/**
 * The text that a cleartext signature is over (RFC 4880, 7.1): no blanks at line ends, which are CRLF.
 * A carriage return within a line has no meaning there, and readers differ.
 */
export function canonicalText(text: string): string {
  return linesOf(text).join('\r\n');
}

/** A text and the armoured signature over its canonical form, as one document (RFC 4880, 7). */
export function clearsignedDocument(text: string, armoredSignature: string): string {
  const escaped = linesOf(text).map((line) => (line.startsWith('-') ? `- ${line}` : line));
  const head = '-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n';
  return `${head}${escaped.join('\n')}\n${armoredSignature}`;
}

/** Without the blanks at their ends. */
function linesOf(text: string): string[] {
  return text.split('\n').map((line) => trimEndOf(line, ' \t\r'));
}

function subpacket(type: number, body: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.of(body.length + 1, type), body]);
}

/** A number with the count of its bits before it (RFC 4880, 3.2). */
function multiprecision(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = first < 0 ? bytes.subarray(bytes.length) : bytes.subarray(first);
  const bits = digits.length * 8 - Math.clz32(digits[0] ?? 0) + 24;
  const length = Buffer.alloc(2);
  length.writeUInt16BE(digits.length === 0 ? 0 : bits);
  return Buffer.concat([length, digits]);
}
