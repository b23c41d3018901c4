import { createPrivateKey, sign as signDigest } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import * as openpgp from 'openpgp';
import type { PrivateKey } from 'openpgp';
import { z } from 'zod';
import type { Signer } from '../chacra/signer.ts';
import type { Clock } from '../domain/clock.ts';
import { GitbuilderError } from '../domain/errors.ts';
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
  const signing = await key.getSigningKey(undefined, clock.now());
  const quick = ed25519Key(signing.keyPacket);
  const sign = quick === null ? signer(key, clock) : quickSigner(quick, key, clock);
  return {
    publicKeyArmored: key.toPublic().armor(),
    fingerprint: key.getFingerprint().toUpperCase(),
    ...sign,
  };
}

type Sign = Pick<Signer, 'clearsign' | 'detach'>;

/** Any key that the library knows. */
function signer(key: PrivateKey, clock: Clock): Sign {
  return {
    async clearsign(text) {
      const message = await openpgp.createCleartextMessage({ text });
      const signed = await openpgp.sign({ message, signingKeys: key, date: clock.now() });
      // The library writes CRLF; a cleartext signature holds with either, and Release files have LF.
      return signed.replaceAll('\r\n', '\n');
    },
    async detach(text) {
      // Binary, not text: gpgv then verifies the very bytes, whatever their line ends.
      const message = await openpgp.createMessage({ binary: Buffer.from(text) });
      const options = { message, signingKeys: key, date: clock.now(), detached: true };
      const signature: unknown = await openpgp.sign(options);
      return String(signature);
    },
  };
}

/**
 * Ed25519 without the library, which hands each signature to another thread with the key in a new
 * form: two of them took as long as all index files of a publish together.
 */
function quickSigner(quick: Ed25519Key, key: PrivateKey, clock: Clock): Sign {
  const sign = async (signed: string, type: SignatureType): Promise<string> => {
    const created = clock.now();
    // It may have expired meanwhile. What the library has verified once costs nothing again.
    await key.getSigningKey(undefined, created);
    const packet = signaturePacket(Buffer.from(signed), { type, created, key: quick });
    return openpgp.armor(openpgp.enums.armor.signature, packet).replaceAll('\r\n', '\n');
  };
  return {
    clearsign: async (text) => clearsignedDocument(text, await sign(canonicalText(text), 'text')),
    detach: (text) => sign(text, 'binary'),
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
    const reason = error instanceof Error ? error.message : String(error);
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
