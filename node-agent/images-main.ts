import type Docker from 'dockerode';
import { buildImage, recipeOf } from './docker/build-image.ts';
import { engineClient, parseEngineUrl, type EngineAddress } from './docker/engine-address.ts';
import type { Told } from './docker/fetch-image.ts';
import { readImageRecipes, type ImageRecipe } from './docker/image-recipes.ts';
import type { FromEngine } from './ports.ts';

/** What `gitbuilder agents images` is asked for. */
export interface ImagesOrder {
  /** With `images.yaml` in it. */
  readonly folder: string;
  /** `unix:///var/run/docker.sock`: the certificates of a TCP one stand in the configuration. */
  readonly engine: string;
  /** Images are named `<prefix>/<name>:latest`. */
  readonly prefix: string;
}

export interface ImageStanding {
  readonly name: string;
  readonly image: string;
  readonly from: string;
  /** `old`: made by another text of its recipe. */
  readonly state: 'missing' | 'old' | 'made';
}

/** What became of one image. */
export interface BuiltImage {
  readonly name: string;
  readonly image: string;
  readonly outcome: 'built' | 'unchanged' | 'failed';
  readonly digest: string | null;
  readonly reason: string | null;
  readonly seconds: number;
}

export interface BuildImagesOrder extends ImagesOrder {
  /** Of `images.yaml`; empty: all of them. */
  readonly names: readonly string[];
  readonly network: string | null;
  /** Also where nothing has changed, and with a newer base image. */
  readonly force: boolean;
  /** Seconds that one image may take. */
  readonly timeoutSeconds: number;
}

/** The engine could not be asked; the message names it and says why. */
export class NoAnswer extends Error {}

/** How the images of a folder stand on an engine. */
export async function listImages(order: ImagesOrder): Promise<readonly ImageStanding[]> {
  const docker = clientOf(order.engine);
  const closed = new AbortController().signal;
  const recipes = await readImageRecipes(order.folder);
  return Promise.all(
    recipes.map(async ({ name, from, digest }) => {
      const image = tagOf(order.prefix, name);
      const made = valueOf(await recipeOf(docker, image, closed), order.engine);
      const state = made === null ? 'missing' : made === digest ? 'made' : 'old';
      return { name, image, from, state };
    }),
  );
}

/** Builds images one after the other, those that are missing or whose recipe has changed. */
export async function buildImages(order: BuildImagesOrder, told: Told): Promise<BuiltImage[]> {
  const docker = clientOf(order.engine);
  const recipes = await readImageRecipes(order.folder);
  const known = recipes.map(({ name }) => name);
  const unknown = order.names.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new Error(`${order.folder} has no image ${unknown}; it has ${known.join(', ')}`);
  const wanted = recipes.filter(
    ({ name }) => order.names.length === 0 || order.names.includes(name),
  );
  const built: BuiltImage[] = [];
  for (const recipe of wanted) built.push(await buildOne(docker, recipe, order, told));
  return built;
}

async function buildOne(
  docker: Docker,
  recipe: ImageRecipe,
  { prefix, engine, network, force, timeoutSeconds }: BuildImagesOrder,
  told: Told,
): Promise<BuiltImage> {
  const { name } = recipe;
  const image = tagOf(prefix, name);
  const closed = new AbortController().signal;
  const begun = Date.now();
  const seconds = () => Math.round((Date.now() - begun) / 1000);
  const made = valueOf(await recipeOf(docker, image, closed), engine);
  if (made === recipe.digest && !force)
    return { name, image, outcome: 'unchanged', digest: null, reason: null, seconds: 0 };
  const order = { tag: image, network, pull: force, created: new Date(begun).toISOString() };
  const patience = { milliseconds: timeoutSeconds * 1000, closed };
  const outcome = await buildImage(docker, recipe, order, patience, told);
  return outcome.ok
    ? { name, image, outcome: 'built', digest: outcome.value, reason: null, seconds: seconds() }
    : {
        ...{ name, image, outcome: 'failed', digest: null, seconds: seconds() },
        reason: outcome.failure.reason,
      };
}

function clientOf(engine: string): Docker {
  const url = parseEngineUrl(engine);
  if (url === null || !('path' in url))
    throw new Error(
      `${engine} is no socket of a Docker engine, such as unix:///var/run/docker.sock`,
    );
  const address: EngineAddress = { kind: 'socket', path: url.path };
  return engineClient(address);
}

function valueOf<T>(outcome: Awaited<FromEngine<T>>, engine: string): T {
  if (outcome.ok) return outcome.value;
  throw new NoAnswer(`${engine}: ${outcome.failure.reason}`);
}

function tagOf(prefix: string, name: string): string {
  return `${prefix}/${name}:latest`;
}
