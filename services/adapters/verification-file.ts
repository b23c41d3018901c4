import { join } from 'node:path';
import { Low } from 'lowdb';
import { z } from 'zod';
import type { VerificationStore } from '../chacra/verification-ports.ts';
import type { Verification } from '../domain/verification.ts';
import { DurableJsonAdapter } from '../platform/durable-json-adapter.ts';
import { repoIdentitySchema } from './repo-identity-schema.ts';

const schema = z.object({
  begun: z.string(),
  ended: z.string().nullable(),
  cursor: z.string().nullable(),
  blobs: z.int(),
  bytes: z.int(),
  rebuilt: z.object({ sha512: z.int(), headers: z.int(), indexFiles: z.int() }),
  lost: z.array(
    z.object({
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      size: z.int().nullable(),
      reason: z.string(),
      keptAt: z.string().nullable(),
    }),
  ),
  generations: z.array(
    z.object({ identity: repoIdentitySchema, number: z.int(), reason: z.string() }),
  ),
}) satisfies z.ZodType<Verification>;
const FORMAT = { parse: (raw: unknown): Verification => schema.parse(raw) };

/** The last look at everything that a storage node keeps, in a document of its own. */
export class VerificationFile implements VerificationStore {
  readonly #path: string;

  constructor({ root }: { readonly root: string }) {
    this.#path = join(root, 'verification.json');
  }

  /** Null, too, when it cannot be understood: then everything is looked at anew. */
  async read(): Promise<Verification | null> {
    return new DurableJsonAdapter<Verification>(this.#path, FORMAT).read().catch(() => null);
  }

  async write(verification: Verification): Promise<void> {
    await new Low(new DurableJsonAdapter(this.#path, FORMAT), verification).write();
  }
}
