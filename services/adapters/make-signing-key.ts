import { generateKey } from 'openpgp';

/** Kinds of keys that apt, dnf and zypper of every supported release verify. */
export const SIGNING_KEY_TYPES = ['rsa3072', 'rsa4096', 'ed25519'] as const;
export type SigningKeyType = (typeof SIGNING_KEY_TYPES)[number];

/**
 * Makes an armoured private key that only signs and does not expire. Ed25519 in its older form:
 * gpgv before 2.4 does not know the ids of RFC 9580 that `curve25519` would bring.
 */
export async function makeSigningKey(options: {
  readonly type: SigningKeyType;
  readonly name: string;
}): Promise<{ armoredKey: string; fingerprint: string }> {
  const { privateKey } = await generateKey({
    ...parameters(options.type),
    userIDs: [{ name: options.name }],
    subkeys: [],
    format: 'object',
  });
  return {
    armoredKey: privateKey.armor(),
    fingerprint: privateKey.getFingerprint().toUpperCase(),
  };
}

function parameters(type: SigningKeyType) {
  switch (type) {
    case 'rsa3072':
      return { type: 'rsa', rsaBits: 3072 } as const;
    case 'rsa4096':
      return { type: 'rsa', rsaBits: 4096 } as const;
    case 'ed25519':
      return { type: 'ecc', curve: 'ed25519Legacy' } as const;
  }
}
