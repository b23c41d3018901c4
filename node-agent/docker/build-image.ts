import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type Docker from 'dockerode';
import { pack } from 'tar-stream';
import { z } from 'zod';
import { done, failed } from '../rules/outcome.ts';
import type { FromEngine } from '../ports.ts';
import { tellEngine, type Patience } from './ask-engine.ts';
import { reading } from './engine-answers.ts';
import { inspectImage, type Told } from './fetch-image.ts';
import type { ImageRecipe } from './image-recipes.ts';
import { jsonStream } from './json-stream.ts';

/** Labels of an image: the distro it is for, and what it was made by. */
const IMAGE_LABELS = {
  distro: 'io.gitbuilder.image.distro',
  recipe: 'io.gitbuilder.image.recipe',
} as const;

const LOOK_MILLISECONDS = 20_000;

/** One line of what `POST /build` streams. */
const buildLine = z.object({
  stream: z.string().optional(),
  status: z.string().optional(),
  error: z.string().optional(),
});

/** Where an image comes to stand, and how it is built. */
export interface BuildOrder {
  readonly tag: string;
  /** Of the steps of the build; null: the engine's default. */
  readonly network: string | null;
  /** Whether a newer base image is looked for. */
  readonly pull: boolean;
  readonly created: string;
}

/** Builds an image by its recipe and labels it; its digest. */
export async function buildImage(
  docker: Docker,
  recipe: ImageRecipe,
  { tag, network, pull, created }: BuildOrder,
  patience: Patience,
  told: Told,
): FromEngine<string> {
  const context = pack();
  for (const { name, text } of recipe.files) context.entry({ name }, text);
  context.finalize();
  const archive = await buffer(context);
  let refusal: string | null = null;
  const built = await tellEngine(patience, async (abortSignal) => {
    const stream = await docker.buildImage(Readable.from([archive]), {
      t: tag,
      buildargs: { FROM: recipe.from, PACKAGES: recipe.packages.join(' ') },
      labels: {
        [IMAGE_LABELS.distro]: recipe.name,
        [IMAGE_LABELS.recipe]: recipe.digest,
        'org.opencontainers.image.created': created,
        'org.opencontainers.image.base.name': recipe.from,
      },
      ...(network === null ? {} : { networkmode: network }),
      ...(pull ? { pull: true } : {}),
      rm: true,
      forcerm: true,
      abortSignal,
    });
    for await (const value of jsonStream(stream)) {
      const line = reading(buildLine)(value);
      refusal ??= line?.error ?? null;
      const text = (line?.stream ?? line?.status ?? '').trimEnd();
      if (text !== '') told(text);
    }
  });
  if (refusal !== null) return failed({ kind: 'refused', reason: refusal });
  if (!built.ok) return built;
  const made = await inspectImage(docker, tag, { ...patience, milliseconds: LOOK_MILLISECONDS });
  return made.ok ? done(made.value.Id) : made;
}

/** The recipe that an image was made by; null when there is no such image, or it is not of this kind. */
export async function recipeOf(
  docker: Docker,
  tag: string,
  closed: AbortSignal,
): FromEngine<string | null> {
  const found = await inspectImage(docker, tag, { milliseconds: LOOK_MILLISECONDS, closed });
  if (found.ok) return done(found.value.Config?.Labels?.[IMAGE_LABELS.recipe] ?? null);
  return found.failure.kind === 'absent' ? done(null) : found;
}
