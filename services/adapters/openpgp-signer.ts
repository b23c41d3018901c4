import { createPrivateKey, sign as signDigest } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import * as openpgp from 'openpgp';
import type { PrivateKey } from 'openpgp';
import { z } from 'zod';
import type { Signer } from '../chacra/signer.ts';
import type { Clock } from '../domain/clock.ts';
import { GitbuilderError } from '../domain/errors.ts';
import { reasonOf } from '../domain/reason.ts';
import {
  canonicalText,
  clearsignedDocument,
  signaturePacket,
} from '../formats/openpgp-signature.ts';
import type { Ed25519Key, SignatureType } from '../formats/openpgp-signature.ts';
import { readSecret } from '../platform/credentials.ts';
import { systemClock } from './system-clock.ts';

/** A signer on one armoured private key, ours or from gpg; throws saying what is wrong with the key. */
export async function openSigner(options: {
  readonly armoredKey: string;
  readonly passphrase?: string | undefined;
  readonly clock?: Clock;
}): Promise<Signer> {
  const { clock = systemClock } = options;
  const key = await unlock(await read(options.armoredKey), options.passphrase);
  // Fails when the key is expired, revoked, or has no part that may sign: better now than at a publish.
  const now = await signingPart(key, clock.now());
  return {
    publicKeyArmored: key.toPublic().armor(),
    fingerprint: key.getFingerprint().toUpperCase(),
    signsWith: now.getFingerprint().toUpperCase(),
    ...signer(key, clock),
  };
}

type Part = Awaited<ReturnType<PrivateKey['getSigningKey']>>;

/**
 * The part that signs at a time: the newest subkey that may and whose secret is here, else the primary
 * key. One that has expired makes way for the next. What was verified once costs nothing again.
 */
async function signingPart(key: PrivateKey, date: Date): Promise<Part> {
  const newest = [...key.subkeys].sort(
    (a, b) => Number(b.getCreationTime()) - Number(a.getCreationTime()),
  );
  for (const part of [...newest, key]) {
    if (!hasSecret(part.keyPacket)) continue;
    const found = await key.getSigningKey(part.getKeyID(), date).catch(() => null);
    if (found !== null) return found;
  }
  // Says why, unless the secret is all that is missing.
  await key.getSigningKey(undefined, date);
  throw new Error('it holds the secret of no part that may sign now: export one that may');
}

/** An exported key may hold stubs: of a primary key that is kept elsewhere, of a subkey on a card. */
function hasSecret(packet: openpgp.AnyKeyPacket): boolean {
  return 'privateParams' in packet && packet.privateParams !== null;
}

/**
 * Signs with Ed25519 itself, and leaves other keys to the library: that hands each signature to another
 * thread with the key in a new form, and two of them took as long as all index files of a publish.
 */
function signer(key: PrivateKey, clock: Clock): Pick<Signer, 'clearsign' | 'detach'> {
  const quickKeys = new Map<string, Ed25519Key | null>();
  const quickKey = ({ keyPacket }: Part): Ed25519Key | null => {
    const name = keyPacket.getFingerprint();
    const known = quickKeys.get(name);
    const quick = known === undefined ? ed25519Key(keyPacket) : known;
    quickKeys.set(name, quick);
    return quick;
  };
  const armored = (signed: string, type: SignatureType, created: Date, quick: Ed25519Key) => {
    const packet = signaturePacket(Buffer.from(signed), { type, created, key: quick });
    return openpgp.armor(openpgp.enums.armor.signature, packet).replaceAll('\r\n', '\n');
  };
  return {
    async clearsign(text) {
      const date = clock.now();
      const part = await signingPart(key, date);
      const quick = quickKey(part);
      if (quick !== null)
        return clearsignedDocument(text, armored(canonicalText(text), 'text', date, quick));
      const message = await openpgp.createCleartextMessage({ text });
      const signingKeyIDs = [part.getKeyID()];
      const signed = await openpgp.sign({ message, signingKeys: key, signingKeyIDs, date });
      // The library writes CRLF; a cleartext signature holds with either, and Release files have LF.
      return signed.replaceAll('\r\n', '\n');
    },
    async detach(text) {
      const date = clock.now();
      const part = await signingPart(key, date);
      const quick = quickKey(part);
      if (quick !== null) return armored(text, 'binary', date, quick);
      // Binary, not text: gpgv then verifies the very bytes, whatever their line ends.
      const message = await openpgp.createMessage({ binary: Buffer.from(text) });
      const signingKeyIDs = [part.getKeyID()];
      const options = { message, signingKeys: key, signingKeyIDs, date, detached: true };
      const signature: unknown = await openpgp.sign(options);
      return String(signature);
    },
  };
}

const ed25519Params = z.object({
  public: z.object({ Q: z.instanceof(Uint8Array) }),
  private: z.object({ seed: z.instanceof(Uint8Array) }),
});

/** Of the older form of Ed25519, which all our own keys have; null for every other key. */
function ed25519Key(packet: openpgp.AnyKeyPacket): Ed25519Key | null {
  const fingerprint = packet.getFingerprintBytes();
  const isEd25519 =
    packet.version === 4 && packet.algorithm === openpgp.enums.publicKey.eddsaLegacy;
  if (!isEd25519 || fingerprint === null || !('privateParams' in packet)) return null;
  const params = ed25519Params.parse({
    public: packet.publicParams,
    private: packet.privateParams,
  });
  const [point, seed] = [params.public.Q, params.private.seed];
  // Before its 32 bytes stands how they are written (RFC 9580, 13.2.2).
  const jwk = { kty: 'OKP', crv: 'Ed25519', d: base64url(seed), x: base64url(point.subarray(1)) };
  const secret = createPrivateKey({ key: jwk, format: 'jwk' });
  return { fingerprint, sign: (digest) => signDigest(null, digest, secret) };
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}

/** The signer that the configuration names; CONFIGURATION_INVALID names the key file and the reason. */
export async function loadSigner(signing: {
  readonly keyFile: string;
  readonly passphraseFile?: string | undefined;
}): Promise<Signer> {
  try {
    const { keyFile, passphraseFile } = signing;
    const passphrase = passphraseFile === undefined ? undefined : await readSecret(passphraseFile);
    return await openSigner({ armoredKey: await readFile(keyFile, 'utf8'), passphrase });
  } catch (error) {
    const reason = reasonOf(error);
    const problems = `cannot sign with this key: ${reason}`;
    throw new GitbuilderError(
      'CONFIGURATION_INVALID',
      { file: signing.keyFile, problems },
      { cause: error },
    );
  }
}

async function read(armoredKey: string): Promise<PrivateKey> {
  if (!armoredKey.includes('-----BEGIN PGP PRIVATE KEY BLOCK-----')) {
    throw new Error(
      'it holds no armoured private key (gpg --export-secret-keys --armor makes one)',
    );
  }
  return openpgp.readPrivateKey({ armoredKey });
}

async function unlock(key: PrivateKey, passphrase: string | undefined): Promise<PrivateKey> {
  if (key.isDecrypted()) return key;
  if (passphrase === undefined) {
    throw new Error('it is protected: set chacra.signing.passphraseFile');
  }
  return openpgp.decryptKey({ privateKey: key, passphrase });
}
